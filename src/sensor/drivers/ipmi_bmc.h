// Polls this machine's management controller: once at probe time, through Host::ask, and repeatedly from the bus's own
// thread. Shared by both IPMI drivers.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/host.h"
#include "base/ipmi.h"
#include "sensor/drivers/ipmi.h"
#include "site/site.h"

namespace nw::ipmi {

// One decoded answer: the raw value of a sensor, and how a new value is recognised.
struct Value {
  std::uint64_t raw = 0;
  std::optional<Nanos> device;  // the controller's own time of the value
  bool dated = true;            // identical bytes are the same sample, not a new one
};
using Decode = Result<Value> (*)(View answer);

class Bmc {
 public:
  // `driver` begins the keys under which a tape stores the answers.
  Bmc(Host& host, std::string driver, const IpmiSite& site);

  // Whether the device exists and we may use it.
  Done open();
  // One answer, completion code first; asked up to three times while the controller is busy.
  Result<Bytes> ask(const std::string& key, const Question& question);
  // A source that a thread fills at the site's period.
  Result<std::unique_ptr<Source>> poll(const std::string& key, const Question& question, Decode decode);
  // The update interval of a sensor when it is polled at the site's period.
  Nanos update_interval(Nanos own) const;

 private:
  Host& host_;
  std::string driver_;
  IpmiSite site_;
  std::shared_ptr<std::shared_ptr<Ipmi>> device_;
};

// How to let a group read the device.
std::string repair_of(const Error& error, const std::string& device);

}  // namespace nw::ipmi
