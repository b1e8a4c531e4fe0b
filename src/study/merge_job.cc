// Merges the jobs of several nodes' records: a resource manager's job runs on all of them, and each node's daemon
// records its own part. Node quantities add up; shares of single nodes are not shares of several and stay unknown.
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "accounting/stored_words.h"
#include "record/record.pb.h"
#include "study/energy_sum.h"
#include "study/merge_parts.h"

namespace nw {

namespace {
// The first that is known.
template <class Get>
std::string first_of(const Inputs& inputs, Get get) {
  for (const pb::Record* one : inputs)
    if (const std::string& text = get(one->job()); !text.empty()) return text;
  return "";
}

// Several values for one thing, each once: "cgroup, prolog".
template <class Get>
std::string all_of(const Inputs& inputs, Get get) {
  std::set<std::string> words;
  for (const pb::Record* one : inputs) words.insert(get(one->job()));
  words.erase("");
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

template <class Value, class Get>
std::optional<Value> sum_of(const Inputs& inputs, Get get) {
  Value sum = 0;
  for (const pb::Record* one : inputs) {
    const std::optional<Value> value = get(one->job());
    if (!value) return std::nullopt;
    sum += *value;
  }
  return sum;
}

void merge_identity(const Inputs& inputs, pb::Job& out) {
  out.set_manager(first_of(inputs, [](const auto& job) { return job.manager(); }));
  out.set_cluster(first_of(inputs, [](const auto& job) { return job.cluster(); }));
  out.set_id(first_of(inputs, [](const auto& job) { return job.id(); }));
  out.set_sluid(first_of(inputs, [](const auto& job) { return job.sluid(); }));
  out.set_user(first_of(inputs, [](const auto& job) { return job.user(); }));
  out.set_account(first_of(inputs, [](const auto& job) { return job.account(); }));
  out.set_partition(first_of(inputs, [](const auto& job) { return job.partition(); }));
  out.set_array_job(first_of(inputs, [](const auto& job) { return job.array_job(); }));
  out.set_array_task(first_of(inputs, [](const auto& job) { return job.array_task(); }));
  out.set_het_job(first_of(inputs, [](const auto& job) { return job.het_job(); }));
  out.set_het_offset(first_of(inputs, [](const auto& job) { return job.het_offset(); }));
  out.set_policy(all_of(inputs, [](const auto& job) { return current_words(job.policy()); }));
  out.set_begin_basis(all_of(inputs, [](const auto& job) { return job.begin_basis(); }));
  for (const pb::Record* one : inputs) {
    const pb::Job& job = one->job();
    if (job.has_uid() && !out.has_uid()) out.set_uid(job.uid());
    if (job.has_submit_unix_s() && !out.has_submit_unix_s()) out.set_submit_unix_s(job.submit_unix_s());
    if (job.has_nodes()) out.set_nodes(std::max(out.nodes(), job.nodes()));
    if (job.has_unmeasured_ns()) out.set_unmeasured_ns(std::max(out.unmeasured_ns(), job.unmeasured_ns()));
    out.set_restart(std::max(out.restart(), job.restart()));
    for (const std::string& name : job.slurmd()) out.add_slurmd(name);
  }
}

void merge_amounts(const Inputs& inputs, pb::Job& out) {
  const auto cpus = sum_of<std::uint32_t>(
      inputs, [](const auto& job) { return job.has_cpus_count() ? std::optional(job.cpus_count()) : std::nullopt; });
  const auto gpus = sum_of<std::uint32_t>(
      inputs, [](const auto& job) { return job.has_gpus() ? std::optional(job.gpus()) : std::nullopt; });
  const auto unused = sum_of<std::int64_t>(inputs, [](const auto& job) {
    return job.has_unused_gpu_uj() ? std::optional(job.unused_gpu_uj()) : std::nullopt;
  });
  const auto squared = sum_of<double>(inputs, [](const auto& job) {
    return job.has_u_share_uj() ? std::optional(job.u_share_uj() * job.u_share_uj()) : std::nullopt;
  });
  if (cpus) out.set_cpus_count(*cpus);
  if (gpus) out.set_gpus(*gpus);
  if (unused) out.set_unused_gpu_uj(*unused);
  if (squared) out.set_u_share_uj(std::sqrt(*squared));  // each node is divided separately
  out.set_exclusive(std::all_of(inputs.begin(), inputs.end(), [](const auto* one) { return one->job().exclusive(); }));
}

void add_components(const pb::Record& input, const google::protobuf::RepeatedPtrField<pb::Component>& from,
                    google::protobuf::RepeatedPtrField<pb::Component>& to) {
  for (const pb::Component& one : from) (*to.Add() = one).set_device(on_host(input, one.device()));
}

// A policy that is missing on one node has no sum.
void merge_others(const Inputs& inputs, pb::Job& out) {
  for (const pb::ByPolicy& first : inputs.front()->job().others()) {
    EnergySum sum;
    pb::ByPolicy all;
    all.set_policy(current_words(first.policy()));
    unsigned nodes = 0;
    for (const pb::Record* input : inputs)
      for (const pb::ByPolicy& one : input->job().others()) {
        if (current_words(one.policy()) != all.policy()) continue;
        sum.add(one.energy(), weight_of(*input));
        add_components(*input, one.components(), *all.mutable_components());
        ++nodes;
      }
    if (nodes != inputs.size()) continue;
    sum.write(*all.mutable_energy());
    *out.add_others() = std::move(all);
  }
}

struct StepSum {
  pb::Step step;
  EnergySum energy;
  std::int64_t end_ns = 0;
  bool cpu_known = true;
  std::vector<PhaseList> phases;

  void add(const pb::Record& input, const pb::Step& one, std::int64_t offset) {
    phases.push_back({&input, &one.phases(), offset});
    add_work(one.work(), *step.mutable_work());
    const std::int64_t begin = one.begin_ns() + offset;
    step.set_begin_ns(energy.known() + energy.unknown() == 0 ? begin : std::min(step.begin_ns(), begin));
    end_ns = std::max(end_ns, begin + one.duration_ns());
    cpu_known &= one.has_cpu_s();
    step.set_cpu_s(step.cpu_s() + one.cpu_s());
    if (step.phase().empty()) step.set_phase(one.phase());
    step.set_running(step.running() || one.running());
    energy.add(one.energy(), std::max<std::int64_t>(one.duration_ns(), 0));
    add_components(input, one.components(), *step.mutable_components());
  }
  pb::Step take() {
    step.set_duration_ns(std::max<std::int64_t>(end_ns - step.begin_ns(), 0));
    if (!cpu_known) step.clear_cpu_s();
    energy.write(*step.mutable_energy());
    merge_phases(phases, MergeOf::nodes, *step.mutable_phases());
    return std::move(step);
  }
};

// In the order of the first node that has them.
void merge_steps(const Inputs& inputs, const std::vector<std::int64_t>& offsets, pb::Job& out) {
  std::vector<std::string> order;
  std::map<std::string, StepSum> sums;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    for (const pb::Step& one : inputs[i]->job().steps()) {
      if (!sums.contains(one.id())) order.push_back(one.id());
      sums[one.id()].add(*inputs[i], one, offsets[i]);
    }
  for (const std::string& id : order) {
    pb::Step& step = *out.add_steps() = sums[id].take();
    step.set_id(id);
  }
}
}  // namespace

void merge_job(const Inputs& inputs, const std::vector<std::int64_t>& offsets, pb::Record& out) {
  if (!std::all_of(inputs.begin(), inputs.end(), [](const auto* one) { return one->has_job(); })) return;
  pb::Job& job = *out.mutable_job();
  merge_identity(inputs, job);
  merge_amounts(inputs, job);
  merge_others(inputs, job);
  merge_steps(inputs, offsets, job);
  std::string state = "ended";
  for (const pb::Record* one : inputs) {
    if (one->state() == "lost" && state == "ended") state = "lost";
    if (one->state() == "running") state = "running";
  }
  out.set_state(state);
  if (state != "running") job.set_end_basis(all_of(inputs, [](const auto& one) { return one.end_basis(); }));
}

}  // namespace nw
