// Domain, boundary, tolerance: what both the site file and the sensors refer to. Below both, so that the site file can
// be read without knowing any sensor.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nw {

// Which part of the node a sensor measures. Which part contains which is in energy/containment.cc.
enum class Domain : unsigned char {
  node,     // the whole node
  psys,     // the platform as the CPU vendor counts it: packages, DRAM and more, no add-in accelerators
  module,   // a CPU and a GPU under one meter, with their memory and regulators (GH200)
  package,  // one CPU package
  core,     // the cores of a package
  uncore,   // what lies beside the cores in a package (integrated graphics on clients)
  dram,     // memory of one socket
  gpu,      // one accelerator board
  cpu,      // the CPU of a module
  sysio,    // input and output of a module's CPU
  other,    // the rest of the node: board, fans, disks, network; only modelled or derived
};
std::string_view name(Domain domain);
std::optional<Domain> domain(std::string_view name);

// Where on the power path a sensor sits. Figures at different boundaries differ by conversion losses.
enum class Boundary : unsigned char { on_chip, board, node_dc, wall };
std::string_view name(Boundary boundary);

// By how much a reading may be off by a constant factor, and where that figure comes from.
struct Tolerance {
  enum class Shape : unsigned char { limit, sigma };
  double relative = 0;  // 0.05 is 5 %
  Shape shape = Shape::limit;
  std::string basis;  // where the figure comes from; "assumed" when it is our own default
};

}  // namespace nw
