// Asking this machine's management controller: once at probe time, through Host::ask, and again and again from the
// bus's own thread. What both IPMI drivers share.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/host.h"
#include "base/ipmi.h"
#include "sensor/drivers/ipmi.h"
#include "site/site.h"

namespace nw::ipmi {

// What an answer says: the raw value of a sensor, and how its newness shows.
struct Value {
  std::uint64_t raw = 0;
  std::optional<Nanos> device;  // the controller's own time of the value
  bool dated = true;            // an answer with the same bytes is the same sample, not a new one
};
using Decode = Result<Value> (*)(View answer);

class Bmc {
 public:
  // `driver` begins the keys under which a tape holds the answers.
  Bmc(Host& host, std::string driver, const IpmiSite& site);

  // Whether there is a device, and we may use it.
  Done open();
  // One answer, completion code first; asked up to three times while the controller is busy.
  Result<Bytes> ask(const std::string& key, const Question& question);
  // A source that a thread fills at the site's period.
  Result<std::unique_ptr<Source>> poll(const std::string& key, const Question& question, Decode decode);
  // How often a sensor has a new value, seen at the site's period.
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
