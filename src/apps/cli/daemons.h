// Daemons: the node daemons that a query about jobs is sent to, and their answers combined.
//
// Usually there is one, that of this node. A site that makes several sockets reachable (over shared folders, or
// forwarded by ssh) names them by --socket or NODEWATT_SOCKET; the records of one job are then combined. A daemon that
// cannot be reached is reported on stderr, once, and does not hold back the others' answers.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "apps/cli/job_name.h"
#include "base/result.h"
#include "consumer/wire.h"
#include "record/record_fwd.h"

namespace nw::cli {

inline constexpr int kNotFound = 3, kUnreachable = 5;
// The same sentence for another user's job and for one that does not exist.
inline constexpr const char* kNoSuchJob = "no such job, or not yours";

// A failure, and the process's exit code for it.
struct Trouble {
  std::string what;
  int code = 1;
};
template <class T>
using Asked = tl::expected<T, Trouble>;

int error_exit(const Trouble& trouble);

class Daemons {
 public:
  // None given: those of NODEWATT_SOCKET, separated by ':', else the one of this node.
  explicit Daemons(const std::vector<std::string>& sockets);

  // The runs of this job, newest first, each combined from its nodes; exit code 3 when there is none. `as_owner`: the
  // job owner's view, also where an administrator asks.
  Asked<std::vector<pb::Record>> find(const JobName& name, bool as_owner = false);
  // Every job that matches, newest first; `wanted` has the keys of the verb `jobs`, except its limit.
  Asked<std::vector<pb::Record>> list(const std::map<std::string, std::string>& wanted);
  // For each node, as far as the caller may see it; having none is no error.
  Asked<std::vector<pb::NodeState>> nodes();

 private:
  using Ask = Result<std::vector<Answer>> (*)(const std::string& socket, const Request& request);
  Asked<std::vector<Answer>> ask(const Request& request, Ask how);
  Asked<std::vector<pb::Record>> ask_records(const Request& request, Ask how);

  std::vector<std::string> sockets_;
  std::map<std::string, bool> told_;  // sockets whose failure was reported
};

}  // namespace nw::cli
