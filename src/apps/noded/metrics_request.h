// MetricsRequest: parses an HTTP request from untrusted bytes sent to the metrics port, one at a time if need be.
//
// The grammar is Boost.Beast's (RFC 7230: 1.0 and 1.1); only the parser is used: it costs the daemon 0.3 MB of memory,
// while Beast's own streams would bring a second event loop. Only the head of a request matters; a body is ignored. At
// most kMost bytes are kept, and none is parsed twice.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "apps/noded/metrics.h"

namespace nw::noded {

// The result of a request.
struct MetricsOutcome {
  unsigned status = 400;  // 200 for GET and HEAD of /metrics, whatever its query; 400, 404, 405, 431 (too long)
  bool head = false;      // the answer has no body
  MetricsFormat form = MetricsFormat::plain;  // open for clients that accept it
  bool operator==(const MetricsOutcome&) const = default;
};

class MetricsRequest {
 public:
  static constexpr std::size_t kMost = 8192;

  MetricsRequest();
  MetricsRequest(MetricsRequest&&) noexcept;
  MetricsRequest& operator=(MetricsRequest&&) noexcept;
  ~MetricsRequest();

  // Adds the next bytes. Nothing while the head is incomplete; after a result nothing more must be fed.
  std::optional<MetricsOutcome> feed(std::string_view bytes);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  std::string unread_;
  std::size_t taken_ = 0;
};

}  // namespace nw::noded
