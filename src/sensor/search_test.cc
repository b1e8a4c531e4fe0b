#include "sensor/search.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

#include "base/host_memory.h"

namespace nw {
namespace {

// A machine with a powercap zone that appears late. MemoryHost is for one thread: access by the search's thread is
// locked.
class LateHost : public MemoryHost {
 public:
  LateHost() { set_file("/proc/cpuinfo", "processor : 0\nvendor_id : GenuineIntel\nflags : fpu\n"); }
  void come() {
    const std::lock_guard lock(mutex_);
    const std::string zone = "/sys/class/powercap/intel-rapl:0";
    set_file(zone + "/name", "package-0\n");
    set_file(zone + "/energy_uj", "1000\n");
    set_file(zone + "/max_energy_range_uj", "262143328850\n");
  }
  Result<std::string> read_text(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    return MemoryHost::read_text(path);
  }
  Result<std::vector<std::string>> list(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    return MemoryHost::list(path);
  }
  Result<std::unique_ptr<Source>> open_number(const std::string& path, const Extract& extract) override {
    const std::lock_guard lock(mutex_);
    return MemoryHost::open_number(path, extract);
  }
  // A BMC that does not answer, or refuses its user.
  Result<std::string> ask(const std::string& key, const Ask& live) override {
    if (!key.starts_with("redfish:")) return MemoryHost::ask(key, live);
    if (key == "redfish:site") return "bmc bmc0\nperiod_ms 1000\nchassis \n";
    ++asked;
    return fail(bmc, "the BMC says " + std::string(bmc == ErrorKind::denied ? "no" : "nothing"));
  }

  std::atomic<int> asked = 0;
  std::atomic<ErrorKind> bmc = ErrorKind::busy;

 private:
  std::recursive_mutex mutex_;  // MemoryHost asks itself
};

class SensorSearchTest : public ::testing::Test {
 protected:
  void begin() {
    const Inventory first = make_inventory(*host_);
    std::vector<SensorInfo> infos;
    for (const Sensor& sensor : first.sensors) infos.push_back(sensor.info);
    search_.emplace(host_, Site{}, first, std::move(infos), Nanos{});
  }
  // Runs a search that is due at this time to its end.
  std::optional<Inventory> look(Nanos now) {
    search_->look(now);
    looked_ = search_->is_looking();
    EXPECT_TRUE(search_->await(seconds(600)));
    return search_->take(now);
  }

  std::shared_ptr<LateHost> host_ = std::make_shared<LateHost>();
  std::optional<SensorSearch> search_;
  bool looked_ = false;
};

TEST_F(SensorSearchTest, FindsWhatComesAndThatOnce) {
  begin();
  EXPECT_FALSE(look(SensorSearch::kFirst));
  EXPECT_TRUE(looked_);
  host_->come();
  const auto found = look(seconds(100));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->sensors.size(), 1U);
  EXPECT_EQ(found->sensors[0].info.id, "rapl_powercap/package-0");
  EXPECT_FALSE(look(seconds(10'000)));
}

TEST_F(SensorSearchTest, LooksMoreAndMoreSeldom) {
  begin();
  Nanos now{}, last{};
  std::vector<Nanos> distances;
  for (; distances.size() < 10; now += seconds(1)) {
    EXPECT_FALSE(look(now));
    if (!looked_) continue;
    distances.push_back(now - last);
    last = now;
  }
  EXPECT_EQ(distances.front(), SensorSearch::kFirst);
  for (std::size_t i = 1; i < distances.size(); ++i)
    EXPECT_EQ(distances[i], std::min(distances[i - 1] + distances[i - 1], SensorSearch::kLongest)) << i;
}

TEST_F(SensorSearchTest, SaysWhatIsMissingUntilItComes) {
  begin();
  ASSERT_EQ(search_->missing().size(), 1U);
  EXPECT_EQ(search_->missing()[0].diagnostic.sensor, "redfish/bmc0/power");
  look(seconds(100));
  ASSERT_EQ(search_->missing().size(), 1U);
}

TEST_F(SensorSearchTest, WhoRefusedIsNotAskedAgainAndStaysMissing) {
  host_->bmc = ErrorKind::denied;
  begin();
  const int asked = host_->asked;
  EXPECT_EQ(asked, 1);
  for (int i = 1; i < 5; ++i) look(seconds(1000 * i));
  EXPECT_TRUE(looked_);
  EXPECT_EQ(host_->asked, asked);
  ASSERT_EQ(search_->missing().size(), 1U);
  EXPECT_TRUE(search_->missing()[0].diagnostic.refused);
}

TEST_F(SensorSearchTest, WhatIsInterruptedIsFoundAgain) {
  begin();
  host_->come();
  search_->look(seconds(5));
  search_->interrupt(seconds(600), seconds(5));
  EXPECT_FALSE(search_->is_looking());
  EXPECT_FALSE(search_->take(seconds(5)));
  EXPECT_TRUE(look(seconds(20)));
}

}  // namespace
}  // namespace nw
