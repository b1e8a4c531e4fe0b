// Record: what is kept of a measurement for ever. The class is generated from record.proto; this header fills it from
// the house's types.
#pragma once

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

// In a pb::Series: nothing was read in that step.
inline constexpr std::int64_t kNotRead = -1;

pb::Kind to_record(Provenance kind);
pb::Boundary to_record(Boundary boundary);
void write_energy(const Energy& energy, pb::Energy& out);
// `duration`: of what the component is a part.
void write_component(const Component& component, Nanos duration, pb::Component& out);
void write_sensor(const SensorInfo& info, pb::SensorUse& out);
// One entry for each that was met; `sensor` is "" where it is of none.
void write_anomalies(const AnomalyCounts& counts, const std::string& sensor,
                     google::protobuf::RepeatedPtrField<pb::AnomalyCount>& out);
// Foreign text in a sensor info must not make a record that protobuf can not read back.
SensorInfo with_valid_text(SensorInfo info);
// PUE, price and carbon factor, so that a report of this run stays what it is.
void write_facility(const Site& site, pb::Record& out);

// Where a machine that is played says so, and by what: the simulator's trees and tapes have it, no real machine does.
inline constexpr const char* kPlayedFile = "/etc/nodewatt/played";

// What the machine is: host name, CPU model, counts, memory, kernel; from /proc and /sys through the host.
void write_node(Host& host, pb::Node& out);
// All that is known of a node before anything is measured on it: itself, its accelerators, software, and what the site
// says of it.
void describe_node(NodeMonitor& node, pb::Record& out);
// Models of the accelerators: of the devices that tell of themselves, else of the sensors.
void write_gpus(const std::vector<UtilizationInfo>& devices, const std::vector<SensorInfo>& infos, pb::Node& out);
// The versions that figures hang on: operating system, kernel (after write_node), and what the drivers met.
void write_software(Host& host, const std::vector<Software>& met, pb::Record& out);

}  // namespace nw
