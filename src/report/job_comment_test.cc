// The line in a resource manager's accounting keeps its meaning in lower case, and survives a shell that permits few
// characters.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <regex>

#include "report/job.h"
#include "support/records_jobs.h"

namespace nw {
namespace {

constexpr const char* kHarmless = "abcdefghijklmnopqrstuvwxyz0123456789 .,:()+_-\n";

TEST(JobComment, SaysItInWords) {
  EXPECT_EQ(make_job_comment(sample::exclusive_job()),
            "4711: 526 watt hours plus or minus 11, gpus 68 percent, mean 2613 watts, 12m04s, exclusive, measured, the "
            "whole node, at the wall (ac)\n");
  EXPECT_EQ(
      make_job_comment(sample::shared_job()),
      "4718_2: 111.7 watt hours plus or minus 6.7, gpus 75 percent, mean 555 watts, 12m04s, shared: 64 of 256 cpus, 1 "
      "of 4 gpus, 12.5 percent of the memory, attributed, running, the whole node, at the wall (ac)\n");
}

TEST(JobComment, WhatIsUnknownIsNoFigure) {
  pb::Record record = sample::shared_job();
  record.mutable_energy()->clear_energy_uj();
  record.clear_components();
  const std::string line = make_job_comment(record);
  EXPECT_TRUE(line.starts_with("4718_2: energy unknown, 12m04s, ")) << line;
  EXPECT_EQ(line.find("mean"), std::string::npos) << line;
}

RC_GTEST_PROP(JobComment, SurvivesLowerCaseAndFewCharacters, ()) {
  pb::Record record =
      *rc::gen::element(sample::exclusive_job(), sample::shared_job(), sample::hostile_job(), sample::bare_job());
  const auto joules = *rc::gen::inRange<std::int64_t>(0, 4'000'000'000'000'000);
  if (*rc::gen::arbitrary<bool>()) record.mutable_energy()->set_energy_uj(joules);
  const bool is_foreign = *rc::gen::arbitrary<bool>();
  if (is_foreign) record.set_boundary_note(*rc::gen::arbitrary<std::string>());
  if (is_foreign) record.mutable_job()->set_id(*rc::gen::arbitrary<std::string>());
  const std::string line = make_job_comment(record);
  RC_ASSERT(line.find_first_not_of(kHarmless) == std::string::npos);
  RC_ASSERT(line.find('\n') == line.size() - 1);
  static const std::regex kAmbiguous("[0-9] ([mk]?j|[mk]?wh?)[ ,]");  // a number and a unit that had capitals
  RC_ASSERT(is_foreign || !std::regex_search(line, kAmbiguous));
}

}  // namespace
}  // namespace nw
