#include "accounting/node_history_frames.h"

#include <algorithm>
#include <cmath>

#include "base/parse.h"

namespace nw {

namespace {
constexpr int kMostFilters = 1000;
constexpr std::int64_t kLongest = std::int64_t{3600} * kNanosPerSecond;

bool is_time(std::int64_t ns) { return ns >= 0 && ns <= kLongest; }

// More than any machine has, and far from where sums of squares overflow.
constexpr double kMost = 1e9;
bool is_figure(double value) { return std::isfinite(value) && std::abs(value) <= kMost; }

template <class List>
bool are_figures(const List& list) {
  return std::all_of(list.begin(), list.end(), is_figure);
}

// Symmetric, of three: no variance below nothing in any direction, but for rounding.
template <class List>
bool is_covariance(const List& c) {
  constexpr double kRounding = 1e-9;
  const auto minor = [&](int aa, int ab, int bb) {
    return c[aa] * c[bb] - c[ab] * c[ab] >= -kRounding * (1 + c[aa] * c[bb]);
  };
  const double determinant =
      c[0] * (c[3] * c[5] - c[4] * c[4]) - c[1] * (c[1] * c[5] - c[4] * c[2]) + c[2] * (c[1] * c[4] - c[3] * c[2]);
  return c[0] >= 0 && c[3] >= 0 && c[5] >= 0 && minor(0, 1, 3) && minor(0, 2, 5) && minor(3, 4, 5) &&
         determinant >= -kRounding * (1 + c[0] * c[3] * c[5]);
}

bool makes_sense(const pb::NodeFilter& in) {
  return is_time(in.window_ns()) && is_time(in.delay_ns()) && in.state_size() == 3 && in.covariance_size() == 6 &&
         are_figures(in.state()) && are_figures(in.covariance()) && is_covariance(in.covariance()) &&
         is_figure(in.evidence());
}

bool is_amount(double value) { return is_figure(value) && value >= 0; }
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
  if (!is_figure(in.mean_w())) return {};
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
