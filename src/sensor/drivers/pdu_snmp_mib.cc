#include "sensor/drivers/pdu_snmp_mib.h"

#include <cmath>

#include <fmt/format.h>

#include "base/parse.h"

namespace nw::pdu {

namespace {
constexpr std::string_view kApc = ".1.3.6.1.4.1.318.1.1.26.9.4.3.1.7.";
constexpr std::string_view kRaritan = ".1.3.6.1.4.1.13742.6";
constexpr std::int64_t kWattUnit = 3, kTrue = 1, kMostDigits = 6;
constexpr double kMostWatts = 100'000;  // of one outlet

// "98.20", "887 W", "1.2kW": some agents write their numbers as text. Nothing where a text says anything else.
std::optional<double> number_in(std::string_view text) {
  text = trim(text);
  const auto digits = std::min(text.find_first_not_of("0123456789.+-"), text.size());
  const auto number = parse_double(text.substr(0, digits));
  std::string unit(trim(text.substr(digits)));
  for (char& c : unit)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (!number) return std::nullopt;
  if (unit.empty() || unit == "w" || unit == "watt" || unit == "watts") return number;
  if (unit == "kw") return *number * 1000;
  return std::nullopt;
}

std::optional<double> number_of(const SnmpValue& value) {
  if (value.text) return number_in(*value.text);
  return value.number ? std::optional(static_cast<double>(*value.number)) : std::nullopt;
}

std::string raritan(std::string_view column, unsigned number) {
  return fmt::format("{}{}.1.{}.5", kRaritan, column, number);
}
}  // namespace

Result<Outlet> make_outlet(std::string_view mib, std::string_view oid, double watts, unsigned number,
                           unsigned shared_by) {
  Outlet outlet{number, shared_by, 1, {}, {}};
  if (mib == "apc-rpdu2") {
    outlet.value = fmt::format("{}{}", kApc, number);
  } else if (mib == "raritan-pdu2") {
    outlet.value = raritan(".5.4.3.1.4", number);
    outlet.available = raritan(".5.4.3.1.2", number);
  } else if (mib == "generic") {
    outlet.value = std::string(oid);
    const auto place = outlet.value.find("{outlet}");
    if (place != std::string::npos) outlet.value.replace(place, 8, std::to_string(number));
    outlet.watts_per_count = watts;
  } else {
    return fail(ErrorKind::malformed, quote(mib) + " is no MIB that is known (apc-rpdu2, raritan-pdu2, generic)");
  }
  if (!parse_oid(outlet.value)) return fail(ErrorKind::malformed, quote(outlet.value, 80) + " is no numeric OID");
  if (!(outlet.watts_per_count > 0) || outlet.watts_per_count > 1e6)
    return fail(ErrorKind::malformed, "watts_per_count has to be above 0 and at most a million");
  if (number == 0 || shared_by == 0) return fail(ErrorKind::malformed, "outlets and their nodes count from 1");
  return outlet;
}

std::vector<std::string> unit_oids(std::string_view mib, unsigned number) {
  if (mib != "raritan-pdu2") return {};
  return {raritan(".3.5.4.1.6", number), raritan(".3.5.4.1.7", number)};
}

std::optional<double> watts_per_count(std::span<const SnmpValue> answers) {
  if (answers.size() != 2 || answers[0].number != kWattUnit || !answers[1].number) return std::nullopt;
  const std::int64_t digits = *answers[1].number;
  if (digits < 0 || digits > kMostDigits) return std::nullopt;
  return std::pow(10.0, -static_cast<double>(digits));
}

std::vector<std::string> round_oids(std::span<const Outlet> outlets) {
  std::vector<std::string> oids;
  for (const Outlet& outlet : outlets) {
    oids.push_back(outlet.value);
    if (!outlet.available.empty()) oids.push_back(outlet.available);
  }
  return oids;
}

Result<std::uint64_t> compute_sum_mw(std::span<const Outlet> outlets, std::span<const SnmpValue> answers) {
  double sum_mw = 0;
  std::size_t next = 0;
  for (const Outlet& outlet : outlets) {
    const std::size_t takes = outlet.available.empty() ? 1 : 2;
    if (answers.size() - next < takes) return fail(ErrorKind::malformed, "fewer answers than outlets");
    const SnmpValue &value = answers[next], *available = takes == 2 ? &answers[next + 1] : nullptr;
    next += takes;
    const auto number = number_of(value);
    if (value.text && !number)
      return fail(ErrorKind::malformed,
                  fmt::format("outlet {}: the text {} is no number of watts", outlet.number, quote(*value.text)));
    if (!number) return fail(ErrorKind::absent, fmt::format("outlet {}: there is no such outlet", outlet.number));
    if (available != nullptr && available->number != kTrue)
      return fail(ErrorKind::absent, fmt::format("outlet {}: its power is not available", outlet.number));
    const double watts = *number * outlet.watts_per_count;
    if (*number < 0) return fail(ErrorKind::absent, fmt::format("outlet {}: is not metered", outlet.number));
    if (watts > kMostWatts) return fail(ErrorKind::malformed, fmt::format("outlet {}: {} W", outlet.number, watts));
    sum_mw += watts * 1000 / outlet.shared_by;
  }
  return static_cast<std::uint64_t>(std::llround(sum_mw));
}

}  // namespace nw::pdu
