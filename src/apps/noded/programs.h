// Programs: those that report their phases and work to the daemon. Each has made a channel and handed it over; the
// kernel says who it is, and its cgroup in which step of which job. Nothing that it says of itself is believed.
//
// `nodewatt run` is one of them: it has the time until its `end` measured, for the channel that its command uses, and
// is sent the record. Outside every job its process tree is what is measured.
//
// A program can only hurt its own job's figures. How much is taken of it at once is bounded, as are the programs of one
// user; what it cannot hand over is counted in its own memory as lost. The end of its connection is the program's end;
// of its connections, where its processes have linked again each for itself.
#pragma once

#include <poll.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "accounting/energy_accounting.h"
#include "apps/noded/access.h"
#include "apps/noded/socket_server.h"
#include "consumer/cgroup_scanner.h"
#include "consumer/channel.h"
#include "consumer/process_trees.h"

namespace nw::noded {

class Programs {
 public:
  static constexpr std::size_t kMax = 1024, kMaxOfOne = 256;
  static constexpr std::size_t kAtOnce = 2000;   // events of one user at one look
  static constexpr Nanos kMostTime = millis(2);  // of a look; each user has the same part of it
  static constexpr Nanos kBetweenLooks = millis(50);
  static constexpr Nanos kQuiet = seconds(5), kBetweenQuietLooks = seconds(1);  // after so long without an event
  static constexpr Nanos kUntilSeen = seconds(10);                              // by then its job must have been seen
  static constexpr Nanos kUntilSettled = seconds(3);  // how long the record of a run waits for slow sensors
  static constexpr std::size_t kMaxConnections = 16, kMaxPids = 256;  // of one program and its forks

  // All must outlive this.
  Programs(EnergyAccounting& accounting, const CgroupScanner& cgroups, ProcessTrees& trees)
      : accounting_(accounting), cgroups_(cgroups), trees_(trees) {}

  // `attach protocol=1 [here=1]` or `run protocol=1 [here=1]`, with a channel's memory. Takes the connection over and
  // answers there, a run when its first sampling point is over. Returns whether its job is known already; else a
  // sampling point may show it.
  Result<bool> attach(const Peer& peer, const Request& request, Handed& handed, Nanos now);
  void add_to(std::vector<pollfd>& polled);
  // Notes which connections have ended, and which runs; call after each poll, with the same list. True when a run has:
  // then a sampling point is due.
  bool serve(const std::vector<pollfd>& polled, Nanos now);
  // Sends the records of runs that are over; `is_admin`: who is shown them whole.
  void answer_runs(const std::function<bool(const Peer&)>& is_admin, Nanos now);
  // Looks for the jobs of those whose job was not known; call after each sampling point.
  void find_steps(Nanos now);
  // Takes what was reported. True when a phase of a job that has the node to itself began or ended.
  bool take(Nanos now);
  // When to take again, beside the sampling points; nothing when no program reports.
  std::optional<Nanos> next_look() const;
  // Tells programs what their phases were given.
  void tell(const std::vector<EnergyAccounting::Reading>& readings);
  // What was taken so far, for the checkpoint; kept() when that is written. A program that links again after a kill
  // goes on behind it.
  void write(pb::Checkpoint& out) const;
  void kept();
  void resume(const pb::Checkpoint& checkpoint);

 private:
  struct Program {
    std::vector<Connection> connections;
    Peer peer;
    std::unique_ptr<Channel> channel;
    Nanos since;
    std::uint32_t tag;  // distinguishes processes of different pid namespaces
    bool is_run = false, here = false;
    unsigned tries = 0;                  // to find its job
    std::optional<StepName> step{};      // nothing: its job has not been seen yet
    std::optional<std::uint64_t> run{};  // as the accounting knows it
    std::optional<Nanos> ended{};        // the run, by its client
    std::deque<std::string> out{};       // messages that wait to be sent
    std::vector<std::uint32_t> pids{};   // that reported, as the accounting knows them; ascending
    std::uint64_t lost = 0;              // as counted already
    bool gone = false;
    std::size_t rest = kChannelSlots;  // what is still taken of one that is gone

    bool has(std::uint32_t pid) const;
    void note_pid(std::uint32_t pid);
  };
  // What an earlier daemon knew of a program, by its user and cookie: no user can speak for another's.
  using Key = std::pair<std::uint32_t, std::uint64_t>;
  struct Earlier {
    std::uint64_t position, lost;
    std::vector<std::uint32_t> pids;
  };

  Result<Program*> find_place(const Peer& peer, std::unique_ptr<Channel> channel, Nanos now);
  void find_step(Program& program, Nanos now);
  std::optional<FoundProcess> find_process(const Program& program);
  void take_end(Program& program, Nanos now);
  std::optional<pb::Record> take_record(const Program& program, Nanos now);
  static void send(Program& program);
  // Of one user's programs, until a time.
  bool take(const std::vector<Program*>& programs, Nanos until);
  std::size_t take(Program& program, std::size_t most, bool& edge);
  static bool is_over(const Program& program);
  void finish(Program& program, Nanos now);
  void note_lost(Program& program);
  std::size_t count_of(std::uint32_t uid) const;

  EnergyAccounting& accounting_;
  const CgroupScanner& cgroups_;
  ProcessTrees& trees_;
  std::vector<Program> programs_;
  std::map<Key, Earlier> earlier_;
  Nanos looked_{}, last_event_{};
  std::size_t polled_from_ = 0, polled_until_ = 0;  // where its connections are in the list
  bool late_ = false;                               // a look had no time for all
  std::size_t turn_ = 0;                            // then another program is the first
};

}  // namespace nw::noded
