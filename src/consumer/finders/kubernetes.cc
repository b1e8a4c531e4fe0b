// Where Kubernetes' pods are among the cgroups. A pod is a job, by its uid; its containers are the steps, by the first
// 12 digits of their ids, as the runtimes' own tools print them.
//
//   by systemd  kubepods.slice/[kubepods-<class>.slice/]kubepods[-<class>]-pod<uid, its dashes as _>.slice/
//   else        kubepods/[<class>/]pod<uid>/
//
// <class>, of service, is burstable or besteffort; guaranteed pods have none. A container's directory is
// cri-containerd-<id>.scope (containerd), crio-<id>.scope (CRI-O) or docker-<id>.scope (Docker, by cri-dockerd);
// without systemd the id alone, or crio-<id>. CRI-O's crio-conmon-<id> is a process that watches over a container: it
// counts as the pod's, outside its steps. v1 has all this below each controller, and v2 once, below the mount. Sources:
// the kubelet's pkg/kubelet/cm, the runtimes' cgroup paths.
//
// The uids of pods are UUIDs; those that the kubelet makes from a file (static pods) are 32 digits. No other name is a
// pod.
//
// A pod in which a slurmd runs is Slurm's (finders/slurm.cc): while none of its jobs runs as well, so that the pod does
// not come and go with them. It shows that by slurmstepd.scope in a system.slice of its own, some seconds after the pod
// was begun; looked for every kBetweenLooks.
#include <algorithm>
#include <map>
#include <utility>

#include "consumer/cgroup_text.h"
#include "consumer/finder.h"

namespace nw {

namespace {
constexpr Nanos kBetweenLooks = seconds(10);  // also for the owners of pods of root, which are many on most nodes
constexpr std::size_t kMostPods = 1000;       // kubelets allow 110, or a few hundred
constexpr std::size_t kContainerId = 64, kShortId = 12;
// Of the container that holds a pod's namespaces: its image, pause, runs as this user, whoever the pod's programs are.
constexpr std::uint32_t kPauseUser = 65535;

// Where the pods of one class of service are, and what surrounds their uids there.
struct PodFolder {
  std::string_view top, below, before, after;
  char dash;
};
constexpr PodFolder kFolders[] = {
    {"kubepods.slice", "", "kubepods-pod", ".slice", '_'},
    {"kubepods.slice", "/kubepods-burstable.slice", "kubepods-burstable-pod", ".slice", '_'},
    {"kubepods.slice", "/kubepods-besteffort.slice", "kubepods-besteffort-pod", ".slice", '_'},
    {"kubepods", "", "pod", "", '-'},
    {"kubepods", "/burstable", "pod", "", '-'},
    {"kubepods", "/besteffort", "pod", "", '-'}};

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// As Kubernetes prints it, with dashes; nothing when this is no uid.
std::optional<std::string> parse_pod_uid(std::string_view text, char dash) {
  std::string digits(text);
  if (digits.size() == 36)
    for (const std::size_t at : {23U, 18U, 13U, 8U})
      if (digits[at] == dash) digits.erase(at, 1);
  if (digits.size() != 32 || !is_hex(digits)) return std::nullopt;
  if (text.size() == 36)
    for (const std::size_t at : {8U, 13U, 18U, 23U}) digits.insert(at, 1, '-');
  return digits;
}

std::optional<std::string> parse_pod_name(std::string_view name, const PodFolder& folder) {
  if (!name.starts_with(folder.before) || !name.ends_with(folder.after)) return std::nullopt;
  if (name.size() <= folder.before.size() + folder.after.size()) return std::nullopt;
  name.remove_prefix(folder.before.size());
  name.remove_suffix(folder.after.size());
  return parse_pod_uid(name, folder.dash);
}

std::optional<std::string> parse_container_name(std::string_view name) {
  if (name.ends_with(".scope")) name.remove_suffix(6);
  for (const std::string_view runtime : {"cri-containerd-", "crio-", "docker-"})
    if (name.starts_with(runtime)) {
      name.remove_prefix(runtime.size());
      break;
    }
  if (name.size() != kContainerId || !is_hex(name)) return std::nullopt;
  return std::string(name.substr(0, kShortId));
}

class KubernetesFinder : public Finder {
 public:
  KubernetesFinder(Host& host, const CgroupScanOptions& options) : host_(host), off_(!options.slurmd.empty()) {}

  JobCgroupList find(const CgroupTree& tree, Nanos now) override {
    JobCgroupList places;
    if (off_) return places;
    const auto before = std::exchange(looks_, {});
    for (const PodFolder& folder : kFolders) {
      for (const CgroupTree::Controller& controller : tree.controllers)
        if (std::binary_search(controller.names.begin(), controller.names.end(), folder.top, std::less<>())) {
          find_in(tree, folder, controller.root, false, places);
          break;  // one controller decides
        }
      if (tree.has(folder.top)) find_in(tree, folder, tree.mount, true, places);
    }
    std::erase_if(places.jobs, [&](const JobCgroups& pod) { return is_slurms(pod, before, now); });
    return places;
  }

 private:
  struct Look {
    Nanos at;
    bool is_slurms;
  };
  using Looks = std::map<std::string, Look>;  // by the pod's directory

  void find_in(const CgroupTree& tree, const PodFolder& folder, const std::string& root, bool unified,
               JobCgroupList& places) {
    const std::string path = "/" + std::string(folder.top) + std::string(folder.below);
    const auto names = host_.list(root + path);
    if (!names) return;
    places.directories.push_back(root + path);
    for (const std::string& name : *names) {
      auto uid = parse_pod_name(name, folder);
      if (!uid || places.jobs.size() >= kMostPods) continue;
      JobCgroups pod;
      pod.id = std::move(*uid), pod.unified = unified;
      pod.home = root + path + "/" + name;
      pod.not_owner = kPauseUser, pod.between_owners = kBetweenLooks;
      if (unified)
        pod.cpu = pod.memory = pod.cpuset = pod.home;
      else
        tree.place_split(path + "/" + name, pod);
      add_pod(std::move(pod), places);
    }
  }

  // With its containers, unless it has been removed.
  void add_pod(JobCgroups pod, JobCgroupList& places) {
    const auto names = host_.list(pod.home);
    if (!names) return;
    places.directories.push_back(pod.home);
    for (const std::string& name : *names)
      if (auto id = parse_container_name(name)) pod.steps.push_back({std::move(*id), "/" + name});
    const auto id_of = [](const StepCgroup& step) -> const std::string& { return step.id; };
    std::ranges::sort(pod.steps, {}, id_of);
    const auto again = std::ranges::unique(pod.steps, {}, id_of);  // it stays in the pod, outside its steps
    pod.steps.erase(again.begin(), again.end());
    places.jobs.push_back(std::move(pod));
  }

  // Slurm's jobs in pods are found in v2 alone.
  bool is_slurms(const JobCgroups& pod, const Looks& before, Nanos now) {
    if (!pod.unified) return false;
    const auto known = before.find(pod.home);
    const bool is_recent = known != before.end() && (known->second.is_slurms || now - known->second.at < kBetweenLooks);
    const Look look = is_recent ? known->second : Look{now, has_slurmd(pod)};
    looks_.emplace(pod.home, look);
    return look.is_slurms;
  }

  bool has_slurmd(const JobCgroups& pod) {
    return std::ranges::any_of(pod.steps, [&](const StepCgroup& container) {
      const auto names = host_.list(pod.home + container.below + "/system.slice");
      return names &&
             std::ranges::any_of(*names, [](const std::string& name) { return parse_scope_name(name).has_value(); });
    });
  }

  Host& host_;
  bool off_;  // with several slurmd on this machine a daemon has one slurmd's jobs, and no pod: each would have all
  Looks looks_;
};
}  // namespace

std::unique_ptr<Finder> make_kubernetes_finder(Host& host, const CgroupScanOptions& options) {
  return std::make_unique<KubernetesFinder>(host, options);
}

}  // namespace nw
