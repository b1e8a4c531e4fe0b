// EnergyAccounting: the books of a node that many use. Sample sets and cgroup snapshots in, one Record out for each job
// that has ended.
//
// Between two moments, each a sample set with the cgroup snapshot taken beside it, lies an *interval* in which the jobs
// were the same: a job that comes or goes makes a moment of its own. An interval is settled as soon as every sensor has
// said enough about its end, a few seconds later where sensors are slow, and is then divided (attribute.h) by each
// policy. The cumulative energy that ends one interval begins the next, so that nothing is lost or counted twice
// between them, and
//   jobs + idle + system + unattributed == node
// holds to the microjoule, and is checked in production (not_conserved).
//
// One thread's own. Copyable: snapshot() is a copy with everything settled that there is, for the journal and for
// whoever asks while a job runs.
//
// In six files: energy_accounting.cc has the moments and who comes and goes, energy_accounting_claims.cc what each job
// had, energy_accounting_intervals.cc the sums, energy_accounting_record.cc the records, energy_accounting_node.cc the
// node's own state, energy_accounting_checkpoint.cc the way to the journal and back.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "accounting/attribute.h"
#include "accounting/job_state.h"
#include "accounting/total_sensors.h"
#include "consumer/cgroup_scanner.h"
#include "consumer/wire.h"
#include "energy/containment.h"
#include "energy/meter.h"
#include "record/checkpoint.pb.h"
#include "sensor/utilization.h"

namespace nw {

struct AccountedNode {
  pb::Record record;  // what every record of this node begins with: node, version, software, facility
  std::vector<UtilizationInfo> devices;  // of the accelerators
  std::map<std::string, Watts> idle;     // power at rest by sensor, as a calibration found it
  std::string cluster;
  std::function<std::string()> make_uid;
};

class EnergyAccounting {
 public:
  static constexpr std::size_t kBoundaries = 4;
  static constexpr std::size_t kMaxSteps = 1000;  // of one job; what is beyond counts as in no step

  EnergyAccounting(const std::vector<SensorInfo>& infos, AccountedNode node, Nanos period);

  // Sensors and accelerators that have come: all that there are now, the new ones last. The next sample set has them
  // all.
  void extend(const std::vector<SensorInfo>& infos, AccountedNode node);
  // What an earlier process had written down, before anything else. Of another boot: jobs that ran then are closed as
  // lost, and counters begin anew. So are they where the books are of a time that is still to come.
  void resume(const pb::Checkpoint& checkpoint, const std::string& boot_id, Nanos now);

  // What prolog, epilog and SPANK say, as of the next moment. Text that is no UTF-8 is made so here: no books or record
  // with another could ever be read again.
  void hint(Request said);
  // One moment.
  void add(const SampleSet& sample_set, const CgroupSnapshot& cgroups, std::int64_t wall_ns);
  void add(std::span<const UtilizationSample> utilization_samples);  // of AccountedNode::devices, in order
  // A tick of the daemon's own clock: owners are shown what is booked by now of each job whose finest_step() is over.
  void tick();
  // The shortest time between sample sets that a running step asked for.
  std::optional<Nanos> wanted_period() const;

  // The records of jobs that have ended and are settled. They are in write() until whoever keeps them takes them out.
  std::vector<pb::Record>& ended() { return ended_; }
  // Whether a job or step came or went since the last call: what write() says now must not be lost.
  bool take_changed();
  void write(const std::string& boot_id, pb::Checkpoint& out) const;  // call on snapshot()
  EnergyAccounting snapshot() const;

  // Jobs that run, newest first: as their owners are shown them, or as of the last settled interval. Those that have
  // ended and wait for their last interval are among the ended ones of snapshot().
  std::vector<pb::Record> running(bool published) const;
  void write(pb::NodeState& out) const;
  const std::vector<Meter>& meters() const { return meters_; }
  Joules not_conserved() const;
  // The node's energy by where in the path of power it was read, in the order of Boundary.
  const std::array<Joules, kBoundaries>& by_boundary() const { return by_boundary_; }
  Nanos until() const { return settled_at_; }  // which is booked

 private:
  struct Entry {
    std::uint64_t job;
    ResourceUse resource_use;
    std::vector<std::pair<std::string, std::optional<Nanos>>> steps;  // those that ran, and the CPU time of each
  };
  struct Pending {
    Nanos begin, end;
    bool begins = false, ends = false;  // a job does, at its end
    std::vector<Entry> entries;
    std::optional<Nanos> busy;   // CPU time of everything on the node
    std::optional<double> held;  // bytes, likewise
    UnattributedUse unattributed_use;
    TotalSensors total_sensors = {};  // what the node's total was made of
    std::vector<bool> unknown;        // of each device whether nobody knows whose it is
    unsigned waited = 0;              // moments since
  };
  struct ClosedInterval;                                // one interval's energies, ready to be divided
  using Accumulators = std::vector<EnergyAccumulator>;  // one a policy

  static std::vector<std::string> find_device_names(const std::vector<SensorInfo>& infos);
  static bool divides_memory(const std::vector<SensorInfo>& infos);
  void note_alive(Nanos at);
  void interval(const CgroupSnapshot& cgroups, Nanos at);
  Entry make_entry(std::uint64_t serial, JobState& job, const CgroupSnapshot& cgroups, Nanos time) const;
  void share_devices(Pending& interval);
  bool is_counted(const std::string& device, const TotalSensors& total_sensors) const;
  void share_use(Pending& interval);
  bool is_undecided(const Pending& interval) const;
  void decide(Pending& interval);
  double cpu_share(const JobState& job) const;  // that it reserved, as far as is known; 0: it is not
  double memory_share(const JobState& job) const;
  void take_hints(Nanos at);
  void compare(const CgroupSnapshot& cgroups, Nanos at);
  JobState& open(const std::string& slurmd, const std::string& id, Nanos at, const char* basis);
  JobState* find(const CgroupUsage& use);
  JobState* find(const std::string& id);
  void update(JobState& job, const CgroupUsage& use, Nanos at);
  void close(JobState& job, Nanos at, const std::string& basis);
  void apply_job_info(JobState& job, const Request& said);
  void find_devices(JobState& job) const;

  void close_interval(bool force);
  bool find_edges(const Pending& interval, bool force, std::vector<Meter::Edge>& edges) const;
  void close_interval(const Pending& interval, const std::vector<Meter::Edge>& edges);
  void change_layout(const Pending& first);
  void complete_root(EnergyAccumulator& accumulator) const;
  ClosedInterval make_closed(const Pending& interval, const std::vector<Meter::Edge>& edges) const;
  void accumulate(EnergyAccumulator& accumulator, const ClosedInterval& closed, const Share& share) const;
  void accumulate_job(const Pending& interval, const ClosedInterval& closed, const Entry& entry,
                      const std::vector<Share>& shares);
  void add_to_timeline(JobState& job, const EnergyAccumulator& part) const;
  void accumulate_steps(JobState& job, const Entry& entry, const ClosedInterval& closed, const Share& share) const;
  void note_idle_power(const Pending& interval, const ClosedInterval& closed);
  void finish();

  pb::Record make_record(const JobState& job, const JobTotals& checkpoint) const;
  NodeEnergy compose_energy(const EnergyAccumulator& accumulator, const JobState& job,
                            std::span<const Peak> peaks = {}) const;
  bool may_have(const JobState& job, const Part& part) const;
  void write_uncertainty(const EnergyAccumulator& accumulator, pb::Record& record) const;
  void write_accelerators(const JobState& job, const EnergyAccumulator& accumulator, pb::Record& record) const;
  Boundary boundary() const;  // of the node's total
  void write_rows(pb::NodeState& out) const;
  void write_parts(pb::NodeState& out) const;
  void write_steps(const JobState& job, const JobTotals& checkpoint, pb::Record& record) const;
  void write_anomalies(const JobState& job, pb::Record& record) const;

  AccountedNode node_;
  Nanos period_;
  std::vector<Meter> meters_;
  std::vector<std::string> device_names_;  // what ResourceUse::devices stands for
  bool has_memory_ = false;                // a sensor of memory alone
  TotalSensors total_sensors_;             // of the interval that was settled last
  TotalSensors newest_;                    // of the next that will pend
  std::vector<bool> responsive_;
  SampleSet sample_set_;  // the last

  std::optional<Nanos> last_;  // the last moment
  bool resumed_ = false;       // and it was another process's
  std::int64_t wall_ns_ = 0, since_wall_ns_ = 0;
  std::optional<Nanos> busy_;  // as the last cgroup snapshot had it
  double held_ = 0;            // bytes
  unsigned cpus_ = 0;
  double memory_ = 0;
  std::map<std::uint64_t, JobState> jobs_;  // in the order of their coming
  std::uint64_t next_ = 1;
  std::vector<Request> hints_;
  std::vector<std::string> ended_by_epilog_;  // ended by a hint; their cgroups may linger
  std::deque<Pending> pending_;

  Nanos settled_at_{};
  std::vector<Meter::Edge> edges_;  // of each meter there
  Accumulators idle_, system_, unattributed_;
  Joules ended_energy_, node_energy_, remainder_;
  std::array<Joules, kBoundaries> by_boundary_;
  std::vector<Joules> parts_;                     // of each meter
  std::vector<std::optional<Watts>> idle_power_;  // power with nobody here
  std::vector<std::optional<Watts>> min_power_;   // and with whomever
  std::vector<std::optional<Watts>> power_;       // over the last interval
  std::uint64_t ended_jobs_ = 0;
  std::uint64_t unowned_ = 0;  // intervals with a device of which nobody knows whose it is
  std::vector<pb::Record> ended_;
  bool changed_ = false;
};

}  // namespace nw
