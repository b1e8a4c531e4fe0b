// Tree: which part of the node contains which, so that nothing is counted twice and the node's rest is what its parts
// leave.
//
//     node    > everything
//     psys    > package, dram
//     module  > gpu, cpu, sysio, package
//     package > core, uncore
//
// dram stands beside package, as on servers. A psys or module takes the place of what it contains in every sum. Of a
// domain that both a node controller ("all", "accel0") and other sensors measure, the others are taken where one of
// them has a value, and so is a module, which holds them all.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/anomalies.h"
#include "energy/energy.h"

namespace nw {

// One sensor's result, as the tree takes it.
struct Branch {
  const Nameplate* plate = nullptr;
  Energy energy;  // without a value: dead, or never read
  std::optional<Watts> max_power;
};

struct Component {
  Part part;
  std::string label;
  Energy energy;
  std::string source;
  std::string sensor;  // nameplate id; empty when derived
  unsigned depth = 0;  // inside the component above when deeper
  bool counted = false;
  std::optional<Watts> max_power;
};

struct Composition {
  Energy total;                         // the node as far as it was measured; the estimate when nothing was
  std::optional<Energy> node_estimate;  // measured parts and modelled rest, when `total` does not cover the node
  double modelled_fraction = 0;         // of node_estimate, or of total when that is the estimate
  std::vector<Component> components;
  std::string boundary_note;  // what `total` takes in, for people
  AnomalyCounts anomalies;
};

// Branches in the driver table's order: of several for one part the first that has a value stands for it, counters
// before gauges, measured before modelled.
Composition compose(std::span<const Branch> branches);

}  // namespace nw
