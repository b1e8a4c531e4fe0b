#include "sim/live/live_view.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/presets.h"

namespace nw::sim {
namespace {

using ::testing::HasSubstr;

Machine play(const std::string& preset, bool honest = false) {
  Scenario scenario = find_scenario(preset).value();
  if (honest) make_honest(scenario);
  return make_machine(std::move(scenario)).value();
}

Machine play_text(const char* text) { return make_machine(parse_scenario(text, "test.toml").value()).value(); }

std::string text_at(const View& view, const std::string& path, Nanos t) {
  const auto file = view.files.find(path);
  return file == view.files.end() ? "no such file" : file->second(t).value_or("error");
}

TEST(LiveView, GpusSayWhatTheirSensorsSay) {
  const Machine machine = play("horeka_green");
  const View view = make_live_view(machine);
  EXPECT_EQ(text_at(view, "/nvml/count", {}), "4\n");
  EXPECT_EQ(text_at(view, "/nvml/3/name", {}), "NVIDIA A100-SXM4-40GB\n");
  EXPECT_THAT(text_at(view, "/nvml/2/uuid", {}), HasSubstr("GPU-"));
  EXPECT_EQ(text_at(view, "/nvml/1/limit_mw", {}), "400000\n");
  const auto said = machine.read(machine.instrument("gpu2/energy"), seconds(30)).reading.value;
  EXPECT_EQ(text_at(view, "/nvml/2/energy_mj", seconds(30)), std::to_string(said) + "\n");
  EXPECT_NE(text_at(view, "/nvml/2/energy_mj", seconds(31)), std::to_string(said) + "\n");
  EXPECT_FALSE(view.files.contains("/nvml/4/name"));
}

TEST(LiveView, GpusSayHowBusyTheyAre) {
  const Machine machine = play("horeka_green");
  const View view = make_live_view(machine);
  EXPECT_EQ(text_at(view, "/nvml/0/busy_percent", seconds(5)), "0\n");
  EXPECT_EQ(text_at(view, "/nvml/0/processes", seconds(5)), "0\n");
  EXPECT_NEAR(std::stod(text_at(view, "/nvml/0/busy_percent", seconds(40))), 36, 5);
  EXPECT_EQ(text_at(view, "/nvml/0/processes", seconds(40)), "1\n");
  EXPECT_EQ(text_at(view, "/nvml/driver", {}), "550.54.15\n");
  EXPECT_EQ(text_at(view, "/nvml/cuda", {}), "12040\n");
  EXPECT_EQ(text_at(view, "/proc/sys/kernel/hostname", {}), "simulated-horeka-green\n");
  const Machine amd = play("mi300a");
  EXPECT_NEAR(std::stod(text_at(make_live_view(amd), "/rocm/2/busy_percent", seconds(40))), 82, 5);
}

TEST(LiveView, WithoutGpusThereIsNoNvml) {
  const Machine machine = play_text("end = \"10s\"\n[[component]]\nname = \"cpu0\"\nidle_w = 10\nmax_w = 10\n");
  EXPECT_FALSE(make_live_view(machine).files.contains("/nvml/count"));
}

TEST(LiveView, MetersWithoutASensorAreOfThePlug) {
  const Machine machine = play("horeka_green");
  const View view = make_live_view(machine);
  const double watts = machine.wall_energy(seconds(29), seconds(30));
  EXPECT_EQ(text_at(view, "/bmc/watts", seconds(30)), std::to_string(std::lround(watts)) + "\n");
  EXPECT_NEAR(std::stod(text_at(view, "/redfish/watts", seconds(30))), watts, 0.001);
  EXPECT_NEAR(std::stod(text_at(view, "/pdu/1/watts", seconds(30))), watts / 2, 0.001);
  EXPECT_NEAR(std::stod(text_at(view, "/pdu/2/watts", seconds(30))), watts / 2, 0.001);
}

constexpr const char* kMetered = R"(end = "60s"
[[component]]
name = "cpu0"
idle_w = 100
max_w = 100
[[sensor]]
name = "bmc"
family = "ipmi_dcmi"
of = "plug"
measure = "gauge"
unit = 1
quantum = 1
gain = 1.1
refresh = "1s"
[[sensor]]
name = "outlet"
family = "pdu_snmp"
of = "plug"
measure = "gauge"
unit = 1e-3
quantum = 0.1
offset_w = 2.5
refresh = "1s"
[[fault]]
kind = "fail"
sensor = "outlet"
from = "20s"
to = "30s"
)";

TEST(LiveView, AMetersSensorSpeaksForIt) {
  const Machine machine = play_text(kMetered);
  const View view = make_live_view(machine);
  EXPECT_EQ(text_at(view, "/bmc/watts", seconds(5)), "110\n");
  EXPECT_EQ(text_at(view, "/pdu/1/watts", seconds(5)), "102.500\n");
  EXPECT_FALSE(view.files.contains("/pdu/2/watts"));
  EXPECT_FALSE(view.files.at("/pdu/1/watts")(seconds(25)).has_value());
}

TEST(LiveView, HonestSensorsTellTheTruth) {
  const Machine machine = play("horeka_green", true), liar = play("horeka_green");
  const auto counted = [](const Machine& of, Nanos from, Nanos to) {
    const auto i = of.instrument("pkg0");
    const auto uj = of.read(i, to).reading.value - of.read(i, from).reading.value;
    return static_cast<double>(uj) * 1e-6 / of.seen_energy(i, from, to);
  };
  EXPECT_NEAR(counted(machine, seconds(20), seconds(60)), 1, 1e-3);
  EXPECT_NEAR(counted(liar, seconds(20), seconds(60)), 1.02, 1e-3);
}

}  // namespace
}  // namespace nw::sim
