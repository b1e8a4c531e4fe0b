// RunWindow: a `nodewatt run` that the daemon measures: what its step was given between its begin and its end, with the
// phases that its own programs report.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "accounting/job_timeline.h"
#include "accounting/phases.h"
#include "base/anomalies.h"
#include "record/record.pb.h"

namespace nw {

// A step of a job on this node, as long as the accounting lives.
struct StepName {
  std::uint64_t job;
  std::string step;
  bool operator==(const StepName&) const = default;
};

struct RunWindow {
  StepName step;
  std::uint64_t cookie = 0;  // of the channel of its programs: by it a later daemon knows the run again
  Nanos begin{};
  std::int64_t begin_wall_ns = 0;
  std::optional<Nanos> end;
  Phases phases;  // with the whole run as Phases::whole()
  JobTimeline timeline;
  std::vector<AnomalyCounts> anomalies;  // of each meter, when it began
  AnomalyCounts noted;
  std::optional<pb::Record> record;  // as soon as its last interval is closed
};

}  // namespace nw
