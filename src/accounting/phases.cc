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
    case ProgramEvent::Kind::setting: return setting(event);
  }
}

// Whether there is room for one more of what is kept for good.
bool Phases::afford(std::size_t bytes) {
  if (bytes_ + bytes > limits_.bytes) return false;
  bytes_ += bytes;
  return true;
}

void Phases::begin(const ProgramEvent& event) {
  if (serials_.contains(event.id)) return anomalies_.add(Anomaly::phase_unmatched);
  const Thread thread{event.pid, event.tid};
  static const std::vector<std::uint64_t> kNone;
  const auto its = stacks_.find(thread);  // a thread whose phases are refused leaves nothing
  const std::vector<std::uint64_t>& stack = its == stacks_.end() ? kNone : its->second;
  if (stack.size() >= limits_.depth || open_.size() >= limits_.open || waiting_.size() >= limits_.waiting)
    return refuse(event.id);
  std::string name = event.name.empty() ? "?" : event.name;
  std::replace(name.begin(), name.end(), '/', '_');
  const std::string path = path_of(stack, name);
  const Nanos at = stack.empty() ? event.at : std::max(event.at, open_.at(stack.back()).latest);
  const auto known = places_.find(path);
  if (known == places_.end() && (unions_.size() >= 2 * limits_.paths || !afford(bytes_of(path))))
    return refuse(event.id);
  const std::size_t place = known != places_.end() ? known->second : unions_.size();
  if (known == places_.end()) {
    order_.push_back(path);
    places_.emplace(path, place);
    unions_.emplace_back().parent = stack.empty() ? kOutermost : open_.at(stack.back()).place;
  }
  const std::uint64_t serial = next_serial_++;
  serials_[event.id] = serial;
  stacks_[thread].push_back(serial);
  open_[serial] = {event.id, place, name, thread, at, at};
  waiting_.push_back({at, place, false, serial});
  begun_[serial].id = event.id;
}

void Phases::begin_whole(Nanos at) {
  const std::size_t place = unions_.size();
  order_.emplace_back(kWhole);
  places_.emplace(kWhole, place);
  unions_.emplace_back();
  waiting_.push_back({at, place, false, 0});
}

void Phases::end_whole(Nanos at) { waiting_.push_back({at, places_.at(kWhole), true, 0}); }

// Its end is still expected, and then does not count as unmatched. If it never comes, newer ones displace it.
void Phases::refuse(std::uint64_t id) {
  anomalies_.add(Anomaly::too_many_names);
  refused_.insert(id);
  if (refused_.size() > limits_.open) refused_.erase(refused_.begin());
}

std::string Phases::path_of(const std::vector<std::uint64_t>& stack, const std::string& name) {
  const std::string parent = stack.empty() ? std::string() : order_[open_.at(stack.back()).place] + "/";
  std::string path = parent + name;
  if (order_.size() < limits_.paths || places_.contains(path)) return path;
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
    waiting_.push_back({its, ended.place, true, inner});
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
      return add_work(unions_[phase.place].sum.work, event);
    }
  add_work(work_, event);
}

void Phases::add_work(std::map<std::string, double>& sums, const ProgramEvent& event) {
  if (!sums.contains(event.unit) && (sums.size() >= limits_.units || !afford(kNameBytes)))
    return anomalies_.add(Anomaly::too_many_names);
  double& sum = sums[event.unit];
  if (!std::isfinite(sum + event.value)) return anomalies_.add(Anomaly::work_invalid);
  sum += event.value;
}

void Phases::figure(const ProgramEvent& event) {
  if (!std::isfinite(event.value)) return;
  if (!figures_.contains(event.name) && (figures_.size() >= limits_.figures || !afford(kNameBytes)))
    return anomalies_.add(Anomaly::too_many_names);
  figures_[event.name] = event.value;
}

void Phases::setting(const ProgramEvent& event) {
  if (!settings_.contains(event.unit) && (settings_.size() >= limits_.settings || !afford(kNameBytes)))
    return anomalies_.add(Anomaly::too_many_names);
  settings_[event.unit] = event.name;
}

// Ends the outermost of these, and with each all that its thread opened inside it.
void Phases::end_all(const std::function<bool(const Open&)>& which, Nanos at) {
  std::vector<std::uint64_t> ids;
  for (const auto& [thread, stack] : stacks_) {
    const auto first =
        std::find_if(stack.begin(), stack.end(), [&](std::uint64_t serial) { return which(open_.at(serial)); });
    if (first != stack.end()) ids.push_back(open_.at(*first).id);
  }
  for (const std::uint64_t id : ids) {
    anomalies_.add(Anomaly::phase_unended);
    end(id, std::max(at, open_.at(serials_.at(id)).begin));
  }
}

void Phases::abandon(const std::function<bool(std::uint32_t pid)>& is_gone, Nanos at) {
  end_all([&](const Open& open) { return is_gone(open.thread.first); }, at);
}

// Edges at one time share one value. A curve may have to be corrected downwards later; no edge may become smaller than
// the previous one because of that.
Phases::Edge Phases::take_edge(const EnergyCurve& curve, Nanos at) {
  if (last_ && last_->first == at) return last_->second;
  const auto known = partial_.find(at);
  const bool is_known = known != partial_.end() && known->second.is_complete;
  auto edge = std::make_shared<EnergyCurve::Edge>(is_known ? std::move(known->second.edge) : curve.at(at));
  if (last_) {
    const EnergyAccumulator& before = last_->second->given;
    edge->given.total = std::max(edge->given.total, before.total);
    edge->given.modelled = std::max(edge->given.modelled, before.modelled);
    for (std::size_t i = 0; i < before.lines.size(); ++i) {
      EnergyAccumulator::Line& line = edge->given.lines[i];
      const EnergyAccumulator::Line& its = before.lines[i];
      line.given.energy = std::max(line.given.energy, its.given.energy);
      line.given.filled = std::max(line.given.filled, its.given.filled);
      line.given.covered = std::max(line.given.covered, its.given.covered);
      line.whole = std::max(line.whole, its.whole);
    }
  }
  last_.emplace(at, std::move(edge));
  if (!first_) first_ = last_;
  return last_->second;
}

void Phases::note_last(PhaseSum& sum, Nanos at, int ended) {
  if (at > sum.last) sum.last = at, sum.at_last = 0;
  if (at == sum.last) sum.at_last += ended;
}

void Phases::open_span(Union& path, Nanos at, const EnergyCurve& curve) {
  Inside& others = around(path);
  if (++others.open > 1) others.one_by_one = false;
  path.since = at;
  path.edge = take_edge(curve, path.since);
  note_last(path.sum, path.since, -1);
}

void Phases::close_span(Union& path, Nanos at, const EnergyCurve& curve) {
  PhaseSum& sum = path.sum;
  --around(path).open;
  path.until = at;
  const Edge edge = take_edge(curve, path.until), before = std::exchange(path.edge, nullptr);
  sum.at_first += path.since == first_->first;
  sum.at_first -= path.until == first_->first;
  note_last(sum, path.until, 1);
  sum.duration += path.until - path.since;
  sum.given.lines.resize(curve.lines());
  sum.given.add(between(*before, *edge, path.until - path.since));
  if (sum.spans.size() < PhaseSum::kMaxSpans && spans_ < limits_.spans)
    ++spans_, sum.spans.emplace_back(path.since, path.until);
}

EnergyAccumulator Phases::between(const EnergyCurve::Edge& begin, const EnergyCurve::Edge& end, Nanos duration) {
  EnergyAccumulator given = end.given - begin.given;
  for (std::size_t i = 0; i < given.lines.size(); ++i)
    given.lines[i].edges = end.variances[i] + (i < begin.variances.size() ? begin.variances[i] : 0);
  given.duration = duration;
  return given;
}

void Phases::end_instance(std::uint64_t serial, Nanos at, const EnergyCurve& curve) {
  const auto begun = begun_.extract(serial);
  if (begun.empty() || !begun.mapped().edge) return;
  const Begun& its = begun.mapped();
  if (ended_.size() >= limits_.ended) ended_.erase(ended_.begin());
  ended_.push_back({its.id, at - its.at, between(*its.edge, *take_edge(curve, at), at - its.at), true});
}

std::vector<PhaseInstance> Phases::so_far(const EnergyCurve& curve, Nanos until) const {
  std::vector<PhaseInstance> instances;
  if (begun_.empty()) return instances;
  const EnergyCurve::Edge now = curve.at(until);
  for (auto at = begun_.rbegin(); at != begun_.rend() && instances.size() < limits_.ended; ++at)
    if (const Begun& begun = at->second; begun.edge && until > begun.at)
      instances.push_back({begun.id, until - begun.at, between(*begun.edge, now, until - begun.at)});
  return instances;
}

// An event that comes after later ones are settled counts from there: no time counts twice, and none outside the parent
// phase.
void Phases::settle_edge(const Waiting& edge, const EnergyCurve& curve) {
  Union& path = unions_[edge.place];
  Nanos at = std::max(edge.at, curve.begin());
  if (last_) at = std::max(at, last_->first);
  if (!edge.is_end) {
    if (path.open++ == 0) open_span(path, at, curve);
    if (const auto begun = begun_.find(edge.serial); begun != begun_.end())
      begun->second.at = at, begun->second.edge = take_edge(curve, at);
    return;
  }
  end_instance(edge.serial, at, curve);
  ++path.sum.count;
  if (--path.open == 0) close_span(path, at, curve);
}

// Sensors forget what they showed long ago, so that each edge is given what is known of it by now. Returns the time up
// to which all is known.
Nanos Phases::take_known(const EnergyCurve& curve, Nanos until, bool last) {
  constexpr std::size_t kPatient = 4096;  // edges: a program that has so many must not wait for a slow counter
  Nanos all = until;
  for (const Waiting& edge : waiting_) {
    if (edge.at >= until) continue;
    const auto partial = partial_.try_emplace(std::max(edge.at, curve.begin())).first;
    if (!partial->second.is_complete &&
        !curve.take_known(partial->first, last || waiting_.size() > kPatient, partial->second))
      all = std::min(all, edge.at);
  }
  return all;
}

void Phases::settle(const EnergyCurve& curve, Nanos until) { settle(curve, until, false); }

// Events of several processes come nearly in order; whether spans overlap is decided by their times.
void Phases::settle(const EnergyCurve& curve, Nanos until, bool last) {
  if (waiting_.empty()) return;
  until = take_known(curve, until, last);
  const auto rest =
      std::stable_partition(waiting_.begin(), waiting_.end(), [until](const Waiting& edge) { return edge.at < until; });
  std::stable_sort(waiting_.begin(), rest, [](const Waiting& a, const Waiting& b) { return a.at < b.at; });
  for (auto edge = waiting_.begin(); edge != rest; ++edge) settle_edge(*edge, curve);
  waiting_.erase(waiting_.begin(), rest);
  partial_.erase(partial_.begin(), partial_.lower_bound(until));
}

void Phases::close_spans(const EnergyCurve& curve, Nanos until) {
  for (Union& path : unions_)
    if (path.open > 0 && path.edge) close_span(path, std::max(until, last_->first), curve);
}

void Phases::change(const std::function<void(EnergyAccumulator&)>& how) {
  std::map<Edge, Edge> changed;  // edges are shared
  const auto change_edge = [&](Edge& edge) {
    if (!edge) return;
    Edge& now = changed[edge];
    if (!now) {
      auto copy = std::make_shared<EnergyCurve::Edge>(*edge);
      how(copy->given);
      now = std::move(copy);
    }
    edge = now;
  };
  for (Union& path : unions_) {
    how(path.sum.given);
    change_edge(path.edge);
  }
  for (auto& [serial, begun] : begun_) change_edge(begun.edge);
  if (first_) change_edge(first_->second);
  if (last_) change_edge(last_->second);
}

void Phases::close(const EnergyCurve& curve, Nanos end) {
  end_all([](const Open&) { return true; }, end);
  settle(curve, Nanos::of(std::numeric_limits<std::int64_t>::max()), true);
}

void Phases::close_run(const EnergyCurve& curve, Nanos begin_time, Nanos end_time,
                       std::span<const Meter::Edge> run_begin, std::span<const Meter::Edge> run_end,
                       EnergyAccumulator run) {
  close(curve, end_time);
  const EnergyAccumulator at_end = curve.at(end_time).given;
  for (std::size_t i = 0; i < curve.lines(); ++i) {
    const bool at_begin = first_ && first_->first == begin_time, ends_there = last_ && last_->first == end_time;
    const CumulativeEnergy begin_gap =
        at_begin ? run_begin[i].cumulative - first_->second->given.lines[i].given : CumulativeEnergy{};
    const CumulativeEnergy end_gap =
        run_end[i].cumulative - (ends_there ? last_->second->given.lines[i].given : at_end.lines[i].given);
    for (Union& path : unions_) {
      PhaseSum& sum = path.sum;
      if (i >= sum.given.lines.size()) continue;
      CumulativeEnergy& cumulative = sum.given.lines[i].given;
      for (int n = 0; sum.last == end_time && n < sum.at_last; ++n) cumulative = cumulative + end_gap;
      for (int n = 0; at_begin && n < sum.at_first; ++n) cumulative = cumulative - begin_gap;
    }
  }
  PhaseSum whole;
  whole.duration = end_time - begin_time;
  whole.given = std::move(run);
  limit_all(whole);
}

void Phases::limit_all(const PhaseSum& run) {
  std::map<std::size_t, std::vector<PhaseSum*>> inside;  // by the parent's place
  for (Union& path : unions_) inside[path.parent].push_back(&path.sum);
  limit(inside[kOutermost], outermost_.one_by_one, run);
  for (std::size_t place = 0; place < unions_.size(); ++place)  // parents come before their children
    if (const auto found = inside.find(place); found != inside.end())
      limit(found->second, unions_[place].inside.one_by_one, unions_[place].sum);
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
  for (std::size_t i = 0; i < whole.given.lines.size(); ++i) {
    const CumulativeEnergy& most = whole.given.lines[i].given;
    const bool known = is_known(most);
    Joules sum;
    for (PhaseSum* one : inside) {
      if (i >= one->given.lines.size()) continue;
      CumulativeEnergy& cumulative = one->given.lines[i].given;
      if (!known) cumulative = {};
      cumulative.energy = std::clamp(cumulative.energy, Joules{}, std::max(most.energy, Joules{}));
      cumulative.covered = std::min(cumulative.covered, most.covered);
      sum += cumulative.energy;
    }
    Joules excess = one_by_one ? std::max(sum - most.energy, Joules{}) : Joules{};
    for (PhaseSum* one : inside)
      if (i < one->given.lines.size()) take_off(one->given.lines[i].given.energy, excess);
  }
}

}  // namespace nw
