// Every parser of numbers and text over any bytes: it ends, and what it accepts is within its promise.
#include <cmath>
#include <cstdlib>

#include "base/cpu_ticks.h"
#include "base/host.h"
#include "base/parse.h"

namespace {
void require(bool holds) {
  if (!holds) std::abort();
}

void check_numbers(std::string_view text) {
  if (const auto n = nw::parse_u64(text)) {
    require(nw::parse_u64(std::to_string(*n)) == n);
    std::uint64_t value = 0;
    require(nw::kWholeNumber.parse(text, value) && value == *n);
  }
  if (const auto n = nw::parse_i64(text)) require(nw::parse_i64(std::to_string(*n)) == n);
  if (const auto x = nw::parse_double(text)) require(std::isfinite(*x));
  if (const auto ns = nw::parse_duration_ns(text)) require(*ns > 0 && *ns <= 100'000'000'000'000'000);
  if (const auto ticks = nw::parse_cpu_ticks(text)) {
    std::uint64_t busy = 0;
    require(ticks->busy <= ticks->all && nw::kBusyTicks.parse(text, busy) && busy == ticks->busy);
  }
  require(nw::count_cpus(text) <= text.size());
  const auto cpus = nw::parse_cpu_list(text);
  require(cpus.size() <= 65536);
  for (const auto cpu : cpus) require(cpu < 65536);
}

void check_text(std::string_view text) {
  for (const char c : nw::quote(text)) require(c >= 0x20 && c < 0x7f);
  require(nw::quote(text).size() <= 45);
  const std::string valid = nw::valid_utf8(text);
  require(valid.size() >= text.size() && valid.size() <= 3 * text.size() && nw::valid_utf8(valid) == valid);
  std::size_t length = 0;
  for (const auto field : nw::split(text, ',')) length += field.size() + 1;
  require(length == text.size() + 1);
  require(nw::trim(nw::trim(text)) == nw::trim(text));
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  check_numbers(text);
  for (const auto line : nw::split(text, '\n')) check_numbers(line);
  check_text(text);
  return 0;
}
