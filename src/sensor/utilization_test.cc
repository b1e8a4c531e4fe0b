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

Utilization make_utilization(std::string id, UtilizationKind kind, Reading* busy, Reading* processes) {
  Utilization utilization;
  utilization.info.id = std::move(id);
  utilization.info.kind = kind;
  if (busy != nullptr) utilization.utilization = std::make_unique<Says>(*busy);
  if (processes != nullptr) utilization.processes = std::make_unique<Says>(*processes);
  return utilization;
}

struct Two {
  MemoryHost host;
  Reading percent = Reading::of(40), count = Reading::of(2), ticks = Reading::of(700);
  std::vector<UtilizationSample> utilization_samples;
  UtilizationReader reader = make();

  UtilizationReader make() {
    std::vector<Utilization> all;
    all.push_back(make_utilization("gpu", UtilizationKind::share, &percent, &count));
    all.push_back(make_utilization("cpus", UtilizationKind::time, &ticks, nullptr));
    return {host, std::move(all)};
  }
};

TEST(UtilizationReader, ReadsWhatIsSaidAndNothingForWhatIsNot) {
  Two two;
  two.reader.read_all(two.utilization_samples);
  ASSERT_EQ(two.utilization_samples.size(), 2u);
  EXPECT_EQ(two.utilization_samples[0].utilization.value, 40u);
  EXPECT_EQ(two.utilization_samples[0].processes.value, 2u);
  EXPECT_FALSE(two.utilization_samples[1].processes.ok);
  EXPECT_EQ(two.utilization_samples[0].at, two.host.now());
}

TEST(UtilizationReader, AbsurdValuesAreNone) {
  Two two;
  two.percent = Reading::of(255);
  two.count = Reading::of(~0ULL);
  two.reader.read_all(two.utilization_samples);
  EXPECT_FALSE(two.utilization_samples[0].utilization.ok);
  EXPECT_EQ(two.utilization_samples[0].utilization.error, ErrorKind::malformed);
  EXPECT_FALSE(two.utilization_samples[0].processes.ok);
  two.percent = Reading::of(100);
  two.reader.read_all(two.utilization_samples);
  EXPECT_TRUE(two.utilization_samples[0].utilization.ok);
}

TEST(UtilizationReader, TimesAloneAreReadOnTheirOwn) {
  Two two;
  two.reader.read_all(two.utilization_samples);
  const Nanos before = two.host.now();
  two.host.advance(seconds(1));
  two.percent = Reading::of(90);
  two.ticks = Reading::of(800);
  two.reader.read_times(two.utilization_samples);
  EXPECT_EQ(two.utilization_samples[0].utilization.value, 40u);
  EXPECT_EQ(two.utilization_samples[0].at, before);
  EXPECT_EQ(two.utilization_samples[1].utilization.value, 800u);
}

TEST(Share, OfTimeThatAddsUp) {
  UtilizationInfo info;
  info.kind = UtilizationKind::time;
  info.full = 400;  // four CPUs
  const auto share = [&](std::uint64_t from, std::uint64_t to, Nanos time) {
    return share_between(info, {{}, Reading::of(from), {}}, {time, Reading::of(to), {}});
  };
  EXPECT_DOUBLE_EQ(share(1000, 1200, seconds(2)).value(), 0.25);
  EXPECT_DOUBLE_EQ(share(1000, 1000, seconds(2)).value(), 0);
  EXPECT_DOUBLE_EQ(share(0, 404, seconds(1)).value(), 1) << "a tick more than there was time for";
  EXPECT_FALSE(share(0, 500, seconds(1)));
  EXPECT_FALSE(share(1000, 999, seconds(1))) << "the kernel's sum may step back";
  EXPECT_FALSE(share(0, 1, {}));
  EXPECT_FALSE(share_between(info, {{}, Reading::none(ErrorKind::denied), {}}, {seconds(1), Reading::of(5), {}}));
  EXPECT_FALSE(share_between(info, {{}, Reading::of(5), {}}, {seconds(1), Reading::none(ErrorKind::denied), {}}));
  info.full = 0;
  EXPECT_FALSE(share(0, 1, seconds(1)));
}

TEST(Share, ByTheDevicesClockWhereItHasOne) {
  UtilizationInfo info;
  info.kind = UtilizationKind::time;
  info.full = static_cast<std::uint64_t>(kNanosPerSecond);
  const auto said = [](std::uint64_t active, std::int64_t stamp) { return Reading::of(active, Nanos::of(stamp)); };
  EXPECT_DOUBLE_EQ(share_between(info, {{}, said(10, 100), {}}, {seconds(9), said(35, 200), {}}).value(), 0.25);
  EXPECT_FALSE(share_between(info, {{}, said(10, 100), {}}, {seconds(9), said(35, 100), {}})) << "no time passed";
  EXPECT_FALSE(share_between(info, {{}, said(10, 200), {}}, {seconds(9), said(35, 100), {}}));
}

TEST(CpuUtilization, CountsTicksOfAllCpus) {
  MemoryHost host;
  EXPECT_FALSE(make_cpu_utilization(host));
  host.set_file("/proc/stat", "cpu  100 0 0 300 0 0 0 0\n");
  EXPECT_FALSE(make_cpu_utilization(host)) << "how many CPUs?";
  host.set_file("/proc/cpuinfo", "processor : 0\nprocessor : 1\n");
  auto cpus = make_cpu_utilization(host);
  ASSERT_TRUE(cpus);
  EXPECT_EQ(cpus->info.full, 200u);
  EXPECT_EQ(cpus->utilization->read().value, 100u);
  host.set_file("/proc/stat", "nonsense");
  EXPECT_FALSE(cpus->utilization->read().ok);
}

}  // namespace
}  // namespace nw
