// TotalSensors: which of a node's sensors its total is made of, as energy/containment.cc chooses them: one for the
// whole node with parts inside it and beside it, or the parts alone. These parts, and the remainder, are what is
// divided among jobs.
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
  std::vector<std::size_t> inside;          // parts that it contains; the total minus these is the remainder
  std::vector<std::size_t>
      beside;  // parts of the total that it does not contain; all of them where there is no total sensor
  bool operator==(const TotalSensors&) const = default;

  bool is_of_total(std::size_t meter) const;  // the total sensor, or beside it
  bool is_counted(std::size_t meter) const;   // of the total, or inside the total sensor
};

inline bool holds(const std::vector<std::size_t>& list, std::size_t one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

inline bool TotalSensors::is_of_total(std::size_t meter) const { return meter == total_sensor || holds(beside, meter); }
inline bool TotalSensors::is_counted(std::size_t meter) const { return is_of_total(meter) || holds(inside, meter); }

// From everything that the meters have seen until `now`.
TotalSensors find_total_sensors(std::span<const Meter> meters, Nanos now);

// The same, looked up again when a meter has begun to measure.
class TotalSensorsWatch {
 public:
  // Whether they were looked up.
  bool look(std::span<const Meter> meters, Nanos now);
  const TotalSensors& found() const { return found_; }

 private:
  std::vector<bool> responsive_;
  TotalSensors found_;
};

// The key by which a part of this domain is divided.
DivisionKey division_key_of(Domain domain);

}  // namespace nw
