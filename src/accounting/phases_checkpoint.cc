#include "accounting/phases_checkpoint.h"

#include <algorithm>
#include <cmath>

#include "accounting/phase_record.h"
#include "record/record.h"

namespace nw {

namespace {
using Edge = std::shared_ptr<const EnergyCurve::Edge>;

void write_edge(const EnergyCurve::Edge& edge, Nanos at, pb::CheckpointEdge& out) {
  out.set_at_ns(at.count());
  write_accumulator(edge.given, *out.mutable_given());
  for (const double variance : edge.variances) out.add_variances(variance);
}

Edge read_edge(const pb::CheckpointEdge& in, const SavedOrder& order) {
  auto edge = std::make_shared<EnergyCurve::Edge>();
  edge->given = order.read(in.given());
  for (std::size_t i = 0; i < order.meters(); ++i) {
    const auto from = order.from(i);
    const bool is_there = from && *from < static_cast<std::size_t>(in.variances_size());
    const double variance = is_there ? in.variances(static_cast<int>(*from)) : 0;
    edge->variances.push_back(std::isfinite(variance) ? variance : 0);
  }
  return edge;
}

std::map<std::string, double> read_work(const google::protobuf::RepeatedPtrField<pb::Work>& in) {
  std::map<std::string, double> work;
  for (const pb::Work& one : in)
    if (std::isfinite(one.count()) && one.count() >= 0) work[one.unit()] += one.count();
  return work;
}

PhaseSum read_sum(const pb::CheckpointPath& in, const SavedOrder& order) {
  PhaseSum sum;
  sum.count = in.count();
  sum.duration = order.time(in.duration_ns());
  sum.given = order.read(in.given());
  sum.work = read_work(in.work());
  for (const pb::Span& span : in.spans())
    if (sum.spans.size() < PhaseSum::kMaxSpans)
      sum.spans.emplace_back(order.time(span.begin_ns()), order.time(span.end_ns()));
  return sum;
}
}  // namespace

void PhasesCheckpoint::write_paths(const Phases& phases, pb::CheckpointPhases& out) {
  std::map<Edge, std::uint32_t> places;
  const auto place_of = [&](const Edge& edge, Nanos at) -> std::uint32_t {
    if (!edge) return 0;
    const auto [found, is_new] = places.emplace(edge, places.size() + 1);
    if (is_new) write_edge(*edge, at, *out.add_edges());
    return found->second;
  };
  for (std::size_t i = 0; i < phases.unions_.size(); ++i) {
    const Phases::Union& its = phases.unions_[i];
    pb::CheckpointPath& path = *out.add_paths();
    path.set_path(phases.order_[i]);
    path.set_parent(its.parent == Phases::kOutermost ? 0 : static_cast<std::uint32_t>(its.parent) + 1);
    path.set_count(its.sum.count);
    path.set_duration_ns(its.sum.duration.count());
    write_accumulator(its.sum.given, *path.mutable_given());
    write_work(its.sum.work, *path.mutable_work());
    for (const auto& [begin, end] : its.sum.spans) {
      pb::Span& span = *path.add_spans();
      span.set_begin_ns(begin.count());
      span.set_end_ns(end.count());
    }
    path.set_open(static_cast<std::uint32_t>(its.open));
    path.set_overlap(!its.inside.one_by_one);
    path.set_since_ns(its.since.count());
    path.set_edge(place_of(its.edge, its.since));
  }
  if (phases.last_) out.set_last(place_of(phases.last_->second, phases.last_->first));
  out.set_overlap(!phases.outermost_.one_by_one);
}

void PhasesCheckpoint::write_open(const Phases& phases, pb::CheckpointPhases& out) {
  for (const auto& [serial, open] : phases.open_) {
    pb::CheckpointOpenPhase& one = *out.add_open();
    one.set_id(open.id);
    one.set_place(static_cast<std::uint32_t>(open.place));
    one.set_name(open.name);
    one.set_pid(open.thread.first);
    one.set_tid(open.thread.second);
    one.set_begin_ns(open.begin.count());
    one.set_latest_ns(open.latest.count());
  }
  for (const Phases::Waiting& edge : phases.waiting_) {
    pb::CheckpointPhaseEdge& one = *out.add_waiting();
    one.set_at_ns(edge.at.count());
    one.set_place(static_cast<std::uint32_t>(edge.place));
    one.set_is_end(edge.is_end);
  }
}

void PhasesCheckpoint::write(const Phases& phases, pb::CheckpointPhases& out) {
  write_paths(phases, out);
  write_open(phases, out);
  write_work(phases.work_, *out.mutable_work());
  for (const auto& [name, value] : phases.figures_) {
    pb::Figure& figure = *out.add_figures();
    figure.set_name(name);
    figure.set_value(value);
  }
  for (const auto& [key, value] : phases.settings_) {
    pb::Label& setting = *out.add_settings();
    setting.set_key(key);
    setting.set_value(value);
  }
  write_anomalies(phases.anomalies_, "", *out.mutable_anomalies());
}

// Parents come before their children, and no path is there twice; what follows a breach of that is left out. Which
// paths are open in another is counted again.
void PhasesCheckpoint::read_paths(const pb::CheckpointPhases& in, const SavedOrder& order, Phases& phases) {
  std::vector<Edge> edges;
  for (const pb::CheckpointEdge& edge : in.edges()) edges.push_back(read_edge(edge, order));
  const auto edge_at = [&](std::uint32_t place) {
    return place > 0 && place <= edges.size() ? edges[place - 1] : Edge();
  };
  const Edge last = edge_at(in.last());
  if (last) phases.first_ = phases.last_ = {order.time(in.edges(static_cast<int>(in.last()) - 1).at_ns()), last};
  for (const pb::CheckpointPath& path : in.paths()) {
    const std::size_t place = phases.unions_.size();
    if (place >= 2 * phases.limits_.paths || path.parent() > place ||
        !phases.places_.emplace(path.path(), place).second)
      break;
    phases.order_.push_back(path.path());
    Phases::Union& its = phases.unions_.emplace_back();
    its.sum = read_sum(path, order);
    phases.spans_ += its.sum.spans.size();
    phases.bytes_ += Phases::bytes_of(path.path()) + its.sum.work.size() * Phases::kNameBytes;
    its.parent = path.parent() == 0 ? Phases::kOutermost : path.parent() - 1;
    its.inside.one_by_one = !path.overlap();
    its.since = order.time(path.since_ns());
    its.edge = last ? edge_at(path.edge()) : nullptr;  // what is open was settled before
    its.open = its.edge ? static_cast<int>(std::min<std::size_t>(path.open(), phases.limits_.open)) : 0;
    if (its.open > 0) ++phases.around(its).open;
  }
  phases.outermost_.one_by_one = !in.overlap();
}

void PhasesCheckpoint::read_open(const pb::CheckpointPhases& in, const SavedOrder& order, Phases& phases) {
  const std::size_t paths = phases.unions_.size();
  for (const pb::CheckpointOpenPhase& one : in.open()) {
    if (one.place() >= paths || phases.serials_.contains(one.id()) || phases.open_.size() >= phases.limits_.open)
      continue;
    const std::uint64_t serial = phases.next_serial_++;
    const Phases::Thread thread{one.pid(), one.tid()};
    phases.serials_[one.id()] = serial;
    phases.stacks_[thread].push_back(serial);
    phases.open_[serial] = {
        one.id(), one.place(), one.name(), thread, order.time(one.begin_ns()), order.time(one.latest_ns())};
  }
  for (const pb::CheckpointPhaseEdge& edge : in.waiting())
    if (edge.place() < paths) phases.waiting_.push_back({order.time(edge.at_ns()), edge.place(), edge.is_end(), 0});
}

Phases PhasesCheckpoint::read(const pb::CheckpointPhases& in, const PhaseLimits& limits, const SavedOrder& order) {
  Phases phases(limits);
  read_paths(in, order, phases);
  read_open(in, order, phases);
  phases.work_ = read_work(in.work());
  for (const pb::Figure& figure : in.figures())
    if (std::isfinite(figure.value())) phases.figures_[figure.name()] = figure.value();
  for (const pb::Label& setting : in.settings()) phases.settings_[setting.key()] = setting.value();
  phases.bytes_ += (phases.work_.size() + phases.figures_.size() + phases.settings_.size()) * Phases::kNameBytes;
  phases.anomalies_ = read_anomalies(in.anomalies());
  return phases;
}

}  // namespace nw
