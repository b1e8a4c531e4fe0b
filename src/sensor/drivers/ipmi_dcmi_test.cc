#include <array>

#include "sensor/drivers/ipmi_test.h"

namespace nw {
namespace {
using ipmi::Bytes;

// `watts` at a time that the controller counts in seconds.
Bytes power(std::uint16_t watts, std::uint32_t at = 0x6745d933, std::uint8_t state = 0x40) {
  Bytes answer = ipmi::from_hex("00 dc 00 00 d2 00 b6 03 c7 01 00 00 00 00 80 7f 0a 00 40").value();
  answer[2] = static_cast<std::uint8_t>(watts), answer[3] = static_cast<std::uint8_t>(watts >> 8);
  for (unsigned i = 0; i < 4; ++i) answer[10 + i] = static_cast<std::uint8_t>(at >> 8 * i);
  answer[18] = state;
  return answer;
}

struct Machine : IpmiMachine {
  Machine() { ipmi->answer(ipmi::ask_capabilities(), "00 dc 01 05 02 00 01 07"); }
  void say(const Bytes& answer) { ipmi->answer(ipmi::ask_dcmi_power(), answer); }
};

TEST(IpmiDcmi, PowerOfTheNode) {
  Machine host;
  host.say(power(832));
  ProbeResult probe = probe_ipmi_dcmi(host);
  EXPECT_EQ(all_diagnostics(probe), "");
  EXPECT_EQ(host.opened, "/dev/ipmi0");
  ASSERT_EQ(probe.sensors.size(), 1u);
  const SensorInfo& info = probe.sensors[0].info;
  EXPECT_EQ(info.id, "ipmi_dcmi/node-0");
  EXPECT_EQ(info.part, (Part{Domain::node, "0"}));
  EXPECT_EQ(info.boundary, Boundary::wall);
  EXPECT_EQ(info.kind, SensorKind::gauge);
  EXPECT_EQ(unit_of(probe.sensors[0]), 1e6);
  EXPECT_EQ(info.averaging_window.value, seconds(15));
  EXPECT_EQ(info.scale_tolerance.relative, 0.05);
  EXPECT_EQ(info.scale_tolerance.basis, "assumed");
  EXPECT_TRUE(info.excludes.empty());
  const Reading reading = probe.sensors[0].source->read();
  EXPECT_EQ(reading.value, 832u);
  EXPECT_TRUE(reading.taken);
  EXPECT_FALSE(reading.device) << "whole seconds of a clock that nobody keeps";
  EXPECT_EQ(host.ipmi->longest, millis(500));
}

TEST(IpmiDcmi, AValueIsNotNewerThanThePeriodAtWhichItIsAskedFor) {
  Machine host;
  host.say(power(832));
  Site site;
  site.ipmi.device = "/dev/ipmi1";
  site.ipmi.period = seconds(5);
  EXPECT_EQ(probe_ipmi_dcmi(host, site).sensors.at(0).info.update_interval.value, seconds(5));
  EXPECT_EQ(host.opened, "/dev/ipmi1");
  site.ipmi.period = millis(100);
  EXPECT_EQ(probe_ipmi_dcmi(host, site).sensors.at(0).info.update_interval.value, seconds(1));
}

TEST(IpmiDcmi, TheSameSampleKeepsItsTimeAndTheSamePowerDoesNot) {
  Machine host;
  for (const auto& answer :
       {power(500, 100), power(500, 100), power(500, 100), power(500, 102), power(500, 0), power(500, 0)})
    host.say(answer);
  ProbeResult probe = probe_ipmi_dcmi(host);  // takes the first
  ASSERT_EQ(probe.sensors.size(), 1u);
  std::array<Nanos, 5> taken;
  for (Nanos& time : taken) {
    const Reading reading = probe.sensors[0].source->read();
    ASSERT_TRUE(reading.ok);
    ASSERT_EQ(reading.value, 500u);
    time = *reading.taken;
  }
  EXPECT_EQ(taken[0], taken[1]) << "the same answer again";
  EXPECT_LT(taken[1], taken[2]) << "the same power two seconds later";
  EXPECT_LT(taken[3], taken[4]) << "without a clock nobody knows";
}

TEST(IpmiDcmi, WhatIsNoReadingIsNoValue) {
  Machine host;
  host.say(power(500, 1));  // for the probe
  host.say({0xc0});
  host.say(power(0, 2));
  host.say(power(20'001, 3));
  host.say(power(500, 4, 0x00));
  host.ipmi->answer(ipmi::ask_dcmi_power(), fail(ErrorKind::busy, "no answer within 500 ms"));
  host.say({0x00, 0xdc});
  host.say(power(501, 5));
  ProbeResult probe = probe_ipmi_dcmi(host);
  ASSERT_EQ(probe.sensors.size(), 1u) << all_diagnostics(probe);
  for (const ErrorKind kind : {ErrorKind::busy, ErrorKind::malformed, ErrorKind::malformed, ErrorKind::busy,
                               ErrorKind::busy, ErrorKind::malformed}) {
    const Reading reading = probe.sensors[0].source->read();
    EXPECT_FALSE(reading.ok);
    EXPECT_EQ(reading.error, kind);
  }
  EXPECT_EQ(probe.sensors[0].source->read().value, 501u) << "and none of them is held against the next";
}

TEST(IpmiDcmi, DiagnosticsNameCommandAndCause) {
  const auto found = [](const Bytes& capabilities, const Bytes& reading) {
    IpmiMachine host;
    host.ipmi->answer(ipmi::ask_capabilities(), capabilities);
    host.ipmi->answer(ipmi::ask_dcmi_power(), reading);
    const ProbeResult probe = probe_ipmi_dcmi(host);
    EXPECT_TRUE(probe.sensors.empty());
    return all_diagnostics(probe);
  };
  const Bytes able = ipmi::from_hex("00 dc 01 05 02 00 01 07").value();
  EXPECT_EQ(found({0xc1}, power(1)), "/dev/ipmi0: Get DCMI Capabilities: completion code 0xc1, invalid command | \n");
  EXPECT_EQ(found(ipmi::from_hex("00 dc 01 05 02 00 00 07").value(), power(1)),
            "/dev/ipmi0: its controller knows DCMI and has no power management by it | \n");
  EXPECT_NE(found(able, power(0)).find("0 W"), std::string::npos);
  EXPECT_NE(found(able, power(700, 1, 0)).find("not measuring"), std::string::npos);
  EXPECT_NE(found(able, {0xd4}).find("privilege"), std::string::npos);
  EXPECT_NE(found(able, Bytes(272, 0)).find("272 bytes, not 19"), std::string::npos);
}

TEST(IpmiDcmi, AControllerThatNeverSaysThatItMeasuresIsBelievedWhereTheSiteSaysSo) {
  Machine host;
  host.say(power(319, 0, 0x00));
  ProbeResult refused = probe_ipmi_dcmi(host);
  EXPECT_TRUE(refused.sensors.empty());
  const Diagnostic* told = find_diagnostic(refused, "with 319 W beside it");
  ASSERT_NE(told, nullptr) << all_diagnostics(refused);
  EXPECT_EQ(told->sensor, "ipmi_dcmi/node-0") << "stands as missing";
  EXPECT_NE(told->repair.find("accept_inactive = true"), std::string::npos);
  Site site;
  site.ipmi.accept_inactive = true;
  ProbeResult accepted = probe_ipmi_dcmi(host, site);
  ASSERT_EQ(accepted.sensors.size(), 1u) << all_diagnostics(accepted);
  EXPECT_EQ(accepted.sensors[0].source->read().value, 319u);
  EXPECT_EQ(accepted.sensors[0].info.source, "IPMI DCMI power reading, measuring not reported as active");
}

TEST(IpmiDcmi, ABusyControllerIsAskedAgain) {
  IpmiMachine host;
  const auto question = ipmi::ask_capabilities();
  host.ipmi->answer(question, Bytes{0xc0});
  host.ipmi->answer(question, fail(ErrorKind::busy, "no answer within 500 ms"));
  host.ipmi->answer(question, "00 dc 01 05 02 00 01 07");
  host.ipmi->answer(ipmi::ask_dcmi_power(), power(400));
  EXPECT_EQ(probe_ipmi_dcmi(host).sensors.size(), 1u);
  EXPECT_EQ(host.ipmi->sent.size(), 4u);

  IpmiMachine hung;
  hung.ipmi->answer(question, fail(ErrorKind::busy, "no answer within 500 ms"));
  EXPECT_NE(find_diagnostic(probe_ipmi_dcmi(hung), "no answer within 500 ms"), nullptr);
  EXPECT_EQ(hung.ipmi->sent.size(), 3u) << "and not for ever";
}

TEST(IpmiDcmi, ADeviceThatCannotBeOpened) {
  IpmiMachine none;
  none.refused = {ErrorKind::absent, "/dev/ipmi0: No such file or directory"};
  EXPECT_EQ(all_diagnostics(probe_ipmi_dcmi(none)), "") << "a machine without a controller";
  none.set_file("/sys/firmware/dmi/entries/38-0/type", "38\n");
  EXPECT_NE(find_diagnostic(probe_ipmi_dcmi(none), "modprobe"), nullptr);
  IpmiMachine denied;
  denied.refused = {ErrorKind::denied, "/dev/ipmi0: Permission denied"};
  EXPECT_NE(find_diagnostic(probe_ipmi_dcmi(denied), "sudo chgrp energy /dev/ipmi0"), nullptr);
}

TEST(IpmiDcmi, NodeManagerOnRequestAlone) {
  IpmiMachine host;
  host.ipmi->answer(ipmi::ask_node_manager(), "00 57 01 00 38 00 04 00 41 00 39 00 ec 56 f7 53 5a 86 00 00 50");
  EXPECT_TRUE(probe_ipmi_dcmi(host).sensors.empty());
  for (const IpmiRequest& request : host.ipmi->sent) EXPECT_EQ(request.slave, 0) << "nothing bridged unasked";
  Site site;
  site.ipmi.node_manager = true;
  ProbeResult probe = probe_ipmi_dcmi(host, site);
  ASSERT_EQ(probe.sensors.size(), 1u) << all_diagnostics(probe);
  EXPECT_EQ(probe.sensors[0].info.source, "Intel Node Manager (IPMI)");
  EXPECT_EQ(probe.sensors[0].info.update_interval.value, seconds(5));
  EXPECT_EQ(probe.sensors[0].source->read().value, 56u);

  Machine both;  // DCMI comes first, and two sensors of one part from one driver would be one too many
  both.say(power(300));
  both.ipmi->answer(ipmi::ask_node_manager(), "00 57 01 00 38 00 04 00 41 00 39 00 ec 56 f7 53 5a 86 00 00 50");
  probe = probe_ipmi_dcmi(both, site);
  ASSERT_EQ(probe.sensors.size(), 1u);
  EXPECT_EQ(probe.sensors[0].source->read().value, 300u);
}

// What a tape holds is as foreign as what a controller says.
TEST(IpmiDcmi, AnswersOnATapeMayBeAnything) {
  for (const char* answer : {"", "zz", "00", "00 dc 01 05 02 00 01 07 ", "c1", "00 dc"}) {
    Machine host;
    host.say(power(300));
    host.set_answer("ipmi_dcmi:capabilities", answer);
    const ProbeResult probe = probe_ipmi_dcmi(host);
    EXPECT_EQ(probe.sensors.empty(), !std::string_view(answer).starts_with("00 dc 01")) << answer;
    EXPECT_NE(probe.sensors.empty(), probe.diagnostics.empty()) << answer;
  }
}

}  // namespace
}  // namespace nw
