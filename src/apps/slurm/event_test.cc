#include "apps/slurm/event.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <set>

namespace nw::slurm {
namespace {
using Variables = std::map<std::string, std::string>;
using Words = std::vector<std::string_view>;

Result<Request> event(std::string_view verb, const Words& words, const Variables& variables) {
  return make_event(verb, words, [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}
std::string said(std::string_view verb, const Words& words, const Variables& variables) {
  const auto request = event(verb, words, variables);
  return request ? make_request(*request) : std::string(request.error().what);
}

const Variables kProlog = {
    {"SLURM_JOB_ID", "4711"},        {"SLURM_JOB_UID", "1000"},        {"SLURM_JOB_USER", "ada"},
    {"SLURM_JOB_ACCOUNT", "math"},   {"SLURM_JOB_PARTITION", "gpu"},   {"SLURM_JOB_NAME", "my job=1%"},
    {"SLURM_CLUSTER_NAME", "della"}, {"SLURM_JOB_SLUID", "s8FXKTA79"}, {"SLURM_ARRAY_JOB_ID", "4700"},
    {"SLURM_ARRAY_TASK_ID", "0"},    {"SLURM_HET_JOB_ID", "4710"},     {"SLURM_HET_JOB_OFFSET", "0"},
    {"SLURM_RESTART_COUNT", "2"},    {"SLURM_JOB_NUM_NODES", "2"},     {"SLURM_JOB_GPUS", "0,1"},
    {"SLURM_CPUS_ON_NODE", "16"}};

TEST(Event, AProloguesVariablesAreTheKeysOfTheWire) {
  EXPECT_EQ(said("begin", {}, kProlog),
            "begin account=math array_job=4700 array_task=0 cluster=della cpus=16 gpus=0,1 het_job=4710 het_offset=0 "
            "job=4711 name=my%20job=1%25 nodes=2 partition=gpu restart=2 sluid=s8FXKTA79 uid=1000 user=ada");
}

TEST(Event, EveryKeyOfTheWireButSubmitHasAVariable) {
  const auto request = event("begin", {}, kProlog);
  ASSERT_TRUE(request);
  for (const std::string_view key : kJobKeys)
    EXPECT_EQ(request->values.count(std::string(key)), key == "submit" ? 0U : 1U) << key;
  EXPECT_EQ(request->values.size(), std::size(kJobKeys) - 1);
}

TEST(Event, WhatSlurmPrintsForNoneIsNotSent) {
  EXPECT_EQ(said("begin", {},
                 {{"SLURM_JOB_ID", "1"},
                  {"SLURM_JOB_UID", "0"},
                  {"SLURM_JOB_NAME", ""},
                  {"SLURM_ARRAY_JOB_ID", "0"},
                  {"SLURM_ARRAY_TASK_ID", "4294967294"},
                  {"SLURM_HET_JOB_ID", "0"},
                  {"SLURM_HET_JOB_OFFSET", "4294967295"},
                  {"SLURM_RESTART_COUNT", "0"}}),
            "begin job=1 restart=0 uid=0");
  EXPECT_EQ(said("end", {}, {{"SLURM_JOB_ID", ""}, {"SLURM_JOBID", "7"}}), "end job=7");
  const Variables numbers = {{"SLURM_JOB_ID", "1"}, {"SLURM_JOB_UID", "0"}};
  Variables even = numbers, uneven = numbers;
  even["SLURM_JOB_CPUS_PER_NODE"] = "8";
  uneven["SLURM_JOB_CPUS_PER_NODE"] = "8(x2),4";
  EXPECT_EQ(said("begin", {}, even), "begin cpus=8 job=1 uid=0");
  EXPECT_EQ(said("begin", {}, uneven), "begin job=1 uid=0") << "which of them is this node's is not said";
}

TEST(Event, WordsGoBeforeVariables) {
  EXPECT_EQ(said("begin", {"uid=5", "submit=17"}, {{"SLURM_JOB_ID", "1"}, {"SLURM_JOB_UID", "1000"}}),
            "begin job=1 submit=17 uid=5");
  EXPECT_EQ(said("step", {"phase=warm up", "step=3"}, {{"SLURM_JOBID", "7"}, {"SLURM_STEP_ID", "0"}}),
            "step job=7 phase=warm%20up step=3");
  EXPECT_EQ(said("begin", {"phase=x"}, kProlog), "begin: 'phase=x' is no key=value of it");
  EXPECT_EQ(said("begin", {"job"}, kProlog), "begin: 'job' is no key=value of it");
}

TEST(Event, TheEndSaysHowItEnded) {
  EXPECT_EQ(said("end", {}, {{"SLURM_JOB_ID", "1"}, {"SLURM_JOB_EXIT_CODE2", "3:0"}}), "end exit=3 job=1");
  EXPECT_EQ(said("end", {}, {{"SLURM_JOB_ID", "1"}, {"SLURM_JOB_EXIT_CODE2", "0:15"}}), "end exit=143 job=1");
  EXPECT_EQ(said("end", {}, {{"SLURM_JOB_ID", "1"}}), "end job=1") << "unknown is not 0";
  for (const char* odd : {"", ":", "1", "1:", ":1", "a:0", "256:0", "0:128", "0:-1"})
    EXPECT_EQ(exit_of(odd), "") << odd;
}

TEST(Event, GpusAreClosedAndOpenedByTheDaemonAsAWhole) {
  EXPECT_EQ(said("close", {}, kProlog), "close gpus=1");
  EXPECT_EQ(said("open", {"gpus=1"}, {}), "open gpus=1");
}

TEST(Event, WithoutAJobNothingIsSaid) {
  EXPECT_FALSE(event("begin", {}, {}));
  EXPECT_FALSE(event("begin", {}, {{"SLURM_JOB_ID", "1"}})) << "whose?";
  EXPECT_FALSE(event("begin", {"job=x"}, kProlog));
  EXPECT_FALSE(event("end", {}, {{"SLURM_JOB_ID", "0"}}));
  EXPECT_FALSE(event("step", {}, {{"SLURM_JOB_ID", "1"}}));
  EXPECT_FALSE(event("jobs", {}, kProlog));
  EXPECT_FALSE(event("", {}, kProlog));
}

TEST(Event, ALongNameIsLeftOutAndTheRestIsSaid) {
  Variables variables = kProlog;
  variables["SLURM_JOB_NAME"] = std::string(5000, 'x');
  EXPECT_FALSE(event("begin", {}, variables)->values.count("name"));
  variables["SLURM_JOB_NAME"] = std::string(1400, ' ');  // 4200 bytes encoded
  const auto request = event("begin", {}, variables);
  EXPECT_FALSE(request->values.count("name"));
  EXPECT_EQ(request->values.size(), std::size(kJobKeys) - 2);
}

TEST(Event, WhateverTheVariablesHoldIsARequest) {
  rc::check([] {
    Variables variables = kProlog;
    for (auto& [name, value] : variables)
      if (name != "SLURM_JOB_ID" && name != "SLURM_JOB_UID" && *rc::gen::arbitrary<bool>()) {
        value = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
        value.resize(std::min(value.size(), value.find('\0')));
      }
    const auto request = event("begin", {}, variables);
    RC_ASSERT(request.has_value());
    RC_ASSERT(parse_request(make_request(*request)).value() == *request);
  });
}

}  // namespace
}  // namespace nw::slurm
