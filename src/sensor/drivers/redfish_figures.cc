#include "sensor/drivers/redfish_figures.h"

#include <algorithm>
#include <cctype>
#include <initializer_list>

#include <fmt/format.h>

namespace nw::redfish {

namespace {
constexpr std::size_t kMostSensors = 32;  // asked of one chassis

// Where vendors state the whole node's power outside PowerControl, in Power.
struct VendorTotal {
  const char* pointer;
  const char* vendor;
};
constexpr VendorTotal kVendorTotals[] = {
    {"/Oem/ts_fujitsu/ChassisPowerConsumption/CurrentPowerConsumptionW", "Fujitsu"},
    {"/Oem/Public/TotalPower", "Inspur"},
    {"/PowerConsumedWatts", "HPE iLO 4"},
};

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}
bool has_one_of(const std::string& text, std::initializer_list<const char*> words) {
  return std::any_of(words.begin(), words.end(), [&](const char* word) { return text.find(word) != text.npos; });
}
bool sounds_like_power(const std::string& lowered) { return has_one_of(lowered, {"power", "pwr", "watt", "energy"}); }
// "ps1", "PSU 2", "Power Supply 1"; but not "PSU Total", which is the whole.
bool is_supply(const std::string& lowered) {
  if (has_one_of(lowered, {"total", "fan", "temp"})) return false;
  if (has_one_of(lowered, {"psu", "supply"})) return true;
  for (auto at = lowered.find("ps"); at != lowered.npos; at = lowered.find("ps", at + 1))
    if (at + 2 < lowered.size() && std::isdigit(static_cast<unsigned char>(lowered[at + 2])) != 0) return true;
  return false;
}
bool sounds_like_node(const std::string& name) {
  const std::string lowered = lower(name);
  return !is_component(name, "") &&
         has_one_of(lowered, {"total", "system", "sys_", "chassis", "node", "server", "input"}) &&
         sounds_like_power(lowered);
}
bool sounds_like_supply(const std::string& name) {
  const std::string lowered = lower(name);
  return is_supply(lowered) && (sounds_like_power(lowered) || has_one_of(lowered, {"pin", "pout"}));
}
std::string last_of(const std::string& path) {
  const auto end = path.find_last_not_of('/');
  const std::string trimmed = end == path.npos ? "" : path.substr(0, end + 1);
  return trimmed.substr(trimmed.rfind('/') + 1);
}

// A blade's own input, which HPE Cray measures at its voltage regulators and calls "Node".
bool is_blades_input(const SensorFacts& facts) {
  return facts.context == "VoltageRegulator" && facts.sub_context == "Input" && lower(facts.name) == "node";
}

void take_sensor(const std::string& path, const SensorFacts& facts, Figures& found) {
  const std::string source = "sensor " + (facts.name.empty() ? facts.id : facts.name);
  const bool behind = is_blades_input(facts) || facts.sub_context == "Output" ||
                      (facts.voltage == "DC" && facts.sub_context != "Input");
  const bool joules = facts.type == "EnergyJoules";
  if (facts.type == "Power" && !found.power && *facts.reading != 0)
    found.power = Figure{Unit::watt, {{path, "/Reading"}}, source, facts, behind};
  if ((joules || facts.type == "EnergykWh") && (!found.energy || (joules && found.energy->unit == Unit::kwh)))
    found.energy = Figure{joules ? Unit::joule : Unit::kwh, {{path, "/Reading"}}, source, facts, behind};
}

// Sensors of power supplies, of which one kind of flow is added up.
struct SupplySensors {
  std::vector<Place> inputs, outputs;
  double input_w = 0, output_w = 0;
};

void take_supply(const std::string& path, const SensorFacts& facts, SupplySensors& found) {
  if (facts.type != "Power") return;
  const std::string names = lower(facts.id + " " + facts.name);
  const bool output = facts.sub_context == "Output" || has_one_of(names, {"output", "pout", "out_", "_out"});
  const bool input = facts.sub_context == "Input" || has_one_of(names, {"input", "pin", "in_", "_in"});
  if (output == input) return;
  (output ? found.outputs : found.inputs).push_back({path, "/Reading"});
  (output ? found.output_w : found.input_w) += *facts.reading;
}

Figure sum_of(std::vector<Place> terms, double watts, bool output) {
  Figure sum;
  sum.source = fmt::format("sum of {} power suppl{}' {}", terms.size(), terms.size() == 1 ? "y" : "ies",
                           output ? "outputs" : "inputs");
  sum.terms = std::move(terms);
  sum.facts.reading = watts;
  sum.behind_supplies = output;
  return sum;
}

Figure figure_at(Unit unit, const std::string& path, const std::string& pointer, const std::string& source,
                 std::optional<double> reading) {
  Figure figure{unit, {{path, pointer}}, source, {}, false};
  figure.facts.reading = reading;
  return figure;
}

// What the supplies take, or else give. Nothing when one that is there states nothing: a part of the sum is not the
// node's.
std::optional<Figure> sum_supplies(const std::vector<std::pair<std::string, Supply>>& supplies) {
  for (const bool output : {false, true}) {
    std::vector<Place> terms;
    double watts = 0;
    bool whole = true;
    for (const auto& [path, supply] : supplies) {
      const SupplyFlow& flow = output ? supply.output : supply.input;
      if (!flow.watts) {
        whole = whole && !supply.present;
        continue;
      }
      terms.push_back({path, flow.pointer});
      watts += *flow.watts;
    }
    if (whole && watts > 0) return sum_of(std::move(terms), watts, output);
  }
  return std::nullopt;
}

class Search {
 public:
  Search(Resources& bmc, const Chassis& chassis) : bmc_(bmc), chassis_(chassis) {}

  Figures find() {
    metrics_ = bmc_.look(chassis_.environment, environment).value_or(Environment{});
    look_at_sensors();
    if (!found_.power) found_.power = power_of_metrics();
    if (!found_.power) found_.power = power_of_control();
    if (!found_.power) found_.power = power_of_vendor();
    if (!found_.power) found_.power = power_of_supplies();
    if (!found_.power) found_.power = power_of_supply_sensors();
    if (!found_.energy) found_.energy = energy_of_metrics();
    return std::move(found_);
  }

 private:
  void look_at_sensors() {
    std::vector<std::string> candidates;
    for (const MetricReading* excerpt : {&metrics_.power, &metrics_.energy_j, &metrics_.energy_kwh})
      if (excerpt->source) candidates.push_back(*excerpt->source);
    const std::size_t named = candidates.size();
    for (auto& member : bmc_.look(chassis_.sensors, members).value_or(std::vector<std::string>{})) {
      const std::string name = last_of(member);
      if (sounds_like_supply(name)) supplies_.push_back(member);
      if (sounds_like_node(name) && std::find(candidates.begin(), candidates.end(), member) == candidates.end())
        candidates.push_back(std::move(member));
    }
    candidates.resize(std::min(candidates.size(), kMostSensors));
    for (std::size_t i = 0; i < candidates.size(); ++i)
      if (const auto facts = bmc_.look(std::optional(candidates[i]), sensor))
        if (facts->reading && facts->enabled &&
            (is_blades_input(*facts) || !is_component(i < named ? "" : facts->id + facts->name, facts->context)))
          take_sensor(candidates[i], *facts, found_);
  }

  std::optional<Figure> power_of_metrics() const {
    if (metrics_.power.reading.value_or(0) == 0) return std::nullopt;
    return figure_at(Unit::watt, *chassis_.environment, "/PowerWatts/Reading", "EnvironmentMetrics",
                     metrics_.power.reading);
  }

  // A node that runs draws something: a 0 is a member that nobody fills.
  std::optional<Figure> power_of_control() {
    for (const Control& control : bmc_.look(chassis_.power, power_controls).value_or(std::vector<Control>{}))
      if (control.watts.value_or(0) != 0 && !is_component(control.name, control.context))
        return figure_at(Unit::watt, *chassis_.power, control.pointer, "Power", control.watts);
    return std::nullopt;
  }

  std::optional<Figure> power_of_vendor() {
    for (const VendorTotal& total : kVendorTotals) {
      const auto at = [&](std::string_view text) { return value(text, total.pointer); };
      const auto found = bmc_.look(chassis_.power, at);
      if (found && found->number.value_or(0) > 0)
        return figure_at(Unit::watt, *chassis_.power, total.pointer, fmt::format("Power ({})", total.vendor),
                         found->number);
    }
    return std::nullopt;
  }

  std::optional<Figure> power_of_supplies() {
    std::vector<std::pair<std::string, Supply>> supplies;
    for (Supply& supply : bmc_.look(chassis_.power, power_supplies).value_or(std::vector<Supply>{}))
      supplies.emplace_back(*chassis_.power, std::move(supply));
    if (auto sum = sum_supplies(supplies)) return sum;
    supplies.clear();
    const auto collection = bmc_.look(chassis_.subsystem, power_subsystem).value_or(SupplyCollection{});
    for (const auto& path : bmc_.look(collection.path, members).value_or(std::vector<std::string>{})) {
      const auto links = bmc_.look(std::optional(path), supply_links);
      if (!links) return std::nullopt;
      Supply supply = bmc_.look(links->metrics, supply_metrics).value_or(Supply{});
      supply.present = links->present;
      supplies.emplace_back(links->metrics.value_or(""), std::move(supply));
    }
    return sum_supplies(supplies);
  }

  std::optional<Figure> power_of_supply_sensors() {
    SupplySensors sensors;
    supplies_.resize(std::min(supplies_.size(), kMostSensors));
    for (const auto& path : supplies_)
      if (const auto facts = bmc_.look(std::optional(path), sensor))
        if (facts->reading && facts->enabled) take_supply(path, *facts, sensors);
    if (sensors.input_w > 0) return sum_of(std::move(sensors.inputs), sensors.input_w, false);
    if (sensors.output_w > 0) return sum_of(std::move(sensors.outputs), sensors.output_w, true);
    return std::nullopt;
  }

  std::optional<Figure> energy_of_metrics() const {
    if (metrics_.energy_j.reading)
      return figure_at(Unit::joule, *chassis_.environment, "/EnergyJoules/Reading", "EnvironmentMetrics",
                       metrics_.energy_j.reading);
    if (metrics_.energy_kwh.reading)
      return figure_at(Unit::kwh, *chassis_.environment, "/EnergykWh/Reading", "EnvironmentMetrics",
                       metrics_.energy_kwh.reading);
    return std::nullopt;
  }

  Resources& bmc_;
  const Chassis& chassis_;
  Environment metrics_;
  std::vector<std::string> supplies_;  // sensors whose names are a power supply's
  Figures found_;
};
}  // namespace

bool is_component(const std::string& name, const std::string& context) {
  const std::string lowered = lower(name);
  return has_one_of(lowered, {"cpu", "gpu", "proc", "mem", "dimm", "fan", "pcie", "drive", "disk", "storage", "nic",
                              "accel", "fpga", "cpld", "erot", "irot", "mezz", "riser", "pdb"}) ||
         is_supply(lowered) ||
         !(context.empty() || context == "Chassis" || context == "SystemBoard" || context == "PowerSubsystem" ||
           context == "Intake");
}

Figures find_figures(Resources& bmc, const Chassis& chassis) { return Search(bmc, chassis).find(); }

Result<Figures> named_figure(Resources& bmc, const std::string& place) {
  const auto hash = place.find('#');
  const std::string path = place.substr(0, hash), pointer = hash == place.npos ? "/Reading" : place.substr(hash + 1);
  const auto found = value(NW_TRY(bmc.ask(path)), pointer);
  if (!found) return fail(found.error().kind, path + ": " + found.error().what);
  if (!found->number) return fail(ErrorKind::absent, place + ": no number there (the key power of the site file)");
  Figures figures;
  figures.power = figure_at(Unit::watt, path, pointer, "number named by the site", found->number);
  return figures;
}

}  // namespace nw::redfish
