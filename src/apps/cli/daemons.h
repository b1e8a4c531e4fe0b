// Daemons: the node daemons that a question about jobs goes to, and what they answer together.
//
// Usually there is one, that of this node. A site that makes several sockets reachable (over shared folders, or
// forwarded by ssh) names them by --socket or NODEWATT_SOCKET; the records of one job are then put together. A daemon
// that cannot be reached is told of on stderr, once, and does not keep the others' answers back.
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
// One sentence for a job that is another's and one that never was.
inline constexpr const char* kNoSuchJob = "no such job, or not yours";

// A failure, and with which code the process ends.
struct Trouble {
  std::string what;
  int code = 1;
};
template <class T>
using Asked = tl::expected<T, Trouble>;

int error_exit(const Trouble& trouble);

class Daemons {
 public:
  // None: those of NODEWATT_SOCKET, apart by ':', else the one of this node.
  explicit Daemons(const std::vector<std::string>& sockets);

  // The runs of this job, newest first, each put together; trouble of code 3 when there is none. `as_owner`: as the
  // job's owner is shown it, also where an administrator asks.
  Asked<std::vector<pb::Record>> find(const JobName& name, bool as_owner = false);
  // Every job that fits, newest first; `wish` has the keys of the verb `jobs`, but for its limit.
  Asked<std::vector<pb::Record>> list(const std::map<std::string, std::string>& wanted);
  // Of each node, as far as it may be known to whoever asks; none is no trouble.
  Asked<std::vector<pb::NodeState>> nodes();

 private:
  using Ask = Result<std::vector<Answer>> (*)(const std::string& socket, const Request& request);
  Asked<std::vector<Answer>> ask(const Request& request, Ask how);
  Asked<std::vector<pb::Record>> ask_records(const Request& request, Ask how);

  std::vector<std::string> sockets_;
  std::map<std::string, bool> told_;  // of sockets that did not answer
};

}  // namespace nw::cli
