// JobTimeline: the energy of a job by kind of part over equal time steps, for charts. Holds at most kSteps steps: when
// they are full, neighbours are merged and the step doubles. Steps are never finer than what the job's owner may see
// (finest_step), so that all of it can be shown to him.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/units.h"
#include "record/record_fwd.h"
#include "sensor/sensor.h"

namespace nw {

class JobTimeline {
 public:
  static constexpr std::size_t kSteps = 120;
  using Energies = std::map<Domain, Joules>;

  // The energies over the time since the last call. A step that ends within it gets its part in proportion to time.
  void add(const Energies& energies, Nanos over, Nanos finest);

  // The complete steps; none where there are none.
  void write(pb::Timeline& out) const;
  // All of it, for the checkpoint and back. Whatever the stored bytes are, the result obeys the rules above.
  void write(pb::CheckpointTimeline& out) const;
  static JobTimeline read(const pb::CheckpointTimeline& in);

 private:
  void join();

  Nanos step_ = seconds(1), passed_{};  // of the current step
  std::size_t over_ = 0;                // steps
  // One entry a step, the current one included; a series may be shorter, and has nothing where it was not read.
  std::map<Domain, std::vector<std::optional<Joules>>> series_;
};

}  // namespace nw
