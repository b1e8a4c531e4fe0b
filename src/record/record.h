// Record: what is kept permanently of a measurement. The class is generated from record.proto; this header fills it
// from nodewatt's types.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/anomalies.h"
#include "base/host.h"
#include "energy/containment.h"
#include "record/record_fwd.h"
#include "sensor/driver.h"
#include "sensor/monitor.h"
#include "site/site.h"

namespace nw {

using Record = pb::Record;

// In a pb::Series: nothing was read in that step. Earlier versions wrote -1, which is an energy too: a remainder is a
// difference and may be below 0. Their records are still shown as they were meant.
inline constexpr std::int64_t kNotRead = std::numeric_limits<std::int64_t>::min();
constexpr bool was_read(std::int64_t energy_uj) { return energy_uj != kNotRead && energy_uj != -1; }

pb::Kind to_record(Provenance kind);
pb::Boundary to_record(Boundary boundary);
void write_energy(const Energy& energy, pb::Energy& out);
// `duration`: the time for which the component's energy counts.
void write_component(const Component& component, Nanos duration, pb::Component& out);
// A whole record's energy with its components; `duration` as above.
void write_node_energy(const NodeEnergy& energy, Nanos duration, pb::Record& out);
void write_sensor(const SensorInfo& info, pb::SensorUse& out);
// One entry for each that occurred; `sensor` is "" where it belongs to none.
void write_anomalies(const AnomalyCounts& counts, const std::string& sensor,
                     google::protobuf::RepeatedPtrField<pb::AnomalyCount>& out);
AnomalyCounts read_anomalies(const google::protobuf::RepeatedPtrField<pb::AnomalyCount>& in);
// Foreign text in a SensorInfo must not make a record that protobuf cannot read back.
SensorInfo with_valid_text(SensorInfo info);
// PUE, price and carbon factor, so that a report of this run does not change later.
void write_facility(const Site& site, pb::Record& out);

// Marks a simulated machine and names the simulator: the simulator's trees and tapes have it, no real machine does.
inline constexpr const char* kSimulatedFile = "/etc/nodewatt/played";

// The machine itself: host name, CPU model, counts, memory, kernel; from /proc and /sys through the host.
void write_node(Host& host, pb::Node& out);
// All that is known of a node before anything is measured on it: machine, accelerators, software, and the site file's
// statements.
void describe_node(NodeMonitor& node, pb::Record& out);
// What is there and could not be read when the measurement began, as anomalies: no figure has it, the total neither.
void write_unread(const Inventory& inventory, pb::Record& out);
// Models of the accelerators: from their utilizations, else from the sensors.
void write_gpus(const std::vector<UtilizationInfo>& devices, const std::vector<SensorInfo>& infos, pb::Node& out);
// The versions that figures depend on: operating system, kernel (after write_node), and what the drivers found.
void write_software(Host& host, const std::vector<Software>& met, pb::Record& out);

}  // namespace nw
