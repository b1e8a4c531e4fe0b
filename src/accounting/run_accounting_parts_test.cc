// No part exceeds its whole, whatever the load, the sensors and the events: a maximum is not below the mean, a phase
// does not exceed its parent, nor do consecutive phases together.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>

#include "support/invented.h"
#include "support/invented_run.h"

namespace nw {
namespace {
using test::InventedRun;

constexpr std::int64_t kStepMs = 170;  // of the load; nothing else has this period

// A load that steps at random, and what sensors of all kinds show of it.
struct Load {
  std::vector<std::int64_t> watts;  // of each step

  std::int64_t at(Nanos since) const {
    const auto step = static_cast<std::size_t>(std::max<std::int64_t>(since.count(), 0) / millis(kStepMs).count());
    return watts[std::min(step, watts.size() - 1)];
  }
  Joules until(Nanos since) const {
    Joules sum;
    for (Nanos done{}; done < since;) {
      const Nanos next =
          std::min(since, Nanos::of((done.count() / millis(kStepMs).count() + 1) * millis(kStepMs).count()));
      sum += nw::watts(at(done)) * (next - done);
      done = next;
    }
    return sum;
  }
};

// As a sensor of this sensor info reads it, so long after the load began.
std::uint64_t read(const SensorInfo& info, const Load& load, Nanos since) {
  const std::int64_t tick = std::max<std::int64_t>(info.update_interval.value.count(), 1);
  const Nanos renewed = Nanos::of(since.count() / tick * tick);
  if (info.kind == SensorKind::gauge) return static_cast<std::uint64_t>(load.at(renewed) * 1000);
  return test::raw_of(info, 5'000'000, load.until(renewed));
}

std::vector<SensorInfo> any_infos() {
  std::vector<SensorInfo> infos{test::counter_info(Domain::package), test::counter_info(Domain::dram)};
  const int gpus = *rc::gen::inRange(0, 5);
  for (int i = 0; i < gpus; ++i) {
    const bool gauge = *rc::gen::inRange(0, 2) == 0;
    SensorInfo& info = infos.emplace_back(gauge ? test::gauge_info(Domain::gpu, std::to_string(i))
                                                : test::counter_info(Domain::gpu, std::to_string(i)));
    info.update_interval = millis(*rc::gen::element(1, 20, 100, 1000));
  }
  if (*rc::gen::inRange(0, 3) == 0) {
    SensorInfo& node = infos.emplace_back(test::gauge_info(Domain::node, ""));
    node.id = "invented/node";
    node.boundary = Boundary::node_dc;
    node.max_power = watts(20'000);
    node.update_interval = millis(*rc::gen::element(100, 1000, 3000));
  }
  return infos;
}

// Events of some threads, nested; now and then one comes late.
std::vector<ProgramEvent> any_events(Nanos begin, Nanos end) {
  std::vector<ProgramEvent> events;
  std::uint64_t id = 0;
  for (std::uint32_t tid = 1, threads = *rc::gen::inRange<std::uint32_t>(1, 3); tid <= threads; ++tid) {
    auto times = *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange(begin.count(), end.count()));
    if (*rc::gen::inRange(0, 2) == 0) times.push_back(begin.count()), times.push_back(end.count());
    std::sort(times.begin(), times.end());
    std::vector<std::uint64_t> open;
    for (const std::int64_t at : times) {
      const bool begins = open.empty() || *rc::gen::inRange(0, 2) == 0;
      if (begins) open.push_back(++id);
      ProgramEvent event =
          InventedRun::event(begins ? ProgramEvent::Kind::begin : ProgramEvent::Kind::end, Nanos::of(at), open.back(),
                             begins ? *rc::gen::element("a", "b", "c") : "");
      event.tid = tid;
      if (!begins) open.pop_back();
      events.push_back(event);
    }
  }
  return events;
}

pb::Record any_record() {
  const auto infos = any_infos();
  std::vector<Load> loads(infos.size());
  for (Load& load : loads)
    load.watts =
        *rc::gen::container<std::vector<std::int64_t>>(40, rc::gen::element<std::int64_t>(0, 20, 150, 300, 900));
  const Nanos start = seconds(1000), begin = start + millis(*rc::gen::inRange(0, 1500));
  const Nanos end = begin + millis(*rc::gen::inRange(1, 4000));
  auto events = any_events(begin, end);
  const Nanos late = millis(*rc::gen::element(0, 0, 250));
  const bool lossy = *rc::gen::inRange(0, 2) == 0;
  RunAccounting accounting(infos, millis(100));
  accounting.begin(begin);
  std::stable_sort(events.begin(), events.end(),
                   [](const ProgramEvent& a, const ProgramEvent& b) { return a.at < b.at; });
  auto next = events.begin();
  for (Nanos now = start; now < end + millis(200); now += millis(*rc::gen::inRange(80, 130))) {
    for (; next != events.end() && next->at + late <= now; ++next) accounting.add(*next);
    SampleSet sample_set;
    for (std::size_t i = 0; i < infos.size(); ++i) {
      sample_set.push_back(test::sample(now, read(infos[i], loads[i], now - start)));
      if (lossy && *rc::gen::inRange(0, 4) == 0) sample_set.back() = test::failed(now, Status::denied);
    }
    accounting.add(sample_set);
  }
  for (; next != events.end(); ++next) accounting.add(*next);
  accounting.end(end);
  pb::Record record = InventedRun::start();
  accounting.write(record);
  return record;
}

using Components = google::protobuf::RepeatedPtrField<pb::Component>;

// A sensor's energy in a phase is at most that in its parent. A remainder is a difference, and is not checked.
void check_components(const Components& inside, const Components& outside) {
  for (const pb::Component& one : inside)
    for (const pb::Component& other : outside)
      if (!one.sensor().empty() && one.sensor() == other.sensor() && one.energy().has_energy_uj()) {
        RC_ASSERT(other.energy().has_energy_uj());
        RC_ASSERT(one.energy().energy_uj() <= other.energy().energy_uj());
      }
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == path.npos ? "" : path.substr(0, slash);
}

bool overlap(const pb::Phase& a, const pb::Phase& b) {
  for (const pb::Span& one : a.spans())
    for (const pb::Span& other : b.spans())
      if (one.begin_ns() < other.end_ns() && other.begin_ns() < one.end_ns()) return true;
  return false;
}

TEST(RunAccountingParts, NoMeanIsAboveItsMaximum) {
  EXPECT_TRUE(rc::check([] {
    const pb::Record record = any_record();
    for (const pb::Component& one : record.components()) {
      if (!one.has_max_power_uw() || !one.energy().has_energy_uj()) continue;
      const Watts mean = Joules::of(one.energy().energy_uj()) / Nanos::of(record.duration_ns());
      RC_ASSERT(one.max_power_uw() >= mean.count());
    }
  }));
}

TEST(RunAccountingParts, NoPhaseIsMoreThanWhatItLiesIn) {
  EXPECT_TRUE(rc::check([] {
    const pb::Record record = any_record();
    std::map<std::string, const pb::Phase*> phases;
    for (const pb::Phase& phase : record.phases()) {
      const std::string parent = parent_of(phase.path());
      const auto found = phases.find(parent);
      RC_ASSERT(parent.empty() || found != phases.end());
      const pb::Phase* outer = parent.empty() ? nullptr : found->second;
      RC_ASSERT(phase.duration_ns() <= (outer != nullptr ? outer->duration_ns() : record.duration_ns()));
      phases[phase.path()] = &phase;
      if (!phase.energy().has_energy_uj()) continue;
      RC_ASSERT(phase.energy().energy_uj() <= record.energy().energy_uj());
      check_components(phase.components(), record.components());
      if (outer == nullptr || !outer->energy().has_energy_uj()) continue;
      RC_ASSERT(phase.energy().energy_uj() <= outer->energy().energy_uj());
      check_components(phase.components(), outer->components());
    }
  }));
}

TEST(RunAccountingParts, PhasesOneAfterTheOtherAreNoMoreThanWhatTheyLieIn) {
  EXPECT_TRUE(rc::check([] {
    const pb::Record record = any_record();
    std::map<std::string, std::vector<const pb::Phase*>> inside;
    for (const pb::Phase& phase : record.phases()) inside[parent_of(phase.path())].push_back(&phase);
    for (const auto& [parent, phases] : inside) {
      bool beside = false;
      for (std::size_t i = 0; i < phases.size(); ++i)
        for (std::size_t j = i + 1; j < phases.size(); ++j) beside |= overlap(*phases[i], *phases[j]);
      if (beside) continue;
      std::map<std::string, std::int64_t> sums;
      for (const pb::Phase* phase : phases)
        for (const pb::Component& one : phase->components())
          if (!one.sensor().empty()) sums[one.sensor()] += one.energy().energy_uj();
      const auto outer = std::find_if(record.phases().begin(), record.phases().end(),
                                      [&](const pb::Phase& phase) { return phase.path() == parent; });
      if (!parent.empty() && !outer->resolved()) continue;
      for (const pb::Component& one : parent.empty() ? record.components() : outer->components())
        if (!one.sensor().empty() && one.energy().has_energy_uj())
          RC_ASSERT(sums[one.sensor()] <= one.energy().energy_uj());
    }
  }));
}

// Events of a program whose clock goes back, and that come in any order.
TEST(RunAccountingParts, NorWhereProgramEventsMakeNoSense) {
  EXPECT_TRUE(rc::check([] {
    InventedRun run;
    RunAccounting accounting(run.infos, run.period);
    accounting.begin(run.begin);
    for (const auto& event : run.events) {
      if (!std::holds_alternative<SampleSet>(event)) continue;
      for (int n = *rc::gen::inRange(0, 6); n > 0; --n) {
        ProgramEvent any = InventedRun::event(*rc::gen::element(ProgramEvent::Kind::begin, ProgramEvent::Kind::end),
                                              Nanos::of(*rc::gen::inRange(run.begin.count(), run.end.count())),
                                              *rc::gen::inRange<std::uint64_t>(0, 5), *rc::gen::element("a", "b"));
        any.tid = *rc::gen::inRange<std::uint32_t>(1, 3);
        accounting.add(any);
      }
      accounting.add(std::get<SampleSet>(event));
    }
    accounting.end(run.end);
    pb::Record record = InventedRun::start();
    accounting.write(record);
    std::map<std::string, const pb::Phase*> phases;
    for (const pb::Phase& phase : record.phases()) phases[phase.path()] = &phase;
    for (const auto& [path, phase] : phases) {
      RC_ASSERT(phase->duration_ns() <= record.duration_ns());
      if (const auto outer = phases.find(parent_of(path)); outer != phases.end()) {
        RC_ASSERT(phase->duration_ns() <= outer->second->duration_ns());
        if (phase->energy().has_energy_uj() && outer->second->energy().has_energy_uj())
          RC_ASSERT(phase->energy().energy_uj() <= outer->second->energy().energy_uj());
      }
    }
  }));
}

}  // namespace
}  // namespace nw
