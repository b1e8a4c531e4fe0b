// EnergyAccumulators as a checkpoint stores them.
#pragma once

#include <cstdint>
#include <optional>

#include "accounting/energy_accumulator.h"
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
// As many lines as there are meters, whatever was written.
EnergyAccumulator read_accumulator(const pb::EnergyAccumulator& in, std::size_t meters);

}  // namespace nw
