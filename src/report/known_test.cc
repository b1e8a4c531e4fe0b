// What a report may state about a figure: for an unknown one neither provenance nor boundary, no maximum below the
// mean, and no sensor where none was read.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <nlohmann/json.hpp>

#include <functional>

#include "accounting/energy_accounting.h"
#include "accounting/run_accounting.h"
#include "report/job.h"
#include "report/report.h"
#include "report/summary.h"
#include "study/jobs.h"
#include "study/values.h"
#include "support/invented_run.h"
#include "support/records_jobs.h"

namespace nw {
namespace {
using Json = nlohmann::json;

// Every object of a document.
void for_each_object(const Json& json, const std::function<void(const Json&)>& see) {
  if (json.is_object()) see(json);
  if (json.is_structured())
    for (const Json& inner : json) for_each_object(inner, see);
}

void forget_all(pb::Record& record) {
  const auto forget = [](pb::Energy& energy) {
    const auto kind = energy.kind();
    const auto boundary = energy.boundary();
    energy.Clear();
    energy.set_kind(kind);
    energy.set_boundary(boundary);
  };
  const auto forget_parts = [&](auto& parts) {
    for (pb::Component& part : parts) forget(*part.mutable_energy());
  };
  forget(*record.mutable_energy());
  if (record.has_node_estimate()) forget(*record.mutable_node_estimate());
  forget_parts(*record.mutable_components());
  for (pb::Phase& phase : *record.mutable_phases())
    forget(*phase.mutable_energy()), forget_parts(*phase.mutable_components());
  for (pb::Step& step : *record.mutable_job()->mutable_steps()) forget(*step.mutable_energy());
  for (pb::ByPolicy& other : *record.mutable_job()->mutable_others()) forget(*other.mutable_energy());
  for (pb::Member& member : *record.mutable_members()) forget(*member.mutable_energy());
}

void expect_nothing_said(const pb::Record& record) {
  for_each_object(Json::parse(make_json(record)), [](const Json& object) {
    if (!object.contains("energy_j") || !object["energy_j"].is_null()) return;
    if (object.contains("kind")) EXPECT_TRUE(object["kind"].is_null()) << object;
    if (object.contains("boundary")) EXPECT_TRUE(object["boundary"].is_null()) << object;
  });
  const pb::Record* one = &record;
  const std::string csv = make_csv({&one, 1});
  for (const char* word : {"measured,", "attributed,", "estimated,", "on_chip", "wall"})
    EXPECT_EQ(csv.find(word), std::string::npos) << word << " in\n" << csv;
  const Summary summary = make_summary(record, {});
  EXPECT_EQ(summary.kind, "how known: unknown");
  for (const PartLine& part : summary.parts) EXPECT_EQ(part.kind, pb::KIND_UNKNOWN) << part.label;
  EXPECT_FALSE(summary.all_estimated);
}

TEST(Known, AnUnknownEnergyHasNoKindAndNoBoundary) {
  for (pb::Record record : {sample::gpu_node(), sample::cpu_node(), sample::exclusive_job(), sample::shared_job()}) {
    record.clear_boundary_note();
    record.clear_node_estimate();
    forget_all(record);
    expect_nothing_said(record);
  }
}

// A machine on which nothing can be read, and one whose sensors never answer.
TEST(Known, NorHasOneThatWasNeverMeasured) {
  const test::InventedRun run;
  for (const bool silent : {false, true}) {
    RunAccounting account(silent ? run.infos : std::vector<SensorInfo>(), run.period);
    account.begin(run.begin);
    for (int i = 0; i < 20; ++i) {
      SampleSet sample_set = run.sample_set(run.begin + millis(100 * i));
      for (Sample& sample : sample_set) sample.status = Status::denied;
      account.add(silent ? sample_set : SampleSet());
    }
    account.end(run.begin + millis(1900));
    pb::Record record = test::InventedRun::start();
    account.write(record);
    EXPECT_EQ(record.energy().kind(), pb::KIND_UNKNOWN);
    EXPECT_EQ(record.energy().boundary(), pb::BOUNDARY_UNKNOWN);
    for (const pb::Component& part : record.components()) EXPECT_EQ(part.energy().kind(), pb::KIND_UNKNOWN);
    expect_nothing_said(record);
  }
}

TEST(Known, ASumOfNothingKnownHasNoKindEither) {
  pb::Record one = sample::job_on("n1", 1e6), two = sample::job_on("n2", 1e6);
  for (pb::Record* record : {&one, &two}) record->clear_boundary_note(), forget_all(*record);
  const auto merged = gather_jobs({one, two});
  ASSERT_EQ(merged.size(), 1U);
  EXPECT_EQ(merged[0].energy().kind(), pb::KIND_UNKNOWN);
  EXPECT_EQ(merged[0].energy().boundary(), pb::BOUNDARY_UNKNOWN);
}

// Older records may have a maximum below their mean.
TEST(Known, NoMeanIsAboveItsMaximumInAnyForm) {
  EXPECT_TRUE(rc::check([] {
    pb::Record record = *rc::gen::inRange(0, 2) == 0 ? sample::gpu_node() : sample::cpu_node();
    for (pb::Component& part : *record.mutable_components())
      part.set_max_power_uw(*rc::gen::inRange<std::int64_t>(0, 4'000'000'000));
    if (*rc::gen::inRange(0, 2) == 0) record.mutable_components()->DeleteSubrange(0, 1);
    for (pb::Series& series : *record.mutable_timeline()->mutable_series())
      for (std::int64_t& energy : *series.mutable_energy_uj())
        energy = *rc::gen::inRange<std::int64_t>(-1, 100'000'000);
    for_each_object(Json::parse(make_json(record)), [](const Json& object) {
      if (!object.contains("max_power_w") || object["max_power_w"].is_null() || object["mean_power_w"].is_null())
        return;
      RC_ASSERT(object["max_power_w"].get<double>() >= object["mean_power_w"].get<double>());
    });
    const auto mean = mean_power_w(record.energy(), record.duration_ns());
    const std::string words = make_summary(record, {}).power;
    const auto at = words.find(", max ");
    if (at == words.npos || !mean) return;
    const double factor = words.find(" kW", at) == words.npos ? 1 : 1000;
    RC_ASSERT(std::stod(words.substr(at + 6)) * factor >= *mean * 0.99);
  }));
}

// One GPU for two jobs: what each took is a division of what was measured.
TEST(Known, ASharedJobIsAttributedAndItsSensorsWereRead) {
  std::vector<SensorInfo> infos{test::counter_info(Domain::package), test::counter_info(Domain::gpu)};
  AccountedNode node;
  node.make_uid = [] { return std::string("uid"); };
  node.devices.emplace_back();
  node.devices[0].part = infos[1].part;
  node.devices[0].indices = {0};
  EnergyAccounting accounting(infos, node, seconds(1));
  CgroupSnapshot cgroups;
  cgroups.cpus = 8;
  for (int i = 0; i < 12; ++i) {
    const Nanos now = seconds(100 + i);
    const auto raw = static_cast<std::uint64_t>(now.count() / 10);
    if (i == 1)
      for (const char* id : {"1", "2"}) {
        CgroupUsage& job = cgroups.jobs.emplace_back();
        job.manager = "slurm";
        job.id = id;
        job.cpus = {0, 1};
        job.cpu = Nanos{};
        job.gpus_said = "0";
      }
    for (CgroupUsage& job : cgroups.jobs) job.cpu = *job.cpu + seconds(1);
    if (i == 11) cgroups.jobs.clear();
    accounting.add({test::sample(now, raw), test::sample(now, raw)}, cgroups, now.count());
  }
  ASSERT_EQ(accounting.ended().size(), 2U);
  for (const pb::Record& record : accounting.ended()) {
    EXPECT_EQ(record.energy().kind(), pb::KIND_ATTRIBUTED);
    EXPECT_EQ(record.energy().coverage(), 1);
    for (const pb::Component& part : record.components()) EXPECT_EQ(part.energy().kind(), pb::KIND_ATTRIBUTED);
    const std::string page = make_job_text(record, {});
    EXPECT_EQ(page.find(kNoSensor), std::string::npos) << page;
  }
}

// As older daemons wrote it: the total has the provenance of its worst part.
TEST(Known, NoSensorIsSaidWhereNoneWasRead) {
  pb::Record record = sample::shared_job();
  record.mutable_energy()->set_kind(pb::KIND_ESTIMATED);
  EXPECT_EQ(make_job_text(record, {}).find(kNoSensor), std::string::npos);
  EXPECT_EQ(make_markdown(record).find(kNoSensor), std::string::npos);
  EXPECT_EQ(make_html(record).find(kNoSensor), std::string::npos);
  for (pb::Component& part : *record.mutable_components()) part.mutable_energy()->set_kind(pb::KIND_ESTIMATED);
  EXPECT_NE(make_markdown(record).find(kNoSensor), std::string::npos);
}

}  // namespace
}  // namespace nw
