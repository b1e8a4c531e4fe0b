// The driver against scripted PDUs, and at the end against a real agent.
#include <chrono>
#include <map>
#include <thread>

#include "base/snmp.h"
#include "sensor/drivers/driver_test.h"
#include "sensor/drivers/pdu_snmp_mib.h"
#include "support/pdu_agent.h"

namespace nw {
namespace {

SnmpValue number(std::int64_t n) { return {n, std::nullopt}; }
SnmpValue text(std::string s) { return {std::nullopt, std::move(s)}; }

struct Script {
  std::map<std::string, SnmpValue> values;  // other numbers are no such object
  std::optional<Error> error;
};

class ScriptedSnmp : public Snmp {
 public:
  explicit ScriptedSnmp(std::shared_ptr<Script> script) : script_(std::move(script)) {}
  Result<std::vector<SnmpValue>> get(const std::vector<std::string>& oids) override {
    if (script_->error) return tl::make_unexpected(*script_->error);
    std::vector<SnmpValue> values;
    for (const auto& oid : oids) values.push_back(script_->values[oid]);
    return values;
  }

 private:
  std::shared_ptr<Script> script_;
};

class PduHost : public MemoryHost {
 public:
  Result<std::shared_ptr<Snmp>> open_snmp(const SnmpOptions& options) override {
    if (no_library) return fail(ErrorKind::absent, "libnetsnmp.so.40 is not on this machine: apt install libsnmp40");
    auto& script = scripts[options.agent];
    if (script == nullptr) script = std::make_shared<Script>();
    return std::make_shared<ScriptedSnmp>(script);
  }
  Script& agent(const std::string& name) {
    auto& script = scripts[name];
    if (script == nullptr) script = std::make_shared<Script>();
    return *script;
  }

  std::map<std::string, std::shared_ptr<Script>> scripts;
  bool no_library = false;
};

std::string apc(unsigned n) { return ".1.3.6.1.4.1.318.1.1.26.9.4.3.1.7." + std::to_string(n); }
std::string raritan(const char* column, unsigned n) {
  return std::string(".1.3.6.1.4.1.13742.6.") + column + ".1." + std::to_string(n) + ".5";
}

class PduDriver : public testing::Test {
 protected:
  void SetUp() override { host_.set_file("/proc/sys/kernel/hostname", "n01.cluster.example\n"); }
  PduSite& add(const std::string& name, const std::string& mib, std::map<std::string, std::vector<unsigned>> outlets) {
    PduSite& pdu = site_.pdus.emplace_back();
    pdu.name = pdu.agent = name;
    pdu.mib = mib;
    pdu.outlets = std::move(outlets);
    return pdu;
  }
  void set_raritan(const std::string& agent, unsigned n, std::int64_t value, std::int64_t digits) {
    auto& values = host_.agent(agent).values;
    values[raritan("3.5.4.1.6", n)] = number(3);
    values[raritan("3.5.4.1.7", n)] = number(digits);
    values[raritan("5.4.3.1.2", n)] = number(1);
    values[raritan("5.4.3.1.4", n)] = number(value);
  }
  Sensor* run() {
    probe_ = probe_pdu_snmp(host_, site_);
    return find_sensor(probe_, "pdu_snmp/node-0");
  }

  PduHost host_;
  Site site_;
  ProbeResult probe_;
};

TEST_F(PduDriver, WithoutASiteFileNothingIsAskedAndNothingSaid) {
  EXPECT_EQ(run(), nullptr);
  EXPECT_EQ(all_diagnostics(probe_), "");
  EXPECT_TRUE(host_.scripts.empty());
}

TEST_F(PduDriver, OneOutletOfApcIsWholeWatts) {
  add("a", "apc-rpdu2", {{"n01", {3}}, {"n02", {4}}});
  host_.agent("a").values[apc(3)] = number(350);
  Sensor* node = run();
  ASSERT_NE(node, nullptr) << all_diagnostics(probe_);
  EXPECT_EQ(node->info.part, (Part{Domain::node, "0"}));
  EXPECT_EQ(node->info.boundary, Boundary::wall);
  EXPECT_EQ(node->info.provenance, Provenance::measured);
  EXPECT_EQ(node->info.kind, SensorKind::gauge);
  EXPECT_EQ(unit_of(*node), 1000);
  EXPECT_EQ(node->source->read().value, 350'000u);
  EXPECT_EQ(node->info.source, "1 outlet of a");
}

TEST_F(PduDriver, AllOutletsOfAllPdusAreOneSumOrNone) {
  add("a", "apc-rpdu2", {{"n01", {3, 4}}});
  add("r", "raritan-pdu2", {{"n01", {7}}});
  host_.agent("a").values[apc(3)] = number(200);
  host_.agent("a").values[apc(4)] = number(100);
  set_raritan("r", 7, 3055, 1);
  Sensor* node = run();
  ASSERT_NE(node, nullptr) << all_diagnostics(probe_);
  EXPECT_EQ(node->source->read().value, 605'500u);
  EXPECT_EQ(node->info.source, "3 outlets of a and r");
  host_.agent("a").values.erase(apc(4));
  EXPECT_EQ(node->source->read().error, ErrorKind::absent) << "never a part of the sum";
  host_.agent("a").values[apc(4)] = number(100);
  host_.agent("r").error = Error{ErrorKind::busy, "no answer"};
  EXPECT_EQ(node->source->read().error, ErrorKind::busy);
  host_.agent("r").error.reset();
  EXPECT_TRUE(node->source->read().ok);
}

TEST_F(PduDriver, AnOutletOfSeveralNodesIsSharedAndSaysSo) {
  add("a", "apc-rpdu2", {{"n01", {3, 5}}, {"n02", {3}}, {"n03", {3, 6}}});
  host_.agent("a").values[apc(3)] = number(900);
  host_.agent("a").values[apc(5)] = number(50);
  Sensor* node = run();
  ASSERT_NE(node, nullptr) << all_diagnostics(probe_);
  EXPECT_EQ(node->source->read().value, 350'000u);
  EXPECT_EQ(node->info.provenance, Provenance::attributed);
  EXPECT_EQ(node->info.scale_tolerance.relative, 0.5);
  EXPECT_NE(node->info.source.find("shared equally"), std::string::npos);
}

TEST_F(PduDriver, ThisNodeIsFoundByItsNameWithOrWithoutItsDomain) {
  host_.agent("a").values[apc(3)] = number(350);
  for (const char* name : {"n01", "n01.cluster.example", "n01.elsewhere"}) {
    site_.pdus.clear();
    add("a", "apc-rpdu2", {{name, {3}}});
    EXPECT_NE(run(), nullptr) << name;
  }
  site_.node = "other";
  EXPECT_EQ(run(), nullptr);
  EXPECT_NE(find_diagnostic(probe_, "outlet for node 'other'"), nullptr) << all_diagnostics(probe_);
  site_.pdus.clear();
  add("a", "apc-rpdu2", {{"other", {3}}});
  EXPECT_NE(run(), nullptr);
  site_.node = "n0";
  EXPECT_EQ(run(), nullptr) << "a name is whole";
}

TEST_F(PduDriver, RaritansDigitsAndUnitsAreItsOwn) {
  add("r", "raritan-pdu2", {{"n01", {7}}});
  for (const auto& [digits, mw] : std::map<std::int64_t, std::uint64_t>{{0, 3'055'000}, {1, 305'500}, {3, 3'055}}) {
    set_raritan("r", 7, 3055, digits);
    Sensor* node = run();
    ASSERT_NE(node, nullptr);
    EXPECT_EQ(node->source->read().value, mw) << digits;
  }
  host_.agent("r").values[raritan("5.4.3.1.2", 7)] = number(2);
  EXPECT_EQ(run(), nullptr) << "not available";
  set_raritan("r", 7, 3055, 1);
  host_.agent("r").values[raritan("3.5.4.1.6", 7)] = number(4);
  EXPECT_EQ(run(), nullptr) << "volt-amperes are no watts";
  EXPECT_NE(find_diagnostic(probe_, "gives no watts"), nullptr);
  set_raritan("r", 7, 3055, 99);
  EXPECT_EQ(run(), nullptr);
}

TEST_F(PduDriver, AGenericOidHasItsOwnPlaceForTheOutletAndScale) {
  PduSite& pdu = add("g", "generic", {{"n01", {12}}});
  pdu.oid = ".1.3.6.1.4.1.99.{outlet}.2";
  pdu.watts_per_count = 0.01;
  host_.agent("g").values[".1.3.6.1.4.1.99.12.2"] = number(31'415);
  Sensor* node = run();
  ASSERT_NE(node, nullptr) << all_diagnostics(probe_);
  EXPECT_EQ(node->source->read().value, 314'150u);
  pdu.oid = "sysUpTime.0";
  EXPECT_EQ(run(), nullptr);
  EXPECT_NE(find_diagnostic(probe_, "is no numeric OID"), nullptr);
}

TEST_F(PduDriver, ANumberInATextIsANumberAndAWordIsNone) {
  PduSite& pdu = add("g", "generic", {{"n01", {5}}});
  pdu.oid = ".1.3.6.1.4.1.21317.{outlet}";
  SnmpValue& value = host_.agent("g").values[".1.3.6.1.4.1.21317.5"];
  for (const auto& [text, mw] : std::map<std::string, std::uint64_t>{
           {"98.20", 98'200}, {"887W", 887'000}, {" 12 watts\n", 12'000}, {"1.25 kW", 1'250'000}}) {
    value.text = text;
    Sensor* node = run();
    ASSERT_NE(node, nullptr) << text << all_diagnostics(probe_);
    EXPECT_EQ(node->source->read().value, mw) << text;
  }
  for (const char* text : {"off", "", "12 A", "1.2.3", "W", "nan", "0x10", "5 W 6"}) {
    value.text = text;
    EXPECT_EQ(run(), nullptr) << text;
    EXPECT_NE(find_diagnostic(probe_, "is no number of watts"), nullptr) << text;
  }
}

TEST_F(PduDriver, WhatIsNoPowerIsADiagnosticAtTheProbe) {
  add("a", "apc-rpdu2", {{"n01", {3}}});
  EXPECT_EQ(run(), nullptr);
  EXPECT_NE(find_diagnostic(probe_, "no such outlet"), nullptr) << all_diagnostics(probe_);
  host_.agent("a").values[apc(3)] = number(-1);
  EXPECT_EQ(run(), nullptr);
  EXPECT_NE(find_diagnostic(probe_, "not metered"), nullptr);
  host_.agent("a").values[apc(3)] = text("lots");
  EXPECT_EQ(run(), nullptr);
  EXPECT_NE(find_diagnostic(probe_, "the text"), nullptr);
  host_.agent("a").values[apc(3)] = number(4'294'967'295);
  EXPECT_EQ(run(), nullptr);
  host_.agent("a").error = Error{ErrorKind::busy, "a: no answer within 2000 ms"};
  EXPECT_EQ(run(), nullptr);
  EXPECT_NE(find_diagnostic(probe_, "no answer"), nullptr);
  site_.pdus[0].mib = "apc";
  EXPECT_EQ(run(), nullptr);
  EXPECT_NE(find_diagnostic(probe_, "no MIB that is known"), nullptr);
  host_.agent("a").error.reset();
  host_.agent("a").values[apc(3)] = number(0);
  site_.pdus[0].mib = "apc-rpdu2";
  ASSERT_NE(run(), nullptr) << "a node that is off draws nothing, and that is a value";
  EXPECT_EQ(probe_.sensors[0].source->read().value, 0u);
}

// Private content of the site file stays off the tape.
TEST_F(PduDriver, NoAddressIsInAnError) {
  class Listening : public PduHost {
   public:
    Result<std::string> ask(const std::string& key, const Ask& live) override {
      auto answer = live();
      heard += key + "\n" + (answer ? *answer : answer.error().what) + "\n";
      return answer;
    }
    std::string heard;
  } host;
  host.set_file("/proc/sys/kernel/hostname", "n01\n");
  PduSite& pdu = add("a", "apc-rpdu2", {{"n01", {3}}});
  pdu.agent = "udp:pdu1.example:161";
  pdu.credentials_file = "/etc/nodewatt/pdu";
  for (const char* what : {"udp:pdu1.example:161: no answer within 2000 ms", "/etc/nodewatt/pdu: has no community",
                           "\"udp:pdu1.example:161\" is no agent"}) {
    host.agent(pdu.agent).error = Error{ErrorKind::busy, what};
    EXPECT_TRUE(probe_pdu_snmp(host, site_).sensors.empty());
  }
  EXPECT_NE(host.heard.find("pdu.a: no answer"), std::string::npos) << host.heard;
  EXPECT_NE(host.heard.find("credentials_file of pdu.a: has no"), std::string::npos) << host.heard;
  for (const char* secret : {"example", "/etc/nodewatt"})
    EXPECT_EQ(host.heard.find(secret), std::string::npos) << host.heard;
}

TEST_F(PduDriver, AMissingLibraryIsNamedWithItsPackage) {
  add("a", "apc-rpdu2", {{"n01", {3}}});
  host_.no_library = true;
  EXPECT_EQ(run(), nullptr);
  const Diagnostic* diagnostic = find_diagnostic(probe_, "libnetsnmp.so.40");
  ASSERT_NE(diagnostic, nullptr);
  EXPECT_EQ(diagnostic->repair, "sudo apt install libsnmp40");
}

TEST(PduLive, ARealAgentIsReadBothWays) {
  if (const auto excludes = test::PduAgent::excludes(); !excludes.empty()) GTEST_SKIP() << excludes;
  const test::PduAgent agent;
  ASSERT_TRUE(agent.runs());
  Site site;
  site.node = "n01";
  for (const char* mib : {"apc-rpdu2", "raritan-pdu2"}) {
    PduSite& pdu = site.pdus.emplace_back();
    pdu.name = mib;
    pdu.agent = agent.agent();
    pdu.mib = mib;
    pdu.period = seconds(1);
    pdu.outlets = {{"n01", {1, 2}}, {"n02", {4}}};
  }
  site.pdus[0].credentials_file = agent.at("public");
  site.pdus[1].credentials_file = agent.at("v3");
  site.pdus[1].version = "3";
  const auto host = make_real_host();
  ProbeResult probe = probe_pdu_snmp(*host, site);
  ASSERT_EQ(probe.sensors.size(), 1u) << all_diagnostics(probe);
  Reading reading;
  for (int i = 0; i < 500 && !reading.ok; ++i, std::this_thread::sleep_for(std::chrono::milliseconds(10)))
    reading = probe.sensors[0].source->read();
  ASSERT_TRUE(reading.ok);
  EXPECT_EQ(reading.value, 1'100'000u) << "250 + 300 W, twice";
  site.node = "n02";
  EXPECT_NE(find_diagnostic(probe_pdu_snmp(*host, site), "not metered"), nullptr);
}

}  // namespace
}  // namespace nw
