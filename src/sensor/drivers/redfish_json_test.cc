#include "sensor/drivers/redfish_json.h"

#include <gtest/gtest.h>

namespace nw::redfish {
namespace {

template <class T>
std::string error_of(const Result<T>& result) {
  return result ? "none" : result.error().what;
}

TEST(RedfishJson, AWrongShapeIsNamedByItsPointer) {
  EXPECT_EQ(error_of(members(R"({"Members": 7})")), "/Members: not an array");
  EXPECT_EQ(error_of(members(R"({"Members": [{"@odata.id": "/redfish/v1/a"}, 7]})")), "/Members/1: not an object");
  EXPECT_EQ(error_of(members(R"({"Members": [{"@odata.id": 7}]})")), "/Members/0/@odata.id: not a text");
  EXPECT_EQ(error_of(chassis(R"({"Power": "/redfish/v1/x"})")), "/Power: not an object");
  EXPECT_EQ(error_of(power_controls(R"({"PowerControl": [{}, {"PowerConsumedWatts": "480"}]})")),
            "/PowerControl/1/PowerConsumedWatts: not a number");
  EXPECT_EQ(error_of(environment(R"({"PowerWatts": {"Reading": true}})")), "/PowerWatts/Reading: not a number");
  EXPECT_EQ(error_of(sensor(R"({"Status": []})")), "/Status: not an object");
  EXPECT_EQ(error_of(sensor("[]")), "/: not an object");
}

TEST(RedfishJson, WhatIsNoJsonTooDeepOrTooLongIsRefused) {
  EXPECT_NE(error_of(sensor("<html>Welcome</html>")).find("is not JSON"), std::string::npos);
  EXPECT_NE(error_of(sensor("")).find("is not JSON"), std::string::npos);
  EXPECT_NE(error_of(sensor(R"({"Reading": 1)")).find("is not JSON"), std::string::npos);
  EXPECT_NE(error_of(sensor(std::string(100'000, '['))).find("deeper than 32"), std::string::npos);
  EXPECT_NE(error_of(sensor("{" + std::string(1 << 20, ' ') + "}")).find("longer"), std::string::npos);
  EXPECT_TRUE(sensor(R"({"Name": "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\" [["})"))
      << "brackets in a text have no depth";
}

TEST(RedfishJson, AbsentAndNullAreNothingAndNotZero) {
  for (const char* text : {"{}", R"({"PowerWatts": null})", R"({"PowerWatts": {"Reading": null}})"}) {
    const auto metrics = environment(text);
    ASSERT_TRUE(metrics) << metrics.error().what;
    EXPECT_FALSE(metrics->power.reading);
  }
  EXPECT_FALSE(value(R"({"PowerControl": []})", "/PowerControl/0/PowerConsumedWatts")->number);
  EXPECT_TRUE(members("{}")->empty());
}

TEST(RedfishJson, OnlyPathsOfRedfishAreFollowed) {
  for (const char* path :
       {"https://elsewhere.example/redfish/v1", "/etc/passwd", "/redfish/../x", "/redfish/v1/a b", "redfish/v1"})
    EXPECT_NE(
        error_of(members(std::string(R"({"Members": [{"@odata.id": ")") + path + "\"}]}")).find("below /redfish/"),
        std::string::npos)
        << path;
  EXPECT_EQ(members(R"({"Members": [{"@odata.id": "/redfish/v1/Chassis/1"}, {}]})").value(),
            std::vector<std::string>{"/redfish/v1/Chassis/1"});
}

TEST(RedfishJson, ASensorSaysHowOftenAndHowWell) {
  const auto facts = sensor(R"({"Id": "TotalPower", "Name": "Total Power", "ReadingType": "Power", "Reading": 374.5,
      "Accuracy": 0.2, "Precision": 1, "SensingInterval": "PT0.25S", "AveragingInterval": "PT1M", "ReadingAccuracy": 2,
      "PhysicalSubContext": "Input", "Status": {"State": "Absent"}, "LifetimeReading": 12})");
  ASSERT_TRUE(facts) << facts.error().what;
  EXPECT_EQ(facts->reading, 374.5);
  EXPECT_EQ(facts->accuracy, 0.2);
  EXPECT_EQ(facts->reading_accuracy, 2);
  EXPECT_EQ(facts->sensing, millis(250));
  EXPECT_EQ(facts->averaging, seconds(60));
  EXPECT_EQ(facts->sub_context, "Input");
  EXPECT_FALSE(facts->enabled);
}

TEST(RedfishJson, SerialNumbersStayAtHome) {
  const auto kept = keep_known(R"({"Id": "1", "SerialNumber": "X1", "AssetTag": "Y2", "Reading": 1.5,
      "Members": [{"@odata.id": "/redfish/v1/a", "Location": {"Info": "room 7"}}], "Oem": {"Reading": 9}})");
  ASSERT_TRUE(kept);
  EXPECT_EQ(*kept, R"({"Id":"1","Members":[{"@odata.id":"/redfish/v1/a"}],"Reading":1.5})");
}

TEST(RedfishJson, OfAVendorsOwnMembersThePowersStayWhereTheyAre) {
  const char* text = R"({"Oem": {"Acme": {"Serial": "X1", "Room": 7, "Rails": [{"Name": "A"}, {"InputPower": 120}],
      "TotalPowerWatts": 420, "PowerState": "On", "Empty": {}}, "Other": {"Slot": 3}}})";
  const auto kept = keep_known(text);
  ASSERT_TRUE(kept);
  EXPECT_EQ(*kept, R"({"Oem":{"Acme":{"Rails":[null,{"InputPower":120}],"TotalPowerWatts":420}}})");
  EXPECT_EQ(keep_known(*kept).value(), *kept);
  const auto powers = vendor_powers(text);
  ASSERT_TRUE(powers);
  ASSERT_EQ(powers->size(), 2u);
  EXPECT_EQ((*powers)[0].pointer, "/Oem/Acme/Rails/1/InputPower");
  EXPECT_EQ((*powers)[1].watts, 420);
  EXPECT_EQ(value(*kept, "/Oem/Acme/Rails/1/InputPower")->number, 120);
}

TEST(RedfishJson, ASupplySaysWhatItTakesAndGivesOrThatItIsNotThere) {
  const auto supplies =
      power_supplies(R"({"PowerSupplies": [{"Name": "PSU1", "PowerInputWatts": 120, "LastPowerOutputWatts": 110},
      {"Oem": {"Acme": {"PowerInputWatts": 116}}}, {"Status": {"State": "Absent"}}]})");
  ASSERT_TRUE(supplies) << supplies.error().what;
  ASSERT_EQ(supplies->size(), 3u);
  EXPECT_EQ((*supplies)[0].input.pointer, "/PowerSupplies/0/PowerInputWatts");
  EXPECT_EQ((*supplies)[0].output.watts, 110);
  EXPECT_EQ((*supplies)[1].input.pointer, "/PowerSupplies/1/Oem/Acme/PowerInputWatts");
  EXPECT_FALSE((*supplies)[1].output.watts);
  EXPECT_FALSE((*supplies)[2].present);
}

TEST(RedfishJson, ValuesAreFoundByPointerWithTheirTime) {
  const auto found = value(R"({"Reading": 480.25, "ReadingTime": "2026-01-01T00:00:00.25Z"})", "/Reading");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->number, 480.25);
  EXPECT_EQ(found->time, Nanos::of(1'767'225'600'250'000'000));
  EXPECT_FALSE(value(R"({"Reading": 1, "ReadingTime": "yesterday"})", "/Reading")->time);
  EXPECT_FALSE(value(R"({"Reading": 1, "ReadingTime": "1970-01-01T00:00:00.000+00:00"})", "/Reading")->time)
      << "its clock was never set, so the same time is not the same reading";
  EXPECT_EQ(value(R"({"PowerControl": [{}, {"PowerConsumedWatts": 7}]})", "/PowerControl/1/PowerConsumedWatts")->number,
            7);
}

TEST(RedfishJson, DurationsAreIso8601) {
  EXPECT_EQ(parse_iso_duration("PT0.25S"), millis(250));
  EXPECT_EQ(parse_iso_duration("PT3S"), seconds(3));
  EXPECT_EQ(parse_iso_duration("PT1M30S"), seconds(90));
  EXPECT_EQ(parse_iso_duration("P1DT2H"), seconds(93'600));
  EXPECT_EQ(parse_iso_duration("PT60.0S"), seconds(60));
  for (const char* text : {"", "P", "PT", "1S", "PT1", "P1M", "P1Y", "PT1S1M", "PT1.5M", "PT-1S", "PT1SS", "P1S",
                           "PT1D", "PT.5S", "PT1.S", "PT99999999999S", "P9999999999D", "PT1S "})
    EXPECT_FALSE(parse_iso_duration(text)) << text;
}

TEST(RedfishJson, TimesAreRfc3339) {
  EXPECT_EQ(parse_iso_time("1970-01-01T00:00:00Z"), Nanos{});
  EXPECT_EQ(parse_iso_time("2019-12-25T04:14:33+06:00"), seconds(1'577'225'673));
  EXPECT_EQ(parse_iso_time("2024-02-29T12:00:00.000000001-00:30"), Nanos::of(1'709'209'800'000'000'001));
  for (const char* text :
       {"", "2026", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "2023-02-29T00:00:00Z",
        "2026-01-01T24:00:00Z", "1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "2026-01-01T00:00:00ZZ",
        "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00.Z", "+026-01-01T00:00:00Z"})
    EXPECT_FALSE(parse_iso_time(text)) << text;
}

TEST(RedfishJson, AStepIsWhatTheDigitsShow) {
  EXPECT_EQ(compute_step(3121), 1);
  EXPECT_NEAR(compute_step(12.5), 0.1, 1e-9);
  EXPECT_NEAR(compute_step(2741.0601), 1e-3, 1e-3) << "seven digits are all that single precision has";
  EXPECT_NEAR(compute_step(1.234), 1e-3, 1e-9);
  EXPECT_GT(compute_step(100'000.125), 0.01);
  EXPECT_EQ(compute_step(0), 1) << "a counter that has not begun shows nothing";
}

}  // namespace
}  // namespace nw::redfish
