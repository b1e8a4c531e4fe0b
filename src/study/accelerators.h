// Accelerators: for each GPU of a run whether it was used, and how that is known.
//
// The driver's report is best (share of time busy, processes). Without one, a GPU whose power never rose above its own
// mean by more than a tenth, and stayed below a quarter of its rating, was idle: load changes power. Energies are
// measured, never modelled; a GPU without an energy is not classified.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "record/record_fwd.h"
#include "study/values.h"

namespace nw {

struct Accelerator {
  enum class Use : unsigned char { unknown, idle, busy };
  enum class Basis : unsigned char { none, driver, power };

  const pb::Component* part = nullptr;
  const pb::Device* device = nullptr;  // null: its driver reported nothing
  Use use = Use::unknown;
  Basis basis = Basis::none;
  std::optional<double> watts;  // mean
  // With their intervals. Of an idle accelerator the sensor's constant offset is most of the error; where the sensor
  // states none, one is assumed.
  Amount joules, power;
  bool is_offset_assumed = false;
  bool no_process = false;  // allocated to the run, but no process was ever seen on it
  std::optional<double>
      of_peers;  // its mean power over the median of the run's other busy GPUs, where that is far below 1
  static constexpr double kFarBelow = 0.7;
  // Standard uncertainty of the assumed offset: boards for data centres read a few watts wrong when idle, those for
  // desktops up to ten.
  static constexpr double kOffsetW = 3, kDesktopOffsetW = 8;
};

// All GPUs of the run that have an energy, in the record's order.
std::vector<Accelerator> classify_accelerators(const pb::Record& record);

// The energy of a job's accelerators on which no process was seen, with its interval where they can be told.
Amount compute_unused_energy(const pb::Record& job);

enum class Placement : unsigned char { no_accelerators, all_idle, some_idle, busy, unknown };
Placement placement(const pb::Record& record);

}  // namespace nw
