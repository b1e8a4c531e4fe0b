// Ipmi: requests to a management controller through the kernel's IPMI device, /dev/ipmi0.
//
// Linux Documentation/driver-api/ipmi.rst; IPMI 2.0 section 5 (network functions), 22 (bridging). KCS is slow (tens to
// hundreds of milliseconds), answers one request at a time and may hang: every request has a deadline, and the driver's
// thread is the only one that sends.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace nw {

struct IpmiRequest {
  std::uint8_t netfn = 0;
  std::uint8_t command = 0;
  std::vector<std::uint8_t> data;
  std::uint8_t lun = 0;
  // 0: the controller itself. Else bridged: to this slave address (0x2c is Intel's Node Manager) over this channel.
  std::uint8_t slave = 0;
  std::uint8_t channel = 0;
};

class Ipmi {
 public:
  virtual ~Ipmi() = default;
  // The answer, completion code first. Fails as busy when the deadline passes and drops an answer that comes later.
  virtual Result<std::vector<std::uint8_t>> send(const IpmiRequest& request, Nanos deadline) = 0;
};

// The machine's own controller through this device; for "/dev/ipmi0" also where other kernels have it, /dev/ipmi/0 and
// /dev/ipmidev/0.
Result<std::shared_ptr<Ipmi>> open_real_ipmi(const std::string& device);

}  // namespace nw
