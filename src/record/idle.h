// The baseline that a record carries: what this node's sensors read at rest, as `nodewatt calibrate idle` found it, so
// that a report can say how much of a run's energy the node would have drawn anyway.
#pragma once

#include <string>
#include <vector>

#include "record/record_fwd.h"
#include "sensor/sensor.h"
#include "site/site.h"

namespace nw {

// Whether it was measured on this host, and not longer ago than `valid_days`. A host without a name of its own
// ("localhost") is no host.
bool is_current(const BaselineSite& baseline, const std::string& host, std::int64_t wall_ns, unsigned valid_days);

// The powers of those of its sensors that this node still has.
void write_idle(const BaselineSite& baseline, const std::vector<SensorInfo>& infos, pb::Record& record);

}  // namespace nw
