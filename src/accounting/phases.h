// Phases: which phases are open, from the events of all threads of all processes of a run, and the totals of each
// closed one.
//
// Phases nest by thread: a new phase lies inside the innermost one that its thread has open, and its path shows that
// ("train/epoch"). The instances of one path are summed. Where they overlap (eight ranks that all train), the node drew
// its energy once: what is summed is the time in which at least one instance was open, and its energy. Work is summed
// over all instances, so that an energy per sample is right however many ranks there are. Each span takes the
// cumulative energies of every meter at both its edges as soon as they are known, so that nothing has to be remembered
// of the time between: of a fast sensor when the sample set after the edge is in, of a slow counter two updates later.
//
// A phase never has more than its parent, nor do several consecutive children of one parent together, by construction:
// a thread's events do not go back in time, edges are settled in order of time, and a curve's energy never
// decreases from one edge to the next. A run's own edges are known last; a difference that they cause is
// corrected at the end.
//
// Copyable: what has run so far is a copy in which the open spans are closed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "accounting/energy_curve.h"
#include "base/anomalies.h"
#include "client/program_event.h"

namespace nw {

struct PhaseSum {
  std::uint64_t count = 0;                     // of instances
  Nanos duration;                              // in which one or more were open
  EnergyAccumulator given;                     // in that time; without lines until a span has ended
  std::map<std::string, double> work;          // by unit
  std::vector<std::pair<Nanos, Nanos>> spans;  // that duration's spans, the first kMaxSpans
  int at_first = 0, at_last = 0;               // spans that begin at the very first edge, that end at `last`
  Nanos last{};                                // the last edge of this path
  static constexpr std::size_t kMaxSpans = 2000;
};

// One instance: what it was given until its end, or so far.
struct PhaseInstance {
  std::uint64_t id;
  Nanos duration;
  EnergyAccumulator given;
  bool ended = false;
};

// A program that never ends its phases, or gives each a name of its own, must not exhaust the memory of the measuring
// process. Phases beyond the limit of names are summed as "(others)"; phases that are nested too deep, or open beside
// too many others, count as part of their parent, and units and figures beyond the limit are dropped. Each case counts
// as too_many_names.
struct PhaseLimits {
  std::size_t depth = 32, paths = 10'000, open = 10'000, spans = 200'000, units = 100, figures = 1000, settings = 100;
  std::size_t waiting = SIZE_MAX;  // edges that wait for their curve; a phase beyond is refused
  std::size_t bytes = SIZE_MAX;    // of all names, with what is kept for each
  std::size_t ended = 256;  // instances of which is told what they were given, and of those that are open: the newest
};

class Phases {
 public:
  explicit Phases(const PhaseLimits& limits = {}) : limits_(limits) {}

  void add(const ProgramEvent& event);
  // The time from begin to end as one more path, which rows_of() does not list: that of a run.
  void begin_whole(Nanos at);
  void end_whole(Nanos at);
  bool has_whole() const { return contains(kWhole); }
  const PhaseSum& whole() const { return at(kWhole); }
  static constexpr const char* kWhole = "/";  // no phase has a '/' in its name

  // Call when the curve is known until `until`: settles the edges before that, up to the first of which some sensor's
  // value is not known yet.
  void settle(const EnergyCurve& curve, Nanos until);
  // Ends at `at` what the threads of these processes have open.
  void abandon(const std::function<bool(std::uint32_t pid)>& is_gone, Nanos at);
  // Ends what is still open, at `end`, and settles everything.
  void close(const EnergyCurve& curve, Nanos end);
  // The same at the end of a run, after which no path has more than its parent or the run. The run's own edges are
  // known better than a phase's (Meter::begin_edge): phases that share one take it, so that phases that tile the run
  // add up to it. `run`: what the run was given.
  void close_run(const EnergyCurve& curve, Nanos begin, Nanos end, std::span<const Meter::Edge> run_begin,
                 std::span<const Meter::Edge> run_end, EnergyAccumulator run);
  // Changes all that was taken from the curve so far, alike: sums, and the edges of what is open.
  void change(const std::function<void(EnergyAccumulator&)>& how);
  // For a copy that shows how far things are: what is open counts until `until`.
  void close_spans(const EnergyCurve& curve, Nanos until);

  // Instances that have ended and were settled since the last call, and those that are open, as far as the curve is
  // known: the newest.
  std::vector<PhaseInstance> take_ended() { return std::exchange(ended_, {}); }
  std::vector<PhaseInstance> so_far(const EnergyCurve& curve, Nanos until) const;

  static constexpr const char* kOthers = "(others)";

  const std::vector<std::string>& order() const { return order_; }  // paths by first begin
  bool contains(const std::string& path) const { return places_.contains(path); }
  const PhaseSum& at(const std::string& path) const { return unions_[places_.at(path)].sum; }
  const std::map<std::string, double>& work() const { return work_; }  // outside any phase, by unit
  const std::map<std::string, double>& figures() const { return figures_; }
  const std::map<std::string, std::string>& settings() const { return settings_; }
  const AnomalyCounts& anomalies() const { return anomalies_; }

 private:
  using Thread = std::pair<std::uint32_t, std::uint32_t>;  // pid, tid
  using Edge = std::shared_ptr<const EnergyCurve::Edge>;
  static constexpr std::size_t kOutermost = SIZE_MAX;  // as parent: none
  // How the paths below one parent follow each other.
  struct Inside {
    int open = 0;
    bool one_by_one = true;  // no two of them were open at once: together they have no more than it
  };
  // All instances of one path as one: open while any of them is.
  struct Union {
    PhaseSum sum;
    std::size_t parent = kOutermost;  // its place
    int open = 0;
    Inside inside;
    Nanos since, until;  // of the span that is open; the end of the previous one
    Edge edge;           // at `since`
  };
  struct Open {
    std::uint64_t id;
    std::size_t place;
    std::string name;
    Thread thread;
    Nanos begin;
    Nanos latest;  // its thread's latest event in it
  };
  struct Waiting {  // an edge of an instance, until the curve is known there
    Nanos at;
    std::size_t place;
    bool is_end;
    std::uint64_t serial;
  };
  struct Begun {  // an open instance
    std::uint64_t id;
    Nanos at;
    Edge edge;
  };

  void begin(const ProgramEvent& event);
  void end(std::uint64_t id, Nanos at);
  void end_all(const std::function<bool(const Open&)>& which, Nanos at);
  void work(const ProgramEvent& event);
  void figure(const ProgramEvent& event);
  void setting(const ProgramEvent& event);
  // What a path takes, whose text is there twice, and any other name with its value.
  static std::size_t bytes_of(const std::string& path) { return 400 + 2 * path.size(); }
  static constexpr std::size_t kNameBytes = 128;
  bool afford(std::size_t bytes);
  void add_work(std::map<std::string, double>& sums, const ProgramEvent& event);
  void refuse(std::uint64_t id);
  std::string path_of(const std::vector<std::uint64_t>& stack, const std::string& name);
  Inside& around(const Union& one) { return one.parent == kOutermost ? outermost_ : unions_[one.parent].inside; }
  Nanos take_known(const EnergyCurve& curve, Nanos until, bool last);
  void settle(const EnergyCurve& curve, Nanos until, bool last);
  void settle_edge(const Waiting& edge, const EnergyCurve& curve);
  void open_span(Union& path, Nanos at, const EnergyCurve& curve);
  void close_span(Union& path, Nanos at, const EnergyCurve& curve);
  void end_instance(std::uint64_t serial, Nanos at, const EnergyCurve& curve);
  static EnergyAccumulator between(const EnergyCurve::Edge& begin, const EnergyCurve::Edge& end, Nanos duration);
  static void note_last(PhaseSum& sum, Nanos at, int ended);
  Edge take_edge(const EnergyCurve& curve, Nanos at);
  friend class PhasesCheckpoint;  // saving and restoring
  void limit_all(const PhaseSum& run);
  static void limit(std::vector<PhaseSum*>& inside, bool one_by_one, const PhaseSum& whole);

  PhaseLimits limits_;
  // Instances have serial numbers of our own: an id may be used again as soon as its phase has ended.
  std::uint64_t next_serial_ = 1;
  std::map<std::uint64_t, std::uint64_t> serials_;  // of the open phases, by id
  std::map<std::uint64_t, Open> open_;
  std::map<Thread, std::vector<std::uint64_t>> stacks_;  // of serials
  std::set<std::uint64_t> refused_;                      // ids whose ends are still to come, the newest ones
  std::size_t spans_ = 0, bytes_ = 0;
  std::vector<Waiting> waiting_;
  std::map<Nanos, EnergyCurve::Partial> partial_;  // of what is waiting, by time
  std::map<std::uint64_t, Begun> begun_;           // by serial
  std::vector<PhaseInstance> ended_;
  std::optional<std::pair<Nanos, Edge>> first_, last_;  // settled edges and their energies
  std::vector<std::string> order_;
  std::map<std::string, std::size_t> places_;  // in order_ and unions_
  std::vector<Union> unions_;
  Inside outermost_;
  std::map<std::string, double> work_, figures_;
  std::map<std::string, std::string> settings_;
  AnomalyCounts anomalies_;
};

}  // namespace nw
