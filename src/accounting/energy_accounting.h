// EnergyAccounting: the energy of a node that several jobs share. Sample sets and cgroup snapshots in, one Record out
// for each job that has ended.
//
// A sampling point is a sample set and the cgroup snapshot taken with it; between two of them lies an *interval* in
// which the set of jobs is constant: a job that comes or goes causes a sampling point of its own. An interval is closed
// as soon as every sensor has reported enough about its end, a few seconds later where sensors are slow, and is then
// divided (attribute.h) by each policy. The cumulative energy that ends one interval begins the next, so that nothing
// is lost or counted twice between them, and
//   jobs + idle + system + unattributed == node
// holds to the microjoule, and is checked in production (not_conserved).
//
// Used by one thread. Copyable: snapshot() is a copy in which every interval that can be closed is closed, for the
// journal and for queries about a running job.
//
// In eight files: energy_accounting.cc has the sampling points and which jobs come and go, energy_accounting_use.cc
// the resources of each job, energy_accounting_intervals.cc the sums, energy_accounting_phases.cc what the programs of
// a job report, energy_accounting_runs.cc runs that clients have measured, energy_accounting_record.cc the records,
// energy_accounting_node.cc the node's own state, energy_accounting_checkpoint.cc saving and restoring.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "accounting/attribute.h"
#include "accounting/job_state.h"
#include "accounting/resolved_total.h"
#include "accounting/run_window.h"
#include "accounting/share_curve.h"
#include "accounting/total_sensors.h"
#include "consumer/cgroup_scanner.h"
#include "consumer/wire.h"
#include "energy/containment.h"
#include "energy/meter.h"
#include "record/checkpoint.pb.h"
#include "sensor/utilization.h"

namespace nw {

struct AccountedNode {
  pb::Record record;  // the fields that every record of this node starts from: node, version, software, facility
  std::vector<UtilizationInfo> devices;  // of the accelerators
  std::map<std::string, Watts> idle;     // idle power by sensor, as a calibration measured it
  std::string cluster;
  std::function<std::string()> make_uid;
};

class EnergyAccounting {
 public:
  static constexpr std::size_t kBoundaries = 4;
  static constexpr std::size_t kMaxSteps = 1000;     // of one job; further steps count as outside steps
  static constexpr std::size_t kMaxReporting = 256;  // steps of one user whose programs report phases
  static constexpr std::size_t kMaxReadings = 4096;  // that wait to be told
  static constexpr unsigned kMaxSamples = 48;        // between the ends of an interval: a meter remembers 64

  EnergyAccounting(const std::vector<SensorInfo>& infos, AccountedNode node, Nanos period);

  // Sensors and accelerators that have appeared: all that there are now, the new ones last. The next sample set has
  // them all.
  void extend(const std::vector<SensorInfo>& infos, AccountedNode node);
  // Takes over what an earlier process saved; call before anything else. After a reboot the jobs that ran then are
  // closed as lost, and counters begin anew; the same if the checkpoint is dated in the future.
  void resume(const pb::Checkpoint& checkpoint, const std::string& boot_id, Nanos now);

  // An event from prolog, epilog or SPANK, valid from the next sampling point. Text that is not UTF-8 is converted
  // here: no checkpoint or record that contained it could ever be read again.
  void add_event(Request said);
  // One sampling point.
  void add(const SampleSet& sample_set, const CgroupSnapshot& cgroups, std::int64_t wall_ns);
  void add(std::span<const UtilizationSample> utilization_samples);  // of AccountedNode::devices, in order
  // A sample set between two sampling points: phases follow it more closely. None is wanted while that would make the
  // meters forget an edge of an interval that is not closed yet.
  void add(const SampleSet& sample_set);
  bool wants_sample_set() const { return samples_ - settled_samples_ < kMaxSamples; }

  // What programs report. The running step that a process is in; nothing where there is none.
  std::optional<StepName> find_step(const FoundProcess& process) const;
  // Whether the programs of this step may report: false where its user has too many steps that do, and where it is
  // gone.
  bool let_report(const StepName& name);
  void add(const StepName& name, const ProgramEvent& event);
  // Ends at `at` the phases of processes that are gone.
  void abandon(const StepName& name, const std::function<bool(std::uint32_t pid)>& is_gone, Nanos at);
  void note(const StepName& name, Anomaly anomaly, std::uint64_t times = 1);
  // Whether the node is this job's alone, as far as is known: sample sets at its phases' edges show nobody else.
  bool is_alone(const StepName& name) const;

  // Runs that clients have measured. A run that an earlier process had begun goes on, by its cookie. Its record is
  // there as soon as its last interval is closed: in snapshot() at once.
  std::uint64_t begin_run(const StepName& step, std::uint64_t cookie, Nanos at);
  void add_to_run(std::uint64_t id, const ProgramEvent& event);
  void note_in_run(std::uint64_t id, Anomaly anomaly, std::uint64_t times = 1);
  void end_run(std::uint64_t id, Nanos at);
  std::optional<pb::Record> take_run(std::uint64_t id);
  void drop_run(std::uint64_t id) { runs_.erase(id); }

  // What phases were given, to be told to their programs: as of the last tick, and as their owner may see it. Each is
  // given out once a change.
  struct Reading {
    StepName step;
    std::uint64_t id;
    Energy energy;
    bool ended;
  };
  std::vector<Reading> take_readings() { return std::exchange(readings_, {}); }

  // A tick of the daemon's own clock: for each job whose finest_step() is over, publishes to its owner what has been
  // accumulated.
  void tick();
  // The shortest time between sample sets that a running step asked for.
  std::optional<Nanos> wanted_period() const;

  // The records of jobs that have ended and whose intervals are closed. write() includes them until the caller takes
  // them out.
  std::vector<pb::Record>& ended() { return ended_; }
  const std::vector<pb::Record>& ended() const { return ended_; }
  // Whether a job or step came or went since the last call: then the state must be saved durably.
  bool take_changed();
  void write(const std::string& boot_id, pb::Checkpoint& out) const;  // call on snapshot()
  EnergyAccounting snapshot() const;

  // Running jobs, newest first: as their owners are shown them, or as of the last closed interval. Jobs that have ended
  // and wait for their last interval are among the ended ones of snapshot().
  using JobFilter = std::function<bool(const pb::Record&)>;  // by who the job is; energies are not in yet
  std::vector<pb::Record> running(bool published, const JobFilter& wanted) const;
  bool is_settling(const JobFilter& wanted) const;  // whether such a job has ended and waits for its last interval
  void write(pb::NodeState& out) const;
  const std::vector<Meter>& meters() const { return meters_; }
  Joules not_conserved() const;
  bool is_modelled() const;  // the node's total: nothing of it is measured
  // The node's energy by where in the path of power it was read, in the order of Boundary; then in the same order what
  // was given by models alone, while nothing was measured.
  const std::array<Joules, 2 * kBoundaries>& by_boundary() const { return by_boundary_; }
  Nanos until() const { return settled_at_; }  // the end of the last closed interval

 private:
  struct Entry {
    std::uint64_t job;
    ResourceUse resource_use;
    std::vector<std::pair<std::string, std::optional<Nanos>>> steps;  // those that ran, and the CPU time of each
  };
  struct Pending {
    Nanos begin, end;
    bool begins = false, ends = false;  // a job begins or ends at its end
    std::vector<Entry> entries;
    std::optional<Nanos> busy;   // CPU time of everything on the node
    std::optional<double> held;  // bytes, likewise
    SystemUse system_use;
    TotalSensors total_sensors = {};  // what the node's total was made of
    std::vector<bool> unknown;        // for each device whether it is not known whose it is
    unsigned waited = 0;              // sampling points since
    std::uint64_t samples = 0;        // sample sets until its end
  };
  struct ClosedInterval;                                // one interval's energies, still to be divided
  using Accumulators = std::vector<EnergyAccumulator>;  // one a policy

  static std::vector<std::string> find_device_names(const std::vector<SensorInfo>& infos);
  static bool divides_memory(const std::vector<SensorInfo>& infos);
  bool is_by_parts(std::size_t meter, const TotalSensors& total_sensors) const;
  void resolve(ClosedInterval& closed) const;
  void interval(const CgroupSnapshot& cgroups, Nanos at);
  Entry make_entry(std::uint64_t serial, JobState& job, const CgroupSnapshot& cgroups, Nanos time) const;
  void share_devices(Pending& interval);
  bool is_counted(const std::string& device, const TotalSensors& total_sensors) const;
  void share_use(Pending& interval);
  bool is_undecided(const Pending& interval) const;
  void decide(Pending& interval);
  double cpu_share(const JobState& job) const;  // that it reserved, as far as is known; 0: unknown
  double memory_share(const JobState& job) const;
  void apply_events(Nanos at);
  void compare(const CgroupSnapshot& cgroups, Nanos at);
  JobState& open(const std::string& manager, const std::string& slurmd, const std::string& id, Nanos at,
                 const char* basis);
  JobState* find(const CgroupUsage& use);
  JobState* find(const std::string& id);
  void update(JobState& job, const CgroupUsage& use, Nanos at);
  void close(JobState& job, Nanos at, const std::string& basis);
  void note_begun_before(JobState& job, const CgroupUsage& use, Nanos at);
  void close_unseen(JobState& job, Nanos at);
  void apply_job_info(JobState& job, const Request& said);
  void find_devices(JobState& job) const;

  void close_interval(bool force);
  bool find_edges(const Pending& interval, bool force, std::vector<Meter::Edge>& edges) const;
  void close_interval(const Pending& interval, const std::vector<Meter::Edge>& edges);
  void change_total_sensors(const Pending& first);
  void complete_total_sensor(EnergyAccumulator& accumulator) const;
  void complete_total_sensor(JobTotals& totals) const;
  void complete_total_sensor(Phases& phases) const;
  ClosedInterval make_closed(const Pending& interval, const std::vector<Meter::Edge>& edges) const;
  void accumulate(EnergyAccumulator& accumulator, const ClosedInterval& closed, const Share& share) const;
  void accumulate_job(const Pending& interval, const ClosedInterval& closed, const Entry& entry,
                      const std::vector<Share>& shares);
  void add_to_timeline(JobState& job, const EnergyAccumulator& part) const;
  void accumulate_steps(JobState& job, const Entry& entry, const ClosedInterval& closed, const Share& share);
  std::size_t count_reporting(std::uint32_t uid) const;
  Phases* find_phases(const StepName& name);
  void settle_phases(JobState& job, const std::string& id, const ShareCurve& curve) const;
  Phases phases_so_far(const JobState& job, const JobTotals& totals, const std::string& step) const;
  NodeEnergy compose_phase(const PhaseSum& sum, const JobState& job) const;
  bool has_run(const StepName& step) const;
  void settle_runs(const JobState& job, const StepName& name, const ShareCurve& curve);
  pb::Record make_run_record(const JobState& job, const RunWindow& run) const;
  void write_runs(pb::Checkpoint& out) const;
  void read_runs(const pb::Checkpoint& in, const SavedOrder& order);
  JobTimeline::Energies energies_by_domain(const EnergyAccumulator& part) const;
  void read_phases(std::uint64_t serial, JobState& job);
  AnomalyCounts write_phases(const JobState& job, const JobTotals& totals, pb::Record& record) const;
  void note_idle_power(const Pending& interval, const ClosedInterval& closed);
  void finish();

  pb::Record make_record(const JobState& job, const JobTotals& checkpoint) const;
  NodeEnergy compose_energy(const EnergyAccumulator& accumulator, const JobState& job,
                            std::span<const Peak> peaks = {}) const;
  void add_modelled(const EnergyAccumulator& accumulator, NodeEnergy& energy) const;
  bool may_have(const JobState& job, const Part& part) const;
  void write_uncertainty(const EnergyAccumulator& accumulator, pb::Record& record) const;
  void write_accelerators(const JobState& job, const EnergyAccumulator& accumulator, pb::Record& record) const;
  Boundary boundary() const;  // of the node's total
  void write_rows(pb::NodeState& out) const;
  void write_parts(pb::NodeState& out) const;
  void write_steps(const JobState& job, const JobTotals& checkpoint, pb::Record& record) const;
  void write_anomalies(const JobState& job, AnomalyCounts of_job, pb::Record& record) const;

  AccountedNode node_;
  Nanos period_;
  std::vector<Meter> meters_;
  std::vector<std::string> device_names_;  // what ResourceUse::devices stands for
  bool has_memory_ = false;                // a sensor of memory alone
  TotalSensors total_sensors_;             // of the interval that was closed last
  TotalSensorsWatch newest_;               // of the next interval to be queued
  ResolvedTotal resolved_total_;
  SampleSet sample_set_;  // the last one

  std::optional<Nanos> last_;  // the last sampling point
  bool resumed_ = false;       // and it was a previous process's
  std::int64_t wall_ns_ = 0, since_wall_ns_ = 0;
  std::optional<Nanos> busy_;  // as of the last cgroup snapshot
  double held_ = 0;            // bytes
  unsigned cpus_ = 0;
  double memory_ = 0;
  std::map<std::uint64_t, JobState> jobs_;  // in order of arrival
  std::uint64_t next_ = 1;
  std::vector<Request> events_;
  std::vector<std::string> ended_by_epilog_;  // ended by an event; their cgroups may linger
  std::deque<Pending> pending_;

  Nanos settled_at_{};
  std::uint64_t samples_ = 0, settled_samples_ = 0;  // sample sets in all, and until then
  std::vector<Meter::Edge> edges_;                   // of each meter at the last sampling point
  Accumulators idle_, system_, unattributed_;
  Joules ended_energy_, node_energy_, remainder_;
  std::array<Joules, 2 * kBoundaries> by_boundary_;
  std::vector<Joules> parts_;                     // of each meter
  std::vector<std::optional<Watts>> idle_power_;  // power with no job on the node
  std::vector<std::optional<Watts>> min_power_;   // and over all times
  std::vector<std::optional<Watts>> power_;       // over the last interval
  std::uint64_t ended_jobs_ = 0;
  std::uint64_t unowned_ = 0;  // intervals with a device of unknown owner
  std::vector<pb::Record> ended_;
  std::vector<Reading> readings_;
  std::map<std::uint64_t, RunWindow> runs_;
  std::uint64_t next_run_ = 1;
  bool changed_ = false;
};

}  // namespace nw
