#include "consumer/process_trees.h"

#include <algorithm>

#include "base/cpu_ticks.h"
#include "base/parse.h"
#include "consumer/cgroup_text.h"

namespace nw {

namespace {
constexpr std::int64_t kTick = kNanosPerSecond / kTicksPerSecond;
constexpr std::uint64_t kMostTicks = INT64_MAX / kTick / 2;
constexpr std::size_t kMostAncestors = 1000, kMostProcesses = 20'000;
constexpr std::uint32_t kNobody = 65534;

std::string proc(std::uint64_t pid, const char* file) { return "/proc/" + std::to_string(pid) + "/" + file; }

std::optional<ProcessStat> read_stat(Host& host, std::uint64_t pid) {
  const auto text = host.read_text(proc(pid, "stat"));
  return text ? parse_process_stat(*text) : std::nullopt;
}
}  // namespace

FoundProcess ProcessTrees::name_of(const Tree& tree) { return {kManager, "", std::to_string(tree.pid), kStep}; }

bool ProcessTrees::lives(const Tree& tree) const {
  const auto stat = read_stat(host_, tree.pid);
  return stat && stat->start == tree.start;
}

std::optional<FoundProcess> ProcessTrees::find(std::uint32_t pid, std::uint32_t uid) const {
  std::uint64_t at = pid;
  for (std::size_t i = 0; i < kMostAncestors && at > 1 && !trees_.empty(); ++i) {
    const auto stat = read_stat(host_, at);
    if (!stat) return std::nullopt;
    for (const Tree& tree : trees_)
      if (tree.pid == at && tree.uid == uid && tree.start == stat->start) return name_of(tree);
    at = stat->parent;
  }
  return std::nullopt;
}

Result<FoundProcess> ProcessTrees::add(std::uint32_t pid, std::uint32_t uid) {
  std::erase_if(trees_, [this](const Tree& tree) { return !lives(tree); });
  if (auto found = find(pid, uid)) return *found;
  const auto stat = read_stat(host_, pid);
  const auto status = host_.read_text(proc(pid, "status"));
  if (!stat || !status || parse_real_uid(*status) != uid) return fail(ErrorKind::absent, "the process has ended");
  const auto own = std::count_if(trees_.begin(), trees_.end(), [uid](const Tree& tree) { return tree.uid == uid; });
  if (trees_.size() >= kMax || (uid != 0 && static_cast<std::size_t>(own) >= kMaxOfOne))
    return fail(ErrorKind::busy, "too many processes are measured already");
  users_seen_.reset();  // who was on the node before matters to nobody else
  return name_of(trees_.emplace_back(pid, uid, stat->start));
}

// Threads have their children in files of their own.
std::optional<Nanos> ProcessTrees::read_cpu(std::uint32_t pid) const {
  std::vector<std::uint32_t> open{pid};
  std::uint64_t ticks = 0;
  std::size_t reads = 0;
  while (!open.empty()) {
    const std::uint32_t at = open.back();
    open.pop_back();
    const auto stat = read_stat(host_, at);
    const auto threads = host_.list(proc(at, "task"));
    if (!stat || !threads) continue;  // it has ended
    ticks = std::min(ticks + std::min(stat->cpu, kMostTicks), kMostTicks);
    for (const std::string& thread : *threads) {
      if (++reads > kMostReads) return std::nullopt;
      const auto children = host_.read_text(proc(at, "task/") + thread + "/children");
      if (!children) continue;
      for (const auto word : split(trim(*children), ' '))
        if (const auto child = parse_u64(word); child && *child <= UINT32_MAX)
          open.push_back(static_cast<std::uint32_t>(*child));
    }
  }
  return Nanos::of(static_cast<std::int64_t>(ticks) * kTick);
}

bool ProcessTrees::has_others(std::uint32_t uid) const {
  return std::any_of(users_.begin(), users_.end(), [uid](std::uint32_t one) { return one != uid; });
}

std::set<std::uint32_t> ProcessTrees::find_users() const {
  std::set<std::uint32_t> users;
  std::size_t reads = 0;
  const auto processes = host_.list("/proc");
  for (const std::string& name : processes ? *processes : std::vector<std::string>{}) {
    const auto pid = parse_u64(name);
    if (!pid || ++reads > kMostProcesses) continue;
    const auto status = host_.read_text(proc(*pid, "status"));
    const auto uid = status ? parse_real_uid(*status) : std::nullopt;
    if (uid && *uid >= kFirstUser && *uid != kNobody) users.insert(*uid);
  }
  return users;
}

void ProcessTrees::add_to(CgroupSnapshot& cgroups) {
  std::erase_if(trees_, [this](const Tree& tree) { return !lives(tree); });
  if (trees_.empty()) return users_seen_.reset();
  if (!users_seen_ || cgroups.at - *users_seen_ >= kBetweenUsers) {
    users_seen_ = cgroups.at;
    users_ = find_users();
  }
  for (const Tree& tree : trees_) {
    CgroupUsage& use = cgroups.jobs.emplace_back();
    const FoundProcess its = name_of(tree);
    use.manager = its.manager;
    use.id = its.id;
    use.uid = tree.uid;
    use.cpu = read_cpu(tree.pid);
    use.steps = {{kStep, use.cpu}};
    use.is_process_tree = true;
    use.has_node = !has_others(tree.uid);
  }
  std::sort(cgroups.jobs.begin(), cgroups.jobs.end());
}

}  // namespace nw
