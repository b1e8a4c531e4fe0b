// Containment: which part of the node contains which, so that nothing is counted twice and the node's remainder is what
// its parts leave; and whether sensors of the same thing agree.
//
// The tree is data, kContainment in containment_tree.cc. At its root are up to two sensors of the whole node, one on
// each side of the power supplies; the difference between them is the supplies' loss. A node's sensor may not include
// some parts (SensorInfo::excludes: some controllers do not see the GPUs); those are added beside it.
//
// A whole is never below its measured parts. Where its sensor shows less than they do, by more than both intervals
// allow, it is flagged at whatever level (node, platform, module, package), shown, and not counted: its parts are.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/anomalies.h"
#include "energy/energy.h"

namespace nw {

// What a total of the whole node includes, for display.
inline constexpr const char* kNodeAtWall = "the whole node, at the wall (AC)";
inline constexpr const char* kNodeDc = "the whole node, node DC";

// One sensor's result, the input of compose().
struct SensorEnergy {
  const SensorInfo* info = nullptr;
  Energy energy;  // without a value: unresponsive, or never read
  std::optional<Watts> max_power;
  std::string method;  // how it comes from the readings, where that is not by the sensor alone; for display
};

struct Component {
  Part part;
  std::string label;
  Energy energy;
  std::string source;
  std::string sensor;  // sensor info id; empty when derived
  unsigned depth = 0;  // nested in the component above when deeper
  bool counted = false;
  std::optional<Watts> max_power;
};

// Two figures for one quantity that differ by more than both their uncertainties allow.
struct Disagreement {
  std::string sensor, other;  // sensor info ids; `other` may be "parts"
  double chi2 = 0;            // square of the difference over the sum of variances
};

struct NodeEnergy {
  Energy total;                         // the node as far as it was measured; the estimate when nothing was
  std::optional<Energy> node_estimate;  // measured parts and modelled remainder, when `total` does not cover the node
  double modelled_fraction = 0;         // of node_estimate, or of total when that is the estimate
  std::vector<Component> components;
  std::string boundary_note;                // what `total` includes, for display
  std::vector<Disagreement> disagreements;  // the uncertainties that they affect are widened already
  std::vector<std::string> doubted;         // sensors of wholes that gave way to their parts
  AnomalyCounts anomalies;
};

// Whether a whole below its parts gives way to them, or stays and is flagged: energies that were divided among jobs by
// a choice that was made for the whole node have to be composed by the same choice.
enum class Wholes : unsigned char { judged, kept };

// Sensor energies in the driver table's order: of several for one part the first that has a value is used, counters
// before gauges, measured before modelled.
NodeEnergy compose(std::span<const SensorEnergy> sensor_energies, Wholes wholes = Wholes::kept);
// A part of a run, made of what the run is made of: so that phases add up to it.
NodeEnergy compose_like(const NodeEnergy& run, std::span<const SensorEnergy> sensor_energies);

// 95 % point of chi squared with one degree of freedom: above it two figures disagree, and their uncertainties are
// widened by the root of it (Birge 1932).
constexpr double kDisagree = 3.84;
double compute_chi2(const Energy& a, const Energy& b);

}  // namespace nw
