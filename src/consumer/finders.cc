// The table of finders, what is listed once for all of them, and what becomes of jobs that lie in each other.
#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <tuple>

#include "consumer/finder.h"

namespace nw {

namespace {
constexpr std::array kFinders = {
#define NW_FINDER(name) FinderInfo{#name, make_##name##_finder},
#include "consumer/finders.def"
#undef NW_FINDER
};

// A controller's directories below the mount; cpuacct is often mounted together with cpu.
struct ControllerMounts {
  std::array<const char*, 3> names;
  std::string JobCgroups::*directory;
};
constexpr ControllerMounts kControllers[] = {{{"cpuacct", "cpu,cpuacct", "cpuacct,cpu"}, &JobCgroups::cpu},
                                             {{"memory", "", ""}, &JobCgroups::memory},
                                             {{"cpuset", "", ""}, &JobCgroups::cpuset},
                                             {{"devices", "", ""}, &JobCgroups::devices},
                                             {{"freezer", "", ""}, &JobCgroups::freezer}};

void drop_outer(std::vector<JobCgroups>& jobs) {
  std::set<std::string> homes;
  for (const JobCgroups& job : jobs) homes.insert(job.home);
  std::erase_if(jobs, [&](const JobCgroups& job) {
    const auto inner = homes.lower_bound(job.home + "/");
    return inner != homes.end() && inner->starts_with(job.home + "/");
  });
}
}  // namespace

std::span<const FinderInfo> finders() { return kFinders; }

void append(JobCgroupList& to, JobCgroupList&& from) {
  std::move(from.jobs.begin(), from.jobs.end(), std::back_inserter(to.jobs));
  std::move(from.directories.begin(), from.directories.end(), std::back_inserter(to.directories));
}

bool CgroupTree::has(std::string_view name) const {
  return std::binary_search(names.begin(), names.end(), name, std::less<>());
}

void CgroupTree::place_split(const std::string& below, JobCgroups& job) const {
  for (const Controller& controller : controllers)
    if (!controller.root.empty()) job.*controller.directory = controller.root + below;
}

JobCgroupFinder::JobCgroupFinder(Host& host, CgroupScanOptions options) : host_(host), options_(std::move(options)) {
  for (const FinderInfo& info : finders()) finders_.push_back(info.make(host_, options_));
}

JobCgroupList JobCgroupFinder::find(Nanos now) {
  JobCgroupList places;
  const auto tree = list_tree();
  if (!tree) return places;
  int managers = 0;  // that have jobs here
  for (std::size_t i = 0; i < finders_.size(); ++i) {
    JobCgroupList found = finders_[i]->find(*tree, now);
    for (JobCgroups& job : found.jobs) job.manager = finders()[i].manager;
    managers += found.jobs.empty() ? 0 : 1;
    append(places, std::move(found));
  }
  if (places.directories.empty()) places.directories.push_back(options_.cgroup);
  if (managers > 1) drop_outer(places.jobs);
  std::sort(places.jobs.begin(), places.jobs.end(), [](const JobCgroups& a, const JobCgroups& b) {
    return std::tie(a.manager, a.slurmd, a.id) < std::tie(b.manager, b.slurmd, b.id);
  });
  return places;
}

std::optional<CgroupTree> JobCgroupFinder::list_tree() const {
  auto mounts = host_.list(options_.cgroup);
  if (!mounts) return std::nullopt;
  CgroupTree tree{options_.cgroup, std::move(*mounts), {}};
  for (const ControllerMounts& known : kControllers) {
    CgroupTree::Controller& controller = tree.controllers.emplace_back(CgroupTree::Controller{known.directory, "", {}});
    for (const std::string_view name : known.names) {
      if (name.empty() || !tree.has(name)) continue;
      auto names = host_.list(tree.mount + "/" + std::string(name));
      if (!names) continue;
      controller.root = tree.mount + "/" + std::string(name);
      controller.names = std::move(*names);
      break;
    }
  }
  return tree;
}

}  // namespace nw
