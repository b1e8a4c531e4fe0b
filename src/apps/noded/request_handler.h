// RequestHandler: answers what is asked of the daemon. Who asks decides what there is: a job of another user's is not
// found by the same search that does not find one that never was.
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
  // `admins` beside root. The accounting and the store must outlive this.
  RequestHandler(EnergyAccounting& accounting, Store& store, std::set<std::uint32_t> admins)
      : accounting_(accounting), store_(store), admins_(std::move(admins)) {}

  // The whole answer, its last D or E. What only changes the books' next moment is handed to the accounting, and `edge`
  // is set; `gpus` when NVIDIA's library is to be let go (false) or opened again (true).
  struct RequestEffect {
    bool edge = false;
    std::optional<bool> gpus;
  };
  std::vector<Answer> answer(const Peer& peer, const Request& request, RequestEffect& effect);

 private:
  bool is_admin(const Peer& peer) const { return peer.uid == 0 || admins_.contains(peer.uid); }
  Result<std::vector<Answer>> find(const Peer& peer, const Request& request);
  Result<std::vector<Answer>> answer_node(const Peer& peer) const;
  Done take_hint(const Peer& peer, const Request& request, RequestEffect& effect);

  EnergyAccounting& accounting_;
  Store& store_;
  std::set<std::uint32_t> admins_;
};

}  // namespace nw::noded
