#include "sensor/drivers/redfish_json.h"

#include <algorithm>
#include <array>
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

constexpr std::array<std::string_view, 43> kKnown{"@odata.id",
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
                                                  "IntervalInMin",
                                                  "ChassisType",
                                                  "Links",
                                                  "ComputerSystems",
                                                  "PowerSubsystem",
                                                  "PowerSupplies",
                                                  "Metrics",
                                                  "InputPowerWatts",
                                                  "OutputPowerWatts",
                                                  "PowerInputWatts",
                                                  "PowerOutputWatts",
                                                  "LastPowerOutputWatts"};

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
  Result<std::vector<Node>> members() const {
    std::vector<Node> nodes;
    if (!is_there()) return nodes;
    if (!json_->is_object()) return wrong("an object");
    for (const auto& [name, value] : json_->items())
      if (value.is_object()) nodes.emplace_back(value, pointer_ + "/" + name);
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

bool is_of_power(std::string_view name) {
  std::string lower(name);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower.find("power") != lower.npos || lower.find("watt") != lower.npos;
}

// Of a vendor's own members, whose names nobody knows: the numbers that are called power or watts, where they stand.
// Null, where there are none.
Json powers_of(const Json& json) {
  if (!json.is_structured()) return nullptr;
  Json kept = json.is_array() ? Json::array() : Json::object();
  bool any = false;
  for (const auto& [name, member] : json.items()) {
    Json part = member.is_number() && json.is_object() && is_of_power(name) ? member : powers_of(member);
    any = any || !part.is_null();
    if (json.is_array())
      kept.push_back(std::move(part));
    else if (!part.is_null())
      kept[name] = std::move(part);
  }
  return any ? kept : Json(nullptr);
}

Json known_part(const Json& json) {
  if (json.is_array()) {
    Json kept = Json::array();
    for (const Json& element : json) kept.push_back(known_part(element));
    return kept;
  }
  if (!json.is_object()) return json;
  Json kept = Json::object();
  for (const auto& [name, value] : json.items()) {
    if (std::find(kKnown.begin(), kKnown.end(), name) != kKnown.end()) kept[name] = known_part(value);
    if (name != "Oem") continue;
    if (Json powers = powers_of(value); !powers.is_null()) kept[name] = std::move(powers);
  }
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
  out.id = NW_TRY(text(root, "Id"));
  out.name = NW_TRY(text(root, "Name"));
  out.type = NW_TRY(text(root, "ChassisType"));
  const Node links = NW_TRY(root.member("Links"));
  for (const Node& system : NW_TRY(NW_TRY(links.member("ComputerSystems")).elements()))
    if (auto path = NW_TRY(NW_TRY(system.member("@odata.id")).path())) out.systems.push_back(std::move(*path));
  out.subsystem = NW_TRY(link(root, "PowerSubsystem"));
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

namespace {
Result<SupplyFlow> flow(const Node& node) { return SupplyFlow{node.pointer(), NW_TRY(node.number())}; }

// The first of a supply's members that has a number; else the first.
Result<SupplyFlow> first_flow(const Node& supply, std::initializer_list<const char*> names) {
  SupplyFlow first;
  for (const char* name : names) {
    SupplyFlow found = NW_TRY(flow(NW_TRY(supply.member(name))));
    if (found.watts) return found;
    if (first.pointer.empty()) first = std::move(found);
  }
  return first;
}

Result<bool> is_present(const Node& node) {
  const std::string state = NW_TRY(text(NW_TRY(node.member("Status")), "State"));
  return state.empty() || state == "Enabled" || state == "StandbySpare" || state == "Standby";
}

// One of Power's PowerSupplies. Some vendors state what it takes among their own members alone.
Result<Supply> power_supply(const Node& node) {
  Supply supply;
  supply.name = NW_TRY(text(node, "Name"));
  supply.present = NW_TRY(is_present(node));
  supply.input = NW_TRY(first_flow(node, {"PowerInputWatts"}));
  supply.output = NW_TRY(first_flow(node, {"PowerOutputWatts", "LastPowerOutputWatts"}));
  for (const Node& vendor : NW_TRY(NW_TRY(node.member("Oem")).members())) {
    if (!supply.input.watts) supply.input = NW_TRY(first_flow(vendor, {"PowerInputWatts"}));
    if (!supply.output.watts) supply.output = NW_TRY(first_flow(vendor, {"PowerOutputWatts"}));
  }
  return supply;
}

void add_powers(const Json& json, const std::string& pointer, std::vector<VendorPower>& found) {
  constexpr std::size_t kMost = 8;
  if (!json.is_structured()) return;
  for (const auto& [name, member] : json.items()) {
    const std::string place = pointer + "/" + name;
    const double number = member.is_number() ? member.get<double>() : 0;
    if (std::isfinite(number) && number > 0 && found.size() < kMost) found.push_back({place, number});
    add_powers(member, place, found);
  }
}
}  // namespace

Result<std::vector<Supply>> power_supplies(std::string_view json) {
  const Json parsed = NW_TRY(parse(json));
  std::vector<Supply> supplies;
  for (const Node& element : NW_TRY(NW_TRY(Node(parsed, "").member("PowerSupplies")).elements()))
    supplies.push_back(NW_TRY(power_supply(element)));
  return supplies;
}

Result<SupplyCollection> power_subsystem(std::string_view json) {
  const Json parsed = NW_TRY(parse(json));
  return SupplyCollection{NW_TRY(link(Node(parsed, ""), "PowerSupplies"))};
}

Result<SupplyLinks> supply_links(std::string_view json) {
  const Json parsed = NW_TRY(parse(json));
  const Node root(parsed, "");
  return SupplyLinks{NW_TRY(text(root, "Name")), NW_TRY(is_present(root)), NW_TRY(link(root, "Metrics"))};
}

Result<Supply> supply_metrics(std::string_view json) {
  const Json parsed = NW_TRY(parse(json));
  const Node root(parsed, "");
  Supply supply;
  supply.input = NW_TRY(flow(NW_TRY(NW_TRY(root.member("InputPowerWatts")).member("Reading"))));
  supply.output = NW_TRY(flow(NW_TRY(NW_TRY(root.member("OutputPowerWatts")).member("Reading"))));
  return supply;
}

Result<std::vector<VendorPower>> vendor_powers(std::string_view json) {
  const Json parsed = NW_TRY(parse(json));
  std::vector<VendorPower> found;
  const auto oem = parsed.find("Oem");
  if (oem != parsed.end()) add_powers(powers_of(*oem), "/Oem", found);
  return found;
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
  constexpr Nanos kClockWasSet = seconds(946'684'800);  // the year 2000; a BMC that nobody told the time begins in 1970
  out.time = parse_iso_time(NW_TRY(text(root, "ReadingTime")));
  if (out.time && *out.time < kClockWasSet) out.time.reset();
  return out;
}

}  // namespace nw::redfish
