#include "consumer/launcher.h"

#include <gtest/gtest.h>

#include <map>

#include "support/temp_dir.h"

namespace nw {
namespace {

using Variables = std::map<std::string, std::string>;

Environment in(Variables variables) {
  return [variables = std::move(variables)](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

const Variables kSlurmStep{{"SLURM_JOB_ID", "1234"}, {"SLURM_STEP_ID", "0"},  {"SLURM_PROCID", "5"},
                           {"SLURM_LOCALID", "1"},   {"SLURM_NODEID", "2"},   {"SLURM_STEP_NUM_TASKS", "7"},
                           {"SLURM_NTASKS", "16"},   {"SLURM_NNODES", "4"},   {"SLURM_STEP_TASKS_PER_NODE", "2(x3),1"},
                           {"MASTER_ADDR", "n1"},    {"MASTER_PORT", "2950"}, {"SLURM_TASKS_PER_NODE", "4(x4)"}};

Variables with(Variables some, const Variables& more) {
  for (const auto& [name, value] : more) some[name] = value;
  return some;
}

TEST(LauncherInfo, AProcessOfNoLauncherIsNoRank) {
  EXPECT_FALSE(read_launcher_info(in({})).is_parallel());
  EXPECT_EQ(read_launcher_info(in({{"RANK", "1"}, {"WORLD_SIZE", "4"}})).launcher, "") << "RANK alone is anybody's";
  EXPECT_EQ(read_launcher_info(in({{"PBS_JOBID", "7"}, {"LSB_JOBID", "8"}, {"SLURM_JOB_ID", "9"}})).launcher, "");
}

// A batch script has the variables of a task although it is none (PROCID, LOCALID, NTASKS), and no step.
TEST(LauncherInfo, ABatchScriptIsNoRank) {
  Variables batch = kSlurmStep;
  batch.erase("SLURM_STEP_ID");
  EXPECT_EQ(read_launcher_info(in(batch)).launcher, "");
  batch["SLURM_STEP_ID"] = "4294967291";  // the batch step's own number
  EXPECT_EQ(read_launcher_info(in(batch)).launcher, "");
}

TEST(LauncherInfo, ASlurmStep) {
  const LauncherInfo launcher_info = read_launcher_info(in(kSlurmStep));
  EXPECT_TRUE(launcher_info.is_parallel());
  EXPECT_EQ(launcher_info.launcher, "slurm");
  EXPECT_EQ(launcher_info.job, "slurm-1234.0");
  EXPECT_EQ(launcher_info.rank, 5u);
  EXPECT_EQ(launcher_info.size, 7u) << "the step's tasks, not the job's";
  EXPECT_EQ(launcher_info.local_rank, 1u);
  EXPECT_EQ(launcher_info.local_size, 2u);
  EXPECT_EQ(launcher_info.node, 2u);
  EXPECT_FALSE(read_launcher_info(in(with(kSlurmStep, {{"SLURM_STEP_NUM_TASKS", "1"}}))).is_parallel());
}

TEST(LauncherInfo, HowOftenItWasRestarted) {
  const Variables torchrun{{"TORCHELASTIC_RUN_ID", "my job"},
                           {"RANK", "1"},
                           {"WORLD_SIZE", "4"},
                           {"MASTER_ADDR", "n1"},
                           {"MASTER_PORT", "2950"},
                           {"TORCHELASTIC_RESTART_COUNT", "2"}};
  const LauncherInfo elastic = read_launcher_info(in(torchrun));
  EXPECT_EQ(elastic.attempt, 2u);
  EXPECT_EQ(elastic.requeue, std::nullopt) << "no Slurm";
  EXPECT_EQ(elastic.restart_key, "torchrun-my_job") << "master and port may be others in the next attempt";
  EXPECT_EQ(read_launcher_info(in(with(torchrun, {{"TORCHELASTIC_RUN_ID", "none"}}))).restart_key, "");
  EXPECT_EQ(read_launcher_info(in(with(torchrun, {{"TORCHELASTIC_RESTART_COUNT", "-1"}}))).attempt, std::nullopt);
  const LauncherInfo inside =
      read_launcher_info(in(with(torchrun, {{"SLURM_JOB_ID", "7"}, {"SLURM_RESTART_COUNT", "1"}})));
  EXPECT_EQ(inside.attempt, 2u);
  EXPECT_EQ(inside.requeue, 1u);
  EXPECT_EQ(read_launcher_info(in(kSlurmStep)).requeue, 0u) << "Slurm sets it from the first restart on";
  EXPECT_EQ(read_launcher_info(in(kSlurmStep)).attempt, std::nullopt);
  EXPECT_EQ(read_launcher_info(in(with(kSlurmStep, {{"SLURM_RESTART_COUNT", "3"}}))).requeue, 3u);
  EXPECT_EQ(read_launcher_info(in(with(kSlurmStep, {{"SLURM_RESTART_COUNT", "x"}}))).requeue, std::nullopt);
}

TEST(LauncherInfo, OpenMpi) {
  const Variables variables{{"OMPI_COMM_WORLD_RANK", "3"},
                            {"OMPI_COMM_WORLD_SIZE", "16"},
                            {"OMPI_COMM_WORLD_LOCAL_RANK", "3"},
                            {"OMPI_COMM_WORLD_LOCAL_SIZE", "8"},
                            {"OMPI_COMM_WORLD_NODE_RANK", "3"},
                            {"PMIX_NAMESPACE", "prterun-n1-77@1"},
                            {"PMIX_RANK", "3"}};
  const LauncherInfo launcher_info = read_launcher_info(in(variables));
  EXPECT_EQ(launcher_info.launcher, "openmpi");
  EXPECT_EQ(launcher_info.job, "openmpi-prterun-n1-77@1");
  EXPECT_EQ(launcher_info.local_size, 8u);
  EXPECT_FALSE(launcher_info.node) << "no variable of Open MPI numbers the nodes";
  EXPECT_EQ(read_launcher_info(in(with(kSlurmStep, variables))).launcher, "openmpi") << "mpirun inside a step";
}

TEST(LauncherInfo, TheInnermostLauncherCounts) {
  const Variables torchrun{{"TORCHELASTIC_RUN_ID", "none"},
                           {"MASTER_ADDR", "n1"},
                           {"MASTER_PORT", "29500"},
                           {"RANK", "6"},
                           {"WORLD_SIZE", "8"},
                           {"LOCAL_RANK", "2"},
                           {"LOCAL_WORLD_SIZE", "4"},
                           {"GROUP_RANK", "1"}};
  const LauncherInfo launcher_info = read_launcher_info(in(with(kSlurmStep, torchrun)));
  EXPECT_EQ(launcher_info.launcher, "torchrun");
  EXPECT_EQ(launcher_info.job, "torchrun-none.n1.29500");
  EXPECT_EQ(launcher_info.node, 1u);
  EXPECT_EQ(launcher_info.source_variable, std::string("RANK"));
  Variables by_hand = torchrun;
  by_hand.erase("TORCHELASTIC_RUN_ID");
  EXPECT_EQ(read_launcher_info(in(with(kSlurmStep, by_hand))).launcher, "slurm")
      << "RANK was set from Slurm's by a script";
  EXPECT_EQ(read_launcher_info(in(by_hand)).job, "torch-n1.29500");
}

TEST(LauncherInfo, PmixInsideAStepAndOfTheStep) {
  const Variables pmix{{"PMIX_NAMESPACE", "prte-9@1"}, {"PMIX_RANK", "1"}};
  EXPECT_EQ(read_launcher_info(in(with(kSlurmStep, pmix))).launcher, "pmix");
  EXPECT_FALSE(read_launcher_info(in(with(kSlurmStep, pmix))).local_size);
  EXPECT_TRUE(read_launcher_info(in(pmix)).is_parallel()) << "of a size that is not known";
  EXPECT_EQ(
      read_launcher_info(in(with(kSlurmStep, {{"PMIX_NAMESPACE", "slurm.pmix.1234.0"}, {"PMIX_RANK", "5"}}))).launcher,
      "slurm");
}

TEST(LauncherInfo, HydraNamesNoJob) {
  const Variables hydra{{"PMI_RANK", "1"}, {"PMI_SIZE", "4"}, {"MPI_LOCALRANKID", "1"}, {"MPI_LOCALNRANKS", "2"}};
  const LauncherInfo launcher_info = read_launcher_info(in(hydra));
  EXPECT_EQ(launcher_info.launcher, "hydra");
  EXPECT_EQ(launcher_info.job, "");
  EXPECT_EQ(launcher_info.local_size, 2u);
  EXPECT_EQ(read_launcher_info(in(with(kSlurmStep, hydra))).job, "hydra-1234.0");
}

TEST(LauncherInfo, TheOthers) {
  EXPECT_EQ(read_launcher_info(in({{"FLUX_JOB_ID", "f1"}, {"FLUX_TASK_RANK", "0"}, {"FLUX_JOB_SIZE", "4"}})).job,
            "flux-f1");
  EXPECT_EQ(read_launcher_info(in({{"PALS_APID", "a-b"}, {"PALS_RANKID", "2"}, {"PALS_NODEID", "1"}})).node, 1u);
  EXPECT_EQ(read_launcher_info(in({{"MV2_COMM_WORLD_SIZE", "4"}, {"MV2_COMM_WORLD_RANK", "2"}})).launcher, "mvapich");
  EXPECT_EQ(read_launcher_info(in({{"HOROVOD_SIZE", "4"}, {"HOROVOD_RANK", "2"}})).launcher, "horovod");
  EXPECT_EQ(read_launcher_info(in({{"JSM_NAMESPACE_SIZE", "4"}, {"JSM_NAMESPACE_RANK", "2"}, {"LSB_JOBID", "5"}})).job,
            "jsrun-5");
}

TEST(LauncherInfo, NonsenseIsUnknownAndNeverZero) {
  for (const char* bad : {"", " ", "-1", "x", "1e3", "99999999999999999999", "4294967296"}) {
    EXPECT_EQ(read_launcher_info(in(with(kSlurmStep, {{"SLURM_PROCID", bad}}))).launcher, "") << bad;
    EXPECT_FALSE(read_launcher_info(in(with(kSlurmStep, {{"SLURM_LOCALID", bad}}))).local_rank) << bad;
  }
  const LauncherInfo hostile =
      read_launcher_info(in(with(kSlurmStep, {{"SLURM_JOB_ID", "../../etc/\x1b[2J" + std::string(999, 'x')}})));
  EXPECT_EQ(hostile.job.find('/'), std::string::npos);
  EXPECT_LE(hostile.job.size(), 160u);
  EXPECT_TRUE(hostile.job.starts_with("slurm-.._.._etc__"));
}

TEST(LauncherInfo, TasksPerNode) {
  EXPECT_EQ(parse_tasks_per_node("2(x3),1", 0), 2u);
  EXPECT_EQ(parse_tasks_per_node("2(x3),1", 3), 1u);
  EXPECT_EQ(parse_tasks_per_node("2(x3),1", 4), std::nullopt);
  EXPECT_EQ(parse_tasks_per_node("8", 0), 8u);
  for (const char* bad : {"", "x", "2(x", "2(x3", "(x3)", "2(x)", "2(x-1),1", "2(x99999999999)"})
    EXPECT_EQ(parse_tasks_per_node(bad, 0), std::nullopt) << bad;
}

// mpiexec (10) starts its proxy (20), that a shell for each rank (30, 31), and those a nodewatt each (40, 41).
TEST(LauncherInfo, RanksKnowEachOtherByTheProcessThatStartedThem) {
  const test::TempDir root;
  const auto process = [&](int pid, int parent, const std::string& environ) {
    const std::string folder = "proc/" + std::to_string(pid);
    root.write(folder + "/stat", std::to_string(pid) + " (a) b (c) S " + std::to_string(parent) +
                                     " 1 1 0 -1 0 0 0 0 0 1 1 0 0 20 0 1 0 77" + std::to_string(pid) + " 0 0\n");
    root.write(folder + "/environ", environ);
  };
  using namespace std::string_literals;
  process(1, 0, "");
  process(10, 1, "HOME=/\0"s);
  process(20, 10, "HOME=/\0PMI_RANKS=7\0"s);
  process(30, 20, "HOME=/\0PMI_RANK=0\0"s);
  process(31, 20, "PMI_RANK=1\0HOME=/\0"s);
  process(40, 30, "PMI_RANK=0\0"s);
  process(41, 31, "PMI_RANK=1\0"s);
  const auto host = make_real_host(root.path());
  EXPECT_EQ(find_launcher(*host, 40, "PMI_RANK").value(), "20-7720");
  EXPECT_EQ(find_launcher(*host, 41, "PMI_RANK").value(), "20-7720");
  EXPECT_FALSE(find_launcher(*host, 99, "PMI_RANK"));
  root.write("proc/40/stat", "40 (x");
  EXPECT_EQ(find_launcher(*host, 40, "PMI_RANK").error().kind, ErrorKind::malformed);
}

}  // namespace
}  // namespace nw
