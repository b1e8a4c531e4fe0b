// A driver is four things: its source, its page, at least one tape, its line in the table. None without the others.
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/host_tape.h"
#include "sensor/drivers/driver_test.h"

namespace nw {
namespace {

namespace fs = std::filesystem;
const fs::path kSources = fs::path(NODEWATT_SOURCE_DIR) / "src/sensor/drivers";
const fs::path kTapes = fs::path(NODEWATT_SOURCE_DIR) / "tests/tapes";

std::string read(const fs::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::set<std::string> in_table() {
  std::set<std::string> names;
  for (const Driver& driver : drivers()) names.emplace(driver.name);
  return names;
}

TEST(DriverTable, EachDriverHasSourcePageAndTape) {
  for (const auto& name : in_table()) {
    EXPECT_NE(read(kSources / (name + ".cc")).find("probe_" + name + "(Host& host, const Site&"), std::string::npos)
        << name << ".cc";
    EXPECT_GT(read(kSources / (name + ".md")).size(), 500u) << name << ".md";
    int tapes = 0;
    if (fs::exists(kTapes / name))
      for (const auto& entry : fs::directory_iterator(kTapes / name)) tapes += entry.path().extension() == ".tape";
    EXPECT_GT(tapes, 0) << kTapes / name;
  }
}

TEST(DriverTable, NoPageTapeOrProbeWithoutALineInTheTable) {
  const auto names = in_table();
  for (const auto& entry : fs::directory_iterator(kSources)) {
    const fs::path path = entry.path();
    const std::string stem = path.stem().string();
    const bool probe =
        path.extension() == ".cc" && read(path).find("\nProbeResult probe_" + stem + "(") != std::string::npos;
    if (probe || path.extension() == ".md") {
      EXPECT_TRUE(names.contains(stem)) << path;
    }
  }
  for (const auto& entry : fs::directory_iterator(kTapes)) {
    if (entry.is_directory()) {
      EXPECT_TRUE(names.contains(entry.path().filename().string())) << entry.path();
    }
  }
}

TEST(DriverTable, NamesAreUniqueAndEachHasASentence) {
  EXPECT_EQ(in_table().size(), drivers().size());
  for (const Driver& driver : drivers()) EXPECT_GT(driver.what.size(), 20u);
}

// Each tape is replayed through all drivers; its own must find sensors, and their reads must answer in every sample
// set.
TEST(DriverTable, EachTapePlays) {
  for (const auto& entry : fs::recursive_directory_iterator(kTapes)) {
    if (entry.path().extension() != ".tape") continue;
    auto tape = read_tape(entry.path());
    ASSERT_TRUE(tape) << tape.error().what;
    const std::size_t sample_sets = tape->sample_sets.size();
    EXPECT_GE(sample_sets, 20u) << entry.path();
    TapedHost host(std::move(*tape));
    const std::string own = entry.path().parent_path().filename().string();
    std::size_t found = 0;
    std::vector<Sensor> sensors;
    for (const Driver& driver : drivers()) {
      ProbeResult probe = driver.probe(host, {});
      if (driver.name == own) found = probe.sensors.size();
      for (auto& sensor : probe.sensors) sensors.push_back(std::move(sensor));
    }
    EXPECT_GT(found, 0u) << entry.path();
    do {
      for (auto& sensor : sensors) EXPECT_TRUE(sensor.source->read().ok) << entry.path() << " " << sensor.info.id;
    } while (host.sleep_until({}));
  }
}

// Above the drivers no vendor is known by name: a device without declarations has no owner there.
TEST(DriverTable, AcceleratorsStateHowTheirOwnerIsFound) {
  std::set<std::string> vendors;
  for (const auto& entry : fs::recursive_directory_iterator(kTapes)) {
    if (entry.path().extension() != ".tape") continue;
    auto tape = read_tape(entry.path());
    ASSERT_TRUE(tape) << tape.error().what;
    TapedHost host(std::move(*tape));
    for (const Driver& driver : drivers())
      for (const Utilization& utilization : driver.probe(host, {}).utilizations) {
        const UtilizationInfo& info = utilization.info;
        EXPECT_FALSE(info.vendor.empty()) << entry.path() << " " << info.id;
        EXPECT_FALSE(info.visible.empty()) << entry.path() << " " << info.id;
        for (const VisibleDevices& one : info.visible) EXPECT_FALSE(one.variable.empty()) << info.id;
        vendors.insert(info.vendor);
      }
  }
  EXPECT_GE(vendors.size(), 3u);
}

// Parts that the model adds up, and the others, are named once for each driver.
TEST(DriverTable, IdsAreUniqueOnEachTape) {
  for (const auto& entry : fs::recursive_directory_iterator(kTapes)) {
    if (entry.path().extension() != ".tape") continue;
    auto tape = read_tape(entry.path());
    ASSERT_TRUE(tape) << tape.error().what;
    TapedHost host(std::move(*tape));
    std::set<std::string> ids;
    for (const Driver& driver : drivers())
      for (const Sensor& sensor : driver.probe(host, {}).sensors)
        EXPECT_TRUE(ids.insert(sensor.info.id).second) << sensor.info.id;
  }
}

}  // namespace
}  // namespace nw
