// The driver against a scripted BMC, and at the end against a real server over TLS.
#include <chrono>
#include <cmath>
#include <map>
#include <thread>

#include "base/http.h"
#include "sensor/drivers/driver_test.h"
#include "support/bmc.h"

namespace nw {
namespace {

// What the BMC answers, by path; other paths are 404.
struct Script {
  std::map<std::string, Result<std::string>> answers;
  std::map<std::string, long> statuses;
  std::vector<std::string> asked;
};

class ScriptedHttp : public Http {
 public:
  explicit ScriptedHttp(std::shared_ptr<Script> script) : script_(std::move(script)) {}
  Result<std::string> get(const std::string& path) override {
    script_->asked.push_back(path);
    const auto status = script_->statuses.find(path);
    status_ = status == script_->statuses.end() ? 0 : status->second;
    const auto found = script_->answers.find(path);
    return found == script_->answers.end() ? fail(ErrorKind::absent, path + ": 404") : found->second;
  }
  long status() const override { return status_; }

 private:
  long status_ = 0;
  std::shared_ptr<Script> script_;
};

class BmcHost : public MemoryHost {
 public:
  Result<std::shared_ptr<Http>> open_http(const HttpOptions& options) override {
    opened.push_back(options);
    if (no_library) return fail(ErrorKind::absent, "libcurl.so.4 is not on this machine: apt install libcurl4");
    return std::make_shared<ScriptedHttp>(script);
  }
  void set(const std::string& path, std::string body) { script->answers.insert_or_assign(path, std::move(body)); }
  void set(const std::string& path, const Error& error, long status = 0) {
    script->answers.insert_or_assign(path, tl::make_unexpected(error));
    script->statuses[path] = status;
  }

  std::shared_ptr<Script> script = std::make_shared<Script>();
  std::vector<HttpOptions> opened;
  bool no_library = false;
};

constexpr const char* kRoot = "/redfish/v1/Chassis";
constexpr const char* kOne = "/redfish/v1/Chassis/1";

std::string link(const std::string& path) { return R"({"@odata.id": ")" + path + "\"}"; }

class RedfishDriver : public testing::Test {
 protected:
  void SetUp() override {
    site_.redfish.emplace_back();
    site_.redfish[0].name = "bmc0";
    site_.redfish[0].origin = "https://bmc0.example";
    site_.redfish[0].credentials_file = "/etc/nodewatt/bmc";
    host_.set(kRoot, R"({"Members": [)" + link(kOne) + "]}");
    set_chassis({"Power", "EnvironmentMetrics", "Sensors"});
  }
  void set_chassis(const std::vector<std::string>& links) {
    std::string text = R"({"Id": "1")";
    for (const auto& name : links) text += ", \"" + name + "\": " + link(std::string(kOne) + "/" + name);
    host_.set(kOne, text + "}");
  }
  void set_sensor(const std::string& id, const std::string& facts) {
    host_.set(std::string(kOne) + "/Sensors/" + id, R"({"Id": ")" + id + "\", " + facts + "}");
    members_ += (members_.empty() ? "" : ", ") + link(std::string(kOne) + "/Sensors/" + id);
    host_.set(std::string(kOne) + "/Sensors", R"({"Members": [)" + members_ + "]}");
  }
  void set_metrics(const std::string& text) { host_.set(std::string(kOne) + "/EnvironmentMetrics", text); }
  void set_power(const std::string& controls) {
    host_.set(std::string(kOne) + "/Power", R"({"PowerControl": [)" + controls + "]}");
  }
  Sensor* power() { return find_sensor(probe_, "redfish/bmc0/power"); }
  Sensor* energy() { return find_sensor(probe_, "redfish/bmc0/energy"); }
  void run() { probe_ = probe_redfish(host_, site_); }

  BmcHost host_;
  Site site_;
  ProbeResult probe_;
  std::string members_;
};

TEST_F(RedfishDriver, WithoutASiteFileNothingIsAskedAndNothingSaid) {
  site_.redfish.clear();
  run();
  EXPECT_TRUE(probe_.sensors.empty());
  EXPECT_EQ(all_diagnostics(probe_), "");
  EXPECT_TRUE(host_.opened.empty());
}

TEST_F(RedfishDriver, ASensorIsBetterThanMetricsAndPower) {
  set_power(R"({"Name": "Server Power Control", "PowerConsumedWatts": 470})");
  set_metrics(R"({"PowerWatts": {"Reading": 475}})");
  set_sensor("TotalPower",
             R"("Name": "Total Power", "ReadingType": "Power", "Reading": 480.5, "Accuracy": 1, "Precision": 1,
      "SensingInterval": "PT10S", "AveragingInterval": "PT30S", "PhysicalContext": "Chassis", "ReadingTime": "2026-01-01T00:00:00Z")");
  run();
  EXPECT_EQ(all_diagnostics(probe_), "");
  ASSERT_NE(power(), nullptr);
  const SensorInfo& info = power()->info;
  EXPECT_EQ(info.part, (Part{Domain::node, "0"}));
  EXPECT_EQ(info.boundary, Boundary::wall);
  EXPECT_EQ(info.kind, SensorKind::gauge);
  EXPECT_EQ(unit_of(*power()), 1000) << "milliwatts";
  EXPECT_EQ(info.update_interval.value, seconds(10));
  EXPECT_EQ(info.averaging_window.value, seconds(30));
  EXPECT_EQ(info.scale_tolerance.relative, 0.01);
  EXPECT_EQ(info.scale_tolerance.shape, Tolerance::Shape::limit);
  EXPECT_EQ(info.scale_tolerance.basis, "stated by the BMC");
  EXPECT_NEAR(to_watts(info.offset), 0.1 / std::sqrt(12), 1e-6) << "the step of one digit";
  const Reading reading = power()->source->read();
  ASSERT_TRUE(reading.ok);
  EXPECT_EQ(reading.value, 480'500u);
  EXPECT_EQ(reading.device, Nanos{}) << "the first time that was seen";
}

TEST_F(RedfishDriver, TheTimesOfTheDeviceCountFromTheFirst) {
  set_sensor("TotalPower", R"("ReadingType": "Power", "Reading": 1, "ReadingTime": "2026-01-01T00:00:00Z")");
  run();
  ASSERT_NE(power(), nullptr);
  power()->source->read();
  host_.set(std::string(kOne) + "/Sensors/TotalPower",
            R"({"Reading": 2, "ReadingTime": "2026-01-01T01:00:00.5+01:00"})");
  EXPECT_EQ(power()->source->read().device, millis(500));
  host_.set(std::string(kOne) + "/Sensors/TotalPower", R"({"Reading": 3, "ReadingTime": "1970-01-01T00:00:10Z"})");
  const Reading reset = power()->source->read();
  EXPECT_TRUE(reset.ok);
  EXPECT_FALSE(reset.device) << "a BMC that lost its clock";
}

TEST_F(RedfishDriver, TheSensorThatMetricsWereCopiedFromIsBelievedWhateverItsName) {
  set_metrics(R"({"PowerWatts": {"Reading": 475, "DataSourceUri": "/redfish/v1/Chassis/1/Sensors/0x17"}})");
  set_sensor("0x17", R"("ReadingType": "Power", "Reading": 477)");
  run();
  ASSERT_NE(power(), nullptr);
  EXPECT_EQ(power()->source->read().value, 477'000u);
}

TEST_F(RedfishDriver, AComponentIsNotTheNode) {
  set_sensor("Total_GPU_Power", R"("ReadingType": "Power", "Reading": 300)");
  set_sensor("Input_Power", R"("ReadingType": "Power", "Reading": 240, "PhysicalContext": "PowerSupply")");
  set_sensor("Total_Power_Off", R"("ReadingType": "Power", "Reading": 0, "Status": {"State": "Disabled"})");
  set_sensor("System_Power_Limit", R"("ReadingType": "Percent", "Reading": 90)");
  run();
  EXPECT_EQ(power(), nullptr);
  EXPECT_NE(find_diagnostic(probe_, "no chassis of this BMC says"), nullptr);
}

TEST_F(RedfishDriver, MetricsAreBetterThanPowerAndSayNothingOfThemselves) {
  set_power(R"({"PowerConsumedWatts": 470})");
  set_metrics(R"({"PowerWatts": {"Reading": 475}})");
  run();
  ASSERT_NE(power(), nullptr);
  EXPECT_EQ(power()->source->read().value, 475'000u);
  EXPECT_EQ(power()->info.scale_tolerance.relative, 0.05);
  EXPECT_EQ(power()->info.scale_tolerance.basis, "assumed");
  EXPECT_EQ(power()->info.update_interval.value, seconds(5)) << "the period";
  EXPECT_EQ(power()->info.averaging_window.value, seconds(1));
}

TEST_F(RedfishDriver, OfPowersControlsTheFirstThatIsNoComponent) {
  set_power(R"({"Name": "CPU Sub-system Power", "PowerConsumedWatts": 200}, {"Name": "Server Power Control"},
      {"Name": "Server Power Control", "PowerConsumedWatts": 470, "PowerMetrics": {"IntervalInMin": 60}})");
  run();
  ASSERT_NE(power(), nullptr);
  EXPECT_EQ(power()->source->read().value, 470'000u);
  EXPECT_EQ(power()->info.averaging_window.value, seconds(1)) << "IntervalInMin is of the statistics";
}

TEST_F(RedfishDriver, AnOutputIsBehindTheSupplies) {
  set_sensor("TotalPower", R"("ReadingType": "Power", "Reading": 480, "PhysicalSubContext": "Output")");
  run();
  ASSERT_NE(power(), nullptr);
  EXPECT_EQ(power()->info.boundary, Boundary::node_dc);
  set_sensor("TotalPower",
             R"("ReadingType": "Power", "Reading": 480, "VoltageType": "DC", "PhysicalSubContext": "Input")");
  run();
  EXPECT_EQ(power()->info.boundary, Boundary::wall);
}

TEST_F(RedfishDriver, WholeKilowattHoursAreRefusedAndFineOnesRead) {
  set_power(R"({"PowerConsumedWatts": 500})");
  set_metrics(R"({"EnergykWh": {"Reading": 3121}})");
  run();
  EXPECT_EQ(energy(), nullptr);
  ASSERT_NE(find_diagnostic(probe_, "steps of 1 kWh (3600 kJ)"), nullptr) << all_diagnostics(probe_);
  EXPECT_NE(power(), nullptr);
  set_metrics(R"({"EnergykWh": {"Reading": 31.21}})");
  run();
  EXPECT_EQ(energy(), nullptr) << "0.01 kWh is still 36 kJ";
  set_metrics(R"({"EnergykWh": {"Reading": 31.219}})");
  run();
  ASSERT_NE(energy(), nullptr);
  EXPECT_EQ(all_diagnostics(probe_), "");
  EXPECT_EQ(energy()->info.kind, SensorKind::counter);
  power()->source->read();
  EXPECT_EQ(energy()->source->read().value, 31'219'000u);
  EXPECT_EQ(unit_of(*energy()), 3'600'000) << "a count is 1e-6 kWh, 3.6 J";
  EXPECT_NEAR(to_seconds(energy()->info.update_interval.value), 7.2, 0.1) << "500 W take 7.2 s for 0.001 kWh";
}

TEST_F(RedfishDriver, ACoarseCountersTimeOfReadingIsNotThatOfItsCount) {
  const std::string time = R"(, "ReadingTime": "2026-01-01T00:00:00.5Z")";
  set_sensor("TotalPower", R"("ReadingType": "Power", "Reading": 500)" + time);
  set_sensor("TotalEnergy", R"("ReadingType": "EnergykWh", "Reading": 31.219)" + time);
  set_metrics(R"({"EnergykWh": {"Reading": 31.219, "DataSourceUri": "/redfish/v1/Chassis/1/Sensors/TotalEnergy"}})");
  run();
  ASSERT_TRUE(power() != nullptr && energy() != nullptr) << all_diagnostics(probe_);
  EXPECT_TRUE(power()->source->read().device);
  EXPECT_FALSE(energy()->source->read().device) << "0.001 kWh take 7.2 s";
  set_sensor("TotalEnergy", R"("ReadingType": "EnergykWh", "Reading": 1.219501)" + time);
  run();
  ASSERT_NE(energy(), nullptr) << all_diagnostics(probe_);
  power()->source->read();
  EXPECT_TRUE(energy()->source->read().device) << "1e-6 kWh take 7.2 ms";
}

TEST_F(RedfishDriver, JoulesAreBetterThanKilowattHours) {
  set_metrics(
      R"({"PowerWatts": {"Reading": 500}, "EnergykWh": {"Reading": 31.219}, "EnergyJoules": {"Reading": 112388400.5}})");
  run();
  ASSERT_NE(energy(), nullptr);
  EXPECT_EQ(unit_of(*energy()), 1000) << "millijoules";
  power()->source->read();
  EXPECT_EQ(energy()->source->read().value, 112'388'400'500u);
}

TEST_F(RedfishDriver, OneRoundAsksEachResourceOnce) {
  set_metrics(R"({"PowerWatts": {"Reading": 500}, "EnergykWh": {"Reading": 31.219}})");
  run();
  ASSERT_EQ(probe_.sensors.size(), 2u);
  host_.script->asked.clear();
  EXPECT_TRUE(power()->source->read().ok);
  EXPECT_TRUE(energy()->source->read().ok);
  EXPECT_EQ(host_.script->asked, std::vector<std::string>{std::string(kOne) + "/EnvironmentMetrics"});
}

TEST_F(RedfishDriver, AReadingThatIsNotThereIsNoZero) {
  set_metrics(R"({"PowerWatts": {"Reading": 500}})");
  run();
  ASSERT_NE(power(), nullptr);
  for (const auto& [text, kind] :
       std::map<std::string, ErrorKind>{{R"({"PowerWatts": {"Reading": null}})", ErrorKind::absent},
                                        {R"({"PowerWatts": {"Reading": -1}})", ErrorKind::malformed},
                                        {R"({"PowerWatts": {"Reading": 1e300}})", ErrorKind::malformed},
                                        {R"({"PowerWatts": "off"})", ErrorKind::malformed},
                                        {"<html>", ErrorKind::malformed}}) {
    set_metrics(text);
    const Reading reading = power()->source->read();
    EXPECT_FALSE(reading.ok) << text;
    EXPECT_EQ(reading.error, kind) << text;
  }
  host_.set(std::string(kOne) + "/EnvironmentMetrics", Error{ErrorKind::busy, "429"});
  EXPECT_EQ(power()->source->read().error, ErrorKind::busy);
}

TEST_F(RedfishDriver, AWrongShapeIsNamedAndTheNextBestUsed) {
  set_metrics(R"({"PowerWatts": 7})");
  set_power(R"({"PowerConsumedWatts": 470})");
  run();
  EXPECT_NE(power(), nullptr);
  EXPECT_NE(find_diagnostic(probe_, "/PowerWatts: not an object"), nullptr) << all_diagnostics(probe_);
}

TEST_F(RedfishDriver, ARefusalEndsTheProbe) {
  host_.set(kRoot,
            Error{ErrorKind::denied, "https://bmc0.example/redfish/v1/Chassis: 401, user or password is not accepted"});
  run();
  EXPECT_EQ(host_.script->asked.size(), 1u) << "a second try may lock the account";
  EXPECT_NE(find_diagnostic(probe_, "401"), nullptr);
  host_.script->asked.clear();
  host_.set(kRoot, R"({"Members": [)" + link(kOne) + "]}");
  host_.set(kOne, Error{ErrorKind::busy, "no whole answer within 5000 ms"});
  run();
  EXPECT_EQ(host_.script->asked.size(), 2u);
  EXPECT_NE(find_diagnostic(probe_, "within 5000 ms"), nullptr);
}

TEST_F(RedfishDriver, ABmcThatGivesNothingIsMissingAndOneThatRefusesIsLeftInPeace) {
  for (const auto& [kind, refused] : std::map<ErrorKind, bool>{{ErrorKind::busy, false},
                                                               {ErrorKind::failed, false},
                                                               {ErrorKind::absent, false},
                                                               {ErrorKind::denied, true}}) {
    host_.set(kRoot, Error{kind, "no"});
    run();
    ASSERT_EQ(probe_.diagnostics.size(), 1U);
    EXPECT_EQ(probe_.diagnostics[0].sensor, "redfish/bmc0/power");
    EXPECT_EQ(probe_.diagnostics[0].refused, refused) << static_cast<int>(kind);
  }
  host_.set(kRoot, R"({"Members": []})");
  run();
  ASSERT_EQ(probe_.diagnostics.size(), 1U) << "it boots, and knows of no chassis yet";
  EXPECT_EQ(probe_.diagnostics[0].sensor, "redfish/bmc0/power");
}

TEST_F(RedfishDriver, ARefusalOfOneResourceCostsThatResource) {
  const std::string metrics = std::string(kOne) + "/EnvironmentMetrics";
  set_power(R"({"PowerConsumedWatts": 470})");
  for (const auto& [status, kind] :
       std::map<long, ErrorKind>{{403, ErrorKind::denied}, {500, ErrorKind::failed}, {503, ErrorKind::busy}}) {
    host_.set(metrics, Error{kind, "https://bmc0.example" + metrics + ": " + std::to_string(status)}, status);
    run();
    ASSERT_NE(power(), nullptr) << status;
    EXPECT_EQ(power()->source->read().value, 470'000u);
    EXPECT_NE(find_diagnostic(probe_, std::to_string(status)), nullptr) << all_diagnostics(probe_);
  }
  host_.set(metrics, Error{ErrorKind::denied, "401, user or password is not accepted"}, 401);
  run();
  EXPECT_EQ(power(), nullptr);
  host_.set(metrics, Error{ErrorKind::failed, "could not connect"});
  run();
  EXPECT_EQ(power(), nullptr);
}

TEST_F(RedfishDriver, AMissingLibraryIsNamedWithItsPackage) {
  host_.no_library = true;
  run();
  const Diagnostic* diagnostic = find_diagnostic(probe_, "libcurl.so.4");
  ASSERT_NE(diagnostic, nullptr);
  EXPECT_EQ(diagnostic->repair, "sudo apt install libcurl4");
}

TEST_F(RedfishDriver, TheSitesChassisIsTheOnlyOneAsked) {
  host_.set("/redfish/v1/Chassis/2", R"({"Power": )" + link("/redfish/v1/Chassis/2/Power") + "}");
  host_.set("/redfish/v1/Chassis/2/Power", R"({"PowerControl": [{"PowerConsumedWatts": 99}]})");
  set_power(R"({"PowerConsumedWatts": 470})");
  for (const char* chassis : {"2", "/redfish/v1/Chassis/2"}) {
    site_.redfish[0].chassis = chassis;
    run();
    ASSERT_NE(power(), nullptr) << chassis;
    EXPECT_EQ(power()->source->read().value, 99'000u);
  }
}

TEST_F(RedfishDriver, ASumHasAllItsTermsOrNoValue) {
  const std::string path = std::string(kOne) + "/Power";
  host_.set(path, R"({"PowerSupplies": [{"PowerInputWatts": 120}, {"PowerInputWatts": 116}]})");
  run();
  ASSERT_NE(power(), nullptr) << all_diagnostics(probe_);
  EXPECT_EQ(power()->info.source, "Redfish sum of 2 power supplies' inputs of bmc0");
  EXPECT_EQ(power()->info.boundary, Boundary::wall);
  host_.script->asked.clear();
  EXPECT_EQ(power()->source->read().value, 236'000u);
  EXPECT_EQ(host_.script->asked.size(), 1u) << "one resource, one request";
  host_.set(path, R"({"PowerSupplies": [{"PowerInputWatts": 120}, {"PowerInputWatts": null}]})");
  EXPECT_EQ(power()->source->read().error, ErrorKind::absent);
}

TEST_F(RedfishDriver, TheSitesOwnPlaceOfTheWattsIsRead) {
  set_power(R"({"PowerConsumedWatts": 470})");
  host_.set(std::string(kOne) + "/Oem", R"({"Oem": {"Acme": {"Watts": 512.5}}})");
  site_.redfish[0].power = std::string(kOne) + "/Oem#/Oem/Acme/Watts";
  run();
  ASSERT_NE(power(), nullptr) << all_diagnostics(probe_);
  EXPECT_EQ(power()->source->read().value, 512'500u);
}

TEST_F(RedfishDriver, ASecondBmcStandsInForTheFirstAndIsElseLeftOut) {
  site_.redfish.push_back(site_.redfish[0]);
  site_.redfish[1].name = "bmc1";
  set_power(R"({"PowerConsumedWatts": 470})");
  run();
  EXPECT_EQ(probe_.sensors.size(), 1u);
  EXPECT_NE(find_diagnostic(probe_, "a second BMC"), nullptr);
  set_chassis({});
  run();
  EXPECT_TRUE(probe_.sensors.empty());
}

// Private content of the site file and of the BMC stays off the tape.
TEST_F(RedfishDriver, NoAddressAndNoCredentialsAreAsked) {
  class Listening : public BmcHost {
   public:
    Result<std::string> ask(const std::string& key, const Ask& live) override {
      auto answer = live();
      heard += key + "\n" + (answer ? *answer : answer.error().what) + "\n";
      return answer;
    }
    std::string heard;
  } host;
  host.script = host_.script;
  host_.set(kOne, R"({"SerialNumber": "SECRET", "Power": )" + link(std::string(kOne) + "/Power") + R"(, "Sensors": )" +
                      link(std::string(kOne) + "/Sensors") + R"(, "EnvironmentMetrics": )" +
                      link(std::string(kOne) + "/EnvironmentMetrics") + "}");
  set_power(R"({"PowerConsumedWatts": 470})");
  EXPECT_EQ(probe_redfish(host, site_).sensors.size(), 1u);
  EXPECT_NE(host.heard.find("bmc bmc0"), std::string::npos);
  host_.set(std::string(kOne) + "/EnvironmentMetrics",
            Error{ErrorKind::malformed, "https://bmc0.example/x: 302, leads to \"https://other.example\""}, 302);
  host_.set(kOne + std::string("/Sensors"), Error{ErrorKind::denied, "https://bmc0.example/x: 403"}, 403);
  probe_redfish(host, site_);
  host_.set(kRoot, Error{ErrorKind::denied, "/etc/nodewatt/bmc: sudo chmod 0600 /etc/nodewatt/bmc"});
  EXPECT_NE(find_diagnostic(probe_redfish(host, site_), "credentials_file of redfish.bmc0"), nullptr);
  EXPECT_NE(host.heard.find("redfish.bmc0/x: 403"), std::string::npos) << host.heard;
  for (const char* secret : {"SECRET", "example", "/etc/nodewatt"})
    EXPECT_EQ(host.heard.find(secret), std::string::npos) << host.heard;
}

TEST(RedfishLive, ARealServerIsReadAndFollowed) {
  if (const auto excludes = test::Bmc::excludes(); !excludes.empty()) GTEST_SKIP() << excludes;
  const test::Bmc bmc;
  ASSERT_TRUE(bmc.runs());
  Site site;
  RedfishSite& entry = site.redfish.emplace_back();
  entry.name = "bmc0";
  entry.origin = bmc.origin();
  entry.pinned_key = bmc.pin();
  entry.credentials_file = bmc.at("credentials");
  entry.period = seconds(1);
  const auto host = make_real_host();
  ProbeResult probe = probe_redfish(*host, site);
  EXPECT_EQ(all_diagnostics(probe), "");
  Sensor* power = find_sensor(probe, "redfish/bmc0/power");
  Sensor* energy = find_sensor(probe, "redfish/bmc0/energy");
  ASSERT_TRUE(power != nullptr && energy != nullptr);
  EXPECT_EQ(power->info.scale_tolerance.basis, "stated by the BMC");
  Reading reading;
  for (int i = 0; i < 500 && !reading.ok; ++i, std::this_thread::sleep_for(std::chrono::milliseconds(10)))
    reading = power->source->read();
  ASSERT_TRUE(reading.ok);
  EXPECT_EQ(reading.value, 480'000u);
  EXPECT_TRUE(reading.taken && reading.device);
  const Reading first = energy->source->read();
  ASSERT_TRUE(first.ok);
  EXPECT_NEAR(static_cast<double>(first.value), 1234.568e6, 0.01e6);

  entry.credentials_file = bmc.at("other.key");
  EXPECT_FALSE(probe_redfish(*host, site).diagnostics.empty());
  entry.credentials_file = "";
  EXPECT_NE(find_diagnostic(probe_redfish(*host, site), "401"), nullptr);
}

}  // namespace
}  // namespace nw
