#include "sensor/drivers/redfish_json.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/parse.h"

namespace nw::redfish {

namespace {
using Json = nlohmann::json;

constexpr std::size_t kLongest = 1 << 20;
constexpr int kDeepest = 32;
constexpr std::size_t kMostMembers = 256;

constexpr std::array<std::string_view, 32> kKnown{"@odata.id",
                                                  "Members",
                                                  "Power",
                                                  "EnvironmentMetrics",
                                                  "Sensors",
                                                  "PowerControl",
                                                  "MemberId",
                                                  "Name",
                                                  "PhysicalContext",
                                                  "PowerConsumedWatts",
                                                  "PowerWatts",
                                                  "EnergykWh",
                                                  "EnergyJoules",
                                                  "Reading",
                                                  "DataSourceUri",
                                                  "Id",
                                                  "ReadingType",
                                                  "ReadingUnits",
                                                  "ReadingTime",
                                                  "PhysicalSubContext",
                                                  "VoltageType",
                                                  "LifetimeReading",
                                                  "Accuracy",
                                                  "ReadingAccuracy",
                                                  "Precision",
                                                  "SensingInterval",
                                                  "AveragingInterval",
                                                  "Status",
                                                  "State",
                                                  "ElectricalContext",
                                                  "PowerMetrics",
                                                  "IntervalInMin"};

// The parser itself does not recurse, but traversing the tree afterwards does.
bool is_shallow(std::string_view json) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kDeepest) return false;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return true;
}

Result<Json> parse(std::string_view json) {
  if (json.size() > kLongest) return fail(ErrorKind::malformed, "longer than 1 MiB");
  if (!is_shallow(json)) return fail(ErrorKind::malformed, fmt::format("deeper than {} levels", kDeepest));
  Json parsed = Json::parse(json, nullptr, false);
  if (parsed.is_discarded()) return fail(ErrorKind::malformed, quote(json) + " is not JSON");
  if (!parsed.is_object()) return fail(ErrorKind::malformed, "/: not an object");
  return parsed;
}

// One JSON value and its JSON pointer.
class Node {
 public:
  Node(const Json& json, std::string pointer) : json_(&json), pointer_(std::move(pointer)) {}

  bool is_there() const { return json_ != nullptr && !json_->is_null(); }
  const std::string& pointer() const { return pointer_; }

  // A member of an object; a member of nothing is nothing.
  Result<Node> member(const char* name) const {
    if (!is_there()) return Node(name, *this);
    if (!json_->is_object()) return wrong("an object");
    const auto found = json_->find(name);
    return found == json_->end() ? Node(name, *this) : Node(*found, pointer_ + "/" + name);
  }
  Result<std::vector<Node>> elements() const {
    std::vector<Node> nodes;
    if (!is_there()) return nodes;
    if (!json_->is_array()) return wrong("an array");
    for (std::size_t i = 0; i < std::min(json_->size(), kMostMembers); ++i)
      nodes.emplace_back((*json_)[i], fmt::format("{}/{}", pointer_, i));
    return nodes;
  }
  Result<std::optional<double>> number() const {
    if (!is_there()) return std::nullopt;
    if (!json_->is_number()) return wrong("a number");
    const double number = json_->get<double>();
    if (!std::isfinite(number)) return wrong("a finite number");
    return number;
  }
  Result<std::string> text() const {
    if (!is_there()) return std::string();
    if (!json_->is_string()) return wrong("a text");
    return json_->get_ref<const std::string&>();
  }
  Result<std::optional<std::string>> path() const {
    const std::string path = NW_TRY(text());
    if (path.empty()) return std::nullopt;
    const bool clean = std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (!path.starts_with("/redfish/") || path.find("..") != path.npos || !clean || path.size() > 1024)
      return wrong("a path below /redfish/");
    return path;
  }
  tl::unexpected<Error> wrong(std::string_view what) const {
    return fail(ErrorKind::malformed, fmt::format("{}: not {}", pointer_.empty() ? "/" : pointer_, what));
  }

 private:
  Node(const char* name, const Node& parent) : pointer_(parent.pointer_ + "/" + name) {}

  const Json* json_ = nullptr;
  std::string pointer_;
};

Json known_part(const Json& json) {
  if (json.is_array()) {
    Json kept = Json::array();
    for (const Json& element : json) kept.push_back(known_part(element));
    return kept;
  }
  if (!json.is_object()) return json;
  Json kept = Json::object();
  for (const auto& [name, value] : json.items())
    if (std::find(kKnown.begin(), kKnown.end(), name) != kKnown.end()) kept[name] = known_part(value);
  return kept;
}

// A member that is an object with the path of another resource.
Result<std::optional<std::string>> link(const Node& node, const char* name) {
  const Node member = NW_TRY(node.member(name));
  return NW_TRY(member.member("@odata.id")).path();
}
Result<std::string> text(const Node& node, const char* name) { return NW_TRY(node.member(name)).text(); }
Result<std::optional<double>> number(const Node& node, const char* name) { return NW_TRY(node.member(name)).number(); }

Result<MetricReading> excerpt(const Node& node, const char* name) {
  const Node member = NW_TRY(node.member(name));
  MetricReading reading;
  reading.reading = NW_TRY(number(member, "Reading"));
  reading.source = NW_TRY(NW_TRY(member.member("DataSourceUri")).path());
  return reading;
}

// Takes digits off the front; nothing unless there are exactly this many.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  const auto number = text.size() < count ? std::nullopt : parse_u64(text.substr(0, count));
  const bool digits = number && text.substr(0, count).find_first_not_of("0123456789") == text.npos;
  if (!digits) return std::nullopt;
  text.remove_prefix(count);
  return static_cast<int>(*number);
}
bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// Nanoseconds of ".25" and the like at the front; 0 when there is no point.
std::optional<std::int64_t> take_fraction(std::string_view& text) {
  if (!take(text, '.')) return 0;
  std::int64_t ns = 0, place = kNanosPerSecond / 10;
  std::size_t count = 0;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), place /= 10, ++count)
    ns += (text[0] - '0') * place;
  return count > 0 ? std::optional(ns) : std::nullopt;
}

// "Z" or "+01:00" as seconds to subtract.
std::optional<int> take_zone(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z')) return 0;
  const bool minus = text.starts_with('-');
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  const auto hours = take_digits(text, 2);
  if (!take(text, ':')) return std::nullopt;
  const auto minutes = take_digits(text, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return (*hours * 3600 + *minutes * 60) * (minus ? -1 : 1);
}
}  // namespace

Result<std::string> keep_known(std::string_view json) {
  const Json parsed = NW_TRY(parse(json));
  return known_part(parsed).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<std::vector<std::string>> members(std::string_view json) {
  const Json parsed = NW_TRY(parse(json));
  std::vector<std::string> paths;
  for (const Node& element : NW_TRY(NW_TRY(Node(parsed, "").member("Members")).elements()))
    if (auto path = NW_TRY(NW_TRY(element.member("@odata.id")).path())) paths.push_back(std::move(*path));
  return paths;
}

Result<Chassis> chassis(std::string_view json) {
  const Json parsed = NW_TRY(parse(json));
  const Node root(parsed, "");
  Chassis out;
  out.power = NW_TRY(link(root, "Power"));
  out.environment = NW_TRY(link(root, "EnvironmentMetrics"));
  out.sensors = NW_TRY(link(root, "Sensors"));
  return out;
}

Result<std::vector<Control>> power_controls(std::string_view json) {
  const Json parsed = NW_TRY(parse(json));
  std::vector<Control> controls;
  for (const Node& element : NW_TRY(NW_TRY(Node(parsed, "").member("PowerControl")).elements())) {
    const Node watts = NW_TRY(element.member("PowerConsumedWatts"));
    Control control;
    control.pointer = watts.pointer();
    control.name = NW_TRY(text(element, "Name"));
    control.context = NW_TRY(text(element, "PhysicalContext"));
    control.watts = NW_TRY(watts.number());
    controls.push_back(std::move(control));
  }
  return controls;
}

Result<Environment> environment(std::string_view json) {
  const Json parsed = NW_TRY(parse(json));
  const Node root(parsed, "");
  Environment out;
  out.power = NW_TRY(excerpt(root, "PowerWatts"));
  out.energy_kwh = NW_TRY(excerpt(root, "EnergykWh"));
  out.energy_j = NW_TRY(excerpt(root, "EnergyJoules"));
  return out;
}

Result<SensorFacts> sensor(std::string_view json) {
  const Json parsed = NW_TRY(parse(json));
  const Node root(parsed, "");
  SensorFacts facts;
  facts.id = NW_TRY(text(root, "Id"));
  facts.name = NW_TRY(text(root, "Name"));
  facts.type = NW_TRY(text(root, "ReadingType"));
  facts.context = NW_TRY(text(root, "PhysicalContext"));
  facts.sub_context = NW_TRY(text(root, "PhysicalSubContext"));
  facts.voltage = NW_TRY(text(root, "VoltageType"));
  facts.reading = NW_TRY(number(root, "Reading"));
  facts.lifetime = NW_TRY(number(root, "LifetimeReading"));
  facts.accuracy = NW_TRY(number(root, "Accuracy"));
  facts.reading_accuracy = NW_TRY(number(root, "ReadingAccuracy"));
  facts.precision = NW_TRY(number(root, "Precision"));
  facts.sensing = parse_iso_duration(NW_TRY(text(root, "SensingInterval")));
  facts.averaging = parse_iso_duration(NW_TRY(text(root, "AveragingInterval")));
  const std::string state = NW_TRY(text(NW_TRY(root.member("Status")), "State"));
  facts.enabled = state.empty() || state == "Enabled";
  return facts;
}

Result<Measurand> value(std::string_view json, const std::string& pointer) {
  const Json parsed = NW_TRY(parse(json));
  Node node(parsed, "");
  const Node root = node;
  for (const auto step : split(std::string_view(pointer).substr(std::min<std::size_t>(1, pointer.size())), '/')) {
    const auto index = parse_u64(step);
    if (!index) {
      node = NW_TRY(node.member(std::string(step).c_str()));
      continue;
    }
    const auto elements = NW_TRY(node.elements());
    if (*index >= elements.size()) return Measurand{};
    node = elements[*index];
  }
  Measurand out;
  out.number = NW_TRY(node.number());
  out.time = parse_iso_time(NW_TRY(text(root, "ReadingTime")));
  return out;
}

std::optional<Nanos> parse_iso_duration(std::string_view text) {
  constexpr std::int64_t kTenYears = 315'576'000;
  if (!take(text, 'P') || text.empty()) return std::nullopt;
  std::int64_t total_s = 0, fraction_ns = 0;
  bool time = false;
  for (std::string_view units = "DHMS"; !text.empty();) {
    if (!time && take(text, 'T')) time = true;
    const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto number = digits > 0 && digits <= 10 ? parse_u64(text.substr(0, digits)) : std::nullopt;
    if (!number) return std::nullopt;
    text.remove_prefix(digits);
    const bool fractional = text.starts_with('.');
    const auto fraction = take_fraction(text);
    const auto unit = text.empty() ? units.npos : units.find(text[0]);
    if (!fraction || unit == units.npos || (fractional && text[0] != 'S') || (text[0] == 'D') == time)
      return std::nullopt;
    const std::int64_t each = text[0] == 'D' ? 86'400 : text[0] == 'H' ? 3600 : text[0] == 'M' ? 60 : 1;
    total_s += static_cast<std::int64_t>(*number) * each;
    fraction_ns = *fraction;
    if (total_s > kTenYears) return std::nullopt;
    units.remove_prefix(unit + 1);  // larger units come first, each once
    text.remove_prefix(1);
  }
  return Nanos::of(total_s * kNanosPerSecond + fraction_ns);
}

std::optional<Nanos> parse_iso_time(std::string_view text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day || (!take(text, 'T') && !take(text, 't') && !take(text, ' '))) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || !take(text, ':')) return std::nullopt;
  const auto second = take_digits(text, 2);
  const auto fraction = take_fraction(text);
  const auto zone = take_zone(text);
  if (!second || !fraction || !zone || !text.empty()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *year < 1970 || *year > 2199 || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t s = days * 86'400 + *hour * 3600 + *minute * 60 + *second - *zone;
  return Nanos::of(s * kNanosPerSecond + *fraction);
}

double compute_step(double reading) {
  constexpr double kFinest = 1e-6;
  if (!std::isfinite(reading)) return 1;
  const double size = std::abs(reading);
  double step = 1;
  while (step > kFinest && std::abs(std::round(size / step) * step - size) > 1e-9 * std::max(size, 1.0)) step /= 10;
  constexpr double kSinglePrecision = 1.0 / (1 << 23);
  return std::max(step, step < 1 ? size * kSinglePrecision : step);
}

}  // namespace nw::redfish
