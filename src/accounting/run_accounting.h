// RunAccounting: assigns the energy of a node to the consumers of one measurement: the run, and the phases inside it.
//
// The same class is fed live by `run`, from a tape by `replay` and from a journal after a crash: sample sets and events
// in, one Record out. Events must be added before the first sample set that is later than they are; memory does not
// grow with the length of the run.
#pragma once

#include <memory>
#include <vector>

#include "accounting/phases.h"
#include "accounting/resolved_total.h"
#include "accounting/timeline.h"
#include "client/program_event.h"
#include "energy/containment.h"
#include "energy/meter.h"
#include "record/record_fwd.h"

namespace nw {

class RunAccounting {
 public:
  RunAccounting(const std::vector<SensorInfo>& infos, Nanos period);

  void set_period(Nanos period);
  void begin(Nanos at) { begin_ = at; }
  void add(const SampleSet& sample_set);
  void add(const ProgramEvent& event);
  void note(Anomaly anomaly, std::uint64_t times = 1) { anomalies_.add(anomaly, times); }
  // What is known of the node's own sensor from earlier runs on this machine, learned so long ago; call before any
  // sample set. After end(): what is known of it now.
  void use(NodeHistory history, Nanos age) { resolved_total_.use(std::move(history), age); }
  std::optional<NodeHistory> history() const { return resolved_total_.history(); }
  // What phases were given, for their programs: of those that ended since the last call, and with `open` so far.
  struct Reading {
    std::uint64_t id;
    Energy energy;
    bool ended;
  };
  std::vector<Reading> take_readings(bool open);
  // The run ended at `at`; the sample set after it must be in. Call once.
  void end(Nanos at);

  // After end(): writes all results into the record.
  void write(pb::Record& record) const;

 private:
  void settle_begin(bool last);
  Interval run_interval(std::size_t meter) const;
  SensorEnergy make_sensor_energy(std::size_t meter, Interval interval) const;
  struct Resolved {
    NodeResolution::Resolved answer;
    double coverage;
  };
  std::optional<Resolved> resolve(const std::vector<SensorEnergy>& sensor_energies, Nanos duration) const;
  void resolve_total(std::vector<SensorEnergy>& sensor_energies, Nanos duration) const;
  void weigh_total();
  using Steps = std::vector<std::optional<Joules>>;  // of the timeline
  NodeEnergy compose_run(const Steps& resolved) const;
  NodeEnergy compose_phase(const EnergyAccumulator& given, const NodeEnergy& run) const;
  void write_anomalies(pb::Record& record, const NodeEnergy& run) const;
  void write_timeline(pb::Record& record, const NodeEnergy& run, const Steps& resolved) const;
  Steps resolved_steps() const;
  void cross_check();

  std::vector<Meter> meters_;
  ResolvedTotal resolved_total_;
  Correction correction_;         // of the node's own sensor
  std::optional<bool> by_parts_;  // whether the run's node energy is by its parts; nothing: it has not ended
  Phases phases_;
  Timeline timeline_;
  AnomalyCounts anomalies_;
  std::vector<std::pair<Anomaly, std::size_t>> found_;  // by the cross-check, with the meter's index
  Nanos begin_{}, end_{};
  struct Begin {
    Meter::Edge edge;
    Joules head;  // the part of Meter::lead_in that the edge's cumulative energy contains
  };
  std::vector<std::optional<Begin>> begins_;  // of each meter, as soon as it is settled
  std::vector<Meter::Edge> ends_;
  Nanos settled_{};            // phases, until then
  std::vector<bool> checked_;  // another sensor of the same part agreed
  bool begun_ = false;
};

}  // namespace nw
