// Snmp: GET requests to one agent through libnetsnmp, which is opened at run time.
//
// Versions 2c and 3 (authPriv), over UDP. The community or the user and pass phrases come from a file that only its
// owner may read and go nowhere else.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace nw {

struct SnmpOptions {
  std::string agent;             // "udp:pdu1.example:161"
  std::string version = "2c";    // or "3"
  std::string credentials_file;  // key = value lines: community, or user, auth (SHA), auth_pass, priv (AES), priv_pass
  Nanos deadline = seconds(2);   // of one request, its repetitions included
};

struct SnmpValue {
  std::optional<std::int64_t> number;  // INTEGER, Gauge32, Counter32, Counter64, TimeTicks
  std::optional<std::string> text;     // OCTET STRING; neither: no such object, or a type that is neither
};

class Snmp {
 public:
  virtual ~Snmp() = default;
  // One answer for each numeric OID (".1.3.6.1..."), in their order.
  virtual Result<std::vector<SnmpValue>> get(const std::vector<std::string>& oids) = 0;
};

// The numbers of ".1.3.6.1...": 2 to 128 of them, each below 2^32; else nothing.
std::optional<std::vector<std::uint32_t>> parse_oid(std::string_view text);

// Through the machine's own network. absent: no libnetsnmp; denied: the credentials file is open to others.
Result<std::shared_ptr<Snmp>> open_real_snmp(const SnmpOptions& options);

}  // namespace nw
