#include "accounting/phases.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nw {

void Phases::add(const ProgramEvent& event) {
  switch (event.kind) {
    case ProgramEvent::Kind::begin: return begin(event);
    case ProgramEvent::Kind::end: return end(event.id, event.at);
    case ProgramEvent::Kind::work: return work(event);
    case ProgramEvent::Kind::figure: return figure(event);
    case ProgramEvent::Kind::setting:
      if (settings_.size() < kMaxSettings || settings_.contains(event.unit)) settings_[event.unit] = event.name;
      return;
  }
}

void Phases::begin(const ProgramEvent& event) {
  if (serials_.contains(event.id)) return anomalies_.add(Anomaly::phase_unmatched);
  const Thread thread{event.pid, event.tid};
  auto& stack = stacks_[thread];
  if (stack.size() >= kMaxDepth || open_.size() >= kMaxOpen) return refuse(event.id);
  std::string name = event.name.empty() ? "?" : event.name;
  std::replace(name.begin(), name.end(), '/', '_');
  const std::string path = path_of(stack, name);
  const Nanos at = stack.empty() ? event.at : std::max(event.at, open_.at(stack.back()).latest);
  const bool is_new = !sums_.contains(path);
  if (is_new && sums_.size() >= 2 * kMaxPaths) return refuse(event.id);
  if (is_new) {
    order_.push_back(path);
    unions_[path].sum = &sums_[path];
    unions_[path].parent = stack.empty() ? &run_ : &unions_.at(open_.at(stack.back()).path);
  }
  const std::uint64_t serial = next_serial_++;
  serials_[event.id] = serial;
  stack.push_back(serial);
  open_[serial] = {event.id, path, name, thread, at, at};
  waiting_.push_back({at, &unions_.at(path), false});
}

// Its end is still expected, and then does not count as unmatched. If it never comes, newer ones displace it.
void Phases::refuse(std::uint64_t id) {
  anomalies_.add(Anomaly::too_many_names);
  refused_.insert(id);
  if (refused_.size() > kMaxOpen) refused_.erase(refused_.begin());
}

std::string Phases::path_of(const std::vector<std::uint64_t>& stack, const std::string& name) {
  const std::string parent = stack.empty() ? std::string() : open_.at(stack.back()).path + "/";
  std::string path = parent + name;
  if (sums_.size() < kMaxPaths || sums_.contains(path)) return path;
  anomalies_.add(Anomaly::too_many_names);
  return parent + kOthers;
}

// Ends the phase and all that its thread opened inside it.
void Phases::end(std::uint64_t id, Nanos at) {
  const auto found = serials_.find(id);
  if (found == serials_.end()) {
    if (refused_.erase(id) == 0) anomalies_.add(Anomaly::phase_unmatched);
    return;
  }
  const std::uint64_t serial = found->second;
  const Thread thread = open_.at(serial).thread;
  auto& stack = stacks_[thread];
  for (bool last = false; !last && !stack.empty();) {
    const std::uint64_t inner = stack.back();
    stack.pop_back();
    last = inner == serial;
    const Open ended = std::move(open_.extract(inner).mapped());
    serials_.erase(ended.id);
    const Nanos its = std::max(at, ended.latest);
    waiting_.push_back({its, &unions_.at(ended.path), true});
    if (!stack.empty()) open_.at(stack.back()).latest = its;
  }
  if (stack.empty()) stacks_.erase(thread);
}

void Phases::work(const ProgramEvent& event) {
  if (!std::isfinite(event.value) || event.value < 0) return anomalies_.add(Anomaly::work_invalid);
  const auto stack = stacks_.find({event.pid, event.tid});
  if (stack != stacks_.end())
    for (auto serial = stack->second.rbegin(); serial != stack->second.rend(); ++serial) {
      const Open& phase = open_.at(*serial);
      if (!event.name.empty() && phase.name != event.name) continue;
      return add_work(sums_[phase.path].work, event);
    }
  add_work(work_, event);
}

void Phases::add_work(std::map<std::string, double>& sums, const ProgramEvent& event) {
  if (sums.size() >= kMaxUnits && !sums.contains(event.unit)) return anomalies_.add(Anomaly::too_many_names);
  sums[event.unit] += event.value;
}

void Phases::figure(const ProgramEvent& event) {
  if (!std::isfinite(event.value)) return;
  if (figures_.size() >= kMaxFigures && !figures_.contains(event.name)) return anomalies_.add(Anomaly::too_many_names);
  figures_[event.name] = event.value;
}

// Edges at one time share one value. A meter's estimate may have to be corrected downwards later; no edge may become
// smaller than the previous one because of that.
Phases::Edge Phases::take_edge(std::span<const Meter> meters, Nanos at) {
  if (last_ && last_->first == at) return last_->second;
  Edge edge;
  for (std::size_t i = 0; i < meters.size(); ++i) {
    CumulativeEnergy cumulative = meters[i].at(at);
    if (last_) {
      const CumulativeEnergy& before = last_->second.cumulatives[i];
      cumulative.energy = std::max(cumulative.energy, before.energy);
      cumulative.filled = std::max(cumulative.filled, before.filled);
      cumulative.covered = std::max(cumulative.covered, before.covered);
    }
    edge.cumulatives.push_back(cumulative);
    edge.variances.push_back(meters[i].edge_variance(at));
  }
  last_.emplace(at, edge);
  if (!first_) first_ = last_;
  return edge;
}

void Phases::note_last(PhaseSum& sum, Nanos at, int ended) {
  if (at > sum.last) sum.last = at, sum.at_last = 0;
  if (at == sum.last) sum.at_last += ended;
}

void Phases::open_span(Union& path, Nanos at, std::span<const Meter> meters) {
  if (++path.parent->open_inside > 1) path.parent->one_by_one = false;
  path.since = at;
  path.edge = take_edge(meters, path.since);
  note_last(*path.sum, path.since, -1);
}

void Phases::close_span(Union& path, Nanos at, std::span<const Meter> meters) {
  PhaseSum& sum = *path.sum;
  --path.parent->open_inside;
  path.until = at;
  const Edge edge = take_edge(meters, path.until);
  sum.at_first += path.since == first_->first;
  sum.at_first -= path.until == first_->first;
  note_last(sum, path.until, 1);
  sum.duration += path.until - path.since;
  sum.intervals.resize(meters.size());
  for (std::size_t i = 0; i < meters.size(); ++i)
    sum.intervals[i] += {edge.cumulatives[i] - path.edge.cumulatives[i], path.until - path.since,
                         edge.variances[i] + path.edge.variances[i]};
  if (sum.spans.size() < PhaseSum::kMaxSpans && spans_ < kMaxAllSpans)
    ++spans_, sum.spans.emplace_back(path.since, path.until);
}

// An event that comes after later ones are settled counts from there: no time counts twice, and none outside the parent
// phase.
void Phases::settle_edge(const Waiting& edge, std::span<const Meter> meters) {
  Union& path = *edge.path;
  const Nanos at = last_ ? std::max(edge.at, last_->first) : edge.at;
  if (!edge.is_end) {
    if (path.open++ == 0) open_span(path, at, meters);
    return;
  }
  ++path.sum->count;
  if (--path.open == 0) close_span(path, at, meters);
}

// Events of several processes come nearly in order; whether spans overlap is decided by their times.
void Phases::settle(std::span<const Meter> meters, Nanos until) {
  if (waiting_.empty()) return;
  const auto rest =
      std::stable_partition(waiting_.begin(), waiting_.end(), [until](const Waiting& edge) { return edge.at < until; });
  std::stable_sort(waiting_.begin(), rest, [](const Waiting& a, const Waiting& b) { return a.at < b.at; });
  for (auto edge = waiting_.begin(); edge != rest; ++edge) settle_edge(*edge, meters);
  waiting_.erase(waiting_.begin(), rest);
}

void Phases::close(std::span<const Meter> meters, Nanos begin_time, Nanos end_time,
                   std::span<const Meter::Edge> run_begin, std::span<const Meter::Edge> run_end,
                   std::vector<Interval> run) {
  while (!open_.empty()) {
    const std::uint64_t outermost = stacks_.at(open_.begin()->second.thread).front();
    anomalies_.add(Anomaly::phase_unended);
    end(open_.at(outermost).id, std::max(end_time, open_.at(outermost).begin));
  }
  settle(meters, Nanos::of(std::numeric_limits<std::int64_t>::max()));
  for (std::size_t i = 0; i < meters.size(); ++i) {
    const bool at_begin = first_ && first_->first == begin_time, at_end = last_ && last_->first == end_time;
    const CumulativeEnergy begin_gap =
        at_begin ? run_begin[i].cumulative - first_->second.cumulatives[i] : CumulativeEnergy{};
    const CumulativeEnergy end_gap =
        run_end[i].cumulative - (at_end ? last_->second.cumulatives[i] : meters[i].at(end_time));
    for (auto& [path, sum] : sums_) {
      if (i >= sum.intervals.size()) continue;
      CumulativeEnergy& cumulative = sum.intervals[i].cumulative;
      for (int n = 0; sum.last == end_time && n < sum.at_last; ++n) cumulative = cumulative + end_gap;
      for (int n = 0; at_begin && n < sum.at_first; ++n) cumulative = cumulative - begin_gap;
    }
  }
  PhaseSum whole;
  whole.duration = end_time - begin_time;
  whole.intervals = std::move(run);
  limit_all(whole);
}

void Phases::limit_all(const PhaseSum& run) {
  std::map<const Union*, std::vector<PhaseSum*>> inside;
  for (const std::string& path : order_) inside[unions_.at(path).parent].push_back(&sums_.at(path));
  limit(inside[&run_], run_.one_by_one, run);
  for (const std::string& path : order_)  // parents come before their children
    if (const auto found = inside.find(&unions_.at(path)); found != inside.end())
      limit(found->second, found->first->one_by_one, sums_.at(path));
}

namespace {
void take_off(Joules& from, Joules& excess) {
  const Joules part = std::min(from, excess);
  from -= part;
  excess -= part;
}
}  // namespace

// Later phases are reduced first: the value at their end was estimated. What lies in an unknown energy is unknown too.
void Phases::limit(std::vector<PhaseSum*>& inside, bool one_by_one, const PhaseSum& whole) {
  std::sort(inside.begin(), inside.end(), [](const PhaseSum* a, const PhaseSum* b) { return a->last > b->last; });
  for (PhaseSum* one : inside) one->duration = std::min(one->duration, whole.duration);
  for (std::size_t i = 0; i < whole.intervals.size(); ++i) {
    const CumulativeEnergy& most = whole.intervals[i].cumulative;
    const bool known = is_known(most);
    Joules sum;
    for (PhaseSum* one : inside) {
      if (i >= one->intervals.size()) continue;
      CumulativeEnergy& cumulative = one->intervals[i].cumulative;
      if (!known) cumulative = {};
      cumulative.energy = std::clamp(cumulative.energy, Joules{}, std::max(most.energy, Joules{}));
      cumulative.covered = std::min(cumulative.covered, most.covered);
      sum += cumulative.energy;
    }
    Joules excess = one_by_one ? std::max(sum - most.energy, Joules{}) : Joules{};
    for (PhaseSum* one : inside)
      if (i < one->intervals.size()) take_off(one->intervals[i].cumulative.energy, excess);
  }
}

}  // namespace nw
