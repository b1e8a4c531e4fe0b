#include "apps/noded/metrics_request.h"

#include <algorithm>

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

namespace nw::noded {

namespace {
namespace http = boost::beast::http;
constexpr std::string_view kWanted = "application/openmetrics-text";

// Media types are case-insensitive (RFC 9110, 8.3.1). Weights (q=) are ignored: a Prometheus that can read OpenMetrics
// prefers it.
bool accepts_open_metrics(const http::fields& fields) {
  const auto [first, last] = fields.equal_range(http::field::accept);
  return std::any_of(first, last, [](const auto& each) {
    std::string value(each.value());
    for (char& c : value) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return value.find(kWanted) != std::string::npos;
  });
}

MetricsOutcome judge(const http::request<http::empty_body>& request) {
  MetricsOutcome outcome;
  const std::string target(request.target());
  outcome.head = request.method() == http::verb::head;
  const bool may = outcome.head || request.method() == http::verb::get;
  outcome.status = target.substr(0, target.find('?')) != "/metrics" ? 404 : may ? 200 : 405;
  outcome.form = accepts_open_metrics(request) ? MetricsFormat::open : MetricsFormat::plain;
  return outcome;
}
}  // namespace

struct MetricsRequest::Parser : http::request_parser<http::empty_body> {};

MetricsRequest::MetricsRequest() : parser_(std::make_unique<Parser>()) { parser_->header_limit(kMost); }
MetricsRequest::MetricsRequest(MetricsRequest&&) noexcept = default;
MetricsRequest& MetricsRequest::operator=(MetricsRequest&&) noexcept = default;
MetricsRequest::~MetricsRequest() = default;

std::optional<MetricsOutcome> MetricsRequest::feed(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  // The limit applies however the input is split: bytes beyond it are not even passed to the parser.
  const bool too_long = bytes.size() > kMost - taken_;
  if (too_long) bytes = bytes.substr(0, kMost - taken_);
  taken_ += bytes.size();
  unread_.append(bytes);
  boost::system::error_code error;
  std::size_t read = 0;
#ifndef __clang_analyzer__  // the analyzer fails on Beast's parser
  read = parser_->put(boost::asio::buffer(unread_), error);
#endif
  unread_.erase(0, read);
  if (parser_->is_header_done() && (!error || error == http::error::need_more)) return judge(parser_->get());
  if (error == http::error::header_limit) return MetricsOutcome{431};
  if (error && error != http::error::need_more) return MetricsOutcome{400};
  if (too_long) return MetricsOutcome{431};
  return std::nullopt;
}

}  // namespace nw::noded
