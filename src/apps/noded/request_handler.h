// RequestHandler: answers the daemon's requests. The caller's uid is part of the query, so another user's job and one
// that does not exist give the same answer.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "accounting/energy_accounting.h"
#include "apps/noded/access.h"
#include "consumer/wire.h"
#include "store/store.h"

namespace nw::noded {

class RequestHandler {
 public:
  // `admins` are in addition to root. The accounting and the store must outlive this.
  RequestHandler(EnergyAccounting& accounting, Store& store, std::set<std::uint32_t> admins)
      : accounting_(accounting), store_(store), admins_(std::move(admins)) {}

  // The whole answer, its last message D or E. An event for the next sampling point is passed to the accounting, and
  // `edge` is set; `gpus` is set when NVIDIA's library is to be closed (false) or opened again (true).
  struct RequestEffect {
    bool edge = false;
    std::optional<bool> gpus;
  };
  std::vector<Answer> answer(const Peer& peer, const Request& request, RequestEffect& effect);
  bool is_admin(const Peer& peer) const { return peer.uid == 0 || admins_.contains(peer.uid); }

  // What `job` and `jobs` ask for.
  struct Wanted {
    std::string id, step, state;
    std::optional<std::uint32_t> user;
    std::optional<std::int64_t> since, until;
    std::size_t limit = 20;
    bool as_owner = false;  // limited to the owner's view, whoever asks
  };

 private:
  std::vector<pb::Record> find_here(const Wanted& wanted, bool whole,
                                    const EnergyAccounting::JobFilter& is_wanted) const;
  Result<std::vector<Answer>> find(const Peer& peer, const Request& request);
  Result<std::vector<Answer>> answer_node(const Peer& peer) const;
  Done take_event(const Peer& peer, const Request& request, RequestEffect& effect);

  EnergyAccounting& accounting_;
  Store& store_;
  std::set<std::uint32_t> admins_;
};

}  // namespace nw::noded
