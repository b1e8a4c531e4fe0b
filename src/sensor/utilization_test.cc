#include "sensor/utilization.h"

#include <gtest/gtest.h>

#include "base/host_memory.h"

namespace nw {
namespace {

class Says : public Source {
 public:
  explicit Says(Reading& reading) : reading_(reading) {}
  Reading read() noexcept override { return reading_; }

 private:
  Reading& reading_;
};

Activity make_activity(std::string id, Telling telling, Reading* busy, Reading* processes) {
  Activity activity;
  activity.plate.id = std::move(id);
  activity.plate.telling = telling;
  if (busy != nullptr) activity.busy = std::make_unique<Says>(*busy);
  if (processes != nullptr) activity.processes = std::make_unique<Says>(*processes);
  return activity;
}

struct Two {
  MemoryHost host;
  Reading percent = Reading::of(40), count = Reading::of(2), ticks = Reading::of(700);
  std::vector<Glance> glances;
  ActivityReader reader = make();

  ActivityReader make() {
    std::vector<Activity> all;
    all.push_back(make_activity("gpu", Telling::share, &percent, &count));
    all.push_back(make_activity("cpus", Telling::time, &ticks, nullptr));
    return {host, std::move(all)};
  }
};

TEST(ActivityReader, ReadsWhatIsSaidAndNothingForWhatIsNot) {
  Two two;
  two.reader.read_all(two.glances);
  ASSERT_EQ(two.glances.size(), 2u);
  EXPECT_EQ(two.glances[0].busy.value, 40u);
  EXPECT_EQ(two.glances[0].processes.value, 2u);
  EXPECT_FALSE(two.glances[1].processes.ok);
  EXPECT_EQ(two.glances[0].at, two.host.now());
}

TEST(ActivityReader, AbsurdValuesAreNone) {
  Two two;
  two.percent = Reading::of(255);
  two.count = Reading::of(~0ULL);
  two.reader.read_all(two.glances);
  EXPECT_FALSE(two.glances[0].busy.ok);
  EXPECT_EQ(two.glances[0].busy.error, ErrorKind::malformed);
  EXPECT_FALSE(two.glances[0].processes.ok);
  two.percent = Reading::of(100);
  two.reader.read_all(two.glances);
  EXPECT_TRUE(two.glances[0].busy.ok);
}

TEST(ActivityReader, TimesAloneAreReadOnTheirOwn) {
  Two two;
  two.reader.read_all(two.glances);
  const Nanos before = two.host.now();
  two.host.advance(seconds(1));
  two.percent = Reading::of(90);
  two.ticks = Reading::of(800);
  two.reader.read_times(two.glances);
  EXPECT_EQ(two.glances[0].busy.value, 40u);
  EXPECT_EQ(two.glances[0].at, before);
  EXPECT_EQ(two.glances[1].busy.value, 800u);
}

TEST(Share, OfTimeThatAddsUp) {
  ActivityPlate plate;
  plate.telling = Telling::time;
  plate.full = 400;  // four CPUs
  const auto share = [&](std::uint64_t from, std::uint64_t to, Nanos time) {
    return share_between(plate, {{}, Reading::of(from), {}}, {time, Reading::of(to), {}});
  };
  EXPECT_DOUBLE_EQ(share(1000, 1200, seconds(2)).value(), 0.25);
  EXPECT_DOUBLE_EQ(share(1000, 1000, seconds(2)).value(), 0);
  EXPECT_DOUBLE_EQ(share(0, 404, seconds(1)).value(), 1) << "a tick more than there was time for";
  EXPECT_FALSE(share(0, 500, seconds(1)));
  EXPECT_FALSE(share(1000, 999, seconds(1))) << "the kernel's sum may step back";
  EXPECT_FALSE(share(0, 1, {}));
  EXPECT_FALSE(share_between(plate, {{}, Reading::none(ErrorKind::denied), {}}, {seconds(1), Reading::of(5), {}}));
  EXPECT_FALSE(share_between(plate, {{}, Reading::of(5), {}}, {seconds(1), Reading::none(ErrorKind::denied), {}}));
  plate.full = 0;
  EXPECT_FALSE(share(0, 1, seconds(1)));
}

TEST(Share, ByTheDevicesClockWhereItHasOne) {
  ActivityPlate plate;
  plate.telling = Telling::time;
  plate.full = static_cast<std::uint64_t>(kNanosPerSecond);
  const auto said = [](std::uint64_t active, std::int64_t stamp) { return Reading::of(active, Nanos::of(stamp)); };
  EXPECT_DOUBLE_EQ(share_between(plate, {{}, said(10, 100), {}}, {seconds(9), said(35, 200), {}}).value(), 0.25);
  EXPECT_FALSE(share_between(plate, {{}, said(10, 100), {}}, {seconds(9), said(35, 100), {}})) << "no time passed";
  EXPECT_FALSE(share_between(plate, {{}, said(10, 200), {}}, {seconds(9), said(35, 100), {}}));
}

TEST(CpuActivity, CountsTicksOfAllCpus) {
  MemoryHost host;
  EXPECT_FALSE(make_cpu_activity(host));
  host.set_file("/proc/stat", "cpu  100 0 0 300 0 0 0 0\n");
  EXPECT_FALSE(make_cpu_activity(host)) << "how many CPUs?";
  host.set_file("/proc/cpuinfo", "processor : 0\nprocessor : 1\n");
  auto cpus = make_cpu_activity(host);
  ASSERT_TRUE(cpus);
  EXPECT_EQ(cpus->plate.full, 200u);
  EXPECT_EQ(cpus->busy->read().value, 100u);
  host.set_file("/proc/stat", "nonsense");
  EXPECT_FALSE(cpus->busy->read().ok);
}

}  // namespace
}  // namespace nw
