// JobTimeline: what each kind of part took for a job, over equal steps of time, for pictures. Holds at most kSteps
// steps: when they are full, neighbours are joined and the step doubles. Steps are never finer than what the job's
// owner may be told (finest_step), so that he may be shown all of it.
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

  // What was taken over the time since the last call. Where steps end within it, each has its part by time.
  void add(const Energies& energies, Nanos over, Nanos finest);

  // The steps that are over; none where there are none.
  void write(pb::Timeline& out) const;
  // All of it, for the journal and back. Whatever was written, what is read holds to the rules above.
  void write(pb::CheckpointTimeline& out) const;
  static JobTimeline read(const pb::CheckpointTimeline& in);

 private:
  void join();

  Nanos step_ = seconds(1), passed_{};  // of the step that goes on
  std::size_t over_ = 0;                // steps
  // One entry a step, that which goes on included; a series may be shorter, and has nothing where it was not read.
  std::map<Domain, std::vector<std::optional<Joules>>> series_;
};

}  // namespace nw
