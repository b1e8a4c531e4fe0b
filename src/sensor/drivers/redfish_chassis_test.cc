// Which of a BMC's chassis is the node, and which of its figures: BMCs as their vendors model them.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "sensor/drivers/redfish_figures.h"

namespace nw::redfish {
namespace {

// Resources by path; the others are absent.
class FakeBmc : public Resources {
 public:
  Result<std::string> ask(const std::string& path) override {
    const auto found = resources.find(path);
    return found == resources.end() ? fail(ErrorKind::absent, path + ": 404") : Result<std::string>(found->second);
  }
  void note(const std::string& path, const Error& error) override { notes += path + ": " + error.what + "\n"; }
  bool has_time() override { return true; }

  // A chassis with further members, and its Power.
  void add(const std::string& name, const std::string& members, const std::string& power) {
    const std::string path = "/redfish/v1/Chassis/" + name;
    resources[path] = R"({"Id": ")" + name + R"(", "Power": {"@odata.id": ")" + path + "/Power\"}" + members + "}";
    resources[path + "/Power"] = power;
    paths.push_back(path);
  }
  void add_power(const std::string& name, const std::string& members, double watts) {
    add(name, members, R"({"PowerControl": [{"PowerConsumedWatts": )" + std::to_string(watts) + "}]}");
  }
  void set_sensor(const std::string& chassis, const std::string& id, const std::string& facts) {
    const std::string folder = "/redfish/v1/Chassis/" + chassis + "/Sensors", path = folder + "/" + id;
    resources[path] = R"({"Id": ")" + id + "\", " + facts + "}";
    std::string& listed = listed_[folder];
    listed += (listed.empty() ? "" : ", ") + (R"({"@odata.id": ")" + path + "\"}");
    resources[folder] = R"({"Members": [)" + listed + "]}";
  }
  Result<Figures> choose() { return choose_chassis(*this, paths); }
  // Watts of the chosen figure, in this order of the collection and in the opposite one.
  double watts() {
    const auto forwards = choose();
    std::reverse(paths.begin(), paths.end());
    const auto backwards = choose();
    EXPECT_EQ(forwards.has_value(), backwards.has_value());
    if (!forwards || !forwards->power) return ADD_FAILURE() << (forwards ? "" : forwards.error().what), 0;
    EXPECT_EQ(forwards->power->terms[0].path, backwards->power->terms[0].path) << "the order is no reason";
    return *forwards->power->facts.reading;
  }

  std::map<std::string, std::string> resources;
  std::vector<std::string> paths;
  std::string notes;

 private:
  std::map<std::string, std::string> listed_;
};

std::string of_type(const std::string& type) { return R"(, "ChassisType": ")" + type + "\""; }
std::string with_sensors(const std::string& chassis) {
  return R"(, "Sensors": {"@odata.id": "/redfish/v1/Chassis/)" + chassis + "/Sensors\"}";
}

TEST(RedfishChassis, OfFortyComponentsTheShelfIsTheNode) {
  FakeBmc bmc;
  for (int i = 0; i < 40; ++i) bmc.add_power("Board_" + std::to_string(i), of_type(i % 2 ? "Component" : "Module"), 99);
  bmc.add_power("Chassis_0", of_type("Shelf"), 1355);
  EXPECT_EQ(bmc.watts(), 1355);
}

TEST(RedfishChassis, OfThoseThatMayBeTheNodeTheOneThatDrawsMostHoldsTheOthers) {
  FakeBmc bmc;
  bmc.add_power("Baseboard", of_type("RackMount"), 700);
  bmc.add_power("Self", "", 1200);
  bmc.add_power("System.Internal", of_type("RackMount"), 90);
  EXPECT_EQ(bmc.watts(), 1200);
}

TEST(RedfishChassis, AComponentByItsNameIsNoNodeWhateverItsType) {
  FakeBmc bmc;
  bmc.add_power("GPU_Tray", of_type("RackMount"), 2000);
  bmc.add_power("1", of_type("RackMount"), 500);
  EXPECT_EQ(bmc.watts(), 500);
}

TEST(RedfishChassis, AnEnclosureIsWorseThanANodeAndOneOfSeveralComputersIsNone) {
  FakeBmc bmc;
  bmc.add_power("Enclosure", of_type("Enclosure"), 4000);
  bmc.add_power("1", of_type("Sled"), 450);
  EXPECT_EQ(bmc.watts(), 450);
  FakeBmc shared;
  shared.add_power("Box", R"(, "Links": {"ComputerSystems": [{"@odata.id": "/redfish/v1/Systems/1"},
      {"@odata.id": "/redfish/v1/Systems/2"}]})",
                   900);
  const auto found = shared.choose();
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().what.find("Box (2 computers)"), std::string::npos) << found.error().what;
}

TEST(RedfishChassis, OfSeveralBladesNobodyCanTellWhichIsThisOne) {
  FakeBmc bmc;
  bmc.add_power("Node1", of_type("Blade"), 430);
  bmc.add_power("Node0", of_type("Blade"), 427);
  const auto found = bmc.choose();
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().what.find("name this node's in the site file"), std::string::npos) << found.error().what;
  EXPECT_NE(found.error().what.find("Node0"), std::string::npos);
}

TEST(RedfishChassis, ABladesInputIsItsNodeAndItsSubsystemsAreNot) {
  FakeBmc bmc;
  bmc.add("Node2", of_type("Blade") + with_sensors("Node2"), "{}");
  bmc.set_sensor("Node2", "ChassisCPUSubsystem0OutputPower",
                 R"("Name": "Aggregate CPU", "PhysicalContext": "CPUSubsystem", "PhysicalSubContext": "Output",
      "ReadingType": "Power", "Reading": 138)");
  bmc.set_sensor("Node2", "ChassisVoltageRegulator0InputPower",
                 R"("Name": "Node", "PhysicalContext": "VoltageRegulator", "PhysicalSubContext": "Input",
      "ReadingType": "Power", "Reading": 427)");
  bmc.set_sensor("Node2", "ChassisVoltageRegulator0InputEnergy",
                 R"("Name": "Node", "PhysicalContext": "VoltageRegulator", "PhysicalSubContext": "Input",
      "ReadingType": "EnergyJoules", "Reading": 1135472985)");
  EXPECT_EQ(bmc.watts(), 427);
  const Figures found = bmc.choose().value();
  EXPECT_TRUE(found.power->behind_supplies) << "the rectifiers stand in the cabinet";
  ASSERT_TRUE(found.energy);
  EXPECT_EQ(found.energy->unit, Unit::joule);
}

TEST(RedfishFigures, VendorsStateTheWholeOutsideOfPowerControl) {
  for (
      const auto& [power, watts] : std::map<std::string, double>{
          {R"({"Oem": {"ts_fujitsu": {"ChassisPowerConsumption": {"CurrentPowerConsumptionW": 150, "PeakPowerW": 195}}}})",
           150},
          {R"({"PowerControl": [], "Oem": {"Public": {"TotalPower": 420, "CurrentCPUPowerWatts": 180}}})", 420},
          {R"({"PowerConsumedWatts": 137, "PowerControl": [{"PowerConsumedWatts": 0}]})", 137}}) {
    FakeBmc bmc;
    bmc.add("1", "", power);
    EXPECT_EQ(bmc.watts(), watts) << power;
  }
}

TEST(RedfishFigures, WhatNobodyKnowsIsNamedWithItsPlace) {
  FakeBmc bmc;
  bmc.add("1", "", R"({"Oem": {"Acme": {"SystemPowerDraw": 321}}})");
  const auto found = bmc.choose();
  ASSERT_FALSE(found);
  const std::string place = "/redfish/v1/Chassis/1/Power#/Oem/Acme/SystemPowerDraw";
  EXPECT_NE(found.error().what.find(place + " = 321"), std::string::npos) << found.error().what;
  const auto named = named_figure(bmc, place);
  ASSERT_TRUE(named) << named.error().what;
  EXPECT_EQ(named->power->facts.reading, 321);
  EXPECT_FALSE(named_figure(bmc, place + "Missing"));
}

TEST(RedfishFigures, WhatTheSuppliesTakeIsTheNodeIfEachOfThemSays) {
  FakeBmc bmc;
  bmc.add("1", "", R"({"PowerSupplies": [{"Oem": {"Huawei": {"PowerInputWatts": 120, "PowerOutputWatts": 109}}},
      {"PowerInputWatts": 116, "LastPowerOutputWatts": 106}, {"Status": {"State": "Absent"}}]})");
  EXPECT_EQ(bmc.watts(), 236);
  const Figures found = bmc.choose().value();
  EXPECT_EQ(found.power->terms.size(), 2u);
  EXPECT_FALSE(found.power->behind_supplies);
  FakeBmc outputs;
  outputs.add("1", "", R"({"PowerSupplies": [{"PowerInputWatts": 120, "LastPowerOutputWatts": 100},
      {"LastPowerOutputWatts": 90}]})");
  EXPECT_EQ(outputs.watts(), 190) << "one does not say what it takes";
  EXPECT_TRUE(outputs.choose().value().power->behind_supplies);
  FakeBmc part;
  part.add("1", "", R"({"PowerSupplies": [{"PowerInputWatts": 120}, {"Name": "PSU2"}]})");
  EXPECT_FALSE(part.choose()) << "a part of the sum is not the node's";
}

TEST(RedfishFigures, SuppliesOfAPowerSubsystemAreAddedUp) {
  FakeBmc bmc;
  const std::string root = "/redfish/v1/Chassis/1/PowerSubsystem";
  bmc.add("1", R"(, "PowerSubsystem": {"@odata.id": ")" + root + "\"}", "{}");
  bmc.resources[root] = R"({"PowerSupplies": {"@odata.id": ")" + root + "/PowerSupplies\"}}";
  std::string members;
  for (const char* bay : {"0", "1", "2"}) {
    const std::string path = root + "/PowerSupplies/" + bay;
    members += (members.empty() ? "" : ", ") + (R"({"@odata.id": ")" + path + "\"}");
    bmc.resources[path] = std::string(R"({"Status": {"State": ")") + (*bay == '2' ? "Absent" : "Enabled") +
                          R"("}, "Metrics": {"@odata.id": ")" + path + "/Metrics\"}}";
    if (*bay != '2') bmc.resources[path + "/Metrics"] = R"({"InputPowerWatts": {"Reading": 171}})";
  }
  bmc.resources[root + "/PowerSupplies"] = R"({"Members": [)" + members + "]}";
  EXPECT_EQ(bmc.watts(), 342);
}

TEST(RedfishFigures, SensorsOfTheSuppliesInputsAreAddedUpAndATotalIsNone) {
  FakeBmc bmc;
  bmc.add("1", with_sensors("1"), "{}");
  for (const auto& [id, watts] :
       std::map<std::string, int>{{"ps0_input_power", 168}, {"ps1_input_power", 174}, {"ps0_output_power", 155}})
    bmc.set_sensor("1", id,
                   R"("ReadingType": "Power", "PhysicalContext": "PowerSupply", "Reading": )" + std::to_string(watts));
  bmc.set_sensor("1", "ps0_fan_power", R"("ReadingType": "Power", "Reading": 5)");
  EXPECT_EQ(bmc.watts(), 342);
  bmc.set_sensor("1", "PSU_Total_Input_Power", R"("ReadingType": "Power", "Reading": 341)");
  EXPECT_EQ(bmc.watts(), 341) << "the whole, not one more supply";
}

}  // namespace
}  // namespace nw::redfish
