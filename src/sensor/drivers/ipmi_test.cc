#include "sensor/drivers/ipmi_test.h"

#include <gmock/gmock.h>

#include <iterator>

#include "base/ipmi_broker_client.h"

namespace nw::ipmi {
namespace {
using ::testing::HasSubstr;

// 832 W; least 210, greatest 950, mean 455; 2024-11-26; over 688 s; measuring.
const char* const kPower = "00 dc 40 03 d2 00 b6 03 c7 01 33 d9 45 67 80 7f 0a 00 40";
// Lenovo's own example of Node Manager, with the completion code before it.
const char* const kManager = "00 57 01 00 38 00 04 00 41 00 39 00 ec 56 f7 53 5a 86 00 00 50";
// Lenovo's own example of node, GPU and riser power.
const char* const kSplit = "00 1f 19 9a 60 49 01 b5 00 05 01 19 00 00 00";
// FIFO 0x0100, 4294967295.999 J at 1620711711.329 s.
const char* const kEnergy = "00 00 01 ff ff ff ff e7 03 1f 19 9a 60 49 01";

Bytes bytes(std::string_view hex) { return from_hex(hex).value(); }
Bytes with(std::string_view hex, std::size_t at, std::uint8_t value) {
  Bytes answer = bytes(hex);
  answer.at(at) = value;
  return answer;
}
std::string mean_answer(const std::string& head) {
  return "00 " + head + " 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 1f 19 9a 60 49 01";
}

TEST(Ipmi, RequestsAreTheDocumentedBytes) {
  const auto text = [](const Question& q) {
    return to_hex(Bytes{q.request.netfn, q.request.command}) + " | " + to_hex(q.request.data);
  };
  EXPECT_EQ(text(ask_capabilities()), "2c 01 | dc 01");
  EXPECT_EQ(text(ask_dcmi_power()), "2c 02 | dc 01 00 00");
  EXPECT_EQ(text(ask_node_manager()), "2e c8 | 57 01 00 01 00 00");
  EXPECT_EQ(ask_node_manager().request.slave, 0x2c);
  EXPECT_EQ(ask_node_manager().request.channel, 0);
  EXPECT_EQ(text(ask_xcc_energy()), "3a 32 | 04 02 00 00 00");
  EXPECT_EQ(text(ask_xcc_split()), "3a 32 | 04 08 00 00 00");
}

// nodewatt-ipmi permits exactly the bytes of the drivers' requests, and nothing else: a driver's new request needs a
// row of its own, and a row needs a driver.
TEST(Ipmi, TheDoorsTableIsWhatTheDriversAsk) {
  const Question passing[] = {ask_capabilities(), ask_dcmi_power(), ask_xcc_energy(), ask_xcc_split()};
  ASSERT_EQ(std::size(passing), std::size(kIpmiAllowed));
  for (std::size_t i = 0; i < std::size(passing); ++i) EXPECT_EQ(ipmi_row(passing[i].request), i) << passing[i].name;
  EXPECT_FALSE(ipmi_row(ask_node_manager().request)) << "another controller, behind a bridge";
}

TEST(Ipmi, DcmiPower) {
  const auto power = decode_dcmi_power(bytes(kPower));
  ASSERT_TRUE(power) << power.error().what;
  EXPECT_EQ(power->current, 832);
  EXPECT_EQ(power->minimum, 210);
  EXPECT_EQ(power->maximum, 950);
  EXPECT_EQ(power->average, 455);
  EXPECT_EQ(power->timestamp, 1732630835u);
  EXPECT_EQ(power->period, 688'000u);
  EXPECT_TRUE(power->dated());
}

TEST(Ipmi, WhatIsNoDcmiPower) {
  const auto off = decode_dcmi_power(with(kPower, 18, 0x00));
  EXPECT_EQ(off.error().kind, ErrorKind::busy);
  EXPECT_THAT(off.error().what,
              HasSubstr("DCMI Get Power Reading: the controller says that it is not measuring (state 0x00), with "));
  EXPECT_EQ(decode_dcmi_power(with(kPower, 18, 0xbf)).error().kind, ErrorKind::busy);
  EXPECT_TRUE(decode_dcmi_power(with(kPower, 18, 0xff)));
  Bytes zero = with(kPower, 2, 0);
  zero[3] = 0;
  EXPECT_EQ(decode_dcmi_power(zero).error().kind, ErrorKind::malformed);
  EXPECT_THAT(decode_dcmi_power(zero).error().what, HasSubstr("0 W"));
  EXPECT_THAT(decode_dcmi_power(with(kPower, 3, 0xff)).error().what, HasSubstr("65344 W"));
  EXPECT_EQ(decode_dcmi_power(with(kPower, 1, 0xdd)).error().what,
            "DCMI Get Power Reading: group extension 0xdd, not 0xdc");
  zero[2] = 0x20, zero[3] = 0x4e;  // 20000 W
  EXPECT_TRUE(decode_dcmi_power(zero));
  zero[2] = 0x21;
  EXPECT_FALSE(decode_dcmi_power(zero));
}

TEST(Ipmi, TheClockOfAControllerMayBeUnset) {
  Bytes answer = bytes(kPower);
  for (const std::uint8_t fill : {0x00, 0xff}) {
    std::fill_n(answer.begin() + 10, 4, fill);
    EXPECT_FALSE(decode_dcmi_power(answer)->dated());
  }
}

TEST(Ipmi, Capabilities) {
  EXPECT_TRUE(decode_capabilities(bytes("00 dc 01 05 02 00 01 07")).value());
  EXPECT_TRUE(decode_capabilities(bytes("00 dc 01 05 02 00 01")).value());
  EXPECT_FALSE(decode_capabilities(bytes("00 dc 01 05 02 01 fe 07")).value());
  EXPECT_EQ(decode_capabilities(bytes("00 dc 01 05 02 00")).error().what,
            "Get DCMI Capabilities: an answer of 6 bytes, not 7 or more");
  EXPECT_THAT(decode_capabilities(bytes("00 00 01 05 02 00 01 07")).error().what, HasSubstr("group extension 0x00"));
}

TEST(Ipmi, NodeManager) {
  const auto power = decode_node_manager(bytes(kManager));
  ASSERT_TRUE(power) << power.error().what;
  EXPECT_EQ(power->current, 56);
  EXPECT_EQ(power->minimum, 4);
  EXPECT_EQ(power->maximum, 65);
  EXPECT_EQ(power->average, 57);
  EXPECT_EQ(power->period, 34394u);
  EXPECT_EQ(decode_node_manager(with(kManager, 20, 0x10)).error().kind, ErrorKind::busy);
  EXPECT_EQ(decode_node_manager(with(kManager, 2, 0x02)).error().what,
            "Node Manager statistics: enterprise number 57 02 00, not Intel's 57 01 00");
}

TEST(Ipmi, XccSplit) {
  const auto split = decode_xcc_split(bytes(kSplit));
  ASSERT_TRUE(split) << split.error().what;
  EXPECT_EQ(split->time, seconds(1620711711) + millis(329));  // 2021-05-11 05:41:51.329 UTC
  EXPECT_EQ(split->node, 181);
  EXPECT_EQ(split->gpu, 261);
  EXPECT_EQ(split->riser1, 25);
  EXPECT_EQ(split->riser2, 0);
  EXPECT_THAT(decode_xcc_split(with(kSplit, 7, 0)).error().what, HasSubstr("0 W"));
  EXPECT_THAT(decode_xcc_split(with(kSplit, 8, 0x7f)).error().what, HasSubstr("more than any node draws"));
  EXPECT_THAT(decode_xcc_split(with(kSplit, 10, 0xff)).error().what, HasSubstr("65285 W of GPUs"));
}

TEST(Ipmi, XccEnergyKeepsMillijoulesAndMilliseconds) {
  const auto energy = decode_xcc_energy(bytes(kEnergy));
  ASSERT_TRUE(energy) << energy.error().what;
  EXPECT_EQ(energy->fifo, 0x0100);
  EXPECT_EQ(energy->mj, 4294967295999u);
  EXPECT_EQ(energy->time, Nanos::of(1620711711329000000));
  EXPECT_EQ(kXccWrap, 4294967296000u);
  EXPECT_EQ(energy->mj + 1, kXccWrap) << "the largest value is one count below the wrap";
  EXPECT_THAT(decode_xcc_energy(with(kEnergy, 7, 0xe8)).error().what, HasSubstr("1000 mJ beside"));
  EXPECT_THAT(decode_xcc_energy(with(kEnergy, 14, 0x04)).error().what, HasSubstr("1097 ms is no time"));
  EXPECT_FALSE(decode_xcc_energy(bytes("00 00 01 ff ff ff ff e7 03 00 00 00 00 00 00"))) << "a queue never filled";
}

TEST(Ipmi, XccMean) {
  // 4 samples, 1001 W and 250 mW in sum.
  const auto mean = decode_xcc_mean(bytes(mean_answer("04 00 e9 03 00 00 fa 00")));
  ASSERT_TRUE(mean) << mean.error().what;
  EXPECT_EQ(mean->mw, 250'313u);
  EXPECT_EQ(mean->time, Nanos::of(1620711711329000000));
  // The largest sum of the most samples does not overflow.
  EXPECT_FALSE(decode_xcc_mean(bytes(mean_answer("01 00 ff ff ff ff e7 03"))));
  EXPECT_FALSE(decode_xcc_mean(bytes(mean_answer("ff ff ff ff ff ff e7 03")))) << "65 kW";
  EXPECT_THAT(decode_xcc_mean(bytes(mean_answer("00 00 e9 03 00 00 00 00"))).error().what, HasSubstr("0 samples"));
  EXPECT_THAT(decode_xcc_mean(bytes(mean_answer("01 00 00 00 00 00 00 00"))).error().what, HasSubstr("0 W"));
  EXPECT_THAT(decode_xcc_mean(bytes(mean_answer("01 00 e9 03 00 00 e8 03"))).error().what, HasSubstr("1000 mW"));
}

TEST(Ipmi, XccFormsAreToldApartByLength) {
  EXPECT_EQ(xcc_form(bytes(kEnergy)).value(), XccForm::counter);
  EXPECT_EQ(xcc_form(bytes(mean_answer("04 00 e9 03 00 00 fa 00"))).value(), XccForm::mean);
  EXPECT_EQ(xcc_form(bytes("00 01")).error().what, "Lenovo energy reading: an answer of 2 bytes, not 15 or 39");
  EXPECT_EQ(xcc_form(bytes("c1")).error().kind, ErrorKind::absent);
}

struct Decoder {
  std::string name;
  std::size_t length;
  std::function<std::optional<Error>(View)> decode;
};
template <class Decode>
auto error_of(Decode decode) {
  return [decode](View answer) -> std::optional<Error> {
    const auto result = decode(answer);
    return result ? std::nullopt : std::optional(result.error());
  };
}
std::vector<Decoder> decoders() {
  return {{"DCMI Get Power Reading", 19, error_of([](View answer) { return decode_dcmi_power(answer); })},
          {"Node Manager statistics", 21, error_of([](View answer) { return decode_node_manager(answer); })},
          {"Lenovo energy reading", 15, error_of(decode_xcc_energy)},
          {"Lenovo energy reading", 39, error_of(decode_xcc_mean)},
          {"Lenovo power reading", 15, error_of(decode_xcc_split)}};
}

TEST(Ipmi, EveryOtherLengthIsNamed) {
  for (const Decoder& decoder : decoders())
    for (std::size_t length = 0; length < 300; ++length) {
      if (length == decoder.length) continue;
      const auto error = decoder.decode(Bytes(length, 0x00));
      ASSERT_TRUE(error) << decoder.name << " " << length;
      EXPECT_EQ(error->kind, ErrorKind::malformed);
      EXPECT_EQ(error->what.find(decoder.name + ": an answer of " + std::to_string(length) + " bytes"), 0u)
          << error->what;
    }
}

TEST(Ipmi, EveryCompletionCodeIsAnErrorWhateverFollows) {
  for (const Decoder& decoder : decoders())
    for (unsigned code = 1; code < 256; ++code)
      for (const std::size_t length : {std::size_t{1}, decoder.length}) {
        Bytes answer(length, 0x40);
        answer[0] = static_cast<std::uint8_t>(code);
        const auto error = decoder.decode(answer);
        ASSERT_TRUE(error) << decoder.name << " " << code;
        EXPECT_EQ(error->kind, completion_kind(static_cast<std::uint8_t>(code)));
        EXPECT_THAT(error->what, HasSubstr("completion code 0x"));
      }
}

TEST(Ipmi, CompletionCodesInWords) {
  EXPECT_EQ(decode_dcmi_power(bytes("c1")).error().what,
            "DCMI Get Power Reading: completion code 0xc1, invalid command");
  const struct {
    std::uint8_t code;
    ErrorKind kind;
    std::string_view text;
  } cases[] = {{0xc0, ErrorKind::busy, "busy"},
               {0xc1, ErrorKind::absent, "invalid command"},
               {0xc3, ErrorKind::busy, "timeout"},
               {0xc7, ErrorKind::failed, "length invalid"},
               {0xcb, ErrorKind::absent, "no such sensor"},
               {0xd2, ErrorKind::busy, "starting"},
               {0xd3, ErrorKind::absent, "target"},
               {0xd4, ErrorKind::denied, "privilege"},
               {0xd5, ErrorKind::busy, "present state"},
               {0x01, ErrorKind::failed, "maker's own"},
               {0x80, ErrorKind::failed, "this command's own"},
               {0xbf, ErrorKind::failed, "reserved"},
               {0xff, ErrorKind::failed, "unspecified"}};
  for (const auto& row : cases) {
    EXPECT_EQ(completion_kind(row.code), row.kind) << unsigned{row.code};
    EXPECT_THAT(std::string(completion_text(row.code)), HasSubstr(std::string(row.text)));
  }
}

TEST(Ipmi, HexThereAndBack) {
  EXPECT_EQ(to_hex(bytes(kPower)), kPower);
  for (const char* bad : {"", " ", "0", "00 1", "0g", "00  11", "00 111", "-1", "0x00"})
    EXPECT_FALSE(from_hex(bad)) << bad;
  std::string text = "00";
  for (int i = 1; i < 1024; ++i) text += " 00";
  EXPECT_TRUE(from_hex(text));
  EXPECT_FALSE(from_hex(text + " 00"));
}

}  // namespace
}  // namespace nw::ipmi
