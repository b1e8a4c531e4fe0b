// A job in every format: compared with golden files, within the terminal's width, and with malicious fields.
#include "report/job.h"

#include <gtest/gtest.h>

#include <sstream>

#include <nlohmann/json.hpp>

#include "report/accounting.h"
#include "report/escape.h"
#include "report/formats.h"
#include "report/top.h"
#include "study/jobs.h"
#include "support/golden.h"
#include "support/records_jobs.h"

namespace nw {
namespace {

std::vector<std::pair<std::string, pb::Record>> job_samples() {
  return {{"job_exclusive", sample::exclusive_job()},
          {"job_shared", sample::shared_job()},
          {"job_partial", gather_jobs({sample::job_on("n1", 1e6), sample::job_on("n2", 1.2e6, 2)}).at(0)},
          {"job_hostile", sample::hostile_job()},
          {"job_bare", sample::bare_job()}};
}

TEST(JobGolden, Page) {
  for (const auto& [name, record] : job_samples()) {
    std::string text;
    for (const int width : {60, 100})
      text += "=== " + std::to_string(width) + " columns\n" + make_job_text(record, {.width = width});
    expect_golden(name + ".text", text + "=== one line\n" + make_job_line(record));
    expect_golden(name + ".md", make_markdown(record));
  }
}

TEST(JobGolden, Lists) {
  const auto all = job_samples();
  std::vector<const pb::Record*> records;
  for (const auto& [name, record] : all) records.push_back(&record);
  std::string text;
  for (const int width : {60, 100, 160})
    text += "=== " + std::to_string(width) + " columns\n" + make_job_list(records, {.width = width});
  expect_golden("jobs", text);
  const auto fields = choose_fields("");
  ASSERT_TRUE(fields);
  expect_golden("sacct_parsable", make_accounting(records, *fields, {true, true}));
  expect_golden("sacct", make_accounting(records, *fields, {false, true}));
  const pb::NodeState node = sample::node_state();
  expect_golden("top", make_top(records, std::span(&node, 1), {.width = 100}));
}

TEST(Job, NoLineIsWiderThanItsTerminalAndNoneCarriesHarm) {
  for (const auto& [name, record] : job_samples())
    for (int width = 60; width <= 160; width += 5)
      for (const bool utf8 : {false, true}) {
        std::istringstream lines(make_job_text(record, {.width = width, .utf8 = utf8}));
        for (std::string line; std::getline(lines, line);) {
          EXPECT_LE(display_width(line), static_cast<std::size_t>(width)) << name << ": " << line;
          EXPECT_EQ(line.find('\x1b'), std::string::npos) << line;
          EXPECT_EQ(line.find("\xe2\x80\xae"), std::string::npos) << line;
        }
      }
}

TEST(Job, SaysWhoseTheJoulesAre) {
  const std::string shared = make_job_text(sample::shared_job(), {.width = 160});
  EXPECT_NE(shared.find("shared: 64/256 CPUs, 1/4 GPUs, 12.5 % of the memory"), std::string::npos) << shared;
  EXPECT_NE(shared.find("by reservation-based/1"), std::string::npos);
  EXPECT_NE(shared.find("the job's share of a node"), std::string::npos);
  EXPECT_NE(shared.find("attributed"), std::string::npos);
  EXPECT_NE(shared.find("Job 4718_2"), std::string::npos);
  const std::string exclusive = make_job_text(sample::exclusive_job(), {.width = 160});
  EXPECT_NE(exclusive.find("gpu3 NVIDIA H100 SXM5 62.8 +- 6.4 Wh"), std::string::npos) << exclusive;
  EXPECT_EQ(exclusive.find("running"), std::string::npos);
}

TEST(Job, ARunningOneIsDated) {
  const pb::Record record = sample::shared_job();
  const std::int64_t end = record.start_unix_ns() + record.duration_ns();
  EXPECT_NE(make_job_text(record, {.width = 160, .now_unix_ns = end + 12 * sample::kSecond}).find("as of 12 s ago"),
            std::string::npos)
      << make_job_text(record, {.width = 160, .now_unix_ns = end + 12 * sample::kSecond});
  EXPECT_NE(make_job_text(record, {.width = 160}).find("attributed, running"), std::string::npos);
}

TEST(Job, APartOfAJobSaysSo) {
  const pb::Record record = gather_jobs({sample::job_on("n1", 1e6), sample::job_on("n2", 1.2e6, 2)}).at(0);
  EXPECT_NE(make_job_text(record, {.width = 160}).find("2 of 3 nodes"), std::string::npos);
  EXPECT_NE(make_job_line(record).find("2 of 3 nodes"), std::string::npos);
  EXPECT_NEAR(record.energy().coverage(), 2.0 / 3, 1e-9);
}

TEST(Job, TheSumOfAListIsOfAllThatMatched) {
  std::vector<pb::Record> jobs(27, sample::exclusive_job());
  std::vector<const pb::Record*> records;
  for (pb::Record& job : jobs) {
    job.mutable_energy()->set_energy_uj(3'600'000'000'000);
    job.mutable_energy()->clear_uncertainty_uj();
    records.push_back(&job);
  }
  const auto total_of = [](const std::string& list) {
    const auto at = list.find("\ntotal ");
    return list.substr(at + 1, list.find('\n', at + 1) - at - 1);
  };
  const std::string some = make_job_list(records, {.width = 160}, 20), all = make_job_list(records, {.width = 160});
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 1 + 27 + 1) << all;
  EXPECT_EQ(std::count(some.begin(), some.end(), '\n'), 1 + 20 + 1 + 1) << some;
  EXPECT_EQ(total_of(some), total_of(all));
  EXPECT_NE(total_of(some).find("27.0 kWh"), std::string::npos) << some;
  EXPECT_NE(some.find("20 of 27 shown"), std::string::npos) << some;
  EXPECT_EQ(all.find(" shown"), std::string::npos) << all;
}

TEST(Job, JsonHasIt) {
  const auto json = nlohmann::json::parse(make_json(sample::shared_job()));
  EXPECT_EQ(json["job"]["job_id"], "4720");
  EXPECT_EQ(json["job"]["array_job"], "4718");
  EXPECT_TRUE(json["job"]["sluid"].is_null());
  EXPECT_EQ(json["job"]["steps"][0]["energy"]["energy_j"], 402'000.0);
  EXPECT_EQ(json["job"]["others"][0]["policy"], "reservation-based/1");
  EXPECT_EQ(json["job"]["share_u_j"], 9000.0);
  EXPECT_TRUE(nlohmann::json::parse(make_json(sample::gpu_node()))["job"].is_null());
}

TEST(Job, AGpuInsideAnotherPartCountsOnce) {
  pb::Record record = sample::exclusive_job();
  const auto before = gpu_share(record);
  ASSERT_TRUE(before);
  EXPECT_NEAR(*before, (355'700 + 353'500 + 357'100 + 226'100) / 1'891'800.0, 1e-9);
  EXPECT_FALSE(gpu_share(sample::bare_job()));
}

TEST(Accounting, RowsJoinWithSlurms) {
  const pb::Record record = sample::exclusive_job();
  const pb::Record* records[] = {&record};
  const auto fields = choose_fields("JobIDRaw,step,Energy_J,GPU_J,Submit,End");
  ASSERT_TRUE(fields);
  std::istringstream lines(make_accounting(records, *fields, {true, true}));
  std::vector<std::string> rows;
  for (std::string line; std::getline(lines, line);) rows.push_back(line);
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_EQ(rows[0], "JobIDRaw|Step|Energy_J|GPU_J|Submit|End");
  EXPECT_EQ(rows[1], "4711||1891800.000|1292400.000|2026-03-02T00:40:00|2026-03-02T01:08:46");
  EXPECT_EQ(rows[2].substr(0, 29), "4711.batch|batch|91800.000||2");
  EXPECT_EQ(rows[3].substr(0, 9), "4711.0|0|");
}

TEST(Accounting, ACellHoldsNoBarAndNoLine) {
  const pb::Record record = sample::hostile_job();
  const pb::Record* records[] = {&record};
  const auto fields = choose_fields("+User,+JobName");
  ASSERT_TRUE(fields);
  std::istringstream lines(make_accounting(records, *fields, {true, false}));
  std::size_t rows = 0;
  for (std::string line; std::getline(lines, line); ++rows)
    EXPECT_EQ(static_cast<std::size_t>(std::count(line.begin(), line.end(), '|')), fields->size() - 1) << line;
  EXPECT_EQ(rows, 2U);
}

TEST(Accounting, FieldsAreChosen) {
  const auto usual = choose_fields(""), more = choose_fields("+user,-kind"), few = choose_fields("kind,energy_j");
  ASSERT_TRUE(usual && more && few);
  EXPECT_EQ(more->size(), usual->size());
  EXPECT_EQ(few->size(), 2U);
  EXPECT_FALSE(choose_fields("+nonsense"));
  EXPECT_FALSE(choose_fields("kind,-kind"));
  EXPECT_NE(make_fields_help().find("SLUID"), std::string::npos);
}

TEST(Top, TheConservationLineShowsABug) {
  const pb::NodeState good = sample::node_state(), bad = sample::node_state(3);
  EXPECT_NE(make_top({}, std::span(&good, 1), {}).find("jobs + idle + system + unattributed - node = 0 uJ\n"),
            std::string::npos);
  EXPECT_NE(make_top({}, std::span(&bad, 1), {}).find("= -3 uJ: a bug"), std::string::npos);
}

}  // namespace
}  // namespace nw
