#include "study/windows.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>

#include "base/units.h"
#include "record/record.pb.h"

namespace nw {

namespace {
constexpr std::int64_t kLaunch =
    5 * kNanosPerSecond;  // a launcher's nodes start within this, unless the records allow more
constexpr std::int64_t kSpreads = 3;

std::int64_t minus(std::int64_t a, std::int64_t b) { return saturate(Int128{a} - b); }
std::int64_t end_of(std::int64_t begin, std::int64_t duration) {
  return saturate(Int128{begin} + std::max<std::int64_t>(duration, 0));
}

// The first begin of a phase, by the node's clock.
std::optional<std::int64_t> first_begin(const Window& window, const std::string& path) {
  for (const pb::Phase* phase : window.phases)
    if (phase->path() == path && !phase->spans().empty())
      return saturate(Int128{window.begin_ns} + phase->spans(0).begin_ns());
  return std::nullopt;
}

// How much later each event was in `one`: begin, end, each phase that both have.
std::vector<std::int64_t> lateness(const Window& one, const Window& other) {
  std::vector<std::int64_t> all{minus(one.begin_ns, other.begin_ns), minus(one.end_ns, other.end_ns)};
  for (const pb::Phase* phase : one.phases) {
    const auto mine = first_begin(one, phase->path()), its = first_begin(other, phase->path());
    if (mine && its) all.push_back(minus(*mine, *its));
  }
  return all;
}

// Two windows of one host, one after the other, share a clock.
bool is_apart(const Window& one, const Window& other, std::int64_t allowed) {
  if (!one.host.empty() && one.host == other.host) return false;
  const auto late = lateness(one, other);
  const auto beyond = [&](auto is) { return std::all_of(late.begin(), late.end(), is); };
  return beyond([allowed](std::int64_t ns) { return ns > allowed; }) ||
         beyond([allowed](std::int64_t ns) { return ns < -allowed; });
}

void sort_by_begin(std::vector<Window>& windows) {
  std::sort(windows.begin(), windows.end(), [](const Window& a, const Window& b) { return a.begin_ns < b.begin_ns; });
}
}  // namespace

std::vector<Window> windows_of(const pb::Record& record) {
  std::vector<Window> windows;
  for (const pb::Member& member : record.members())
    windows.push_back(
        {member.host(), member.start_unix_ns(), end_of(member.start_unix_ns(), member.duration_ns()), {}});
  if (!windows.empty()) return windows;
  windows.push_back(
      {record.node().host(), record.start_unix_ns(), end_of(record.start_unix_ns(), record.duration_ns()), {}});
  for (const pb::Phase& phase : record.phases()) windows.back().phases.push_back(&phase);
  return windows;
}

std::int64_t compute_allowed_spread(const std::vector<const pb::Record*>& records) {
  std::int64_t spread = 0;
  for (const pb::Record* record : records) spread = std::max(spread, record->start_spread_ns());
  return std::max(kLaunch, saturate(Int128{spread} * kSpreads));
}

unsigned count_apart(const std::vector<Window>& windows, std::int64_t allowed_ns) {
  std::optional<unsigned> fewest;
  for (const Window& reference : windows) {
    unsigned apart = 0;
    for (const Window& one : windows) apart += is_apart(one, reference, allowed_ns) ? 1 : 0;
    if (!fewest || apart < *fewest) fewest = apart;
  }
  return fewest.value_or(0);
}

std::int64_t longest_gap(std::vector<Window> windows) {
  sort_by_begin(windows);
  std::int64_t gap = 0, until = windows.empty() ? 0 : windows.front().end_ns;
  for (const Window& one : windows) {
    gap = std::max(gap, minus(one.begin_ns, until));
    until = std::max(until, one.end_ns);
  }
  return gap;
}

bool has_overlap(const std::vector<Window>& windows, std::string& host) {
  std::map<std::string, std::vector<Window>> hosts;
  for (const Window& one : windows)
    if (!one.host.empty()) hosts[one.host].push_back({one.host, one.begin_ns, one.end_ns, {}});
  for (auto& [name, own] : hosts) {
    sort_by_begin(own);
    for (std::size_t i = 1; i < own.size(); ++i) {
      if (own[i].begin_ns >= own[i - 1].end_ns) continue;
      host = name;
      return true;
    }
  }
  return false;
}

}  // namespace nw
