// Properties of the account over random phases, losses and cuts.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "support/invented_run.h"

namespace nw {
namespace {
using test::InventedRun;

// The run with these events put in by time.
InventedRun with_marks(InventedRun run, std::vector<Mark> marks) {
  run.events.erase(std::remove_if(run.events.begin(), run.events.end(),
                                  [](const auto& event) { return std::holds_alternative<Mark>(event); }),
                   run.events.end());
  std::stable_sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) { return a.at < b.at; });
  std::vector<InventedRun::Event> merged;
  auto next = marks.begin();
  for (const auto& event : run.events) {
    while (next != marks.end() && next->at <= std::get<Sweep>(event).front().before) merged.emplace_back(*next++);
    merged.push_back(event);
  }
  run.events = std::move(merged);
  return run;
}

TEST(AccountProperties, PhasesThatTileTheRunAddUpToItToTheMicrojoule) {
  EXPECT_TRUE(rc::check([] {
    InventedRun run;
    auto cuts = *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange(run.begin.count(), run.end.count()));
    cuts.push_back(run.begin.count());
    cuts.push_back(run.end.count());
    std::sort(cuts.begin(), cuts.end());
    std::vector<Mark> marks;
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
      marks.push_back(InventedRun::mark(Mark::Kind::begin, Nanos::of(cuts[i]), i + 1, "tile"));
      marks.push_back(InventedRun::mark(Mark::Kind::end, Nanos::of(cuts[i + 1]), i + 1, ""));
    }
    const pb::Record record = with_marks(run, marks).live();
    RC_ASSERT(record.phases_size() == 1);
    RC_ASSERT(record.phases(0).count() == cuts.size() - 1);
    RC_ASSERT(record.phases(0).duration_ns() == record.duration_ns());
    RC_ASSERT(record.phases(0).energy().energy_uj() == record.energy().energy_uj());
    for (int i = 0; i < record.components_size(); ++i)
      RC_ASSERT(record.phases(0).components(i).energy().energy_uj() == record.components(i).energy().energy_uj());
  }));
}

TEST(AccountProperties, LostReadsNeverChangeACountersRunAndOnlyLowerCoverage) {
  const pb::Record good = InventedRun().live();
  EXPECT_TRUE(rc::check([&] {
    InventedRun run;
    std::size_t sweeps = 0;
    for (auto& event : run.events) {
      auto* sweep = std::get_if<Sweep>(&event);
      if (sweep == nullptr || ++sweeps < 3 || sweeps > 48) continue;
      for (std::size_t i = 0; i < 3; ++i)
        if (*rc::gen::inRange(0, 3) == 0) (*sweep)[i].status = Status::denied, (*sweep)[i].raw = 0;
    }
    const pb::Record record = run.live();
    RC_ASSERT(record.energy().energy_uj() == good.energy().energy_uj());
    RC_ASSERT(record.energy().coverage() <= good.energy().coverage());
    for (const auto& phase : record.phases())
      for (const auto& component : phase.components()) RC_ASSERT(component.energy().energy_uj() >= 0);
  }));
}

TEST(AccountProperties, AnyMarksAtAllLeaveTheRunAsItWas) {
  const pb::Record good = InventedRun().live();
  EXPECT_TRUE(rc::check([&] {
    InventedRun run;
    std::vector<Mark> marks;
    for (int n = *rc::gen::inRange(0, 60); n > 0; --n) {
      Mark mark = InventedRun::mark(static_cast<Mark::Kind>(*rc::gen::inRange(0, 4)),
                                    Nanos::of(*rc::gen::inRange(run.begin.count(), run.end.count())),
                                    *rc::gen::inRange<std::uint64_t>(0, 6), *rc::gen::element("a", "b", "", "a/b"),
                                    *rc::gen::arbitrary<double>(), "x");
      mark.tid = *rc::gen::inRange<std::uint32_t>(1, 3);
      marks.push_back(mark);
    }
    const InventedRun marked = with_marks(run, marks);
    const pb::Record record = marked.live();
    RC_ASSERT(record.energy().energy_uj() == good.energy().energy_uj());
    for (const auto& phase : record.phases()) {
      RC_ASSERT(phase.duration_ns() >= 0);
      RC_ASSERT(phase.energy().energy_uj() >= 0);
    }
    const auto rebuilt = rebuild_record(marked.frames());
    RC_ASSERT(rebuilt.has_value());
    RC_ASSERT(rebuilt->phases_size() == record.phases_size());
  }));
}

}  // namespace
}  // namespace nw
