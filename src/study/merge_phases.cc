// Phases of several nodes by their path. A phase's energy is that of the nodes on which it ran, while it ran there; its
// duration is the time in which it ran on any of them, as far as their clocks can be trusted.
#include <algorithm>
#include <map>
#include <numeric>

#include "base/units.h"
#include "record/record.pb.h"
#include "study/energy_sum.h"
#include "study/merge_parts.h"

namespace nw {

namespace {
constexpr int kMostSpans = 2000;

struct One {
  const pb::Record* record;
  const pb::Phase* phase;
  std::int64_t offset;
};

std::int64_t length_of(const pb::Span& span) { return saturate(Int128{span.end_ns()} - span.begin_ns()); }

// Whether these are all spans: a record keeps the first only.
bool are_complete(const pb::Phase& phase) {
  Int128 sum = 0;
  for (const pb::Span& span : phase.spans()) sum += length_of(span);
  return sum == phase.duration_ns();
}

std::vector<pb::Span> unite(std::vector<pb::Span> spans) {
  std::sort(spans.begin(), spans.end(), [](const auto& a, const auto& b) { return a.begin_ns() < b.begin_ns(); });
  std::vector<pb::Span> united;
  for (const pb::Span& span : spans)
    if (!united.empty() && span.begin_ns() < united.back().end_ns())
      united.back().set_end_ns(std::max(united.back().end_ns(), span.end_ns()));
    else
      united.push_back(span);
  return united;
}

void merge_times(const std::vector<One>& all, pb::Phase& out) {
  std::vector<pb::Span> spans;
  std::int64_t longest = 0;
  bool complete = true;
  for (const One& one : all) {
    longest = std::max(longest, one.phase->duration_ns());
    complete &= are_complete(*one.phase);
    for (pb::Span span : one.phase->spans()) {
      span.set_begin_ns(saturate(Int128{span.begin_ns()} + one.offset));
      span.set_end_ns(saturate(Int128{span.end_ns()} + one.offset));
      spans.push_back(span);
    }
  }
  const auto united = unite(std::move(spans));
  Int128 sum = 0;
  for (const pb::Span& span : united) sum += length_of(span);
  out.set_duration_ns(complete ? saturate(sum) : std::max(longest, saturate(sum)));
  for (int i = 0; i < static_cast<int>(united.size()) && i < kMostSpans; ++i)
    *out.add_spans() = united[static_cast<std::size_t>(i)];
}

// If one node's energy is unknown, so is the phase's: a smaller sum would be taken for all of it.
void merge_energy(const std::vector<One>& all, MergeOf of, pb::Phase& out) {
  out.set_resolved(std::all_of(all.begin(), all.end(), [](const One& one) {
    return one.phase->resolved() && one.phase->energy().has_energy_uj();
  }));
  if (!out.resolved()) return;
  EnergySum sum, estimate;
  bool estimated = false, covered = true;
  Inputs parts;
  std::vector<pb::Record> phases(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const pb::Phase& phase = *all[i].phase;
    sum.add(phase.energy(), phase.duration_ns());
    estimated |= phase.has_node_estimate();
    covered &= !phase.has_node_estimate() || phase.node_estimate().has_energy_uj();
    estimate.add(phase.has_node_estimate() ? phase.node_estimate() : phase.energy(), phase.duration_ns());
    phases[i].set_duration_ns(phase.duration_ns());
    *phases[i].mutable_node() = all[i].record->node();
    *phases[i].mutable_members() = all[i].record->members();
    *phases[i].mutable_components() = phase.components();
    parts.push_back(&phases[i]);
  }
  sum.write(*out.mutable_energy());
  if (estimated && covered) estimate.write(*out.mutable_node_estimate());
  pb::Record merged;
  merge_components(parts, of, merged);
  out.mutable_components()->Swap(merged.mutable_components());
}
}  // namespace

void merge_phases(const Inputs& inputs, MergeOf of, const std::vector<std::int64_t>& offsets, pb::Record& out) {
  std::vector<PhaseList> lists;
  for (std::size_t i = 0; i < inputs.size(); ++i) lists.push_back({inputs[i], &inputs[i]->phases(), offsets[i]});
  merge_phases(lists, of, *out.mutable_phases());
}

void merge_phases(const std::vector<PhaseList>& lists, MergeOf of, google::protobuf::RepeatedPtrField<pb::Phase>& out) {
  std::map<std::string, std::vector<One>> paths;
  std::vector<std::string> order;
  for (const PhaseList& list : lists)
    for (const pb::Phase& phase : *list.phases) {
      auto& all = paths[phase.path()];
      if (all.empty()) order.push_back(phase.path());
      all.push_back({list.record, &phase, list.offset});
    }
  std::map<std::string, pb::Phase*> merged;
  for (const std::string& path : order) {
    const auto& all = paths.at(path);
    pb::Phase& phase = *(merged[path] = out.Add());
    phase.set_path(path);
    for (const One& one : all) {
      phase.set_count(phase.count() + one.phase->count());
      add_work(one.phase->work(), *phase.mutable_work());
    }
    merge_times(all, phase);
    merge_energy(all, of, phase);
  }
  // A record that kept only the first spans shows how long a phase was, not when: at least as long as its children.
  for (auto path = order.rbegin(); path != order.rend(); ++path) {
    const auto slash = path->rfind('/');
    const auto parent = slash == path->npos ? merged.end() : merged.find(path->substr(0, slash));
    if (parent != merged.end())
      parent->second->set_duration_ns(std::max(parent->second->duration_ns(), merged.at(*path)->duration_ns()));
  }
}

}  // namespace nw
