// Where Slurm's jobs are among the cgroups.
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
// ms later. So one controller alone decides which jobs there are: the first of CgroupTree that has a directory of this
// slurmd. Its directories fit most tightly around the processes, and a job that has ended is not seen again without its
// CPU time. Where that directory stays empty while jobs are in another (a slurmd that was reconfigured without a
// reboot), after kStray the other's are used.
#include <algorithm>
#include <map>

#include "consumer/cgroup_text.h"
#include "consumer/finder.h"

namespace nw {

namespace {
constexpr Nanos kStray = seconds(10), kBetweenPods = seconds(10);

// Whether another slurmd's directory may still appear: no, once the requested one exists, or the one of a slurmd that
// is alone on its machine.
class Awaited {
 public:
  explicit Awaited(const std::string& slurmd) : slurmd_(slurmd) {}
  void see(const std::string& slurmd) { over_ = over_ || slurmd == slurmd_; }
  bool over() const { return over_; }

 private:
  const std::string& slurmd_;
  bool over_ = false;
};

const std::string kSystemSlice = "system.slice";

// Directories of pods and containers; the kernel's files have a controller's name and a dot.
bool is_of_kubernetes(const std::string& name) {
  return name.ends_with(".slice") || name.ends_with(".scope") || name.find('.') == name.npos;
}

class SlurmFinder : public Finder {
 public:
  SlurmFinder(Host& host, const CgroupScanOptions& options) : host_(host), slurmd_(options.slurmd) {}
  JobCgroupList find(const CgroupTree& tree, Nanos now) override;

 private:
  bool is_wanted(const std::string& slurmd) const { return slurmd_.empty() || slurmd == slurmd_; }
  void find_split(const CgroupTree& tree, Nanos now, JobCgroupList& places);
  JobCgroupList find_users(const std::vector<std::string>& tops, const std::string& slurmd, Nanos now);
  JobCgroupList find_in(const std::string& top, const std::string& slurmd);
  bool is_stray(const std::string& slurmd, Nanos now);
  void find_unified(const CgroupTree& tree, Nanos now, JobCgroupList& places);
  void find_in_slice(const std::string& slice, JobCgroupList& places);
  std::vector<std::string> find_pods(const CgroupTree& tree);
  void add_job(JobCgroups place, JobCgroupList& places);

  Host& host_;
  std::string slurmd_;             // its jobs alone; "": all
  std::vector<std::string> pods_;  // their system.slice
  std::optional<Nanos> pods_found_;
  std::map<std::string, Nanos> strays_;  // slurmd: since when its jobs are where they were not expected
};

JobCgroupList SlurmFinder::find(const CgroupTree& tree, Nanos now) {
  JobCgroupList places;
  find_split(tree, now, places);
  find_unified(tree, now, places);
  return places;
}

void SlurmFinder::find_split(const CgroupTree& tree, Nanos now, JobCgroupList& places) {
  std::map<std::string, std::vector<std::string>> slurmds;  // their directories, in the order of the controllers
  Awaited awaited(slurmd_);
  const std::string* first = nullptr;
  for (const CgroupTree::Controller& controller : tree.controllers) {
    if (first == nullptr && !controller.root.empty()) first = &controller.root;
    for (const std::string& name : controller.names)
      if (const auto slurmd = parse_slurmd_name(name); slurmd && is_wanted(*slurmd)) {
        slurmds[*slurmd].push_back(controller.root + "/" + name);
        if (first == &controller.root) awaited.see(*slurmd);
      }
  }
  if (first != nullptr && !awaited.over()) places.directories.push_back(*first);
  for (const auto& [slurmd, tops] : slurmds) {
    JobCgroupList found = find_users(tops, slurmd, now);
    for (JobCgroups& job : found.jobs) {
      const auto user = job.home.rfind('/', job.home.rfind('/') - 1);
      tree.place_split(job.home.substr(job.home.rfind('/', user - 1)), job);  // "/slurm/uid_1000/job_7"
    }
    append(places, std::move(found));
  }
}

// The jobs of one slurmd, from the first of its directories or, if they are unexpectedly elsewhere, from another.
JobCgroupList SlurmFinder::find_users(const std::vector<std::string>& tops, const std::string& slurmd, Nanos now) {
  JobCgroupList found = find_in(tops[0], slurmd), other;
  for (std::size_t i = 1; i < tops.size() && found.jobs.empty() && other.jobs.empty(); ++i)
    other = find_in(tops[i], slurmd);
  if (other.jobs.empty())
    strays_.erase(slurmd);
  else if (is_stray(slurmd, now))
    append(found, std::move(other));
  return found;
}

bool SlurmFinder::is_stray(const std::string& slurmd, Nanos now) {
  return now - strays_.try_emplace(slurmd, now).first->second >= kStray;
}

JobCgroupList SlurmFinder::find_in(const std::string& top, const std::string& slurmd) {
  JobCgroupList places;
  const auto users = host_.list(top);
  if (!users) return places;
  places.directories.push_back(top);
  for (const std::string& user : *users) {
    const auto uid = parse_uid_name(user);
    if (!uid) continue;
    const auto jobs = host_.list(top + "/" + user);
    if (!jobs) continue;
    places.directories.push_back(top + "/" + user);
    for (const std::string& job : *jobs)
      if (const auto id = parse_job_name(job)) {
        JobCgroups place;
        place.slurmd = slurmd, place.id = *id, place.uid = uid;
        place.home = top + "/" + user + "/" + job;
        add_job(std::move(place), places);
      }
  }
  return places;
}

void SlurmFinder::find_unified(const CgroupTree& tree, Nanos now, JobCgroupList& places) {
  if (tree.has(kSystemSlice)) find_in_slice(tree.mount + "/" + kSystemSlice, places);
  if (!pods_found_ || now - *pods_found_ >= kBetweenPods) pods_ = find_pods(tree), pods_found_ = now;
  for (const std::string& slice : pods_) find_in_slice(slice, places);
}

// The system.slice of each container that has one: kubepods, class of service, pod, container.
std::vector<std::string> SlurmFinder::find_pods(const CgroupTree& tree) {
  constexpr int kDeepest = 4, kMostDirectories = 1000;
  std::vector<std::string> level, found;
  for (const char* top : {"kubepods", "kubepods.slice"})
    if (tree.has(top)) level.push_back(tree.mount + "/" + top);
  for (int depth = 0, looked = 0; depth < kDeepest; ++depth) {
    std::vector<std::string> below;
    for (const std::string& path : level) {
      if (++looked > kMostDirectories) return found;
      const auto names = host_.list(path);  // of a file: an error
      if (!names) continue;
      if (std::binary_search(names->begin(), names->end(), kSystemSlice))
        found.push_back(path + "/" + kSystemSlice);
      else
        for (const std::string& name : *names)
          if (is_of_kubernetes(name)) below.push_back(path + "/" + name);
    }
    level = std::move(below);
  }
  return found;
}

void SlurmFinder::find_in_slice(const std::string& slice, JobCgroupList& places) {
  const auto scopes = host_.list(slice);
  if (!scopes) return;
  Awaited awaited(slurmd_);
  for (const std::string& scope : *scopes) {
    const auto slurmd = parse_scope_name(scope);
    if (!slurmd || !is_wanted(*slurmd)) continue;
    const std::string top = slice + "/" + scope;
    const auto jobs = host_.list(top);
    if (!jobs) continue;
    awaited.see(*slurmd);
    places.directories.push_back(top);
    for (const std::string& job : *jobs)
      if (const auto id = parse_job_name(job)) {
        JobCgroups place;
        place.slurmd = *slurmd, place.id = *id, place.unified = true;
        place.tasks = "/user";
        place.home = place.cpu = place.memory = place.cpuset = top + "/" + job;
        add_job(std::move(place), places);
      }
  }
  if (!awaited.over()) places.directories.push_back(slice);
}

// With its steps, unless it has been removed.
void SlurmFinder::add_job(JobCgroups place, JobCgroupList& places) {
  const auto names = host_.list(place.home);
  if (!names) return;
  places.directories.push_back(place.home);
  for (const std::string& name : *names)
    if (auto step = parse_step_name(name)) place.steps.push_back({std::move(*step), "/" + name});
  place.says_gpus = true;
  if (!place.steps.empty() || !is_sluid(place.id)) places.jobs.push_back(std::move(place));
}
}  // namespace

std::unique_ptr<Finder> make_slurm_finder(Host& host, const CgroupScanOptions& options) {
  return std::make_unique<SlurmFinder>(host, options);
}

}  // namespace nw
