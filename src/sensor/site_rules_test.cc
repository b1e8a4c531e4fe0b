#include "sensor/site_rules.h"

#include <gtest/gtest.h>

#include "base/host_memory.h"
#include "sensor/reader.h"

namespace nw {
namespace {

SensorRule rule(std::string pattern) {
  SensorRule one;
  one.pattern = std::move(pattern);
  return one;
}

SensorInfo info(std::string id) {
  SensorInfo one;
  one.id = std::move(id);
  return one;
}

TEST(SiteRules, PatternsAreDriversIdsOrGlobs) {
  EXPECT_TRUE(matches("nvml", "nvml", "nvml/GPU-1/power"));
  EXPECT_TRUE(matches("nvml/GPU-1/power", "nvml", "nvml/GPU-1/power"));
  EXPECT_TRUE(matches("nvml/*/power", "nvml", "nvml/GPU-1/power"));
  EXPECT_TRUE(matches("rapl_*", "rapl_perf", "rapl_perf/package-0"));
  EXPECT_TRUE(matches("*", "hwmon", "hwmon/node-0"));
  EXPECT_TRUE(matches("*package*0", "rapl_perf", "rapl_perf/package-10"));
  EXPECT_FALSE(matches("nvm", "nvml", "nvml/GPU-1/power"));
  EXPECT_FALSE(matches("nvml/*/energy", "nvml", "nvml/GPU-1/power"));
  EXPECT_FALSE(matches("", "nvml", "nvml/GPU-1/power"));
  EXPECT_FALSE(matches("*a*a*a*a*a*a*a*a*a*b", "x", std::string(2000, 'a')));
}

TEST(SiteRules, ChangeTheSensorInfoAndKeepTheirPatterns) {
  Site site;
  SensorRule one = rule("hwmon");
  one.boundary = Boundary::wall;
  one.excludes = {Domain::gpu};
  one.scale_tolerance = Tolerance{0.01, Tolerance::Shape::sigma, "meter, 2026-03"};
  SensorRule two = rule("hwmon/*");
  two.factor = 0.945;
  two.bias = Watts::of(-1'200'000);
  two.boundary = Boundary::node_dc;
  site.rules = {one, two, rule("other")};
  SiteRules rules(site);
  SensorInfo node = info("hwmon/node-0");
  node.unit_num = 1000;
  EXPECT_TRUE(rules.apply("hwmon", node));
  EXPECT_EQ(node.boundary, Boundary::node_dc);  // of one key the later rule counts
  EXPECT_EQ(node.excludes, std::vector{Domain::gpu});
  EXPECT_EQ(node.scale_tolerance.basis, "meter, 2026-03");
  EXPECT_EQ(node.unit_num, 200'000);  // 1000 / 0.945 = 200000 / 189
  EXPECT_EQ(node.unit_den, 189);
  EXPECT_EQ(node.factor, 0.945);
  EXPECT_EQ(node.bias, Watts::of(-1'200'000));
  EXPECT_EQ(node.rules, (std::vector<std::string>{"hwmon", "hwmon/*"}));
  SensorInfo untouched = info("nvml/x/power");
  EXPECT_TRUE(rules.apply("nvml", untouched));
  EXPECT_EQ(untouched.factor, 1);
  EXPECT_TRUE(untouched.rules.empty());
  const auto diagnostics = rules.diagnostics();
  ASSERT_EQ(diagnostics.size(), 1u);
  EXPECT_NE(diagnostics[0].what.find("[sensors.\"other\"]"), std::string::npos);
}

// Twice the same sensor, so that the last factor counts once.
TEST(SiteRules, OfTwoFactorsTheLaterCountsAlone) {
  Site site;
  site.rules = {rule("a*"), rule("*b")};
  site.rules[0].factor = 2;
  site.rules[1].factor = 4;
  SiteRules rules(site);
  SensorInfo one = info("ab");
  rules.apply("x", one);
  EXPECT_EQ(one.unit_num, 1);
  EXPECT_EQ(one.unit_den, 4);
}

TEST(SiteRules, UnitsStayWhereAJournalCanHoldThem) {
  SensorInfo rapl = info("rapl");
  rapl.unit_num = 15625, rapl.unit_den = std::int64_t{1} << 26;  // 2^-32 J
  const double unit = 15625.0 / (1 << 26);
  for (const double factor : {0.1, 0.944999, 1.0, 1.054321, 1.234567, 9.999999}) {
    SensorInfo one = rapl;
    ASSERT_TRUE(divide_unit(one, factor)) << factor;
    EXPECT_LE(one.unit_den, std::int64_t{1} << 40);
    EXPECT_NEAR(one.factor, factor, 0.00005);
    EXPECT_NEAR(static_cast<double>(one.unit_num) / static_cast<double>(one.unit_den), unit / one.factor, unit * 1e-12);
  }
  SensorInfo huge = info("huge");
  huge.unit_num = (std::int64_t{1} << 40) - 1;
  EXPECT_FALSE(divide_unit(huge, 0.3));
  EXPECT_EQ(huge.unit_num, (std::int64_t{1} << 40) - 1);
  EXPECT_FALSE(divide_unit(rapl, 0));
  EXPECT_FALSE(divide_unit(rapl, -1));
}

struct Guest : MemoryHost {
  Guest() {
    set_file("/proc/cpuinfo", "processor : 0\nflags : fpu hypervisor\n");
    set_file("/proc/meminfo", "MemTotal: 1000000 kB\n");
    set_file("/proc/stat", "cpu  1 2 3 4 5 6 7 8\n");
  }
};

TEST(SiteRules, UseFalseDropsASensor) {
  Guest host;
  Site site;
  site.rules = {rule("model/dram-0")};
  site.rules[0].use = false;
  const Inventory inventory = make_inventory(host, site);
  ASSERT_EQ(inventory.sensors.size(), 2u);
  for (const Sensor& sensor : inventory.sensors) EXPECT_NE(sensor.info.id, "model/dram-0");
}

TEST(SiteRules, UseFalseOfADriverDoesNotEvenAskIt) {
  Guest host;
  host.set_file("/proc/stat", "");  // would be a diagnostic
  Site site;
  site.rules = {rule("model")};
  ASSERT_FALSE(make_inventory(host, {}).diagnostics.empty());
  site.rules[0].use = false;
  const Inventory inventory = make_inventory(host, site);
  EXPECT_TRUE(inventory.sensors.empty());
  for (const auto& diagnostic : inventory.diagnostics) EXPECT_NE(diagnostic.driver, "model");
  for (const auto& diagnostic : inventory.diagnostics)
    EXPECT_NE(diagnostic.driver, "site") << diagnostic.diagnostic.what;
}

TEST(SiteRules, ARuleThatMatchesNothingIsADiagnostic) {
  Guest host;
  Site site;
  site.path = "/etc/nodewatt/nodewatt.toml";
  site.rules = {rule("nvlm")};
  site.rules[0].use = false;
  const Inventory inventory = make_inventory(host, site);
  ASSERT_FALSE(inventory.diagnostics.empty());
  EXPECT_EQ(inventory.diagnostics.back().driver, "site");
  EXPECT_EQ(inventory.diagnostics.back().diagnostic.where, site.path);
  EXPECT_NE(inventory.diagnostics.back().diagnostic.what.find("nvlm"), std::string::npos);
}

}  // namespace
}  // namespace nw
