#include "consumer/launcher.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "base/parse.h"
#include "consumer/cgroup_text.h"

namespace nw {

namespace {
constexpr std::uint32_t kMost = 1U << 24;  // ranks; a larger number is not a count of ranks
constexpr std::size_t kLongestKey = 160;

// Any of these gives the value; the first that is set is used.
using Names = std::array<const char*, 3>;

struct Launcher {
  std::string_view name;
  const char* needs;  // set by this launcher alone, beside its rank
  const char *rank, *local_rank, *node;
  Names size, local_size;
  std::array<Names, 3> job;  // the parts of a job's name; a part without a value is left out
  bool needs_job;            // and without any, this launcher did not start us
};

// Innermost first: mpirun inside a Slurm step leaves Slurm's variables in the environment, which are then those of its
// own daemon. The same holds for srun inside another step, but it replaces the variables by its own.
constexpr std::array kLaunchers{
    // https://pytorch.org/docs/stable/elastic/run.html#environment-variables; each group is one node
    Launcher{"torchrun",
             "TORCHELASTIC_RUN_ID",
             "RANK",
             "LOCAL_RANK",
             "GROUP_RANK",
             {"WORLD_SIZE"},
             {"LOCAL_WORLD_SIZE"},
             {{{"TORCHELASTIC_RUN_ID"}, {"MASTER_ADDR"}, {"MASTER_PORT"}}},
             true},
    // mpirun(1) of Open MPI 4 and 5; OMPI_COMM_WORLD_NODE_RANK is not the node's number but a rank on it
    Launcher{"openmpi",
             "OMPI_COMM_WORLD_SIZE",
             "OMPI_COMM_WORLD_RANK",
             "OMPI_COMM_WORLD_LOCAL_RANK",
             nullptr,
             {"OMPI_COMM_WORLD_SIZE"},
             {"OMPI_COMM_WORLD_LOCAL_SIZE"},
             {{{"PMIX_NAMESPACE", "OMPI_MCA_ess_base_jobid"}, {}, {}}},
             false},
    // IBM's jsrun
    Launcher{"jsrun",
             "JSM_NAMESPACE_SIZE",
             "JSM_NAMESPACE_RANK",
             "JSM_NAMESPACE_LOCAL_RANK",
             nullptr,
             {"JSM_NAMESPACE_SIZE"},
             {"JSM_NAMESPACE_LOCAL_SIZE"},
             {{{"LSB_JOBID"}, {"PMIX_NAMESPACE"}, {}}},
             false},
    // HPE's PALS and its predecessor ALPS
    Launcher{"pals",
             "PALS_APID",
             "PALS_RANKID",
             "PALS_LOCAL_RANKID",
             "PALS_NODEID",
             {"PMI_SIZE"},
             {"PALS_LOCAL_SIZE"},
             {{{"PALS_APID"}, {}, {}}},
             true},
    Launcher{
        "alps", "ALPS_APP_ID", "ALPS_APP_PE", nullptr, nullptr, {"PMI_SIZE"}, {}, {{{"ALPS_APP_ID"}, {}, {}}}, true},
    // Hydra of MPICH and Intel MPI names no job; where Slurm started its daemons, their step identifies it
    Launcher{"hydra",
             "MPI_LOCALRANKID",
             "PMI_RANK",
             "MPI_LOCALRANKID",
             nullptr,
             {"PMI_SIZE"},
             {"MPI_LOCALNRANKS"},
             {{{"SLURM_JOB_ID"}, {"SLURM_STEP_ID"}, {}}},
             false},
    Launcher{"mvapich",
             "MV2_COMM_WORLD_SIZE",
             "MV2_COMM_WORLD_RANK",
             "MV2_COMM_WORLD_LOCAL_RANK",
             nullptr,
             {"MV2_COMM_WORLD_SIZE"},
             {"MV2_COMM_WORLD_LOCAL_SIZE"},
             {{{"SLURM_JOB_ID"}, {"SLURM_STEP_ID"}, {}}},
             false},
    Launcher{"horovod",
             "HOROVOD_SIZE",
             "HOROVOD_RANK",
             "HOROVOD_LOCAL_RANK",
             "HOROVOD_CROSS_RANK",
             {"HOROVOD_SIZE"},
             {"HOROVOD_LOCAL_SIZE"},
             {{{"HOROVOD_GLOO_RENDEZVOUS_ADDR"}, {"HOROVOD_GLOO_RENDEZVOUS_PORT"}, {}}},
             false},
    Launcher{"flux",
             "FLUX_JOB_ID",
             "FLUX_TASK_RANK",
             "FLUX_TASK_LOCAL_ID",
             nullptr,
             {"FLUX_JOB_SIZE"},
             {},
             {{{"FLUX_JOB_ID"}, {}, {}}},
             true},
    // srun(1), output environment variables
    Launcher{"slurm",
             "SLURM_STEP_ID",
             "SLURM_PROCID",
             "SLURM_LOCALID",
             "SLURM_NODEID",
             {"SLURM_STEP_NUM_TASKS", "SLURM_NTASKS", "SLURM_NPROCS"},
             {},
             {{{"SLURM_JOB_ID", "SLURM_JOBID"}, {"SLURM_STEP_ID"}, {}}},
             true},
    Launcher{"pmix", "PMIX_NAMESPACE", "PMIX_RANK", nullptr, nullptr, {}, {}, {{{"PMIX_NAMESPACE"}, {}, {}}}, true},
    // torch.distributed's variables, set by a launcher or by the user's own script
    Launcher{"torch",
             "WORLD_SIZE",
             "RANK",
             "LOCAL_RANK",
             "NODE_RANK",
             {"WORLD_SIZE"},
             {"LOCAL_WORLD_SIZE"},
             {{{"MASTER_ADDR"}, {"MASTER_PORT"}, {}}},
             true},
};

std::optional<std::string> value_of(const Environment& environment, const char* name) {
  if (name == nullptr) return std::nullopt;
  auto value = environment(name);
  if (!value || trim(*value).empty()) return std::nullopt;
  return std::string(trim(*value));
}

std::optional<std::string> value_of(const Environment& environment, const Names& names) {
  for (const char* name : names)
    if (auto value = value_of(environment, name)) return value;
  return std::nullopt;
}

template <class Name>
std::optional<std::uint32_t> number_of(const Environment& environment, const Name& name) {
  const auto value = value_of(environment, name);
  const auto number = value ? parse_u64(*value) : std::nullopt;
  if (!number || *number > kMost) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

std::string job_of(const Environment& environment, const Launcher& launcher) {
  std::string job;
  for (const Names& part : launcher.job)
    if (const auto value = value_of(environment, part)) job += (job.empty() ? "" : ".") + *value;
  return job.empty() ? job : plain_key(fmt::format("{}-{}", launcher.name, job));
}

// Slurm numbers steps that are not from srun (batch script, prolog's, interactive) from the top.
bool is_reserved_step(const Environment& environment) {
  const auto step = value_of(environment, "SLURM_STEP_ID");
  const auto number = step ? parse_u64(*step) : std::nullopt;
  return !number || *number > 0xffff'fff0;
}

// srun --mpi=pmix names its namespace after the step: that step's variables are more specific.
bool is_slurms_pmix(const Environment& environment) {
  const auto space = value_of(environment, "PMIX_NAMESPACE");
  return space && space->starts_with("slurm.") && !is_reserved_step(environment);
}

bool started_by(const Launcher& launcher, const Environment& environment) {
  if (!value_of(environment, launcher.needs) || !number_of(environment, launcher.rank)) return false;
  if (launcher.name == "slurm" && is_reserved_step(environment)) return false;
  return !launcher.needs_job || !job_of(environment, launcher).empty();
}

const Launcher* find(const Environment& environment) {
  const auto named = [&](std::string_view name) {
    return std::find_if(kLaunchers.begin(), kLaunchers.end(), [&](const Launcher& one) { return one.name == name; });
  };
  // A PMIx launcher that is not one of the others may itself have been started by Slurm.
  const Launcher &slurm = *named("slurm"), &pmix = *named("pmix");
  for (const Launcher& launcher : kLaunchers) {
    if (!started_by(launcher, environment)) continue;
    const bool inner = &launcher == &slurm && started_by(pmix, environment) && !is_slurms_pmix(environment);
    return inner ? &pmix : &launcher;
  }
  return nullptr;
}

// Slurm sets its count from the first restart on (sbatch(1)): a job without it was not restarted.
std::optional<std::uint32_t> requeue_of(const Environment& environment) {
  if (!value_of(environment, Names{"SLURM_JOB_ID", "SLURM_JOBID"})) return std::nullopt;
  if (!value_of(environment, "SLURM_RESTART_COUNT")) return 0;
  return number_of(environment, "SLURM_RESTART_COUNT");
}

// torchrun's --rdzv-id; "none" is its default, which says nothing.
std::string restart_key_of(const Environment& environment) {
  const auto run = value_of(environment, "TORCHELASTIC_RUN_ID");
  return !run || *run == "none" ? "" : plain_key("torchrun-" + *run);
}

// Of /proc/PID/stat: the parent and the start, fields 4 and 22. The name in field 2 may hold anything, brackets too.
bool has_variable(std::string_view environ, std::string_view variable) {
  for (const auto entry : split(environ, '\0'))
    if (entry.size() > variable.size() && entry.starts_with(variable) && entry[variable.size()] == '=') return true;
  return false;
}
}  // namespace

std::string plain_key(std::string_view text) {
  std::string key(text.substr(0, kLongestKey));
  for (char& c : key) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("._:@+-").find(c) != std::string_view::npos;
    if (!plain) c = '_';
  }
  return key;
}

std::optional<std::uint32_t> parse_tasks_per_node(std::string_view text, std::uint32_t node) {
  std::uint64_t first = 0;
  for (const auto entry : split(text, ',')) {
    const auto bracket = entry.find("(x");
    const auto tasks = parse_u64(entry.substr(0, bracket));
    std::optional<std::uint64_t> nodes = 1;
    if (bracket != std::string_view::npos)
      nodes = entry.ends_with(')') ? parse_u64(entry.substr(bracket + 2, entry.size() - bracket - 3)) : std::nullopt;
    if (!tasks || *tasks > kMost || !nodes || *nodes > kMost) return std::nullopt;
    if (node < first + *nodes) return static_cast<std::uint32_t>(*tasks);
    first += *nodes;
  }
  return std::nullopt;
}

LauncherInfo read_launcher_info(const Environment& environment) {
  LauncherInfo launcher_info;
  const Launcher* launcher = find(environment);
  if (launcher == nullptr) return launcher_info;
  launcher_info.launcher = launcher->name;
  launcher_info.source_variable = launcher->rank;
  launcher_info.job = job_of(environment, *launcher);
  launcher_info.rank = number_of(environment, launcher->rank);
  launcher_info.size = number_of(environment, launcher->size);
  launcher_info.local_rank = number_of(environment, launcher->local_rank);
  launcher_info.local_size = number_of(environment, launcher->local_size);
  launcher_info.node = number_of(environment, launcher->node);
  launcher_info.requeue = requeue_of(environment);
  if (launcher->name == "torchrun") {
    launcher_info.attempt = number_of(environment, "TORCHELASTIC_RESTART_COUNT");
    launcher_info.restart_key = restart_key_of(environment);
  }
  if (launcher->name == "slurm") {
    const auto tasks = value_of(environment, Names{"SLURM_STEP_TASKS_PER_NODE", "SLURM_TASKS_PER_NODE"});
    if (tasks && launcher_info.node) launcher_info.local_size = parse_tasks_per_node(*tasks, *launcher_info.node);
  }
  return launcher_info;
}

Result<std::string> find_launcher(Host& host, std::uint64_t pid, std::string_view variable) {
  constexpr int kDeepest = 100;
  for (int depth = 0; depth < kDeepest; ++depth) {
    const std::string folder = fmt::format("/proc/{}", pid);
    const auto stat = parse_process_stat(NW_TRY(host.read_text(folder + "/stat")));
    if (!stat) return fail(ErrorKind::malformed, folder + "/stat: not of the form that proc(5) says");
    const auto environ = host.read_text(folder + "/environ");
    if (pid <= 1 || !environ || !has_variable(*environ, variable)) return fmt::format("{}-{}", pid, stat->start);
    pid = stat->parent;
  }
  return fail(ErrorKind::malformed, "the processes' parents have no end");
}

}  // namespace nw
