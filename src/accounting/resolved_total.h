// ResolvedTotal: the energy of a node's own sensor where that is a slow power gauge and the parts inside it are fast:
// as energy/node_resolution.h has it, fed from the meters. What of a node the equation is about, the sensor and its
// parts, is followed here: both may come late.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "accounting/total_sensors.h"
#include "energy/containment.h"
#include "energy/node_resolution.h"

namespace nw {

// What was learned of a node's sensor, and of which parts; kept from one run to the next.
struct NodeHistory {
  std::string sensor;
  std::vector<std::string> parts;
  NodeResponse response;
};

class ResolvedTotal {
 public:
  // Taken over as soon as the sensor and its parts are known to be the same; learned so long ago.
  void use(NodeHistory history, Nanos age);
  std::optional<NodeHistory> history() const;

  // After the meters have it.
  void add(std::span<const Meter> meters, const SampleSet& sample_set);
  void add(std::span<const Meter> meters, const SampleSet& sample_set, const TotalSensors& total_sensors);

  // The sensor that is resolved, and the parts that it is resolved by.
  std::optional<std::size_t> sensor() const { return resolution_ ? total_sensors_.total_sensor : std::nullopt; }
  const std::vector<std::size_t>& parts() const { return total_sensors_.inside; }
  bool has_learned() const { return resolution_ && resolution_->has_learned(); }
  double error() const { return resolution_ ? resolution_->error() : 0; }
  bool contradicts() const { return resolution_ && resolution_->contradicts(); }

  // Of an interval in which the parts took as much as `energy_of` says; nothing where that is not known, or where the
  // sensor has not said enough yet.
  using EnergyOf = std::function<std::optional<Joules>(std::size_t meter)>;
  std::optional<NodeResolution::Resolved> resolve(std::span<const Meter> meters, const EnergyOf& energy_of,
                                                  Nanos duration, Watts more = {}) const;

 private:
  void begin(std::span<const Meter> meters);
  void begin_from_history(std::span<const Meter> meters, const SampleSet& sample_set);
  void add_reading(const Meter& meter, const Sample& sample);
  bool is_resolvable(std::span<const Meter> meters) const;

  TotalSensors total_sensors_;
  TotalSensorsWatch watch_;
  std::optional<NodeResolution> resolution_;
  std::optional<std::pair<NodeHistory, Nanos>> offered_;
  std::vector<std::string> names_;  // of the sensor and its parts
  std::optional<Nanos> last_look_;  // at the sensor
  std::optional<std::uint64_t> last_raw_;
};

// The name of the uncertainty's term, and of the method for display.
inline constexpr const char* kResolvedByParts = "node sensor resolved by its parts";
inline constexpr const char* kResolvedMethod = "resolved by its parts";

// Of a run or phase: the sensor's own integral, whose uncertainty is in the time that its readings lag behind, and the
// parts' answer, each as much as it is worth.
struct Correction {
  Watts power;          // more than the parts' answer, over the whole run
  double weight = 0;    // of the integral
  double apart = 0;     // W, standard uncertainty of either, where they differ by more than their own explain
  double lag = 0;       // W, of the integral's mean power but for gain and offset
  Nanos duration{};     // of the run
  double disputed = 0;  // share of the run's energy by which they differ, where that is so
};
Correction weigh(const Energy& integral, const NodeResolution::Resolved& resolved, Nanos duration,
                 const std::string& source);
// Whether the answer says enough to be printed.
bool is_useful(const NodeResolution::Resolved& resolved);
// Of what is known of a part's energy, J: what the sensor's gain cannot cancel.
double own_variance(const Energy& energy, const std::string& source);

// The sensor's energy, resolved.
Energy make_resolved(const SensorInfo& info, const NodeResolution::Resolved& resolved, const Correction& correction,
                     Nanos duration, double coverage);

}  // namespace nw
