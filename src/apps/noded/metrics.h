// What nodewattd tells a Prometheus: the node's energy as counters, in OpenMetrics 1.0 text. Nothing here is of a job.
#pragma once

namespace nw::noded {

inline constexpr const char* kOpenMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

}  // namespace nw::noded
