// Any bytes as a BMC's answer: an error, or figures within their promise; what is kept for a tape reads as the whole
// did.
#include <cmath>
#include <cstdlib>

#include "sensor/drivers/redfish_json.h"

namespace {
using namespace nw::redfish;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const std::optional<double>& number) { require(!number || std::isfinite(*number)); }
void check_path(const std::optional<std::string>& path) { require(!path || path->starts_with("/redfish/")); }

void check_answer(std::string_view text) {
  if (const auto paths = members(text)) {
    require(paths->size() <= 256);
    for (const auto& path : *paths) check_path(path);
  }
  if (const auto links = chassis(text)) {
    check_path(links->power);
    check_path(links->environment);
    check_path(links->sensors);
    check_path(links->subsystem);
    for (const auto& path : links->systems) check_path(path);
  }
  if (const auto supplies = power_supplies(text))
    for (const Supply& supply : *supplies)
      for (const SupplyFlow* flow : {&supply.input, &supply.output}) check(flow->watts);
  if (const auto powers = vendor_powers(text))
    for (const VendorPower& power : *powers) require(std::isfinite(power.watts) && power.watts > 0);
  if (const auto controls = power_controls(text))
    for (const Control& control : *controls) {
      check(control.watts);
      const auto again = value(text, control.pointer);
      require(again && again->number == control.watts);
    }
  if (const auto metrics = environment(text))
    for (const MetricReading* each : {&metrics->power, &metrics->energy_kwh, &metrics->energy_j}) {
      check(each->reading);
      check_path(each->source);
      if (each->reading) require(compute_step(*each->reading) >= 1e-7);
    }
  if (const auto facts = sensor(text)) {
    for (const auto& number : {facts->reading, facts->lifetime, facts->accuracy, facts->precision}) check(number);
    for (const auto& time : {facts->sensing, facts->averaging}) require(!time || time->count() >= 0);
    const auto again = value(text, "/Reading");
    require(!again || again->number == facts->reading);
  }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  check_answer(text);
  if (const auto kept = keep_known(text)) {
    const auto again = keep_known(*kept);
    require(again && *again == *kept);
    const auto before = sensor(text), after = sensor(*kept);
    require(before.has_value() == after.has_value());
    if (before) require(before->reading == after->reading && before->sensing == after->sensing);
  }
  if (const auto time = parse_iso_time(text)) require(time->count() > -90'000 * nw::kNanosPerSecond);
  if (const auto length = parse_iso_duration(text)) require(length->count() >= 0);
  return 0;
}
