// Where Slurm's jobs are among the cgroups. Directories are listed; no file in them is read.
//
//   v1   <cgroup>/<controller>/slurm[_<node>]/uid_<uid>/job_<id>/step_<step>/task_<n>
//   v2   <cgroup>/system.slice/[<node>_]slurmstepd.scope/job_<id>/step_<step>/user/task_<n>
//
// A slurmd in a Kubernetes pod (Slinky and others) has the v2 layout below the cgroup of its container, a few levels
// below <cgroup>/kubepods.slice, or kubepods where the kubelet does not use systemd. Pods are looked for every
// kBetweenPods.
//
// From Slurm 26.05 on a directory may have a job's SLUID (14 letters and digits) in place of job_<id>; such a name is
// not distinctive, so it counts as a job once there is a step in it. slurmd puts its node's name into the path where it
// was built for several on one machine, as Debian's is, even if it is alone. A kernel with both versions has v2 at
// <cgroup>/unified; Slurm does not use it there.
//
// In v1 a job has a directory for each controller that Slurm was configured to use. Observed with 22.05: freezer is
// created first, cpuacct last, 15-50 ms later and before the first process; cpuacct is removed first, freezer last, 25
// ms later. So one controller alone decides which jobs there are: the first in kControllers that has a directory of
// this slurmd. Its directories fit most tightly around the processes, and a job that has ended is not seen again
// without its CPU time. Where that directory stays empty while jobs are in another (a slurmd that was reconfigured
// without a reboot), after kStray the other's are used.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/host.h"
#include "consumer/cgroup_scanner.h"

namespace nw {

inline constexpr Nanos kStray = seconds(10), kBetweenPods = seconds(10);

// One job's directories. Those of controllers that are not mounted are empty; in v2 all are the same.
struct JobCgroups {
  std::string slurmd, id;
  std::optional<std::uint32_t> uid;  // v1: from the path
  bool unified = false;              // v2
  std::string home;                  // where it was found
  std::string cpu, memory, cpuset, devices, freezer;
  std::vector<std::string> steps;  // ids; a step's directory is <home>/step_<id>
};

struct JobCgroupList {
  std::vector<JobCgroups> jobs;          // ascending by slurmd and id
  std::vector<std::string> directories;  // to be watched (cgroup_scanner.h)
};

class JobCgroupFinder {
 public:
  JobCgroupFinder(Host& host, CgroupScanOptions options) : host_(host), options_(std::move(options)) {}
  JobCgroupList find(Nanos now);

 private:
  struct Hierarchy {  // of v1: a controller's mount
    std::string root;
    std::vector<std::string> names;
  };
  using Hierarchies = std::vector<Hierarchy>;

  bool is_wanted(const std::string& slurmd) const { return options_.slurmd.empty() || slurmd == options_.slurmd; }
  Hierarchies find_hierarchies(const std::vector<std::string>& mounts);
  void find_split(const Hierarchies& hierarchies, Nanos now, JobCgroupList& places);
  JobCgroupList find_users(const std::vector<std::string>& tops, const std::string& slurmd, Nanos now);
  JobCgroupList find_in(const std::string& top, const std::string& slurmd);
  bool is_stray(const std::string& slurmd, Nanos now);
  void find_unified(const std::vector<std::string>& mounts, Nanos now, JobCgroupList& places);
  void find_in_slice(const std::string& slice, JobCgroupList& places);
  std::vector<std::string> find_pods(const std::vector<std::string>& mounts);
  void add_job(JobCgroups place, JobCgroupList& places);

  Host& host_;
  CgroupScanOptions options_;
  std::vector<std::string> pods_;  // their system.slice
  std::optional<Nanos> pods_found_;
  std::map<std::string, Nanos> strays_;  // slurmd: since when its jobs are where they were not expected
};

}  // namespace nw
