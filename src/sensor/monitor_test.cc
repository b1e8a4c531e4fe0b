#include "sensor/monitor.h"

#include <gtest/gtest.h>

#include "base/host_memory.h"

namespace nw {
namespace {

// A machine with one counter that the hwmon driver knows, and one power meter.
MemoryHost make_machine() {
  MemoryHost host;
  host.set_file("/sys/class/powercap/intel-rapl:0/name", "package-0\n");
  host.set_file("/sys/class/powercap/intel-rapl:0/energy_uj", "1000\n");
  host.set_file("/sys/class/powercap/intel-rapl:0/max_energy_range_uj", "262143328850\n");
  return host;
}

TEST(NodeMonitor, FindsAndReadsOnASchedule) {
  MemoryHost host = make_machine();
  NodeMonitor monitor(host, Site{});
  ASSERT_FALSE(monitor.infos().empty());
  EXPECT_TRUE(monitor.measures());
  const Nanos begin = host.now();
  std::vector<Nanos> at;
  monitor.read_every(millis(100), [&](const SampleSet& samples) {
    EXPECT_EQ(samples.size(), monitor.infos().size());
    at.push_back(host.now() - begin);
    return at.size() < 4;
  });
  EXPECT_EQ(at, (std::vector<Nanos>{millis(0), millis(100), millis(200), millis(300)}));
}

TEST(NodeMonitor, WhatIsClosedReadsAsAbsent) {
  MemoryHost host = make_machine();
  NodeMonitor monitor(host, Site{});
  SampleSet samples;
  monitor.close("rapl");
  monitor.reader().read_all(samples);
  for (std::size_t i = 0; i < samples.size(); ++i)
    if (monitor.infos()[i].id.starts_with("rapl")) EXPECT_EQ(samples[i].status, Status::absent);
}

TEST(NodeMonitor, AnEmptyMachineMeasuresNothing) {
  MemoryHost host;
  EXPECT_FALSE(NodeMonitor(host, Site{}).measures());
}

}  // namespace
}  // namespace nw
