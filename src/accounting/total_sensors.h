// TotalSensors: which of a node's sensors its total is made of, as the tree chooses them: one of the whole node with
// parts inside it and beside it, or the parts alone. What is divided among jobs are these parts, and what they leave.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "accounting/attribute.h"
#include "energy/meter.h"

namespace nw {

struct TotalSensors {
  std::optional<std::size_t> total_sensor;  // the node's own sensor
  std::vector<std::size_t> inside;          // parts that it holds; what they leave of it is the rest
  std::vector<std::size_t> beside;  // parts of the total that it does not hold; all of them where there is no root
  bool operator==(const TotalSensors&) const = default;

  bool is_of_total(std::size_t meter) const;  // the root, or beside it
  bool is_counted(std::size_t meter) const;   // of the total, or inside the root
};

inline bool holds(const std::vector<std::size_t>& list, std::size_t one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

inline bool TotalSensors::is_of_total(std::size_t meter) const { return meter == total_sensor || holds(beside, meter); }
inline bool TotalSensors::is_counted(std::size_t meter) const { return is_of_total(meter) || holds(inside, meter); }

// From everything that the meters have seen until `now`.
TotalSensors find_total_sensors(std::span<const Meter> meters, Nanos now);

// By what a part of this domain is divided.
DivisionKey division_key_of(Domain domain);

}  // namespace nw
