// For the tests of IPMI drivers: a controller that answers from a script, in a machine in memory.
#pragma once

#include <deque>
#include <map>

#include "base/ipmi.h"
#include "sensor/drivers/driver_test.h"
#include "sensor/drivers/ipmi.h"

namespace nw {

// Answers by command and data; of several for one request each but the last is given once. What it does not know is an
// invalid command.
class ScriptedIpmi : public Ipmi {
 public:
  using Answer = Result<ipmi::Bytes>;

  void answer(const ipmi::Question& question, Answer answer) {
    script_[key(question.request)].push_back(std::move(answer));
  }
  void answer(const ipmi::Question& question, std::string_view hex) { answer(question, ipmi::from_hex(hex)); }
  void forget(const ipmi::Question& question) { script_.erase(key(question.request)); }

  Answer send(const IpmiRequest& request, Nanos deadline) override {
    sent.push_back(request);
    longest = std::max(longest, deadline);
    const auto found = script_.find(key(request));
    if (found == script_.end()) return ipmi::Bytes{0xc1};
    Answer next = found->second.front();
    if (found->second.size() > 1) found->second.pop_front();
    return next;
  }

  std::vector<IpmiRequest> sent;
  Nanos longest{};

 private:
  static std::vector<unsigned> key(const IpmiRequest& request) {
    std::vector<unsigned> key{request.netfn, request.command, request.lun, request.slave, request.channel};
    key.insert(key.end(), request.data.begin(), request.data.end());
    return key;
  }
  std::map<std::vector<unsigned>, std::deque<Answer>> script_;
};

struct IpmiMachine : MemoryHost {
  Result<std::shared_ptr<Ipmi>> open_ipmi(const std::string& device) override {
    opened = device;
    if (refused.kind != ErrorKind::absent || !refused.what.empty()) return tl::make_unexpected(refused);
    return ipmi;
  }
  void product(const std::string& vendor, const std::string& name) {
    set_file("/sys/class/dmi/id/sys_vendor", vendor + "\n");
    set_file("/sys/class/dmi/id/product_name", name + "\n");
  }

  std::shared_ptr<ScriptedIpmi> ipmi = std::make_shared<ScriptedIpmi>();
  Error refused{ErrorKind::absent, ""};
  std::string opened;
};

}  // namespace nw
