#include "base/host.h"

#include "base/http.h"
#include "base/ipmi.h"
#include "base/snmp.h"

namespace nw {

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
