// Ledger: the books of a node that many use. Sweeps and censuses in, one Record out for each job that has ended.
//
// Between two moments, each a sweep with the census taken beside it, lies a *stretch* in which the jobs were the same:
// a job that comes or goes makes a moment of its own. A stretch is settled as soon as every sensor has said enough
// about its end, a few seconds later where sensors are slow, and is then divided (attribute.h) by each policy. The
// tally that ends one stretch begins the next, so that nothing is lost or counted twice between them, and
//   jobs + idle + system == node
// holds to the microjoule, and is checked in production (not_conserved).
//
// One thread's own. Copyable: forced() is a copy with everything settled that there is, for the journal and for whoever
// asks while a job runs.
//
// In five files: energy_accounting.cc has the moments and who comes and goes, energy_accounting_intervals.cc the sums,
// energy_accounting_record.cc the records, energy_accounting_node.cc the node's own state,
// energy_accounting_checkpoint.cc the way to the journal and back.
#pragma once

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

struct LedgerNode {
  pb::Record record;                   // what every record of this node begins with: node, version, software, facility
  std::vector<ActivityPlate> devices;  // of the accelerators
  std::map<std::string, Watts> idle;   // power at rest by sensor, as a calibration found it
  std::string cluster;
  std::function<std::string()> make_uid;
};

class Ledger {
 public:
  static constexpr std::size_t kMaxSteps = 1000;  // of one job; what is beyond counts as in no step

  Ledger(const std::vector<Nameplate>& plates, LedgerNode node, Nanos period);

  // What an earlier process had written down, before anything else. Of another boot: jobs that ran then are closed as
  // lost, and counters begin anew. So are they where the books are of a time that is still to come.
  void resume(const pb::Books& books, const std::string& boot_id, Nanos now);

  // What prolog, epilog and SPANK say, as of the next moment.
  void hint(Request said) { hints_.push_back(std::move(said)); }
  // One moment.
  void add(const Sweep& sweep, const Census& census, std::int64_t wall_ns);
  void add(std::span<const Glance> glances);  // of LedgerNode::devices, in order
  // A tick of the daemon's own clock: owners are shown what is booked by now of each job whose finest_step() is over.
  void tick();
  // The shortest time between sweeps that a running step asked for.
  std::optional<Nanos> wanted_period() const;

  // The records of jobs that have ended and are settled. They are in write() until whoever keeps them takes them out.
  std::vector<pb::Record>& ended() { return ended_; }
  // Whether a job or step came or went since the last call: what write() says now must not be lost.
  bool take_changed();
  void write(const std::string& boot_id, pb::Books& out) const;  // call on forced()
  Ledger forced() const;

  // Jobs that run, newest first: as their owners are shown them, or as of the last settled stretch. Those that have
  // ended and wait for their last stretch are among the ended ones of forced().
  std::vector<pb::Record> running(bool published) const;
  void write(pb::NodeState& out) const;
  const std::vector<Meter>& meters() const { return meters_; }
  Joules not_conserved() const;
  Nanos until() const { return settled_at_; }  // which is booked

 private:
  struct Entry {
    std::uint64_t job;
    Claim claim;
    std::vector<std::pair<std::string, Nanos>> steps;  // those that ran, with the CPU time that each used
  };
  struct Pending {
    Nanos begin, end;
    bool begins = false, ends = false;  // a job does, at its end
    std::vector<Entry> entries;
    Outside outside;
    unsigned waited = 0;  // moments since
  };
  struct Settled;                   // one stretch's energies, ready to be divided
  using Books = std::vector<Book>;  // one a policy

  void stretch(const Census& census, Nanos at);
  Entry make_entry(std::uint64_t serial, OpenJob& job, const Census& census, Nanos time) const;
  void share_devices(std::vector<Entry>& entries) const;
  bool is_undecided(const Pending& stretch) const;
  void decide(Pending& stretch);
  double cpu_share(const OpenJob& job) const;  // that it reserved, as far as is known; 0: it is not
  double memory_share(const OpenJob& job) const;
  void take_hints(Nanos at);
  void compare(const Census& census, Nanos at);
  OpenJob& open(const std::string& slurmd, const std::string& id, Nanos at, const char* basis);
  OpenJob* find(const JobUse& use);
  OpenJob* find(const std::string& id);
  void update(OpenJob& job, const JobUse& use, Nanos at);
  void close(OpenJob& job, Nanos at, const std::string& basis);
  void learn(OpenJob& job, const Request& said);
  void find_devices(OpenJob& job) const;

  void settle(bool force);
  bool find_edges(const Pending& stretch, bool force, std::vector<Meter::Edge>& edges) const;
  void settle(const Pending& stretch, const std::vector<Meter::Edge>& edges);
  Settled make_settled(const Pending& stretch, const std::vector<Meter::Edge>& edges) const;
  void book(Book& book, const Settled& settled, const Share& share) const;
  void book_job(const Pending& stretch, const Settled& settled, const Entry& entry, const std::vector<Share>& shares);
  void draw(OpenJob& job, const Book& part) const;
  void book_steps(OpenJob& job, const Entry& entry, const Settled& settled, const Share& share) const;
  void note_lowest(const Pending& stretch, const Settled& settled);
  void finish();

  pb::Record make_record(const OpenJob& job, const JobBooks& books) const;
  Composition compose_book(const Book& book, const OpenJob& job, std::span<const Peak> peaks = {}) const;
  void write_doubt(const Book& book, pb::Record& record) const;
  void write_accelerators(const OpenJob& job, const Book& book, pb::Record& record) const;
  void write_rows(pb::NodeState& out) const;
  void write_parts(pb::NodeState& out) const;
  void write_steps(const OpenJob& job, const JobBooks& books, pb::Record& record) const;
  void write_anomalies(const OpenJob& job, pb::Record& record) const;

  LedgerNode node_;
  std::vector<Meter> meters_;
  std::vector<std::string> device_names_;  // what Claim::devices stands for
  Layout layout_;
  std::vector<bool> alive_;
  Sweep sweep_;  // the last

  std::optional<Nanos> last_;  // the last moment
  bool resumed_ = false;       // and it was another process's
  std::int64_t wall_ns_ = 0, since_wall_ns_ = 0;
  std::optional<Nanos> busy_;  // as the last census had it
  double held_ = 0;            // bytes
  unsigned cpus_ = 0;
  double memory_ = 0;
  std::map<std::uint64_t, OpenJob> jobs_;  // in the order of their coming
  std::uint64_t next_ = 1;
  std::vector<Request> hints_;
  std::vector<std::string> over_;  // ended by a hint; their cgroups may linger
  std::deque<Pending> pending_;

  Nanos settled_at_{};
  std::vector<Meter::Edge> edges_;  // of each meter there
  Books idle_, system_;
  Joules ended_energy_, node_energy_, rest_;
  std::vector<Joules> parts_;                 // of each meter
  std::vector<std::optional<Watts>> lowest_;  // power with nobody here
  std::vector<std::optional<Watts>> least_;   // and with whomever
  std::vector<std::optional<Watts>> power_;   // over the last stretch
  std::uint64_t ended_jobs_ = 0;
  std::vector<pb::Record> ended_;
  bool changed_ = false;
};

}  // namespace nw
