#include "accounting/run_accounting.h"

#include <gtest/gtest.h>

#include "support/invented_run.h"

namespace nw {
namespace {
using test::count_of;
using test::InventedRun;

const pb::Component* find(const pb::Record& record, const std::string& domain) {
  for (const auto& component : record.components())
    if (component.domain() == domain) return &component;
  return nullptr;
}

TEST(RunAccounting, ARunIsTheSumOfItsParts) {
  const InventedRun run;
  const pb::Record record = run.live();
  const double time = to_seconds(run.end - run.begin);
  EXPECT_EQ(record.duration_ns(), (run.end - run.begin).count());
  EXPECT_NEAR(static_cast<double>(record.energy().energy_uj()), 520e6 * time, 10e3);
  EXPECT_EQ(record.energy().kind(), pb::KIND_MEASURED);
  EXPECT_NEAR(record.energy().coverage(), 1, 1e-9);
  EXPECT_EQ(record.energy().filled_uj(), 0);
  std::int64_t sum = 0;
  for (const auto& component : record.components()) sum += component.counted() ? component.energy().energy_uj() : 0;
  EXPECT_EQ(sum, record.energy().energy_uj());
  EXPECT_EQ(record.components_size(), 3) << "the GPU's two sensors are one part";
  EXPECT_EQ(find(record, "gpu")->sensor(), "invented/gpu-0");
  EXPECT_EQ(record.sensors_size(), 4);
  EXPECT_EQ(record.anomalies_size(), 0);
  EXPECT_EQ(record.figures(0).name(), "dice");
}

TEST(RunAccounting, PhasesHaveTheirEnergyAndWork) {
  const pb::Record record = InventedRun().live();
  ASSERT_EQ(record.phases_size(), 2);
  const auto &train = record.phases(0), &epoch = record.phases(1);
  EXPECT_EQ(epoch.path(), "train/epoch");
  EXPECT_TRUE(epoch.resolved());
  EXPECT_EQ(epoch.duration_ns(), millis(1780).count());
  EXPECT_NEAR(static_cast<double>(epoch.energy().energy_uj()), 520e6 * 1.78, 10e3);
  EXPECT_NEAR(static_cast<double>(train.energy().energy_uj()), 520e6 * 3.49, 10e3);
  EXPECT_EQ(epoch.work(0).unit(), "sample");
  EXPECT_EQ(epoch.work(0).count(), 640);
  EXPECT_EQ(epoch.spans(0).begin_ns(), millis(1240).count());
  EXPECT_EQ(train.components_size(), 3);
}

TEST(RunAccounting, ATimelineThatAddsUp) {
  const InventedRun run;
  const pb::Record record = run.live();
  EXPECT_EQ(record.timeline().step_ns(), millis(100).count());
  ASSERT_EQ(record.timeline().series_size(), 3);
  for (const auto& series : record.timeline().series()) {
    const double power = series.domain() == "package" ? 200 : series.domain() == "dram" ? 20 : 300;
    for (const auto energy : series.energy_uj()) EXPECT_NEAR(static_cast<double>(energy), power * 1e5, 100);
  }
}

// A sensor that estimates beside the measured total is not said to be late.
TEST(RunAccounting, LateIsSaidOfSensorsWhoseReadingsCount) {
  const auto late = [](Provenance of_first) {
    std::vector<SensorInfo> infos{test::gauge_info(Domain::package), test::gauge_info(Domain::dram)};
    infos[0].provenance = of_first, infos[1].provenance = Provenance::estimated;
    RunAccounting accounting(infos, millis(100));
    accounting.begin(seconds(1000) + millis(10));
    for (const int ms : {0, 100, 200, 550, 650, 750}) {
      const Sample at_20_watts = test::sample(seconds(1000) + millis(ms), 20'000);
      accounting.add({at_20_watts, at_20_watts});
    }
    accounting.end(seconds(1000) + millis(740));
    pb::Record record = InventedRun::start();
    accounting.write(record);
    return count_of(record, "late");
  };
  EXPECT_EQ(late(Provenance::measured), 1U);
  EXPECT_EQ(late(Provenance::estimated), 2U) << "the total is an estimate from both";
}

TEST(RunAccounting, APhaseThatIsTooShortIsFlaggedAndNotPrinted) {
  InventedRun run;
  run.infos[2].update_interval = millis(100);  // the GPU resolves no better
  std::vector<InventedRun::Event> events;
  for (std::size_t i = 0; i < run.events.size(); ++i) {
    events.push_back(run.events[i]);
    if (i != 3) continue;
    const Nanos now = run.begin + millis(350);
    events.push_back(InventedRun::event(ProgramEvent::Kind::begin, now, 9, "blink"));
    events.push_back(InventedRun::event(ProgramEvent::Kind::end, now + millis(1), 9, ""));
  }
  run.events = std::move(events);
  const pb::Record record = run.live();
  ASSERT_EQ(record.phases(0).path(), "blink");
  EXPECT_FALSE(record.phases(0).resolved());
  EXPECT_FALSE(record.phases(0).has_energy());
  EXPECT_EQ(count_of(record, "phase_unresolved"), 1u);
}

// sensors.md 3: an NVML counter of 187 J against a power integral of 327 J over 5 s (zeus issue 181).
TEST(RunAccounting, ACounterAndAGaugeThatDisagreeAreFlagged) {
  RunAccounting accounting({test::counter_info(Domain::gpu), test::gauge_info(Domain::gpu)}, millis(100));
  accounting.begin({});
  for (int i = 0; i <= 50; ++i) {
    const Nanos now = millis(100 * i);
    accounting.add(
        SampleSet{test::sample(now, static_cast<std::uint64_t>(187'000'000 / 50 * i)), test::sample(now, 65'400)});
  }
  accounting.end(seconds(5));
  pb::Record record;
  accounting.write(record);
  EXPECT_EQ(count_of(record, "power_counter_gap"), 1u);
  EXPECT_EQ(record.energy().energy_uj(), 187'000'000) << "the counter's";
}

TEST(RunAccounting, ADeadSensorIsNamedAndNeverZero) {
  RunAccounting accounting({test::counter_info(Domain::psys), test::counter_info(Domain::package)}, millis(100));
  accounting.begin({});
  for (int i = 0; i <= 50; ++i)
    accounting.add(SampleSet{test::sample(millis(100 * i), 0),
                             test::sample(millis(100 * i), static_cast<std::uint64_t>(i) * 1'000'000)});
  accounting.end(seconds(5));
  pb::Record record;
  accounting.write(record);
  EXPECT_EQ(count_of(record, "dead"), 1u);
  EXPECT_EQ(record.energy().energy_uj(), 50'000'000);
  ASSERT_NE(find(record, "psys"), nullptr);
  EXPECT_FALSE(find(record, "psys")->energy().has_energy_uj());
  EXPECT_EQ(record.timeline().series_size(), 1);
}

TEST(RunAccounting, ASensorThatIsReadLateIsFilledBackToTheBegin) {
  RunAccounting accounting({test::counter_info()}, seconds(1));
  accounting.begin({});
  for (int i = 0; i <= 20; ++i) {
    const Nanos now = seconds(i);
    accounting.add(
        SampleSet{i < 5 ? test::failed(now) : test::sample(now, static_cast<std::uint64_t>(i) * 100'000'000)});
  }
  accounting.end(seconds(20));
  pb::Record record;
  accounting.write(record);
  EXPECT_EQ(record.energy().energy_uj(), 2'000'000'000);
  EXPECT_EQ(record.energy().filled_uj(), 500'000'000);
  EXPECT_DOUBLE_EQ(record.energy().coverage(), 0.75);
}

// A phase in which a sensor was never read has no figure for it: unknown is not 0.
TEST(RunAccounting, APartThatWasNotMeasuredInAPhaseIsUnknownThere) {
  RunAccounting accounting({test::counter_info(Domain::package), test::counter_info(Domain::gpu)}, millis(100));
  accounting.begin({});
  for (int i = 0; i <= 100; ++i) {
    const Nanos now = millis(100 * i);
    accounting.add(
        SampleSet{test::sample(now, static_cast<std::uint64_t>(i) * 20'000'000),
                  i < 50 ? test::failed(now) : test::sample(now, static_cast<std::uint64_t>(i) * 30'000'000)});
    if (i == 10) accounting.add(InventedRun::event(ProgramEvent::Kind::begin, now, 1, "load"));
    if (i == 40) accounting.add(InventedRun::event(ProgramEvent::Kind::end, now, 1, ""));
  }
  accounting.end(seconds(10));
  pb::Record record;
  accounting.write(record);
  ASSERT_TRUE(record.phases(0).resolved());
  for (const auto& component : record.phases(0).components())
    EXPECT_EQ(component.energy().has_energy_uj(), component.domain() == "package") << component.domain();
  EXPECT_DOUBLE_EQ(record.phases(0).energy().coverage(), 0.5);
}

TEST(RunAccounting, NoSampleSetsNoSensorsNoTime) {
  pb::Record record;
  RunAccounting none({}, seconds(1));
  none.begin(seconds(5));
  none.add(SampleSet{});
  none.end(seconds(6));
  none.write(record);
  EXPECT_FALSE(record.energy().has_energy_uj());

  RunAccounting unread({test::counter_info()}, seconds(1));
  unread.begin(seconds(5));
  unread.add(InventedRun::event(ProgramEvent::Kind::begin, seconds(5), 1, "a"));
  unread.end(seconds(5));
  record.Clear();
  unread.write(record);
  EXPECT_FALSE(record.energy().has_energy_uj());
  EXPECT_FALSE(record.phases(0).resolved());

  RunAccounting once({test::counter_info()}, seconds(1));
  once.begin(seconds(5));
  once.add(SampleSet{test::sample(seconds(5), 77)});
  once.end(seconds(6));
  record.Clear();
  once.write(record);
  EXPECT_FALSE(record.energy().has_energy_uj());
}

}  // namespace
}  // namespace nw
