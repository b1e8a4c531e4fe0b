// IpmiBroker: the management controller's device behind a broker (base/ipmi_broker_client.h).
//
// One thread, one request at a time, as the controller requires. Clients are root and the configured users, identified
// by the kernel. Any other client is told so when it sends a request, and disconnected, as is one that sends anything
// but a request of one byte. There is no state: a device that is not there yet, or went away, is opened at the next
// request.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <vector>

#include "base/fd.h"
#include "base/ipmi.h"
#include "base/ipmi_broker_client.h"

namespace nw::ipmi_app {

class IpmiBroker {
 public:
  using Open = std::function<Result<std::shared_ptr<Ipmi>>()>;

  // `listener`: a listening SOCK_SEQPACKET socket.
  IpmiBroker(Fd listener, std::vector<uid_t> users, Open open);

  // Handles what is pending now, or within `patience`. Fails when the listener can no longer be used.
  Done serve_once(Nanos patience);

 private:
  struct Peer {
    Fd socket;
    bool may_ask = false;
  };
  void let_in();
  bool answer(const Peer& peer);  // false: disconnect it
  IpmiAnswer ask(const IpmiRequest& request);

  Fd listener_;
  std::vector<uid_t> users_;
  Open open_;
  std::shared_ptr<Ipmi> device_;
  std::vector<Peer> peers_;
};

}  // namespace nw::ipmi_app
