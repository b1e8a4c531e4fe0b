// ProgramEvent: what a measured program reported about itself, and when. The phases of a Record are made of events.
#pragma once

#include <cstdint>
#include <string>

#include "base/units.h"

namespace nw {

struct ProgramEvent {
  enum class Kind : unsigned char { begin, end, work, figure, setting };
  static constexpr Kind kLastKind = Kind::setting;
  Kind kind = Kind::begin;
  Nanos at;
  std::uint64_t id = 0;  // of the phase, unique in the run; begin and end
  std::uint32_t pid = 0, tid = 0;
  std::string name;  // begin: the phase; work: the phase meant, or empty; figure: its name; setting: its value
  std::string unit;  // work; setting: its key
  double value = 0;  // work: the count; figure: its value
};

}  // namespace nw
