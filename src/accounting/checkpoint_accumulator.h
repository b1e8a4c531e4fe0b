// EnergyAccumulators as a checkpoint stores them: in the order of the sensors of that time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "accounting/energy_accumulator.h"
#include "energy/meter.h"
#include "record/checkpoint.pb.h"

namespace nw {

// A power that may be unknown, as a checkpoint stores it: -1 means unknown.
inline std::int64_t write_power(std::optional<Watts> power) { return power ? power->count() : -1; }
inline std::optional<Watts> read_power(const google::protobuf::RepeatedField<std::int64_t>& powers, std::size_t at) {
  const int index = static_cast<int>(at);
  if (index >= powers.size() || powers[index] < 0) return std::nullopt;
  return Watts::of(powers[index]);
}

void write_accumulator(const EnergyAccumulator& accumulator, pb::EnergyAccumulator& out);

// Where each of the present sensors is in a checkpoint's lists: a sensor that is gone is left out, a new one begins
// with nothing. Whatever was written, what is read has as many lines as there are sensors now.
class SavedOrder {
 public:
  SavedOrder(const pb::Checkpoint& checkpoint, const std::vector<Meter>& meters);
  std::size_t meters() const { return from_.size(); }
  // Nothing where it is not in the lists.
  std::optional<std::size_t> from(std::size_t meter) const;
  EnergyAccumulator read(const pb::EnergyAccumulator& in) const;
  // A time before the checkpoint: no other can be in it.
  Nanos time(std::int64_t ns) const { return Nanos::of(std::clamp<std::int64_t>(ns, 0, until_.count())); }

 private:
  Nanos until_{};
  std::vector<std::optional<std::size_t>> from_;
};

}  // namespace nw
