#include "sensor/drivers/ipmi_test.h"
#include "sensor/reader.h"

namespace nw {
namespace {
using ipmi::Bytes;

const char* const kSplit = "00 1f 19 9a 60 49 01 b5 00 05 01 19 00 00 00";  // Lenovo's example
const char* const kMean =
    "00 04 00 e9 03 00 00 fa 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 1f 19 9a 60 49 "
    "01";

Bytes energy(std::uint16_t fifo, std::uint32_t joule, std::uint16_t mj, std::uint32_t s, std::uint16_t ms) {
  Bytes answer(15);
  const auto put = [&](std::size_t at, std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) answer[at + i] = static_cast<std::uint8_t>(value >> 8 * i);
  };
  put(1, fifo, 2), put(3, joule, 4), put(7, mj, 2), put(9, s, 4), put(13, ms, 2);
  return answer;
}

struct Machine : IpmiMachine {
  explicit Machine(const std::string& name) { product("Lenovo", name); }
};

TEST(LenovoXcc, CounterOfSd650) {
  Machine host("ThinkSystem SD650 -[7X58CTO1WW]-");
  const auto question = ipmi::ask_xcc_energy();
  host.ipmi->answer(question, energy(6, 123, 4, 1000, 1));  // for the probe
  host.ipmi->answer(question, energy(7, 0xffffffff, 999, 1620711711, 329));
  host.ipmi->answer(question, energy(7, 0xffffffff, 999, 1620711711, 329));
  host.ipmi->answer(question, energy(8, 0, 1, 1620711711, 339));
  ProbeResult probe = probe_lenovo_xcc(host);
  EXPECT_EQ(all_diagnostics(probe), "");
  ASSERT_EQ(probe.sensors.size(), 1u);
  const SensorInfo& info = probe.sensors[0].info;
  EXPECT_EQ(info.id, "lenovo_xcc/node-0");
  EXPECT_EQ(info.kind, SensorKind::counter);
  EXPECT_EQ(info.part, (Part{Domain::node, "0"}));
  EXPECT_EQ(info.boundary, Boundary::node_dc);
  EXPECT_EQ(unit_of(probe.sensors[0]), 1000.0);
  EXPECT_EQ(info.wrap, 4'294'967'296'000u);
  EXPECT_TRUE(info.excludes.empty());
  const Reading first = probe.sensors[0].source->read(), same = probe.sensors[0].source->read(),
                next = probe.sensors[0].source->read();
  EXPECT_EQ(first.value, info.wrap - 1);
  EXPECT_EQ(first.device, Nanos::of(1620711711329000000));
  EXPECT_EQ(same.value, first.value);
  EXPECT_EQ(same.taken, first.taken) << "the same place in the queue is the same sample";
  EXPECT_EQ(next.value, 1u);
  EXPECT_GT(*next.taken, *first.taken);
  EXPECT_EQ(*next.device - *first.device, millis(10));
}

TEST(LenovoXcc, MeanOfSd650V2) {
  Machine host("ThinkSystem SD650 V2 -[7D1MCTO1WW]-");
  host.ipmi->answer(ipmi::ask_xcc_energy(), kMean);
  ProbeResult probe = probe_lenovo_xcc(host);
  ASSERT_EQ(probe.sensors.size(), 1u) << all_diagnostics(probe);
  EXPECT_EQ(probe.sensors[0].info.kind, SensorKind::gauge);
  EXPECT_EQ(unit_of(probe.sensors[0]), 1000.0);
  EXPECT_EQ(probe.sensors[0].source->read().value, 250'313u);
  EXPECT_TRUE(probe.sensors[0].info.excludes.empty());
}

TEST(LenovoXcc, TheTotalOfSd650NV2IsNodeAndGpus) {
  Machine host("ThinkSystem SD650-N V2");
  host.ipmi->answer(ipmi::ask_xcc_energy(), energy(1, 5, 0, 1000, 0));  // without the GPUs: never used
  host.ipmi->answer(ipmi::ask_xcc_split(), kSplit);
  ProbeResult probe = probe_lenovo_xcc(host);
  ASSERT_EQ(probe.sensors.size(), 1u) << all_diagnostics(probe);
  EXPECT_EQ(probe.sensors[0].info.kind, SensorKind::gauge);
  EXPECT_EQ(unit_of(probe.sensors[0]), 1e6);
  EXPECT_TRUE(probe.sensors[0].info.excludes.empty());
  const Reading reading = probe.sensors[0].source->read();
  EXPECT_EQ(reading.value, 442u) << "181 W and 261 W, the riser's 25 W being in the first";
  EXPECT_EQ(reading.device, Nanos::of(1620711711329000000));

  Machine dark("ThinkSystem SD650-N V2");
  dark.ipmi->answer(ipmi::ask_xcc_split(), "00 1f 19 9a 60 49 01 b5 00 00 00 19 00 00 00");
  EXPECT_TRUE(probe_lenovo_xcc(dark).sensors.empty());
  EXPECT_NE(find_diagnostic(probe_lenovo_xcc(dark), "GPUs of 0 W"), nullptr);
}

TEST(LenovoXcc, Sd650V3LacksItsGpus) {
  Machine host("ThinkSystem SD650 V3");
  host.ipmi->answer(ipmi::ask_xcc_split(), kSplit);
  ProbeResult probe = probe_lenovo_xcc(host);  // 04 02 is an invalid command there
  EXPECT_EQ(all_diagnostics(probe), "");
  ASSERT_EQ(probe.sensors.size(), 1u);
  EXPECT_EQ(probe.sensors[0].info.excludes, std::vector{Domain::gpu});
  EXPECT_EQ(probe.sensors[0].source->read().value, 181u);

  Machine counter("ThinkSystem SD650 V3");
  counter.ipmi->answer(ipmi::ask_xcc_energy(), energy(1, 5, 0, 1000, 0));
  probe = probe_lenovo_xcc(counter);
  ASSERT_EQ(probe.sensors.size(), 1u);
  EXPECT_EQ(probe.sensors[0].info.kind, SensorKind::counter);
  EXPECT_EQ(probe.sensors[0].info.excludes, std::vector{Domain::gpu});
}

TEST(LenovoXcc, AModelThatNobodyKnowsIsNamedAndNotUsed) {
  for (const char* name : {"ThinkSystem SD650-I V3", "ThinkSystem SD650 V4", "ThinkSystem SD650-N V3",
                           "ThinkSystem SR650", "SD65", "ThinkSystem SD6500", ""}) {
    Machine host(name);
    host.ipmi->answer(ipmi::ask_xcc_energy(), energy(1, 5, 0, 1000, 0));
    host.ipmi->answer(ipmi::ask_xcc_split(), kSplit);
    const ProbeResult probe = probe_lenovo_xcc(host);
    EXPECT_TRUE(probe.sensors.empty()) << name;
    EXPECT_NE(find_diagnostic(probe, std::string("'") + name + "'"), nullptr) << name << all_diagnostics(probe);
  }
  Machine silent("ThinkSystem SR650 V2");
  EXPECT_EQ(all_diagnostics(probe_lenovo_xcc(silent)), "") << "it does not know the command";
}

TEST(LenovoXcc, OtherMakersAreNeverAsked) {
  for (const char* vendor : {"Dell Inc.", "HPE", "Supermicro", "lenovo", ""}) {
    IpmiMachine host;
    host.product(vendor, "ThinkSystem SD650");
    host.ipmi->answer(ipmi::ask_xcc_energy(), energy(1, 5, 0, 1000, 0));
    EXPECT_TRUE(probe_lenovo_xcc(host).sensors.empty()) << vendor;
    EXPECT_TRUE(host.ipmi->sent.empty()) << vendor;
    EXPECT_EQ(host.opened, "") << vendor;
  }
}

TEST(LenovoXcc, DcmiOfTheSameControllerIsAtTheSamePlace) {
  Machine host("ThinkSystem SD650 V3");
  host.ipmi->answer(ipmi::ask_xcc_energy(), energy(6, 123, 4, 1000, 1));
  host.ipmi->answer(ipmi::ask_capabilities(), "00 dc 01 05 02 00 01 07");
  host.ipmi->answer(ipmi::ask_dcmi_power(), "00 dc 40 03 d2 00 b6 03 c7 01 33 d9 45 67 80 7f 0a 00 40");
  const auto dcmi = [&](const Site& site) {
    for (const Sensor& sensor : make_inventory(host, site).sensors)
      if (sensor.info.id == "ipmi_dcmi/node-0") return sensor.info;
    return SensorInfo{};
  };
  EXPECT_EQ(dcmi({}).boundary, Boundary::node_dc) << "the tray has no supplies whose loss could be between them";
  EXPECT_EQ(dcmi({}).excludes, std::vector{Domain::gpu});
  Site ruled;
  ruled.rules.emplace_back().pattern = "ipmi_dcmi";
  ruled.rules[0].excludes = std::vector<Domain>{};
  EXPECT_TRUE(dcmi(ruled).excludes.empty()) << "a site knows better";
  host.product("Other", "X");
  EXPECT_EQ(dcmi({}).boundary, Boundary::wall);
}

TEST(LenovoXcc, Failures) {
  const auto diagnostic = [](const Result<Bytes>& answer) {
    Machine host("ThinkSystem SD650");
    host.ipmi->answer(ipmi::ask_xcc_energy(), answer);
    const ProbeResult probe = probe_lenovo_xcc(host);
    EXPECT_TRUE(probe.sensors.empty());
    return all_diagnostics(probe);
  };
  EXPECT_NE(diagnostic(fail(ErrorKind::busy, "no answer within 500 ms")).find("no answer"), std::string::npos);
  EXPECT_NE(diagnostic(Bytes{0xd4}).find("completion code 0xd4"), std::string::npos);
  EXPECT_NE(diagnostic(Bytes{0xc1}).find("Lenovo power reading: completion code 0xc1"), std::string::npos);
  EXPECT_NE(diagnostic(Bytes(20)).find("20 bytes, not 15 or 39"), std::string::npos);
  EXPECT_NE(diagnostic(energy(0, 0, 0, 0, 0)).find("no time"), std::string::npos);
  Machine denied("ThinkSystem SD650");
  denied.refused = {ErrorKind::denied, "/dev/ipmi0: Permission denied"};
  EXPECT_NE(find_diagnostic(probe_lenovo_xcc(denied), "chgrp"), nullptr);
  Machine none("ThinkSystem SD650");
  none.refused = {ErrorKind::absent, "/dev/ipmi0: No such file or directory"};
  EXPECT_EQ(all_diagnostics(probe_lenovo_xcc(none)), "");
}

TEST(LenovoXcc, ReadingsThatFailAreNoValues) {
  Machine host("ThinkSystem SD650");
  const auto question = ipmi::ask_xcc_energy();
  host.ipmi->answer(question, energy(1, 5, 0, 1000, 0));
  host.ipmi->answer(question, fail(ErrorKind::busy, "late"));
  host.ipmi->answer(question, Bytes{0xc1});
  host.ipmi->answer(question, energy(2, 5, 1000, 1000, 10));
  host.ipmi->answer(question, kMean);  // the other form than at probe time
  host.ipmi->answer(question, energy(3, 6, 0, 1002, 0));
  ProbeResult probe = probe_lenovo_xcc(host);
  ASSERT_EQ(probe.sensors.size(), 1u);
  for (const ErrorKind kind : {ErrorKind::busy, ErrorKind::absent, ErrorKind::malformed, ErrorKind::malformed})
    EXPECT_EQ(probe.sensors[0].source->read().error, kind);
  EXPECT_EQ(probe.sensors[0].source->read().value, 6000u);
}

}  // namespace
}  // namespace nw
