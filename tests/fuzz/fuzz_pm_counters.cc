// The line parser of cray_pm and the unit decoding of rapl_msr over any bytes: what they accept is within its promise.
#include <cstdlib>
#include <cstring>

#include "base/parse.h"
#include "energy/unwrap.h"
#include "sensor/drivers/cray_pm_line.h"
#include "sensor/drivers/rapl_msr_unit.h"

namespace {
void require(bool holds) {
  if (!holds) std::abort();
}

void check_line(std::string_view text) {
  using namespace nw::cray_pm;
  const auto line = parse_line(text);
  std::uint64_t value = 0;
  require(kCount.parse(text, value) == line.has_value());
  if (line) require(value == line->value);
  require(kStamp.parse(text, value) == (line && line->stamp_us));
  if (line && line->stamp_us) require(value == *line->stamp_us);
  require(kJoules.parse(text, value) == (line && line->unit == "J"));
  require(kWatts.parse(text, value) == (line && line->unit == "W"));
  if (!line) return;
  for (const char c : line->unit) require((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
  // Written as the controller writes it, it says the same.
  std::string again = std::to_string(line->value);
  if (!line->unit.empty()) again += " " + std::string(line->unit);
  if (line->stamp_us) again += " " + std::to_string(*line->stamp_us) + " us";
  again += "\n";
  const auto second = parse_line(again);
  require(second && second->value == line->value && second->unit == line->unit && second->stamp_us == line->stamp_us);
}

template <class T>
T take(std::string_view& bytes) {
  T value{};
  const std::size_t n = bytes.size() < sizeof value ? bytes.size() : sizeof value;
  if (n > 0) std::memcpy(&value, bytes.data(), n);
  bytes.remove_prefix(n);
  return value;
}

// Any unit register on any CPU: a unit is positive, at most a joule, and one turn of a counter fits 64 bits of uJ.
void check_units(std::string_view bytes) {
  const auto unit_register = take<std::uint64_t>(bytes);
  const auto flags = take<std::uint8_t>(bytes);
  nw::rapl::Cpu cpu;
  cpu.family = take<std::uint8_t>(bytes);
  cpu.model = take<std::uint8_t>(bytes);
  cpu.x86 = flags & 1, cpu.amd = flags & 2, cpu.server = flags & 4;
  for (unsigned i = 0; i <= static_cast<unsigned>(nw::Domain::other); ++i) {
    const auto unit = nw::rapl::compute_unit(static_cast<nw::Domain>(i), cpu, unit_register);
    if (!unit) continue;
    require(cpu.x86 && unit->num > 0 && unit->den > 0 && unit->num / unit->den <= 1'000'000);
    require(unit->den <= std::int64_t{1} << 40 && (unit->den & (unit->den - 1)) == 0);
    const auto turn = nw::mul_div(nw::Int128{nw::rapl::kCounts}, unit->num, unit->den);
    require(turn > 0 && turn < std::int64_t{1} << 62);
    nw::SensorInfo info;
    info.unit_num = unit->num, info.unit_den = unit->den, info.wrap = nw::rapl::kCounts;
    info.max_power = nw::watts(1000);
    nw::Unwrapper unwrapper(info);
    unwrapper.advance(unit_register & (nw::rapl::kCounts - 1), nw::seconds(1));
    require(unwrapper.advance(take<std::uint32_t>(bytes), nw::seconds(2)).counts < nw::rapl::kCounts);
  }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  check_line(text);
  for (const auto line : nw::split(text, '\n')) check_line(line);
  check_units(text);
  return 0;
}
