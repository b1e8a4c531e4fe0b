#include "base/host.h"

#include "base/http.h"
#include "base/ipmi.h"
#include "base/snmp.h"

namespace nw {

Result<std::vector<std::unique_ptr<Source>>> Host::open_slow_numbers(const std::vector<std::string>& paths,
                                                                     BusSchedule) {
  std::vector<std::unique_ptr<Source>> sources;
  for (const std::string& path : paths) sources.push_back(NW_TRY(open_number(path)));
  return sources;
}

Result<std::shared_ptr<Ipmi>> Host::open_ipmi(const std::string& device) {
  return fail(ErrorKind::absent, device + ": this host has no IPMI device");
}
Result<std::shared_ptr<Http>> Host::open_http(const HttpOptions& options) {
  return fail(ErrorKind::absent, options.origin + ": this host has no network");
}
Result<std::shared_ptr<Snmp>> Host::open_snmp(const SnmpOptions& options) {
  return fail(ErrorKind::absent, options.agent + ": this host has no network");
}

}  // namespace nw
