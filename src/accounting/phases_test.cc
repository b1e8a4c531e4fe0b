#include "accounting/phases.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "support/invented.h"

namespace nw {
namespace {

// One counter at 100 W, read every second from second 0 on, and the events of a program.
class Program {
 public:
  Program() {
    meters.emplace_back(test::counter_info(), seconds(1)), tick();
    begins = {{meters[0].at(now), meters[0].edge_variance(now)}};
  }

  void begin(std::uint64_t id, const std::string& name, std::uint32_t tid = 1, std::uint32_t pid = 1) {
    phases.add({ProgramEvent::Kind::begin, now, id, pid, tid, name, "", 0});
  }
  void end(std::uint64_t id, std::uint32_t tid = 1) {
    phases.add({ProgramEvent::Kind::end, now, id, 1, tid, "", "", 0});
  }
  void work(const std::string& name, double count, const std::string& unit, std::uint32_t tid = 1,
            std::uint32_t pid = 1) {
    phases.add({ProgramEvent::Kind::work, now, 0, pid, tid, name, unit, count});
  }
  void pass(int milliseconds) {
    for (int i = 0; i < milliseconds; ++i)
      if ((now += millis(1)).count() % kNanosPerSecond == 0) tick();
  }
  void close() {
    tick();
    std::vector<Meter::Edge> ends;
    EnergyAccumulator run;
    for (std::size_t i = 0; i < meters.size(); ++i) {
      ends.push_back({meters[i].at(now), meters[i].edge_variance(now)});
      run.lines.emplace_back().given = ends[i].cumulative - begins[i].cumulative;
    }
    phases.close_run(MeterCurve(meters), Nanos{}, now, begins, ends, std::move(run));
  }
  const PhaseSum& at(const std::string& path) const { return phases.at(path); }
  double joules_of(const std::string& path) const { return to_joules(at(path).given.lines.at(0).given.energy); }
  std::uint64_t count(Anomaly anomaly) const { return phases.anomalies().count(anomaly); }

  std::vector<Meter> meters;
  Phases phases;
  std::vector<Meter::Edge> begins;
  Nanos now;

 private:
  void tick() {
    meters[0].add(test::sample(now, static_cast<std::uint64_t>(now.count() / 10)));  // 100 uJ a microsecond
    phases.settle(MeterCurve(meters), now);
  }
};

// A counter with a new count every 100 ms, read ten times as often, of a part that draws 360 W more as soon as the
// program begins; its only phase begins then too.
TEST(Phases, OneThatBeginsWithTheProgramHasNoneOfTheLoadStep) {
  SensorInfo info = test::counter_info();
  info.update_interval = millis(100);
  std::vector<Meter> meters;
  meters.emplace_back(info, millis(10));
  Phases phases;
  const auto add = [&](ProgramEvent::Kind kind, Nanos at) { phases.add({kind, at, 1, 1, 1, "train", "", 0}); };
  std::size_t settled_at = 0;
  for (std::size_t ms = 0; ms <= 2000; ms += 10) {
    const Nanos now = seconds(1) + millis(static_cast<std::int64_t>(ms));
    const std::uint64_t update = 1000 + ms - ms % 100;  // 40 mJ a millisecond, and 360 more
    meters[0].add(test::sample(now, 40'000 * update + 360'000 * (std::max<std::uint64_t>(update, 1230) - 1230)));
    if (ms == 240) add(ProgramEvent::Kind::begin, now - millis(10));
    if (ms == 740) add(ProgramEvent::Kind::end, now - millis(10));
    phases.settle(MeterCurve(meters), now);
    if (settled_at == 0 && phases.contains("train") && phases.at("train").count == 1) settled_at = ms;
  }
  EXPECT_EQ(settled_at, 900u) << "two updates after its end";
  EXPECT_NEAR(to_joules(phases.at("train").given.lines.at(0).given.energy), 200, 8);
}

TEST(Phases, NestByThread) {
  Program program;
  program.begin(1, "train");
  program.pass(500);
  program.begin(2, "epoch");
  program.begin(3, "load", 2);
  program.pass(2000);
  program.end(2);
  program.pass(500);
  program.end(1);
  program.end(3);
  program.close();
  EXPECT_EQ(program.phases.order(), (std::vector<std::string>{"train", "train/epoch", "load"}));
  EXPECT_NEAR(program.joules_of("train"), 300, 1e-3);
  EXPECT_NEAR(program.joules_of("train/epoch"), 200, 1e-3);
  EXPECT_NEAR(program.joules_of("load"), 250, 1e-3);
  EXPECT_EQ(program.at("train").duration, seconds(3));
  EXPECT_EQ(program.at("train/epoch").spans.at(0), std::make_pair(millis(500), millis(2500)));
  EXPECT_EQ(program.count(Anomaly::phase_unmatched), 0u);
  EXPECT_EQ(program.count(Anomaly::phase_unended), 0u);
}

TEST(Phases, InstancesOfOnePathAreSummed) {
  Program program;
  for (std::uint64_t i = 0; i < 10; ++i) {
    program.begin(i, "epoch");
    program.pass(300);
    program.end(i);
    program.pass(200);
  }
  program.close();
  EXPECT_EQ(program.at("epoch").count, 10u);
  EXPECT_EQ(program.at("epoch").duration, seconds(3));
  EXPECT_NEAR(program.joules_of("epoch"), 300, 1e-3);
  EXPECT_EQ(program.at("epoch").spans.size(), 10u);
  EXPECT_EQ(program.phases.order().size(), 1u);
}

// Eight ranks that train at once are one node that trains; their samples are eight times as many.
TEST(Phases, InstancesThatOverlapTakeTheNodesEnergyOnceAndAllTheWork) {
  Program program;
  for (std::uint32_t rank = 0; rank < 8; ++rank) {
    program.begin(100 + rank, "train", 1, 10 + rank);
    program.pass(50);
    program.begin(200 + rank, "epoch", 1, 10 + rank);
  }
  program.pass(1600);
  for (std::uint32_t rank = 0; rank < 8; ++rank) {
    program.work("", 64, "sample", 1, 10 + rank);
    program.end(200 + rank);
    program.pass(50);
    program.end(100 + rank);
  }
  program.pass(1000);
  program.begin(1, "train");
  program.pass(500);
  program.end(1);
  program.close();
  EXPECT_EQ(program.at("train").count, 9u);
  EXPECT_EQ(program.at("train").duration, millis(2400 + 500));
  EXPECT_NEAR(program.joules_of("train"), 290, 1e-3);
  EXPECT_EQ(program.at("train").spans.size(), 2u);
  EXPECT_EQ(program.at("train/epoch").count, 8u);
  EXPECT_EQ(program.at("train/epoch").duration, millis(2300));
  EXPECT_NEAR(program.joules_of("train/epoch"), 230, 1e-3);
  EXPECT_EQ(program.at("train/epoch").work.at("sample"), 512);
}

TEST(Phases, ProgramEventsThatComeOutOfOrderCountNoTimeTwice) {
  Program program;
  program.begin(1, "a");
  program.pass(2500);
  program.end(1);
  program.pass(1500);  // settled by now
  for (const std::int64_t ms : {500, 2600}) {
    const auto id = static_cast<std::uint64_t>(ms);
    program.phases.add({ProgramEvent::Kind::begin, millis(ms), id, 2, 2, "a", "", 0});
    program.phases.add({ProgramEvent::Kind::end, millis(ms + 100), id, 2, 2, "", "", 0});
  }
  program.close();
  EXPECT_EQ(program.at("a").count, 3u);
  EXPECT_EQ(program.at("a").duration, millis(2600));
  EXPECT_NEAR(program.joules_of("a"), 260, 1e-3);
}

TEST(Phases, AnOuterEndEndsWhatIsInside) {
  Program program;
  program.begin(1, "a");
  program.begin(2, "b");
  program.begin(3, "c");
  program.pass(1000);
  program.end(1);
  program.end(3);
  program.close();
  EXPECT_EQ(program.at("a/b/c").count, 1u);
  EXPECT_EQ(program.at("a/b/c").duration, seconds(1));
  EXPECT_EQ(program.count(Anomaly::phase_unmatched), 1u) << "c had ended with a";
}

TEST(Phases, UnendedEndWithTheRun) {
  Program program;
  program.begin(1, "a");
  program.pass(1500);
  program.begin(2, "b", 2);
  program.pass(1500);
  program.close();
  EXPECT_EQ(program.at("a").duration, seconds(3));
  EXPECT_NEAR(program.joules_of("b"), 150, 1e-3);
  EXPECT_EQ(program.count(Anomaly::phase_unended), 2u);
}

TEST(Phases, EndedTwiceOrNeverBegun) {
  Program program;
  program.begin(1, "a");
  program.pass(1000);
  program.end(1);
  program.end(1);
  program.end(77);
  program.close();
  EXPECT_EQ(program.at("a").count, 1u);
  EXPECT_EQ(program.count(Anomaly::phase_unmatched), 2u);
}

TEST(Phases, AnIdMayBeUsedAgainAtOnce) {
  Program program;
  for (int i = 0; i < 5; ++i) {
    program.begin(9, "a");
    program.pass(100);
    program.end(9);
  }
  program.begin(9, "b");
  program.begin(9, "c");  // still open: not another phase
  program.end(9);
  program.close();
  EXPECT_EQ(program.at("a").count, 5u);
  EXPECT_EQ(program.at("a").duration, millis(500));
  EXPECT_EQ(program.phases.contains("b/c"), false);
  EXPECT_EQ(program.count(Anomaly::phase_unmatched), 1u);
}

TEST(Phases, AnotherThreadMayEndAPhase) {
  Program program;
  program.begin(1, "a", 1);
  program.pass(1000);
  program.end(1, 2);
  program.begin(2, "b", 1);
  program.end(2, 1);
  program.close();
  EXPECT_EQ(program.at("a").duration, seconds(1));
  EXPECT_TRUE(program.phases.contains("b")) << "not a/b";
}

TEST(Phases, ProcessesWithEqualThreadIdsStayApart) {
  Program program;
  program.begin(1, "a", 5, 100);
  program.begin(2, "b", 5, 200);
  program.pass(1000);
  program.close();
  EXPECT_TRUE(program.phases.contains("b"));
  EXPECT_FALSE(program.phases.contains("a/b"));
}

TEST(Phases, ASlashInANameIsNoLevel) {
  Program program;
  program.begin(1, "a/b");
  program.begin(2, "");
  program.close();
  EXPECT_TRUE(program.phases.contains("a_b"));
  EXPECT_TRUE(program.phases.contains("a_b/?"));
}

TEST(Phases, WorkGoesToTheNamedTheInnermostOrTheRun) {
  Program program;
  program.work("", 1, "epoch");
  program.begin(1, "train");
  program.begin(2, "epoch");
  program.work("", 10, "sample");
  program.work("train", 5, "sample");
  program.work("epoch", 0, "sample");
  program.work("nobody", 3, "sample");
  program.work("train", 7, "sample", 99);  // another thread, which has no phase
  program.close();
  EXPECT_EQ(program.at("train/epoch").work.at("sample"), 10);
  EXPECT_EQ(program.at("train").work.at("sample"), 5);
  EXPECT_EQ(program.phases.work().at("sample"), 10);
  EXPECT_EQ(program.phases.work().at("epoch"), 1);
}

TEST(Phases, OfTwoOfOneNameTheInnermostGetsTheWork) {
  Program program;
  program.begin(1, "step");
  program.begin(2, "step");
  program.work("step", 4, "x");
  program.close();
  EXPECT_EQ(program.at("step/step").work.at("x"), 4);
  EXPECT_TRUE(program.at("step").work.empty());
}

TEST(Phases, InvalidWorkIsIgnoredAndCounted) {
  Program program;
  program.begin(1, "a");
  for (const double bad :
       {std::nan(""), -1.0, -0.001, std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()})
    program.work("", bad, "x");
  program.work("", 2, "x");
  program.close();
  EXPECT_EQ(program.at("a").work.at("x"), 2);
  EXPECT_EQ(program.count(Anomaly::work_invalid), 5u);
}

TEST(Phases, TheLastFigureOfANameWins) {
  Program program;
  for (const double value : {0.5, 0.73, std::nan("")})
    program.phases.add({ProgramEvent::Kind::figure, {}, 0, 1, 1, "dice", "", value});
  EXPECT_EQ(program.phases.figures().at("dice"), 0.73);
  EXPECT_EQ(program.phases.figures().size(), 1u);
}

TEST(Phases, SettingsAreKeptByKeyAndBounded) {
  Program program;
  const auto set = [&](const std::string& key, const char* value) {
    program.phases.add({ProgramEvent::Kind::setting, {}, 0, 1, 1, value, key, 0});
  };
  for (int i = 0; i < 300; ++i) set(std::to_string(i), "x");
  set("7", "later");
  EXPECT_EQ(program.phases.settings().size(), PhaseLimits().settings);
  EXPECT_EQ(program.phases.settings().at("7"), "later");
}

TEST(Phases, AnEndBeforeItsBeginLastsNoTime) {
  Program program;
  program.pass(3000);
  program.begin(1, "a");
  program.phases.add({ProgramEvent::Kind::end, seconds(1), 1, 1, 1, "", "", 0});
  program.close();
  EXPECT_EQ(program.at("a").duration, Nanos{});
  EXPECT_GE(program.joules_of("a"), 0);
}

TEST(Phases, AHundredThousandPhasesAreSummed) {
  Program program;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    program.begin(i, i % 2 == 0 ? "even" : "odd");
    program.end(i);
    if (i % 100 == 0) program.pass(1);
  }
  program.close();
  EXPECT_EQ(program.at("even").count, 50'000u);
  EXPECT_EQ(program.at("odd").spans.size(), PhaseSum::kMaxSpans);
}

// A program that never ends its phases, or names each step anew, must not exhaust the memory of the measuring process.
TEST(Phases, ForgottenEndsAreBounded) {
  Program program;
  for (std::uint64_t i = 0; i < 20'000; ++i) program.begin(i, "forgotten step with quite a long name");
  std::size_t bytes = 0;
  for (const std::string& path : program.phases.order()) bytes += path.size();
  EXPECT_LT(bytes, 1'000'000u);
  EXPECT_EQ(program.count(Anomaly::too_many_names), 20'000 - PhaseLimits().depth);
  program.end(19'999);  // of one that was too deep
  program.close();
  EXPECT_EQ(program.count(Anomaly::phase_unmatched), 0u);
  EXPECT_EQ(program.phases.order().size(), PhaseLimits().depth);
}

TEST(Phases, ForgottenEndsOfManyThreadsAreBounded) {
  Program program;
  for (std::uint32_t i = 0; i < 50'000; ++i) program.begin(i, "a", i);
  program.close();
  EXPECT_EQ(program.at("a").count, PhaseLimits().open);
  EXPECT_EQ(program.count(Anomaly::too_many_names), 50'000 - PhaseLimits().open);
}

TEST(Phases, FurtherNamesAreSummedAsOthers) {
  Program program;
  program.begin(1, "train");
  const std::uint64_t names = 2 * PhaseLimits().paths;
  for (std::uint64_t i = 0; i < names; ++i) {
    program.begin(100 + i, "step " + std::to_string(i));
    program.work("", 1, "sample");
    if (i % 10 == 0) program.pass(1);
    program.end(100 + i);
  }
  program.begin(2, "step 7");  // is known
  program.close();
  const auto& others = program.at("train/(others)");
  EXPECT_EQ(program.phases.order().size(), PhaseLimits().paths + 1);
  EXPECT_EQ(others.count, names - (PhaseLimits().paths - 1));
  EXPECT_EQ(others.work.at("sample"), static_cast<double>(others.count));
  EXPECT_EQ(program.count(Anomaly::too_many_names), others.count);
  EXPECT_EQ(program.at("train/step 7").count, 2u);
  double joules = program.joules_of("train/(others)");
  for (std::uint64_t i = 0; i < PhaseLimits().paths - 1; ++i)
    joules += program.joules_of("train/step " + std::to_string(i));
  EXPECT_NEAR(joules, program.joules_of("train"), 1e-3) << "nothing is lost";
  std::size_t spans = 0;
  for (const std::string& path : program.phases.order()) spans += program.at(path).spans.size();
  EXPECT_LE(spans, PhaseLimits().spans);
}

TEST(Phases, UnitsAndFiguresAreBounded) {
  Program program;
  for (int i = 0; i < 3000; ++i) {
    program.work("", 1, "unit " + std::to_string(i));
    program.phases.add({ProgramEvent::Kind::figure, {}, 0, 1, 1, "figure " + std::to_string(i), "", 1});
  }
  program.work("", 1, "unit 0");
  EXPECT_EQ(program.phases.work().size(), PhaseLimits().units);
  EXPECT_EQ(program.phases.work().at("unit 0"), 2);
  EXPECT_EQ(program.phases.figures().size(), PhaseLimits().figures);
  EXPECT_EQ(program.count(Anomaly::too_many_names), 6000 - PhaseLimits().units - PhaseLimits().figures);
}

// What a program may make this process keep is bounded in bytes, whatever the names are.
TEST(Phases, NamesAreBoundedInBytes) {
  PhaseLimits limits;
  limits.bytes = 2000;
  Phases phases(limits);
  const Nanos at = seconds(1);
  for (std::uint64_t id = 1; id <= 100; ++id) {
    phases.add({ProgramEvent::Kind::begin, at, id, 1, 1, "phase " + std::to_string(id), "", 0});
    phases.add({ProgramEvent::Kind::work, at, 0, 1, 1, "", "unit " + std::to_string(id), 1});
    phases.add({ProgramEvent::Kind::end, at, id, 1, 1, "", "", 0});
    phases.add({ProgramEvent::Kind::figure, at, 0, 1, 1, "figure " + std::to_string(id), "", 1});
    phases.add({ProgramEvent::Kind::setting, at, 0, 1, 1, "value", "key " + std::to_string(id), 0});
  }
  std::size_t units = phases.work().size();
  for (const std::string& path : phases.order()) units += phases.at(path).work.size();
  EXPECT_LE(phases.order().size() + units + phases.figures().size() + phases.settings().size(), 2000U / 128);
  EXPECT_GT(phases.anomalies().count(Anomaly::too_many_names), 300U);
  EXPECT_EQ(phases.anomalies().count(Anomaly::phase_unmatched), 0U) << "the ends of refused phases are expected";
}

TEST(Phases, WorkThatIsTooMuchForANumberIsInvalid) {
  Phases phases;
  for (int i = 0; i < 2; ++i) phases.add({ProgramEvent::Kind::work, seconds(1), 0, 1, 1, "", "x", 1.5e308});
  EXPECT_EQ(phases.work().at("x"), 1.5e308);
  EXPECT_EQ(phases.anomalies().count(Anomaly::work_invalid), 1U);
}

}  // namespace
}  // namespace nw
