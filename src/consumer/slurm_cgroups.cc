#include "consumer/slurm_cgroups.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <tuple>

#include "consumer/cgroup_text.h"

namespace nw {

namespace {
// A controller's directories below <cgroup>, by what is read there; cpuacct is often mounted together with cpu.
struct Controller {
  std::array<const char*, 3> mounts;
  std::string JobCgroups::*directory;
};
constexpr Controller kControllers[] = {{{"cpuacct", "cpu,cpuacct", "cpuacct,cpu"}, &JobCgroups::cpu},
                                       {{"memory", "", ""}, &JobCgroups::memory},
                                       {{"cpuset", "", ""}, &JobCgroups::cpuset},
                                       {{"devices", "", ""}, &JobCgroups::devices},
                                       {{"freezer", "", ""}, &JobCgroups::freezer}};

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

void append(JobCgroupList& to, JobCgroupList&& from) {
  std::move(from.jobs.begin(), from.jobs.end(), std::back_inserter(to.jobs));
  std::move(from.directories.begin(), from.directories.end(), std::back_inserter(to.directories));
}
}  // namespace

JobCgroupList JobCgroupFinder::find(Nanos now) {
  JobCgroupList places;
  const auto mounts = host_.list(options_.cgroup);
  if (!mounts) return places;
  const Hierarchies hierarchies = find_hierarchies(*mounts);
  find_split(hierarchies, now, places);
  find_unified(*mounts, now, places);
  if (places.directories.empty()) places.directories.push_back(options_.cgroup);
  std::sort(places.jobs.begin(), places.jobs.end(), [](const JobCgroups& a, const JobCgroups& b) {
    return std::tie(a.slurmd, a.id) < std::tie(b.slurmd, b.id);
  });
  return places;
}

// One for each entry of kControllers, in their order; without a root where it is not mounted.
JobCgroupFinder::Hierarchies JobCgroupFinder::find_hierarchies(const std::vector<std::string>& mounts) {
  Hierarchies hierarchies;
  for (const Controller& controller : kControllers) {
    Hierarchy& hierarchy = hierarchies.emplace_back();
    for (const std::string mount : controller.mounts) {
      if (mount.empty() || !std::binary_search(mounts.begin(), mounts.end(), mount)) continue;
      auto names = host_.list(options_.cgroup + "/" + mount);
      if (!names) continue;
      hierarchy = {options_.cgroup + "/" + mount, std::move(*names)};
      break;
    }
  }
  return hierarchies;
}

void JobCgroupFinder::find_split(const Hierarchies& hierarchies, Nanos now, JobCgroupList& places) {
  std::map<std::string, std::vector<std::string>> slurmds;  // their directories, in the order of kControllers
  Awaited awaited(options_.slurmd);
  const std::string* first = nullptr;
  for (const Hierarchy& hierarchy : hierarchies) {
    if (first == nullptr && !hierarchy.root.empty()) first = &hierarchy.root;
    for (const std::string& name : hierarchy.names)
      if (const auto slurmd = parse_slurmd_name(name); slurmd && is_wanted(*slurmd)) {
        slurmds[*slurmd].push_back(hierarchy.root + "/" + name);
        if (first == &hierarchy.root) awaited.see(*slurmd);
      }
  }
  if (first != nullptr && !awaited.over()) places.directories.push_back(*first);
  for (const auto& [slurmd, tops] : slurmds) {
    JobCgroupList found = find_users(tops, slurmd, now);
    for (JobCgroups& job : found.jobs) {
      const auto user = job.home.rfind('/', job.home.rfind('/') - 1);
      const std::string below = job.home.substr(job.home.rfind('/', user - 1));  // "/slurm/uid_1000/job_7"
      for (std::size_t i = 0; i < hierarchies.size(); ++i)
        if (!hierarchies[i].root.empty()) job.*kControllers[i].directory = hierarchies[i].root + below;
    }
    append(places, std::move(found));
  }
}

// The jobs of one slurmd, from the first of its directories or, if they are unexpectedly elsewhere, from another.
JobCgroupList JobCgroupFinder::find_users(const std::vector<std::string>& tops, const std::string& slurmd, Nanos now) {
  JobCgroupList found = find_in(tops[0], slurmd), other;
  for (std::size_t i = 1; i < tops.size() && found.jobs.empty() && other.jobs.empty(); ++i)
    other = find_in(tops[i], slurmd);
  if (other.jobs.empty())
    strays_.erase(slurmd);
  else if (is_stray(slurmd, now))
    append(found, std::move(other));
  return found;
}

bool JobCgroupFinder::is_stray(const std::string& slurmd, Nanos now) {
  return now - strays_.try_emplace(slurmd, now).first->second >= kStray;
}

JobCgroupList JobCgroupFinder::find_in(const std::string& top, const std::string& slurmd) {
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

void JobCgroupFinder::find_unified(const std::vector<std::string>& mounts, Nanos now, JobCgroupList& places) {
  if (std::binary_search(mounts.begin(), mounts.end(), kSystemSlice))
    find_in_slice(options_.cgroup + "/" + kSystemSlice, places);
  if (!pods_found_ || now - *pods_found_ >= kBetweenPods) pods_ = find_pods(mounts), pods_found_ = now;
  for (const std::string& slice : pods_) find_in_slice(slice, places);
}

// The system.slice of each container that has one: kubepods, class of service, pod, container.
std::vector<std::string> JobCgroupFinder::find_pods(const std::vector<std::string>& mounts) {
  constexpr int kDeepest = 4, kMostDirectories = 1000;
  std::vector<std::string> level, found;
  for (const char* top : {"kubepods", "kubepods.slice"})
    if (std::binary_search(mounts.begin(), mounts.end(), top)) level.push_back(options_.cgroup + "/" + top);
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

void JobCgroupFinder::find_in_slice(const std::string& slice, JobCgroupList& places) {
  const auto scopes = host_.list(slice);
  if (!scopes) return;
  Awaited awaited(options_.slurmd);
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
        place.home = place.cpu = place.memory = place.cpuset = top + "/" + job;
        add_job(std::move(place), places);
      }
  }
  if (!awaited.over()) places.directories.push_back(slice);
}

// With its steps, unless it has been removed.
void JobCgroupFinder::add_job(JobCgroups place, JobCgroupList& places) {
  const auto names = host_.list(place.home);
  if (!names) return;
  places.directories.push_back(place.home);
  for (const std::string& name : *names)
    if (auto step = parse_step_name(name)) place.steps.push_back(std::move(*step));
  if (!place.steps.empty() || !is_sluid(place.id)) places.jobs.push_back(std::move(place));
}

}  // namespace nw
