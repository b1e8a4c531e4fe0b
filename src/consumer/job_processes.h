// The processes of jobs, as far as a cgroup snapshot needs them: whose they are, and whether there are any; and which
// job a process belongs to.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/host.h"
#include "consumer/finder.h"

namespace nw {

// Where the path does not state it: the real uid of the oldest process of the job's tasks that is not root's; root's
// when all are. Processes of the manager's own are outside the tasks' directories, or run as a user of their own
// (JobCgroups::not_owner). A task runs as root briefly before it changes to its user, and a set-uid program keeps the
// real uid of its caller.
std::optional<std::uint32_t> find_owner(Host& host, const JobCgroups& job);

// The value of SLURM_JOB_GPUS in the environment of a process of this job; "" where such a process has none. Nothing
// where no environment of its processes can be read: that needs root or CAP_SYS_PTRACE.
std::optional<std::string> find_said_gpus(Host& host, const JobCgroups& job);

// When the oldest of the job's processes started, since boot; Slurm's own are among them, so that this is close to the
// job's begin unless all processes of that time have ended.
std::optional<Nanos> find_start(Host& host, const JobCgroups& job);

// Whether there is a process in the job's directories. True as well where that is not known or would take long to find
// out: in v1 a user may make directories below his steps, as many as he likes.
bool has_process(Host& host, const JobCgroups& job);

// CgroupScanner::find_process among these jobs: those of this user are searched, in at most 500 directories of all.
std::optional<FoundProcess> find_process(Host& host, const std::vector<JobCgroups>& jobs, std::uint32_t pid,
                                         std::uint32_t uid);

}  // namespace nw
