// Shared by the views in files of their own: bus_views.cc has the families that a thread polls over a bus,
// chip_views.cc those of AMD GPUs and of registers. views.cc has the others, and the table.
#pragma once

#include <string>
#include <vector>

#include "sim/views.h"

namespace nw::sim {

using Indices = std::vector<std::size_t>;  // of instruments

TextAt constant(std::string text);
// The base of a node's device serial numbers: its name alone, so that another seed is another day of the same node.
std::uint64_t serial_of(const Scenario& scenario);
NumberAt value_of(const Machine& machine, std::size_t instrument);
// The same with the device's time, in nanoseconds since 1970 by its clock, where it gives any.
NumberAt stamped_value_of(const Machine& machine, std::size_t instrument);
// A text made from the instrument's reading; fails where there is none.
TextAt text_of(const Machine& machine, std::size_t instrument, std::string what,
               std::function<std::string(const SimReading&)> text);
// A file with one number in it, and the source that reads it.
void show_number(View& view, const Machine& machine, std::size_t instrument, const std::string& path);

// The utilization of a GPU in the last second, in percent; and the processes that use it.
NumberAt busy_percent_of(const Machine& machine, std::size_t component);
NumberAt processes_of(const Machine& machine, std::size_t component);
// The components that NVML shows, in the order of its indices.
std::vector<std::size_t> nvml_gpus(const Machine& machine);
inline constexpr Nanos kUtilizationLatency = Nanos::of(250'000);

// One function a family.
void show_msr(View& view, const Machine& machine, const Indices& instruments);
void show_rocm(View& view, const Machine& machine, const Indices& instruments);
void show_xcc(View& view, const Machine& machine, const Indices& instruments);
void show_redfish(View& view, const Machine& machine, const Indices& instruments);
void show_dcmi(View& view, const Machine& machine, const Indices& instruments);
void show_pdu(View& view, const Machine& machine, const Indices& instruments);

}  // namespace nw::sim
