#include "sensor/reader.h"

#include <gtest/gtest.h>

#include "base/host_memory.h"

namespace nw {
namespace {

// A source whose answers are given in advance and which takes time.
class Scripted : public Source {
 public:
  Scripted(MemoryHost& host, Nanos delay, Reading reading) : host_(host), delay_(delay), reading_(reading) {}
  Reading read() noexcept override {
    host_.advance(delay_);
    return reading_;
  }

 private:
  MemoryHost& host_;
  Nanos delay_;
  Reading reading_;
};

Sensor make_sensor(MemoryHost& host, std::string id, Nanos delay, Reading reading) {
  Sensor sensor;
  sensor.info.id = std::move(id);
  sensor.source = std::make_unique<Scripted>(host, delay, reading);
  return sensor;
}

TEST(Reader, BracketsEachReadWithTheClock) {
  MemoryHost host;
  std::vector<Sensor> sensors;
  sensors.push_back(make_sensor(host, "a", millis(2), Reading::of(7)));
  sensors.push_back(make_sensor(host, "b", millis(10), Reading::of(8)));
  Reader reader(host, std::move(sensors));
  ASSERT_EQ(reader.infos().size(), 2u);
  EXPECT_EQ(reader.infos()[1].id, "b");
  SampleSet sample_set;
  const Nanos start = host.now();
  reader.read_all(sample_set);
  ASSERT_EQ(sample_set.size(), 2u);
  EXPECT_EQ(sample_set[0].before, start);
  EXPECT_EQ(sample_set[0].after, start + millis(2));
  EXPECT_EQ(sample_set[1].before, start + millis(2));
  EXPECT_EQ(sample_set[1].after, start + millis(12));
  EXPECT_EQ(sample_set[1].at(), start + millis(7));
  EXPECT_EQ(sample_set[0].raw, 7u);
  EXPECT_EQ(sample_set[0].status, Status::ok);
}

TEST(Reader, AFailedReadIsASampleWithAStatusAndNeverAZero) {
  MemoryHost host;
  const std::pair<ErrorKind, Status> cases[] = {{ErrorKind::absent, Status::absent},
                                                {ErrorKind::denied, Status::denied},
                                                {ErrorKind::busy, Status::stale},
                                                {ErrorKind::malformed, Status::implausible},
                                                {ErrorKind::failed, Status::absent}};
  std::vector<Sensor> sensors;
  for (const auto& [kind, status] : cases) sensors.push_back(make_sensor(host, "x", {}, Reading::none(kind)));
  Reader reader(host, std::move(sensors));
  SampleSet sample_set;
  reader.read_all(sample_set);
  for (std::size_t i = 0; i < std::size(cases); ++i) EXPECT_EQ(sample_set[i].status, cases[i].second) << i;
}

TEST(Reader, KeepsTheSampleSetsMemory) {
  MemoryHost host;
  std::vector<Sensor> sensors;
  for (int i = 0; i < 8; ++i) sensors.push_back(make_sensor(host, std::to_string(i), {}, Reading::of(1)));
  Reader reader(host, std::move(sensors));
  SampleSet sample_set;
  reader.read_all(sample_set);
  const Sample* first = sample_set.data();
  for (int i = 0; i < 100; ++i) reader.read_all(sample_set);
  EXPECT_EQ(sample_set.data(), first);
}

TEST(Reader, NoSensorsIsAnEmptySampleSet) {
  MemoryHost host;
  Reader reader(host, {});
  SampleSet sample_set(3);
  reader.read_all(sample_set);
  EXPECT_TRUE(sample_set.empty());
}

TEST(Inventory, GathersEveryDriverAndNamesItInDiagnostics) {
  MemoryHost host;
  host.set_file("/proc/cpuinfo", "processor : 0\nvendor_id : GenuineIntel\nflags : fpu hypervisor\n");
  host.set_file("/proc/meminfo", "MemTotal: 1000000 kB\n");
  host.set_file("/proc/stat", "cpu  1 2 3 4 5 6 7 8\n");
  const Inventory inventory = make_inventory(host);
  EXPECT_EQ(inventory.sensors.size(), 3u);
  for (const auto& sensor : inventory.sensors) EXPECT_EQ(sensor.info.provenance, Provenance::estimated);
  ASSERT_EQ(inventory.diagnostics.size(), 1u);
  EXPECT_EQ(inventory.diagnostics[0].driver, "rapl_powercap");
}

}  // namespace
}  // namespace nw
