// IpmiBroker: the management controller's device behind a broker (base/ipmi_broker_client.h).
//
// One thread, one question at a time, as the controller has it. Askers are root and the users that it was told, by the
// kernel's word. Anybody else hears so when he asks, and is let go of, as is who sends anything but a question of one
// byte. Nothing is kept: a device that is not there yet, or went, is opened at the next question.
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

  // `listener`: a SOCK_SEQPACKET socket that listens.
  IpmiBroker(Fd listener, std::vector<uid_t> users, Open open);

  // What there is to do now, or within `patience`. Fails when there is nobody to be heard any more.
  Done serve_once(Nanos patience);

 private:
  struct Peer {
    Fd socket;
    bool may_ask = false;
  };
  void let_in();
  bool answer(const Peer& peer);  // false: let go of it
  IpmiAnswer ask(const IpmiRequest& request);

  Fd listener_;
  std::vector<uid_t> users_;
  Open open_;
  std::shared_ptr<Ipmi> device_;
  std::vector<Peer> peers_;
};

}  // namespace nw::ipmi_app
