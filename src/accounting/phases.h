// Phases: which phases are open, from the events of all threads of all processes of a run, and the totals of each
// closed one.
//
// Phases nest by thread: a new phase lies inside the innermost one that its thread has open, and its path shows that
// ("train/epoch"). The instances of one path are summed. Where they overlap (eight ranks that all train), the node drew
// its energy once: what is summed is the time in which at least one instance was open, and its energy. Work is summed
// over all instances, so that an energy per sample is right however many ranks there are. Each span takes the
// cumulative energies of every meter at both its edges as soon as the sample set after the edge is in, so that
// nothing has to be remembered of the time between.
//
// A phase never has more than its parent, nor do several consecutive children of one parent together, by construction:
// a thread's events do not go back in time, edges are settled in order of time, and a meter's energy never
// decreases from one edge to the next. The run's own edges are known last; a difference that they cause is
// corrected at the end.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/anomalies.h"
#include "client/program_event.h"
#include "energy/meter.h"

namespace nw {

struct PhaseSum {
  std::uint64_t count = 0;                     // of instances
  Nanos duration;                              // in which one or more were open
  std::vector<Interval> intervals;             // one a meter
  std::map<std::string, double> work;          // by unit
  std::vector<std::pair<Nanos, Nanos>> spans;  // that duration's spans, the first kMaxSpans
  int at_first = 0, at_last = 0;               // spans that begin at the very first edge, that end at `last`
  Nanos last{};                                // the last edge of this path
  static constexpr std::size_t kMaxSpans = 2000;
};

class Phases {
 public:
  void add(const ProgramEvent& event);
  // Call after each sample set: settles all edges before `until`, the time of the sample set.
  void settle(std::span<const Meter> meters, Nanos until);
  // Ends what is still open, at `end`, and settles everything; then no path has more than its parent or the run. The
  // run's own edges are known better than a phase's (Meter::begin_edge): phases that share one take it, so
  // that phases that tile the run add up to it. `run`: the run's intervals, one a meter.
  void close(std::span<const Meter> meters, Nanos begin, Nanos end, std::span<const Meter::Edge> run_begin,
             std::span<const Meter::Edge> run_end, std::vector<Interval> run);

  // A program that never ends its phases, or gives each a name of its own, must not exhaust the memory of the measuring
  // process. Phases beyond the limit of names are summed as "(others)"; phases that are nested too deep, or open beside
  // too many others, count as part of their parent, and units and figures beyond the limit are dropped. Each case
  // counts as too_many_names.
  static constexpr std::size_t kMaxDepth = 32, kMaxPaths = 10'000, kMaxOpen = 10'000, kMaxAllSpans = 200'000,
                               kMaxUnits = 100, kMaxFigures = 1000, kMaxSettings = 100;
  static constexpr const char* kOthers = "(others)";

  const std::map<std::string, PhaseSum>& sums() const { return sums_; }
  const std::vector<std::string>& order() const { return order_; }     // paths by first begin
  const std::map<std::string, double>& work() const { return work_; }  // outside any phase, by unit
  const std::map<std::string, double>& figures() const { return figures_; }
  const std::map<std::string, std::string>& settings() const { return settings_; }
  const AnomalyCounts& anomalies() const { return anomalies_; }

 private:
  using Thread = std::pair<std::uint32_t, std::uint32_t>;  // pid, tid
  struct Edge {
    std::vector<CumulativeEnergy> cumulatives;
    std::vector<double> variances;
  };
  // All instances of one path as one: open while any of them is.
  struct Union {
    PhaseSum* sum = nullptr;
    Union* parent = nullptr;
    int open = 0;
    int open_inside = 0;     // open paths in it
    bool one_by_one = true;  // no two of them were open at once: together they have no more than it
    Nanos since, until;      // of the span that is open; the end of the previous one
    Edge edge;               // at `since`
  };
  struct Open {
    std::uint64_t id;
    std::string path, name;
    Thread thread;
    Nanos begin;
    Nanos latest;  // its thread's latest event in it
  };
  struct Waiting {  // an edge of an instance whose sample set has not come yet
    Nanos at;
    Union* path;
    bool is_end;
  };

  void begin(const ProgramEvent& event);
  void end(std::uint64_t id, Nanos at);
  void work(const ProgramEvent& event);
  void figure(const ProgramEvent& event);
  void add_work(std::map<std::string, double>& sums, const ProgramEvent& event);
  void refuse(std::uint64_t id);
  std::string path_of(const std::vector<std::uint64_t>& stack, const std::string& name);
  void settle_edge(const Waiting& edge, std::span<const Meter> meters);
  void open_span(Union& path, Nanos at, std::span<const Meter> meters);
  void close_span(Union& path, Nanos at, std::span<const Meter> meters);
  static void note_last(PhaseSum& sum, Nanos at, int ended);
  Edge take_edge(std::span<const Meter> meters, Nanos at);
  void limit_all(const PhaseSum& run);
  static void limit(std::vector<PhaseSum*>& inside, bool one_by_one, const PhaseSum& whole);

  // Instances have serial numbers of our own: an id may be used again as soon as its phase has ended.
  std::uint64_t next_serial_ = 1;
  std::map<std::uint64_t, std::uint64_t> serials_;  // of the open phases, by id
  std::map<std::uint64_t, Open> open_;
  std::map<Thread, std::vector<std::uint64_t>> stacks_;  // of serials
  std::set<std::uint64_t> refused_;                      // ids whose ends are still to come, the newest kMaxOpen
  std::size_t spans_ = 0;
  std::deque<Waiting> waiting_;
  std::optional<std::pair<Nanos, Edge>> first_, last_;  // settled edges and their energies
  std::map<std::string, PhaseSum> sums_;
  std::map<std::string, Union> unions_;  // of the same paths
  Union run_;                            // the parent of the outermost phases
  std::vector<std::string> order_;
  std::map<std::string, double> work_, figures_;
  std::map<std::string, std::string> settings_;
  AnomalyCounts anomalies_;
};

}  // namespace nw
