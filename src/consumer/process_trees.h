// ProcessTrees: processes that are measured at the wish of their user outside every manager's jobs, each with its
// descendants: a `nodewatt run` on a workstation, a notebook's kernel. In a cgroup snapshot each is a job of the
// manager "process" with one step "0"; its id is the process id. The kernel's times are the only use that is known of
// it: CPU time of those that live and of those that were waited for, in hundredths of a second.
//
// Where no other user has a process, the node is the tree's own while it runs.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "base/host.h"
#include "base/result.h"
#include "consumer/cgroup_scanner.h"

namespace nw {

class ProcessTrees {
 public:
  static constexpr const char* kManager = "process";
  static constexpr const char* kStep = "0";
  static constexpr std::size_t kMax = 64, kMaxOfOne = 8;  // of one user
  static constexpr std::size_t kMostReads = 2000;         // of /proc for one tree; a larger one has no known use
  static constexpr Nanos kBetweenUsers = seconds(10);     // looks at whose processes there are
  static constexpr std::uint32_t kFirstUser = 1000;       // lower uids are the system's

  explicit ProcessTrees(Host& host) : host_(host) {}

  // The tree of this process from now on, or the one that it is in already. Absent when there is no such process of
  // this user, busy when there are too many trees.
  Result<FoundProcess> add(std::uint32_t pid, std::uint32_t uid);
  std::optional<FoundProcess> find(std::uint32_t pid, std::uint32_t uid) const;
  // Adds them to the snapshot; one whose first process has ended is over.
  void add_to(CgroupSnapshot& cgroups);

 private:
  struct Tree {
    std::uint32_t pid, uid;
    std::uint64_t start;  // of the process: a later one may have its id
  };
  static FoundProcess name_of(const Tree& tree);
  bool lives(const Tree& tree) const;
  std::optional<Nanos> read_cpu(std::uint32_t pid) const;
  std::set<std::uint32_t> find_users() const;
  bool has_others(std::uint32_t uid) const;

  Host& host_;
  std::vector<Tree> trees_;
  std::optional<Nanos> users_seen_;
  std::set<std::uint32_t> users_;  // that have processes, without the system's
};

}  // namespace nw
