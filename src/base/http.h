// Http: GET requests to one server, over TLS, through libcurl, which is opened at run time.
//
// Of redirects only the one is followed that adds or takes off the slash at the end of a path. A certificate that
// neither the CA file nor the pinned key confirms is an error. Credentials come from a file that only its owner may
// read and go nowhere else: not into errors, logs or tapes.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/units.h"

namespace nw {

struct HttpOptions {
  std::string origin;            // "https://bmc.example:443": scheme, host, port; nothing after it
  std::string ca_file;           // PEM; "" is the system's own store
  std::string pinned_key;        // "sha256//<base64 of the public key's hash>"; "" for none; then no CA is needed
  std::string credentials_file;  // two lines, user and password; "" for none
  Nanos deadline = seconds(5);   // of one request, from connecting to the last byte
  std::size_t most = 1 << 20;    // largest body accepted, in bytes
};

class Http {
 public:
  virtual ~Http() = default;
  // The body of `path` ("/redfish/v1/Chassis"). absent: 404; denied: 401, 403; busy: deadline, 429, 503; malformed: too
  // long, a redirect.
  virtual Result<std::string> get(const std::string& path) = 0;
  // HTTP status of the server's last answer; 0: none came.
  virtual long status() const { return 0; }
};

// Through the machine's own network. absent: no libcurl; denied: the credentials file is open to others, or plain http
// to another machine.
Result<std::shared_ptr<Http>> open_real_http(const HttpOptions& options);

}  // namespace nw
