// Properties of RunAccounting over random phases, losses and cuts.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "support/invented_run.h"

namespace nw {
namespace {
using test::InventedRun;

// The run with these events put in by time.
InventedRun with_events(InventedRun run, std::vector<ProgramEvent> events) {
  run.events.erase(std::remove_if(run.events.begin(), run.events.end(),
                                  [](const auto& event) { return std::holds_alternative<ProgramEvent>(event); }),
                   run.events.end());
  std::stable_sort(events.begin(), events.end(),
                   [](const ProgramEvent& a, const ProgramEvent& b) { return a.at < b.at; });
  std::vector<InventedRun::Event> merged;
  auto next = events.begin();
  for (const auto& event : run.events) {
    while (next != events.end() && next->at <= std::get<SampleSet>(event).front().before) merged.emplace_back(*next++);
    merged.push_back(event);
  }
  run.events = std::move(merged);
  return run;
}

TEST(RunAccountingProperties, PhasesThatTileTheRunAddUpToItToTheMicrojoule) {
  EXPECT_TRUE(rc::check([] {
    InventedRun run;
    auto cuts = *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange(run.begin.count(), run.end.count()));
    cuts.push_back(run.begin.count());
    cuts.push_back(run.end.count());
    std::sort(cuts.begin(), cuts.end());
    std::vector<ProgramEvent> events;
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
      events.push_back(InventedRun::event(ProgramEvent::Kind::begin, Nanos::of(cuts[i]), i + 1, "tile"));
      events.push_back(InventedRun::event(ProgramEvent::Kind::end, Nanos::of(cuts[i + 1]), i + 1, ""));
    }
    const pb::Record record = with_events(run, events).live();
    RC_ASSERT(record.phases_size() == 1);
    RC_ASSERT(record.phases(0).count() == cuts.size() - 1);
    RC_ASSERT(record.phases(0).duration_ns() == record.duration_ns());
    RC_ASSERT(record.phases(0).energy().energy_uj() == record.energy().energy_uj());
    for (int i = 0; i < record.components_size(); ++i)
      RC_ASSERT(record.phases(0).components(i).energy().energy_uj() == record.components(i).energy().energy_uj());
  }));
}

// Time in which several phases are open counts once: the phases of many ranks have the duration and energy of those of
// a single thread that is in a phase whenever one of them is.
TEST(RunAccountingProperties, OverlappingInstancesAreTheirUnionToTheMicrojoule) {
  EXPECT_TRUE(rc::check([] {
    const InventedRun run;
    struct Stay {
      std::int64_t begin, end;
    };
    std::vector<Stay> outer, inner;
    std::vector<ProgramEvent> events;
    const auto add = [&](ProgramEvent::Kind kind, std::int64_t at, std::size_t id, const char* name,
                         std::uint32_t rank = 1) {
      events.push_back(InventedRun::event(kind, Nanos::of(at), id, name));
      events.back().pid = rank;
    };
    const auto ranks = *rc::gen::inRange<std::uint32_t>(1, 6);
    for (std::uint32_t rank = 1; rank <= ranks; ++rank) {
      auto cuts =
          *rc::gen::container<std::vector<std::int64_t>>(4 * static_cast<std::size_t>(*rc::gen::inRange(0, 4)),
                                                         rc::gen::inRange(run.begin.count(), run.end.count() + 1));
      std::sort(cuts.begin(), cuts.end());
      for (std::size_t i = 0; i + 3 < cuts.size(); i += 4) {
        const std::size_t id = 100 * rank + i;
        add(ProgramEvent::Kind::begin, cuts[i], id, "train", rank);
        add(ProgramEvent::Kind::begin, cuts[i + 1], id + 1, "epoch", rank);
        add(ProgramEvent::Kind::end, cuts[i + 2], id + 1, "", rank);
        add(ProgramEvent::Kind::end, cuts[i + 3], id, "", rank);
        outer.push_back({cuts[i], cuts[i + 3]});
        inner.push_back({cuts[i + 1], cuts[i + 2]});
      }
    }
    // The same result as with one thread's consecutive phases.
    const auto united = [&](std::vector<Stay> stays, const char* name) {
      events.clear();
      std::sort(stays.begin(), stays.end(), [](const Stay& a, const Stay& b) { return a.begin < b.begin; });
      for (std::size_t i = 0; i < stays.size();) {
        Stay whole = stays[i];
        for (++i; i < stays.size() && stays[i].begin <= whole.end; ++i) whole.end = std::max(whole.end, stays[i].end);
        add(ProgramEvent::Kind::begin, whole.begin, i, name);
        add(ProgramEvent::Kind::end, whole.end, i, "");
      }
      return with_events(run, events).live();
    };
    const pb::Record many = with_events(run, events).live();
    const pb::Record trains = united(outer, "train"), epochs = united(inner, "epoch");
    RC_ASSERT(many.phases_size() == trains.phases_size() + epochs.phases_size());
    for (const pb::Phase& phase : many.phases()) {
      const pb::Phase& alone = (phase.path() == "train" ? trains : epochs).phases(0);
      RC_ASSERT(phase.count() == outer.size());
      RC_ASSERT(phase.duration_ns() == alone.duration_ns());
      RC_ASSERT(phase.resolved() == alone.resolved());
      RC_ASSERT(phase.energy().energy_uj() == alone.energy().energy_uj());
      RC_ASSERT(phase.components_size() == alone.components_size());
      for (int i = 0; i < phase.components_size(); ++i)
        RC_ASSERT(phase.components(i).energy().energy_uj() == alone.components(i).energy().energy_uj());
    }
  }));
}

TEST(RunAccountingProperties, LostReadsNeverChangeACountersRunAndOnlyLowerCoverage) {
  const pb::Record good = InventedRun().live();
  EXPECT_TRUE(rc::check([&] {
    InventedRun run;
    std::size_t sample_sets = 0;
    for (auto& event : run.events) {
      auto* sample_set = std::get_if<SampleSet>(&event);
      if (sample_set == nullptr || ++sample_sets < 3 || sample_sets > 48) continue;
      for (std::size_t i = 0; i < 3; ++i)
        if (*rc::gen::inRange(0, 3) == 0) (*sample_set)[i].status = Status::denied, (*sample_set)[i].raw = 0;
    }
    const pb::Record record = run.live();
    RC_ASSERT(record.energy().energy_uj() == good.energy().energy_uj());
    RC_ASSERT(record.energy().coverage() <= good.energy().coverage());
    for (const auto& phase : record.phases())
      for (const auto& component : phase.components()) RC_ASSERT(component.energy().energy_uj() >= 0);
  }));
}

TEST(RunAccountingProperties, AnyProgramEventsAtAllLeaveTheRunAsItWas) {
  const pb::Record good = InventedRun().live();
  EXPECT_TRUE(rc::check([&] {
    InventedRun run;
    std::vector<ProgramEvent> events;
    for (int n = *rc::gen::inRange(0, 60); n > 0; --n) {
      ProgramEvent event = InventedRun::event(
          static_cast<ProgramEvent::Kind>(*rc::gen::inRange(0, 4)),
          Nanos::of(*rc::gen::inRange(run.begin.count(), run.end.count())), *rc::gen::inRange<std::uint64_t>(0, 6),
          *rc::gen::element("a", "b", "", "a/b"), *rc::gen::arbitrary<double>(), "x");
      event.tid = *rc::gen::inRange<std::uint32_t>(1, 3);
      events.push_back(event);
    }
    const InventedRun marked = with_events(run, events);
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
