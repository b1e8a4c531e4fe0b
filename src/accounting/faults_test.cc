// Fault injection: on every taped machine the host fails call 1, 2, ... N of probe and reads. The run ends, each part's
// energy is unchanged within its own stated uncertainty or unknown, the parts add up, and coverage never rises.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "accounting/run_accounting.h"
#include "base/host_tape.h"
#include "record/record.pb.h"
#include "sensor/reader.h"
#include "support/faulty_host.h"

namespace nw {
namespace {
namespace fs = std::filesystem;

struct Measured {
  pb::Record record;
  std::uint64_t calls = 0;
};

// The flow of `nodewatt replay`, with a host that fails.
Measured measure(const Tape& tape, test::Fault fault) {
  TapedHost taped(tape);
  test::FaultyHost host(taped, fault);
  Reader reader(host, make_inventory(host).sensors);
  RunAccounting accounting(reader.infos(), seconds(1));
  const Nanos begin = host.now();
  accounting.begin(begin);
  SampleSet sample_set;
  Nanos end = begin;
  do {
    end = host.now();
    reader.read_all(sample_set);
    accounting.add(sample_set);
  } while (host.sleep_until(end));
  accounting.end(end);
  Measured measured;
  accounting.write(measured.record);
  measured.calls = host.calls();
  return measured;
}

using Parts = std::map<std::string, const pb::Component*>;

Parts parts_of(const pb::Record& record) {
  Parts parts;
  for (const auto& component : record.components()) parts[component.sensor()] = &component;
  return parts;
}

// A counter's date moves by up to one refresh (100 ms at most on these tapes) when another reading dates it.
double most_coverage(const pb::Record& good, double coverage) {
  return coverage + 0.1 / (static_cast<double>(good.duration_ns()) * 1e-9) + 1e-6;
}

void expect_sound(const pb::Record& good, const pb::Record& faulty, const std::string& what) {
  SCOPED_TRACE(what);
  EXPECT_LE(faulty.energy().coverage(), most_coverage(good, good.energy().coverage()));
  std::int64_t sum = 0;
  bool node = false;
  for (const auto& component : faulty.components()) {
    node |= component.domain() == "node" && component.counted();
    if (component.counted()) sum += component.energy().energy_uj();
  }
  if (faulty.energy().has_energy_uj() && !node) {
    EXPECT_EQ(sum, faulty.energy().energy_uj());
  }
  const Parts before = parts_of(good);
  for (const auto& component : faulty.components()) {
    const auto same = before.find(component.sensor());
    if (same == before.end() || component.sensor().empty() || !component.energy().has_energy_uj()) continue;
    const auto& truth = same->second->energy();
    ASSERT_TRUE(truth.has_energy_uj());
    EXPECT_GE(component.energy().energy_uj(), 0);
    const double off = std::abs(static_cast<double>(component.energy().energy_uj() - truth.energy_uj()));
    const double uncertainty =
        1.96 * component.energy().random_uj() + static_cast<double>(component.energy().filled_uj());
    EXPECT_LE(off, uncertainty + 0.003 * static_cast<double>(truth.energy_uj())) << component.sensor();
    EXPECT_LE(component.energy().coverage(), most_coverage(good, truth.coverage())) << component.sensor();
  }
}

std::vector<std::string> tapes() {
  std::vector<std::string> paths;
  for (const auto& entry : fs::recursive_directory_iterator(NODEWATT_SOURCE_DIR "/tests/tapes"))
    if (entry.path().extension() == ".tape") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

class Faults : public ::testing::TestWithParam<std::string> {};

TEST_P(Faults, OneCallFails) {
  const Tape tape = read_tape(GetParam()).value();
  const Measured good = measure(tape, {});
  ASSERT_TRUE(good.record.energy().has_energy_uj());
  for (std::uint64_t call = 1; call <= good.calls; call += call < 300 ? 1 : 7)
    expect_sound(good.record, measure(tape, {call, 1, call % 2 == 0 ? ErrorKind::failed : ErrorKind::busy}).record,
                 "call " + std::to_string(call));
}

TEST_P(Faults, EveryCallFromOneOnFails) {
  const Tape tape = read_tape(GetParam()).value();
  const Measured good = measure(tape, {});
  for (std::uint64_t call = 1; call <= good.calls; call += 1 + good.calls / 40) {
    const pb::Record record = measure(tape, {call, UINT64_MAX, ErrorKind::denied}).record;
    EXPECT_LE(record.energy().coverage(), most_coverage(good.record, good.record.energy().coverage())) << call;
    for (const auto& component : record.components()) {
      const pb::Energy& energy = component.energy();
      EXPECT_FALSE(energy.coverage() == 0 && energy.has_energy_uj() && energy.energy_uj() == 0)
          << call << ": 0 for unknown";
    }
  }
}

TEST_P(Faults, ABurstFails) {
  const Tape tape = read_tape(GetParam()).value();
  const Measured good = measure(tape, {});
  for (std::uint64_t call = 1; call <= good.calls; call += 1 + good.calls / 40) {
    const pb::Record record = measure(tape, {call, 60, ErrorKind::busy}).record;
    EXPECT_LE(record.energy().coverage(), most_coverage(good.record, good.record.energy().coverage())) << call;
    for (const auto& component : record.components())
      EXPECT_TRUE(component.energy().energy_uj() >= 0 || component.source() == "node minus parts") << call;
  }
}

INSTANTIATE_TEST_SUITE_P(Tapes, Faults, ::testing::ValuesIn(tapes()),
                         [](const auto& tape) { return fs::path(tape.param).stem().string(); });

}  // namespace
}  // namespace nw
