// The kernel's IPMI device reduced to the three calls that an Ipmi needs, so that tests can replace it.
#pragma once

#include <linux/ipmi.h>

#include <memory>
#include <string>

#include "base/ipmi.h"

namespace nw {

// Each call returns 0 or an errno.
class IpmiPort {
 public:
  virtual ~IpmiPort() = default;
  virtual int send(ipmi_req& request) = 0;
  virtual int wait(Nanos time) = 0;  // until something can be received; ETIMEDOUT when nothing came
  virtual int receive(ipmi_recv& message) = 0;
};

std::shared_ptr<Ipmi> make_ipmi(std::string device, std::unique_ptr<IpmiPort> port);

}  // namespace nw
