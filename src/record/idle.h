// The baseline in a record: the idle power of this node's sensors, as `nodewatt calibrate idle` measured it, so that a
// report can state how much of a run's energy the node would have drawn anyway.
#pragma once

#include <string>
#include <vector>

#include "record/record_fwd.h"
#include "sensor/sensor.h"
#include "site/site.h"

namespace nw {

// A baseline is the mean over so many equal intervals; its standard error is their scatter.
inline constexpr int kBaselineIntervals = 10;

// Whether it was measured on this host, not longer ago than `valid_days`. A host without a name of its own
// ("localhost") does not match.
bool is_current(const BaselineSite& baseline, const std::string& host, std::int64_t wall_ns, unsigned valid_days);

// The powers of those of the baseline's sensors that this node still has.
void write_idle(const BaselineSite& baseline, const std::vector<SensorInfo>& infos, pb::Record& record);

}  // namespace nw
