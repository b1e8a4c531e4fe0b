// MetricsRequest: an HTTP request out of whatever a stranger sends to the port of the metrics, byte by byte if need be.
//
// The grammar is Boost.Beast's (RFC 7230: 1.0 and 1.1), of which the parser alone is used: it costs the daemon 0.3 MB
// of memory, where Beast's own streams would bring a second event loop. A request is what its head says; a body is of
// no interest. At most kMost bytes are kept, and none is looked at twice.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "apps/noded/metrics.h"

namespace nw::noded {

// What the request comes to.
struct MetricsOutcome {
  unsigned status = 400;  // 200 for GET and HEAD of /metrics, whatever its query; 400, 404, 405, 431 (too long)
  bool head = false;      // the answer has no body
  MetricsFormat form = MetricsFormat::plain;  // open for who accepts it
  bool operator==(const MetricsOutcome&) const = default;
};

class MetricsRequest {
 public:
  static constexpr std::size_t kMost = 8192;

  MetricsRequest();
  MetricsRequest(MetricsRequest&&) noexcept;
  MetricsRequest& operator=(MetricsRequest&&) noexcept;
  ~MetricsRequest();

  // Takes the next bytes. Nothing while the head is not whole; after a wish there is nothing more to feed.
  std::optional<MetricsOutcome> feed(std::string_view bytes);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  std::string unread_;
  std::size_t taken_ = 0;
};

}  // namespace nw::noded
