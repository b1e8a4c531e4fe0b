// How people name a job, by hand for each form, and what is none.
#include "apps/cli/job_name.h"

#include <gtest/gtest.h>

#include "apps/cli/slurm_words.h"
#include "support/records_jobs.h"

namespace nw::cli {
namespace {

using Kind = JobName::Kind;

JobName name_of(std::string_view text) {
  const auto name = parse_job_name(text);
  EXPECT_TRUE(name) << text;
  return name.value_or(JobName{Kind::last, "?", {}, "", ""});
}

TEST(JobName, EveryForm) {
  EXPECT_EQ(name_of("4711"), (JobName{Kind::id, "4711", {}, "", ""}));
  EXPECT_EQ(name_of("4711.0"), (JobName{Kind::id, "4711", {}, "", "0"}));
  EXPECT_EQ(name_of("4711.batch"), (JobName{Kind::id, "4711", {}, "", "batch"}));
  EXPECT_EQ(name_of("4700_3"), (JobName{Kind::array, "4700", {3}, "", ""}));
  EXPECT_EQ(name_of("4700_3.1"), (JobName{Kind::array, "4700", {3}, "", "1"}));
  EXPECT_EQ(name_of("4700_[1-3,8]"), (JobName{Kind::array, "4700", {1, 2, 3, 8}, "", ""}));
  EXPECT_EQ(name_of("4700_[0-6:3%2]"), (JobName{Kind::array, "4700", {0, 3, 6}, "", ""}));
  EXPECT_EQ(name_of("4700+1"), (JobName{Kind::het, "4700", {}, "1", ""}));
  EXPECT_EQ(name_of("sBCDFGHJKM01"), (JobName{Kind::sluid, "sBCDFGHJKM01", {}, "", ""}));
  EXPECT_EQ(name_of("sBCDFGHJKM01.extern"), (JobName{Kind::sluid, "sBCDFGHJKM01", {}, "", "extern"}));
  const std::string pod = "252e517d-7722-4f5a-9d39-0a1b2c3d4e5f";
  EXPECT_EQ(name_of(pod), (JobName{Kind::id, pod, {}, "", ""}));
  EXPECT_EQ(name_of(pod + ".9ab79ab79ab7"), (JobName{Kind::id, pod, {}, "", "9ab79ab79ab7"}));
  EXPECT_EQ(name_of("252e517d77224f5a9d390a1b2c3d4e5f").kind, Kind::id) << "of a static pod";
  EXPECT_EQ(name_of("last"), (JobName{Kind::last, "", {}, "", ""}));
  EXPECT_EQ(name_of("slurm-4711.out"), (JobName{Kind::id, "4711", {}, "", ""}));
  EXPECT_EQ(name_of("/scratch/x.out/slurm-4700_3.out"), (JobName{Kind::array, "4700", {3}, "", ""}));
}

TEST(JobName, WhatIsNone) {
  for (const char* text : {"",         ".",          "4711.",        "4711.x",
                           "4711.0.0", "_3",         "4700_",        "4700_[",
                           "4700_[]",  "4700_[3-1]", "4700_[1-5:0]", "4700_[1-99999999]",
                           "4700_x",   "4700+",      "4700+a",       "4700+1_2",
                           "-4711",    "4711 ",      "12345678901",  "job",
                           "s",        "slurm-.out", "slurm-x.out",  "other-4711.out",
                           "4711.out", "last.0",     "@7f3k2",       "4700_[1-2]x",
                           "\x1b[31m"}) {
    const auto name = parse_job_name(text);
    ASSERT_FALSE(name) << text;
    EXPECT_EQ(name.error().kind, ErrorKind::malformed);
    EXPECT_EQ(name.error().what.find('\x1b'), std::string::npos);
  }
}

TEST(JobName, WhatIsNoPod) {
  for (const char* text : {"252e517d_7722_4f5a_9d39_0a1b2c3d4e5f", "252e517d-7722-4f5a-9d39-0a1b2c3d4e5g",
                           "252e517d-7722-4f5a-9d39-0a1b2c3d4e5f.0", "4711.9ab79ab79ab7"})
    EXPECT_FALSE(parse_job_name(text)) << text;
}

TEST(JobName, Means) {
  const pb::Job task = sample::shared_job().job(), whole = sample::exclusive_job().job();
  EXPECT_TRUE(is_named(task, name_of("4720")));
  EXPECT_TRUE(is_named(task, name_of("4718"))) << "of an array all tasks";
  EXPECT_TRUE(is_named(task, name_of("4718_2")));
  EXPECT_TRUE(is_named(task, name_of("4718_[1-5]")));
  EXPECT_FALSE(is_named(task, name_of("4718_3")));
  EXPECT_FALSE(is_named(task, name_of("4718+2")));
  EXPECT_FALSE(is_named(whole, name_of("4718")));
  EXPECT_TRUE(is_named(whole, name_of("sBCDFGHJKM01")));
}

TEST(SlurmWords, ALineOfSacct) {
  const auto words = parse_slurm_line("COMPLETED|0:0|318000|sys|odd\nFAILED|1:0|0|x\n");
  ASSERT_TRUE(words);
  EXPECT_EQ(words->state, "COMPLETED");
  EXPECT_EQ(words->exit_code, "0:0");
  EXPECT_EQ(words->energy_j, 318'000.0);
  EXPECT_EQ(words->name, "sys|odd");
  EXPECT_FALSE(parse_slurm_line("COMPLETED|0:0|0|x")->energy_j) << "Slurm says 0 for unknown";
  EXPECT_FALSE(parse_slurm_line("COMPLETED|0:0||x")->energy_j);
  EXPECT_FALSE(parse_slurm_line(""));
  EXPECT_FALSE(parse_slurm_line("COMPLETED|0:0"));
  EXPECT_EQ(parse_slurm_line("A\x1b[1m|0:0|1|\x1b]0;x\x07")->name.find('\x1b'), std::string::npos);
}

TEST(SlurmWords, StandBelowOurs) {
  const auto words =
      make_slurm_words(sample::exclusive_job(), SlurmWords{"COMPLETED", "0:0", "train", 1'740'456.0}, {});
  EXPECT_NE(words.find("COMPLETED (0:0) train"), std::string::npos) << words;
  EXPECT_NE(words.find("-8 %"), std::string::npos) << words;
  const auto none = make_slurm_words(sample::exclusive_job(), fail(ErrorKind::absent, "there is no sacct here"), {});
  EXPECT_EQ(std::count(none.begin(), none.end(), '\n'), 1);
}

}  // namespace
}  // namespace nw::cli
