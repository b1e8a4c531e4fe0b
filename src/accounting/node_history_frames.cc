#include "accounting/node_history_frames.h"

#include <algorithm>
#include <cmath>

#include "base/parse.h"

namespace nw {

namespace {
constexpr int kMostFilters = 1000;
constexpr std::int64_t kLongest = std::int64_t{3600} * kNanosPerSecond;

bool is_time(std::int64_t ns) { return ns >= 0 && ns <= kLongest; }

template <class List>
bool are_finite(const List& list) {
  return std::all_of(list.begin(), list.end(), [](double value) { return std::isfinite(value); });
}

bool makes_sense(const pb::NodeFilter& in) {
  return is_time(in.window_ns()) && is_time(in.delay_ns()) && in.state_size() == 3 && in.covariance_size() == 6 &&
         are_finite(in.state()) && are_finite(in.covariance()) && in.covariance(0) >= 0 && in.covariance(3) >= 0 &&
         in.covariance(5) >= 0 && std::isfinite(in.evidence());
}

bool is_amount(double value) { return std::isfinite(value) && value >= 0; }
}  // namespace

void write_history(const NodeHistory& history, pb::NodeHistory& out) {
  out.set_sensor(valid_utf8(history.sensor));
  for (const std::string& part : history.parts) out.add_parts(valid_utf8(part));
  const NodeResponse& response = history.response;
  for (const NodeResponse::Filter& filter : response.filters) {
    pb::NodeFilter& to = *out.add_filters();
    to.set_window_ns(filter.window.count());
    to.set_delay_ns(filter.delay.count());
    for (const double value : filter.state) to.add_state(value);
    for (const double value : filter.covariance) to.add_covariance(value);
    to.set_evidence(filter.evidence);
  }
  out.set_readings(response.readings);
  out.set_typical_w(response.typical);
  out.set_error_w2(response.error);
  out.set_mean_w(response.mean);
  out.set_variance_w2(response.variance);
  out.set_renewal_s(response.renewal);
}

std::optional<NodeHistory> read_history(const pb::NodeHistory& in) {
  if (in.filters_size() == 0 || in.filters_size() > kMostFilters ||
      !std::all_of(in.filters().begin(), in.filters().end(), makes_sense))
    return {};
  for (const double amount : {in.readings(), in.typical_w(), in.error_w2(), in.variance_w2(), in.renewal_s()})
    if (!is_amount(amount)) return {};
  if (!std::isfinite(in.mean_w())) return {};
  NodeHistory history{in.sensor(), {in.parts().begin(), in.parts().end()}, {}};
  for (const pb::NodeFilter& from : in.filters()) {
    NodeResponse::Filter& filter = history.response.filters.emplace_back();
    filter.window = Nanos::of(from.window_ns());
    filter.delay = Nanos::of(from.delay_ns());
    std::copy(from.state().begin(), from.state().end(), filter.state.begin());
    std::copy(from.covariance().begin(), from.covariance().end(), filter.covariance.begin());
    filter.evidence = from.evidence();
  }
  history.response.readings = in.readings();
  history.response.typical = in.typical_w();
  history.response.error = in.error_w2();
  history.response.mean = in.mean_w();
  history.response.variance = in.variance_w2();
  history.response.renewal = in.renewal_s();
  return history;
}

}  // namespace nw
