#include "site/site.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "base/parse.h"
#include "site/site_keys.h"

namespace nw {
namespace {

std::string faults_of(std::string_view text) {
  std::string all;
  for (const SiteFault& fault : read_site(text, "f").faults) all += fault_text(fault, "f") + "\n";
  return all;
}

bool has_fault(std::string_view text, std::string_view part) { return faults_of(text).find(part) != std::string::npos; }

constexpr const char* kWhole = R"(
node = "n01"
[sensors.nvml]
use = false
[sensors."rapl_*/package-*"]
boundary = "board"
lacks = ["gpu", "dram"]
tolerance = 0.02
tolerance_shape = "sigma"
factor = 0.945
bias_w = -1.25
source = "LMG671"
date = 2026-03-31
[ipmi]
device = "/dev/ipmi1"
period = "3s"
node_manager = true
[redfish.bmc]
origin = "https://bmc.example:8443"
ca_file = "/etc/ca.pem"
credentials_file = "/etc/nodewatt/bmc"
chassis = "Self"
period = "10s"
[pdu.rack1]
agent = "pdu1"
version = "3"
mib = "generic"
oid = "1.3.6.1.4.1.9.{outlet}"
watts_per_count = 0.1
credentials_file = "/etc/nodewatt/pdu"
[pdu.rack1.outlets]
n01 = [1, 2]
"n-02.cluster" = [7]
[model]
fans = { power_w = 40, half_width_w = 10, source = "sheet", date = "2026-03" }
[model.psu]
rating_w = 1600
efficiency = [[0.1, 0.9], [0.5, 0.94], [1, 0.91]]
source = "80 PLUS"
date = "2025-06"
[facility]
pue = { value = 1.3, source = "site", date = "2026-01" }
price_per_kwh = { value = 0.21, currency = "EUR", source = "contract", date = "2026" }
carbon_g_per_kwh = { value = 380, source = "mix", date = "2025-12" }
[baseline]
duration = "60s"
processes = 300
[baseline.sensors."rapl_powercap/package-0"]
power_w = 41.25
standard_error_w = 0.02
)";

TEST(Site, EveryKindOfKeyArrives) {
  std::string text = kWhole;
  text.replace(text.find("date = \"2026\""), 13, "date = \"2026-01-02\"");
  const auto parsed = parse_site(text, "/etc/x.toml");
  ASSERT_TRUE(parsed) << parsed.error().what;
  const Site& site = *parsed;
  EXPECT_EQ(site.path, "/etc/x.toml");
  EXPECT_EQ(site.node, "n01");
  ASSERT_EQ(site.rules.size(), 2u);
  EXPECT_EQ(site.rules[0].pattern, "nvml");
  EXPECT_EQ(site.rules[0].use, false);
  const SensorRule& rule = site.rules[1];
  EXPECT_EQ(rule.pattern, "rapl_*/package-*");
  EXPECT_FALSE(rule.use);
  EXPECT_EQ(rule.boundary, Boundary::board);
  EXPECT_EQ(rule.excludes, (std::vector{Domain::gpu, Domain::dram}));
  EXPECT_EQ(rule.scale_tolerance->relative, 0.02);
  EXPECT_EQ(rule.scale_tolerance->shape, Tolerance::Shape::sigma);
  EXPECT_EQ(rule.scale_tolerance->basis, "LMG671, 2026-03-31");
  EXPECT_EQ(rule.factor, 0.945);
  EXPECT_EQ(rule.bias, Watts::of(-1'250'000));
  EXPECT_EQ(site.ipmi.device, "/dev/ipmi1");
  EXPECT_EQ(site.ipmi.period, seconds(3));
  EXPECT_TRUE(site.ipmi.node_manager);
  ASSERT_EQ(site.redfish.size(), 1u);
  EXPECT_EQ(site.redfish[0].name, "bmc");
  EXPECT_EQ(site.redfish[0].origin, "https://bmc.example:8443");
  EXPECT_EQ(site.redfish[0].credentials_file, "/etc/nodewatt/bmc");
  EXPECT_EQ(site.redfish[0].period, seconds(10));
  ASSERT_EQ(site.pdus.size(), 1u);
  EXPECT_EQ(site.pdus[0].agent, "udp:pdu1:161");
  EXPECT_EQ(site.pdus[0].version, "3");
  EXPECT_EQ(site.pdus[0].watts_per_count, 0.1);
  EXPECT_EQ(site.pdus[0].outlets.at("n01"), (std::vector{1U, 2U}));
  EXPECT_EQ(site.pdus[0].outlets.at("n-02.cluster"), (std::vector{7U}));
  EXPECT_EQ(site.pdus[0].period, seconds(5));
  EXPECT_EQ(site.model.fans->power, watts(40));
  EXPECT_EQ(site.model.fans->half_width, watts(10));
  EXPECT_FALSE(site.model.board);
  EXPECT_EQ(site.model.psu_rating, watts(1600));
  EXPECT_EQ(site.model.psu_efficiency.size(), 3u);
  EXPECT_EQ(site.pue->value, 1.3);
  EXPECT_EQ(site.price_per_kwh->source, "contract");
  EXPECT_EQ(site.currency, "EUR");
  EXPECT_EQ(site.carbon_g_per_kwh->date, "2025-12");
  EXPECT_EQ(site.baseline.duration, seconds(60));
  EXPECT_EQ(site.baseline.processes, 300U);
  EXPECT_EQ(site.baseline.sensors.at("rapl_powercap/package-0").power, Watts::of(41'250'000));
}

TEST(Site, NothingIsAllDefaults) {
  const auto site = parse_site("", "f");
  ASSERT_TRUE(site);
  EXPECT_TRUE(site->rules.empty());
  EXPECT_EQ(site->ipmi.device, IpmiSite{}.device);
  EXPECT_FALSE(site->pue);
}

// Each default of the table, written out, is what the structs have without it.
TEST(Site, DefaultsOfTheTableAreThoseOfTheStructs) {
  for (const SiteSetting& setting : read_site("", "f").settings) {
    const std::string text = setting.key + " = " + setting.value;
    EXPECT_EQ(faults_of(text), "") << text;
    const Site site = *parse_site(text, "f");
    EXPECT_EQ(site.ipmi.device, IpmiSite{}.device);
    EXPECT_EQ(site.ipmi.period, IpmiSite{}.period);
    EXPECT_EQ(site.ipmi.node_manager, IpmiSite{}.node_manager);
  }
}

TEST(Site, FaultsNameFileLineColumnKeyAndTheNearestKey) {
  EXPECT_EQ(faults_of("[ipmi]\nperiot = \"2s\"\n"), "f:2:1: ipmi.periot: no such key; did you mean period?\n");
  EXPECT_EQ(faults_of("[ipmy]\nperiod = \"2s\"\n"), "f:1:2: ipmy: no such key; did you mean ipmi?\n");
  EXPECT_EQ(faults_of("\n[sensors.\"nvml/*\"]\ntolerence = 0.1\n"),
            "f:3:1: sensors.\"nvml/*\".tolerence: no such key; did you mean tolerance?\n");
  EXPECT_EQ(faults_of("wholly_unlike = 1\n"), "f:1:1: wholly_unlike: no such key\n");
  EXPECT_EQ(faults_of("period = \"2s\"\n"), "f:1:1: period: no such key; did you mean ipmi.period?\n");
  EXPECT_EQ(faults_of("ipmi = 3\n"), "f:1:1: ipmi: must be a table, not a value\n");
  EXPECT_TRUE(has_fault("a = [1,\n", "f:"));
  EXPECT_TRUE(has_fault("[ipmi]\nperiod = \"2s\"\nperiod = \"3s\"\n", "f:3:"));
}

TEST(Site, AllFaultsAtOnceAndTheFirstWithACount) {
  const char* text = "nod = \"x\"\n[ipmi]\nperiod = 2\ndevise = \"x\"\n[facility.pue]\nvalue = 0.5\n";
  EXPECT_EQ(read_site(text, "f").faults.size(), 4u);
  const auto site = parse_site(text, "f");
  ASSERT_FALSE(site);
  EXPECT_EQ(site.error().kind, ErrorKind::malformed);
  EXPECT_EQ(site.error().what, "f:1:1: nod: no such key; did you mean node? (and 3 more: nodewatt config check)");
}

TEST(Site, RangesAndTypesAreChecked) {
  const char* figure = ", source = \"s\", date = \"2026-01\" }\n";
  for (const char* value : {"0.99", "10.1", "nan", "inf", "\"1.3\"", "true", "[1.3]"})
    EXPECT_TRUE(has_fault(std::string("facility.pue = { value = ") + value + figure, "facility.pue.value: must be"))
        << value;
  EXPECT_EQ(faults_of(std::string("facility.pue = { value = 1") + figure), "");
  for (const char* value : {"2", "\"2\"", "\"0s\"", "\"1ms\"", "\"2h\"", "\"-2s\""})
    EXPECT_TRUE(has_fault(std::string("ipmi.period = ") + value, "ipmi.period: must be a time")) << value;
  const std::string rule = "[sensors.x]\nsource = \"s\"\ndate = \"2026-01\"\n";
  EXPECT_TRUE(has_fault(rule + "tolerance = 1.5", "from 0 to 1"));
  EXPECT_TRUE(has_fault(rule + "tolerance = -0.1", "from 0 to 1"));
  EXPECT_TRUE(has_fault(rule + "factor = 0", "from 0.1 to 10"));
  EXPECT_TRUE(has_fault(rule + "boundary = \"pluck\"", "one of on_chip, board, node_dc, wall"));
  EXPECT_TRUE(has_fault(rule + "lacks = [\"gpus\"]", "a list of some of"));
  EXPECT_TRUE(has_fault(rule + "lacks = \"gpu\"", "a list of some of"));
}

TEST(Site, CurvesRiseAndAreShares) {
  for (const char* curve : {"[]", "[[0.1, 0.9]]", "[[0.1, 0.9], [0.1, 0.9]]", "[[0.5, 0.9], [0.1, 0.9]]",
                            "[[0.1, 1.2], [0.5, 0.9]]", "[[0.1, 0], [0.5, 0.9]]", "[[-0.1, 0.9], [0.5, 0.9]]",
                            "[[0.1, 0.9], [50, 0.9]]", "[[0.1], [0.5]]", "[0.1, 0.9]", "[[0.1, 0.9, 1], [0.5, 0.9]]"})
    EXPECT_TRUE(has_fault(std::string("model.psu.efficiency = ") + curve, "must be a list of pairs")) << curve;
}

TEST(Site, OutletsAndDatesAndOrigins) {
  const std::string pdu = "[pdu.a]\nagent = \"x\"\nmib = \"apc-rpdu2\"\n[pdu.a.outlets]\n";
  EXPECT_EQ(faults_of(pdu + "n = [1]"), "");
  for (const char* list : {"[]", "[0]", "[-1]", "[1, 1]", "[1.5]", "1", "[100001]"})
    EXPECT_TRUE(has_fault(pdu + "n = " + list, "outlet numbers")) << list;
  for (const char* date :
       {"\"yesterday\"", "\"2026\"", "\"2026-13\"", "\"2026-3\"", "\"26-03-01\"", "3", "\"2026-03-32\""})
    EXPECT_TRUE(has_fault(std::string("[sensors.x]\ndate = ") + date, "must be a date")) << date;
  for (const char* date : {"\"2026-03\"", "\"2026-03-31\"", "2026-03-31", "2026-03-31T10:00:00Z"})
    EXPECT_EQ(faults_of(std::string("[sensors.x]\ndate = ") + date), "") << date;
  for (const char* origin : {"https://u:p@bmc", "bmc", "ftp://bmc", "https://", "https://bmc/redfish", "https://bmc?x"})
    EXPECT_TRUE(has_fault(std::string("[redfish.x]\norigin = \"") + origin + "\"", "without user, password or path"))
        << origin;
}

TEST(Site, AnAgentIsSpokenToOverUdp) {
  const auto agent = [](const std::string& text) {
    const auto site = parse_site("[pdu.a]\nmib = \"apc-rpdu2\"\nagent = \"" + text + "\"", "f");
    return site ? site->pdus.at(0).agent : "refused";
  };
  EXPECT_EQ(agent("localhost"), "udp:localhost:161");
  EXPECT_EQ(agent("pdu1.example:1161"), "udp:pdu1.example:1161");
  EXPECT_EQ(agent("udp:10.0.0.1"), "udp:10.0.0.1:161");
  EXPECT_EQ(agent("udp:10.0.0.1:161"), "udp:10.0.0.1:161");
  EXPECT_EQ(agent("udp6:pdu1"), "udp6:pdu1:161");
  for (const char* text : {"::1", "[::1]", "[::1]:161", "udp6:[::1]", "udp6:[::1]:161"})
    EXPECT_EQ(agent(text), "udp6:[::1]:161") << text;
  for (const char* text : {"tcp:pdu1", "tcp:pdu1:161", "tcp6:[::1]:161", "unix:/tmp/x", "alias:pdu", "udp:", "udp::161",
                           "pdu1:", "pdu1:0", "pdu1:65536", "pdu1:x", "[::1", "[pdu1]", "u@pdu1", "a b"})
    EXPECT_EQ(agent(text), "refused") << text;
  EXPECT_TRUE(has_fault("[pdu.a]\nversion = \"1\"", "must be one of 2c, 3"));
}

TEST(Site, FiguresNeedTheirSourceAndDate) {
  EXPECT_EQ(faults_of("[sensors.x]\ntolerance = 0.1\n"), "f:2:1: sensors.x.tolerance: needs beside it: source, date\n");
  EXPECT_TRUE(has_fault("[sensors.x]\nfactor = 1.1\nsource = \"s\"\n", "factor: needs beside it: date"));
  EXPECT_TRUE(has_fault("[sensors.x]\nbias_w = 1.1\n", "bias_w: needs beside it: source, date"));
  EXPECT_TRUE(has_fault("[facility.pue]\nvalue = 1.1\n", "pue.value: needs beside it: source, date"));
  EXPECT_TRUE(has_fault("[facility.price_per_kwh]\nvalue = 1.1\nsource = \"s\"\ndate = \"2026-01\"\n", "currency"));
  EXPECT_TRUE(has_fault("[facility.carbon_g_per_kwh]\nvalue = 1.1\n", "needs beside it: source, date"));
  EXPECT_TRUE(has_fault("[facility.pue]\nsource = \"s\"\n", "source: needs beside it: value"));
  EXPECT_TRUE(
      has_fault("[model.psu]\nefficiency = [[0.1, 0.9], [1, 0.9]]\n", "needs beside it: rating_w, source, date"));
  EXPECT_TRUE(has_fault("[model.fans]\npower_w = 40\n", "needs beside it: half_width_w, source, date"));
  EXPECT_TRUE(has_fault("[sensors.x]\ntolerance_shape = \"sigma\"\n", "needs beside it: tolerance"));
}

TEST(Site, TablesNeedWhatTheyCannotDoWithout) {
  EXPECT_EQ(faults_of("[redfish.bmc]\nperiod = \"2s\"\n"), "f:1:10: redfish.bmc: lacks the key origin\n");
  EXPECT_EQ(faults_of("[redfish]\n"), "");
  EXPECT_TRUE(has_fault("[redfish.bmc]\n", "lacks the key origin"));
  EXPECT_TRUE(has_fault("[pdu.a]\nmib = \"generic\"\n", "pdu.a: lacks the key agent"));
}

TEST(Site, SecretsAreRefusedAndNeverRepeated) {
  for (const char* key : {"password", "user", "community", "Password"}) {
    const std::string text = std::string("[pdu.a]\nagent = \"x\"\nmib = \"generic\"\n") + key + " = \"s3cr3t\"\n";
    EXPECT_TRUE(has_fault(text, "name that with credentials_file")) << key;
    EXPECT_FALSE(has_fault(text, "s3cr3t")) << key;
  }
  EXPECT_FALSE(has_fault("[redfish.x]\norigin = \"https://root:s3cr3t@bmc\"\n", "s3cr3t"));
  EXPECT_FALSE(has_fault("[redfish.x]\npasswrd = \"s3cr3t\"\n", "s3cr3t"));
  for (const char* value :
       {"99999999999999999999999", "0x99999999999999999999", "1.s3cr3t", "s3cr3t", "9_9999_", "1999-99-99"}) {
    const std::string faults = faults_of(std::string("[redfish.x]\npassword = ") + value + "\n");
    EXPECT_NE(faults.find("f:2:"), std::string::npos) << faults;
    EXPECT_EQ(faults.find(std::string(value).substr(2)), std::string::npos) << faults;
  }
  for (const SiteSetting& setting :
       read_site("[redfish.x]\norigin = \"https://b\"\npassword = \"s3cr3t\"\n", "f").settings)
    EXPECT_EQ(setting.value.find("s3cr3t"), std::string::npos);
}

// Text that trips an assertion of toml++.
TEST(Site, NoTextEndsTheProgram) {
  for (const char* text :
       {"[\n]\nx", "[", "[[", "[[\n", "[ ", "[.a]", "[a.]", "[a.\n]", "a.\n=1", "a={\n", "a={.=1}", "[=]"})
    EXPECT_TRUE(has_fault(text, "not TOML")) << text;
}

TEST(Site, SettingsSayWhereTheyComeFrom) {
  std::string text;
  for (const SiteSetting& one :
       read_site("[redfish.b]\norigin = \"https://b\"\n[ipmi]\nperiod = \"3s\"\n", "f").settings)
    text += one.key + "=" + one.value + "@" + std::to_string(one.line) + "\n";
  EXPECT_EQ(
      text,
      "ipmi.device=\"/dev/ipmi0\"@0\nipmi.period=\"3s\"@4\nipmi.accept_inactive=false@0\nipmi.node_manager=false@0\n"
      "redfish.b.origin=\"https://b\"@2\nredfish.b.period=\"5s\"@0\nbaseline.valid_days=180@0\n");
}

TEST(Site, RulesKeepTheFilesOrder) {
  const auto site = parse_site("[sensors.z]\nuse = true\n[sensors.a]\nuse = false\n[sensors.m]\nuse = true\n", "f");
  ASSERT_TRUE(site);
  std::string order;
  for (const SensorRule& rule : site->rules) order += rule.pattern;
  EXPECT_EQ(order, "zam");
}

TEST(Site, NodeIsAValueOrATable) {
  EXPECT_EQ(parse_site("node = \"n01\"", "f")->node, "n01");
  const auto table = parse_site("[node]\nname = \"n01\"\ntype = \"h100x4\"", "f");
  ASSERT_TRUE(table) << table.error().what;
  EXPECT_EQ(table->node, "n01");
  EXPECT_EQ(table->node_type, "h100x4");
  EXPECT_TRUE(has_fault("[node]\ntyp = \"x\"", "node.typ: no such key; did you mean type?"));
  EXPECT_TRUE(has_fault("[node]\ntype = 4", "node.type: must be"));
  EXPECT_TRUE(has_fault("node = 4", "node: must be"));
  EXPECT_TRUE(has_fault("node = [1]", "node: must be"));
}

TEST(Site, ABaselineNamesItsHostAndHowLongItIsValid) {
  const auto site = parse_site("[baseline]\nhost = \"g1\"\ndate = \"2026-05-01\"\nvalid_days = 30", "f");
  ASSERT_TRUE(site) << site.error().what;
  EXPECT_EQ(site->baseline.host, "g1");
  EXPECT_EQ(site->baseline.valid_days, 30u);
  EXPECT_EQ(Site{}.baseline.valid_days, 180u);
  EXPECT_TRUE(has_fault("[baseline]\nvalid_days = 0", "valid_days"));
}

TEST(SiteKeys, AreUniqueAndSaySomething) {
  std::set<std::string> paths;
  for (const SiteKey& key : site_keys()) {
    EXPECT_TRUE(paths.insert(key.path).second) << key.path;
    EXPECT_GT(key.sentence.size(), 7u) << key.path;
    EXPECT_NE(key.take, nullptr) << key.path;
  }
}

TEST(SiteKeys, ThePageIsUpToDate) {
  const std::string path = std::string(NODEWATT_SOURCE_DIR) + "/docs/site-file.md";
  if (std::getenv("NODEWATT_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << make_site_page();
  std::stringstream page;
  page << std::ifstream(path).rdbuf();
  EXPECT_EQ(page.str(), make_site_page()) << "NODEWATT_UPDATE_GOLDEN=1 test_sensor writes " << path;
}

}  // namespace
}  // namespace nw
