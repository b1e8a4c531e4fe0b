// The fault suite: each way in which sensors and machines fail, on a node whose true energies are known. A case passes
// when the joules are right, or the record states what was not measured and its interval contains the true value; and
// when it names what happened. One line of JSON a case.
//
// A counter that stands still and then shows all of it at once loses nothing, so that its joules have to be right; a
// gauge that repeats its value does lose, and the record must say so.
#include <cmath>
#include <cstdio>
#include <functional>

#include <fmt/format.h>

#include "base/anomalies.h"
#include "bench/accuracy/draws.h"
#include "bench/accuracy/measured.h"
#include "record/record.pb.h"
#include "sim/presets.h"
#include "sim/tape_player.h"

namespace {
using namespace nw;
using namespace nw::accuracy;
using sim::Fault;
using sim::Scenario;

constexpr double kRight = 0.005;    // of the joules, beyond the sensors' gain
constexpr double kNothing = 0.001;  // the same where plain differences of counts lose nothing

struct Case {
  std::string name;
  const char* anomaly;  // that must be named; "" for none
  std::function<void(Scenario&)> change;
  const char* node = "horeka_green";
  std::function<void(Tape&)> edit = {};
  int length_s = 2000;
  bool loses_nothing = false;  // stating a gap is not enough, and no reset may be named
};

void add(Scenario& scenario, Fault::Kind kind, const char* sensor, double from, double to, double amount = 0) {
  Fault fault;
  fault.kind = kind;
  fault.sensor = sensor;
  fault.from = Nanos::of(std::llround(from * 1e9));
  fault.to = Nanos::of(std::llround(to * 1e9));
  fault.amount = amount;
  scenario.faults.push_back(fault);
}

sim::Instrument& find(Scenario& scenario, std::string_view name) {
  for (auto& sensor : scenario.instruments)
    if (sensor.name == name) return sensor;
  std::abort();  // a preset has changed
}

// Removes the node's sensors, so that a fault of a part shows in the total.
void without_node(Scenario& scenario) {
  for (auto& sensor : scenario.instruments)
    if (is_of_node(sensor)) sensor.missing = true;
}

const std::vector<Case>& cases() {
  using Kind = Fault::Kind;
  static const std::vector<Case> all = {
      {"none", "", without_node},
      {"wrap", "wrap", [](Scenario& s) { without_node(s), find(s, "pkg0").start_j = 262'144 - 2000; }},
      {"double wrap", "ambiguous_wrap", [](Scenario& s) { without_node(s), add(s, Kind::fail, "pkg0", 100, 1300); }},
      {"reset", "reset", [](Scenario& s) { without_node(s), add(s, Kind::reset, "gpu1/energy", 60.3, 0); }},
      {"reset twice", "reset",
       [](Scenario& s) {
         without_node(s), add(s, Kind::reset, "gpu1/energy", 60.3, 0), add(s, Kind::reset, "gpu1/energy", 90.7, 0);
       }},
      {"backwards", "backwards",
       [](Scenario& s) { without_node(s), add(s, Kind::backwards, "gpu1/energy", 60, 0, 5000); }},
      {"stuck", "stuck", [](Scenario& s) { without_node(s), add(s, Kind::freeze, "gpu2/energy", 60, 95); }},
      {"failed reads", "read_failed", [](Scenario& s) { without_node(s), add(s, Kind::fail, "pkg1", 50, 70); }},
      {"failed to the end", "read_failed", [](Scenario& s) { without_node(s), add(s, Kind::fail, "pkg1", 1500, 1e6); }},
      {"spike", "absurd", [](Scenario& s) { without_node(s), add(s, Kind::spike, "gpu3/energy", 60, 61, 1e9); }},
      {"late sample", "late", [](Scenario& s) { without_node(s), add(s, Kind::late, "", 80, 87); }},
      {"suspend", "late", [](Scenario& s) { without_node(s), add(s, Kind::suspend, "", 80, 140); }},
      {"clock step", "", [](Scenario& s) { without_node(s), add(s, Kind::clock_step, "", 60, 0, -3600); }},
      {"psys present", "",
       [](Scenario& s) {
         without_node(s);
         sim::Instrument psys = find(s, "pkg0");
         psys.name = psys.channel = "psys";
         psys.of = {"cpu0", "cpu1", "dram0", "dram1"};
         s.instruments.push_back(psys);
       }},
      {"twelve GPUs", "",
       [](Scenario& s) {
         without_node(s);
         for (std::size_t i = 0; i < s.components.size(); ++i)
           if (s.components[i].name == "gpu0")
             for (int n = 4; n < 12; ++n) {
               auto more = s.components[i];
               more.name = fmt::format("gpu{}", n);
               more.address = fmt::format("00000000:{:02X}:00.0", 0x40 + n);
               s.components.push_back(more);
               for (const char* what : {"energy", "power"}) {
                 auto sensor = find(s, fmt::format("gpu0/{}", what));
                 sensor.name = fmt::format("gpu{}/{}", n, what);
                 sensor.of = {more.name};
                 s.instruments.push_back(sensor);
               }
             }
       }},
      {"MIG on", "", without_node, "horeka_green",
       [](Tape& tape) {
         for (auto& [key, answer] : tape.answers)
           if (answer && answer->find("mig off") != std::string::npos)
             answer->replace(answer->find("mig off"), 7, "mig on");
       }},
      {"denied", "", [](Scenario& s) { without_node(s), find(s, "ram0").denied = find(s, "ram1").denied = true; }},
      {"controller's clock 5 s off", "",
       [](Scenario& s) {
         for (auto& sensor : s.instruments) sensor.clock_offset = -seconds(5);
       },
       "mi300a"},
      {"controller restarts", "reset", [](Scenario& s) { add(s, Kind::reset, "energy", 100.05, 0); }, "mi300a"},
  };
  return all;
}

// Removes one node sensor and leaves the other, and the counters of the GPUs where there is none of the node.
void leave_gauges(Scenario& scenario, bool node) {
  for (auto& sensor : scenario.instruments) {
    const bool counter = sensor.measure == sim::Measure::counter, gpu = sensor.name.starts_with("gpu");
    if (is_of_node(sensor) ? counter || !node : gpu && counter) sensor.missing = true;
    if (gpu && !counter) sensor.window = seconds(1);
  }
}

// Each kind of sensor stands still for a while in a run of a minute: counters in its middle, gauges from half a second
// after its begin, where they show what came before.
std::vector<Case> freezes() {
  using Kind = Fault::Kind;
  std::vector<Case> out;
  for (const int s : {2, 4, 10, 40}) {
    const auto freeze = [s](const char* sensor, double from, const std::function<void(Scenario&)>& first) {
      return [=](Scenario& scenario) { first(scenario), add(scenario, Kind::freeze, sensor, from, from + s); };
    };
    const auto add_case = [&](const char* what, const std::function<void(Scenario&)>& change, bool counter) {
      out.push_back({fmt::format("{} stands still for {} s", what, s), "", change, "horeka_green", {}, 60, counter});
    };
    add_case("a package's counter", freeze("pkg0", 25, without_node), true);
    add_case("a GPU's counter", freeze("gpu1/energy", 25, without_node), true);
    add_case("a controller's counter", freeze("xcc", 25, [](Scenario&) {}), true);
    add_case("a GPU's gauge", freeze("gpu1/power", 10.5, [](Scenario& n) { leave_gauges(n, false); }), false);
    add_case("a node's gauge", freeze("node", 10.5, [](Scenario& n) { leave_gauges(n, true); }), false);
  }
  return out;
}

bool names(const pb::Record& record, std::string_view anomaly) {
  for (const auto& row : record.anomalies())
    if (row.name() == anomaly) return true;
  return anomaly.empty();
}

std::string judge(const Case& one) {
  const auto line = [&](bool ok, const std::string& says) {
    return fmt::format(R"({{"name":"{}","ok":{},"says":"{}"}})", one.name, ok, says);
  };
  auto scenario = sim::find_scenario(one.node);
  if (!scenario) return line(false, scenario.error().what);
  if (auto set = sim::set_workload(*scenario, "training", seconds(one.length_s)); !set)
    return line(false, set.error().what);
  one.change(*scenario);
  auto machine = sim::make_machine(std::move(*scenario));
  if (!machine) return line(false, machine.error().what);
  MeasureOptions options;
  options.edit = one.edit;
  const pb::Record record = measure(*machine, options);
  const auto truth = truth_of(*machine, record);
  if (!truth || !record.energy().has_energy_uj()) return line(false, "no measured total");
  const auto& energy = record.energy();
  const double value = static_cast<double>(energy.energy_uj()) * 1e-6;
  const double off = (value - truth->sensed) / truth->sensed;
  const double filled = static_cast<double>(energy.filled_uj()) * 1e-6;
  const bool right = std::abs(off) <= (one.loses_nothing ? kNothing : kRight);
  // A node that is resolved by its parts says by its kind that its own sensor did not measure it.
  const bool says = energy.coverage() < 0.9999 || energy.kind() == pb::KIND_DERIVED || names(record, "moves_otherwise");
  const bool stated = says && std::abs(value - truth->sensed) <= filled + 1.96 * energy.random_uj() * 1e-6;
  const bool invented = one.loses_nothing && names(record, "reset");
  const bool named = names(record, one.anomaly) && !invented;
  return line((right || (stated && !one.loses_nothing)) && named,
              fmt::format("{:+.3f} % of the joules, coverage {:.2f} %{}{}", 100 * off, 100 * energy.coverage(),
                          invented               ? ", a reset named that was none"
                          : *one.anomaly == '\0' ? ""
                          : named                ? ", named "
                                                 : ", NOT named ",
                          one.anomaly));
}
}  // namespace

int main() {
  for (const auto& list : {cases(), freezes()})
    for (const Case& one : list) std::puts(judge(one).c_str());
}
