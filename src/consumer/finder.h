// Finder: where the jobs of one manager (Slurm, Kubernetes) are among the cgroups. One file each in finders/, one line
// each in finders.def; nothing else lists them by hand.
//
// A finder lists directories and reads no file in them. All finders are used on every node: where a manager is not, its
// directories are not there, and since what lies at the top is listed once for all of them (CgroupTree), finding that
// out costs nothing.
//
// A job whose directory lies in another job's, as those of a slurmd in a Kubernetes pod do, leaves that one no job: of
// two around the same processes the inner one counts, so that no energy is given twice.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/host.h"
#include "consumer/cgroup_scanner.h"

namespace nw {

struct StepCgroup {
  std::string id;
  std::string below;  // its directory, from the job's: "/step_0"
};

// One job's directories. Those of controllers that are not mounted are empty; in v2 all are the same.
struct JobCgroups {
  std::string manager;  // the finder's name
  std::string slurmd, id;
  std::optional<std::uint32_t> uid;  // where the path states it, or its processes have shown it
  bool unified = false;              // v2
  std::string home;                  // where it was found
  std::string cpu, memory, cpuset, devices, freezer;
  std::vector<StepCgroup> steps;  // ascending by id
  // How its processes tell more about it (job_processes.h).
  std::string tasks;                       // where the user's are, from a step's directory: "/user"; "": anywhere in it
  bool says_gpus = false;                  // they have SLURM_JOB_GPUS
  std::optional<std::uint32_t> not_owner;  // the user as whom processes of the manager's own run among them
  Nanos between_owners{};  // an owner other than root is looked for so often: it is work where root's jobs are many
};

struct JobCgroupList {
  std::vector<JobCgroups> jobs;          // of JobCgroupFinder ascending by manager, slurmd and id
  std::vector<std::string> directories;  // to be watched (cgroup_scanner.h)
};
void append(JobCgroupList& to, JobCgroupList&& from);

// What lies at the top of the cgroups, listed once for all finders of a snapshot.
struct CgroupTree {
  struct Controller {  // of v1
    std::string JobCgroups::*directory;
    std::string root;                // where it is mounted; "": nowhere
    std::vector<std::string> names;  // ascending
  };
  std::string mount;
  std::vector<std::string> names;  // below it, ascending: controllers in v1; in v2 what has cgroups
  // By what is read there, all of them: cpu, memory, cpuset, devices, freezer. A job is where the first has it, since
  // that one's directories are made last and removed first (finders/slurm.cc).
  std::vector<Controller> controllers;

  bool has(std::string_view name) const;                              // directly below the mount
  void place_split(const std::string& below, JobCgroups& job) const;  // v1: "/slurm/uid_1000/job_7" in each controller
};

class Finder {
 public:
  virtual ~Finder() = default;
  virtual JobCgroupList find(const CgroupTree& tree, Nanos now) = 0;
};

struct FinderInfo {
  std::string_view manager;  // "slurm": the file's name, and the manager's in records and before its jobs' ids
  std::unique_ptr<Finder> (*make)(Host&, const CgroupScanOptions&);
};

// THE table, finders.def.
std::span<const FinderInfo> finders();

// Each defined in its file.
#define NW_FINDER(name) std::unique_ptr<Finder> make_##name##_finder(Host& host, const CgroupScanOptions& options);
#include "consumer/finders.def"
#undef NW_FINDER

// All finders of the table over one mount of cgroups.
class JobCgroupFinder {
 public:
  JobCgroupFinder(Host& host, CgroupScanOptions options);
  JobCgroupList find(Nanos now);

 private:
  std::optional<CgroupTree> list_tree() const;

  Host& host_;
  CgroupScanOptions options_;
  std::vector<std::unique_ptr<Finder>> finders_;  // in the order of the table
};

}  // namespace nw
