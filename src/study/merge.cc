#include "study/merge.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "accounting/stored_words.h"
#include "base/anomalies.h"
#include "record/record.pb.h"
#include "store/uid.h"
#include "study/attempts.h"
#include "study/energy_sum.h"
#include "study/merge_parts.h"
#include "study/values.h"
#include "study/windows.h"

namespace nw {

namespace {
// The single nodes' records that this one is made of.
std::vector<std::string> leaves_of(const pb::Record& record) {
  std::vector<std::string> uids;
  for (const pb::Member& member : record.members()) uids.push_back(member.uid());
  if (uids.empty()) uids.push_back(record.uid());
  return uids;
}

std::string name_of(const pb::Record& record) {
  return fmt::format("@{} of {}", short_id(record.uid()),
                     record.node().host().empty() ? "an unknown node" : record.node().host());
}

// The common value, if all agree; else nothing.
template <class Get>
auto common(const Inputs& inputs, Get get) -> std::decay_t<decltype(get(*inputs.front()))> {
  auto first = get(*inputs.front());
  for (const pb::Record* one : inputs)
    if (get(*one) != first) return {};
  return first;
}

// Without duplicates and parts of others, in an order that does not depend on the input's.
Result<Inputs> choose(const std::vector<pb::Record>& records) {
  Inputs inputs;
  for (const pb::Record& record : records) inputs.push_back(&record);
  std::sort(inputs.begin(), inputs.end(), [](const pb::Record* a, const pb::Record* b) {
    return std::make_tuple(-a->members_size(), a->node().host(), a->uid()) <
           std::make_tuple(-b->members_size(), b->node().host(), b->uid());
  });
  std::set<std::string> seen;
  Inputs kept;
  for (const pb::Record* one : inputs) {
    const auto leaves = leaves_of(*one);
    const auto known = std::count_if(leaves.begin(), leaves.end(), [&](const auto& uid) { return seen.contains(uid); });
    if (known == static_cast<std::ptrdiff_t>(leaves.size())) continue;
    if (known > 0)
      return fail(ErrorKind::malformed,
                  fmt::format("{} and another merged record share a node; merge the nodes' own", name_of(*one)));
    seen.insert(leaves.begin(), leaves.end());
    kept.push_back(one);
  }
  const auto has_attempts = [](const pb::Record* one) { return !one->attempts().empty(); };
  if (const auto at = std::find_if(kept.begin(), kept.end(), has_attempts); kept.size() > 1 && at != kept.end())
    return fail(ErrorKind::malformed,
                fmt::format("{} is of several attempts already; merge the nodes' own", name_of(**at)));
  return kept;
}

class Merger {
 public:
  Merger(const MergeOptions& options, MergeOf of) : options_(options), of_(of) {}

  Result<pb::Record> merge(Inputs inputs) {
    inputs_ = std::move(inputs);
    for (const pb::Record* input : inputs_)
      for (Window& window : windows_of(*input)) windows_.push_back(std::move(window));
    NW_CHECK(check_job());
    if (of_ == MergeOf::nodes) NW_CHECK(check_ranks());
    NW_CHECK(check_times());
    NW_CHECK(check_boundaries());
    return write();
  }

 private:
  // More ranks than the launcher started: two runs of one name.
  Done check_ranks() const {
    const auto world = common(inputs_, [](const auto& one) { return one.world_size(); });
    std::uint64_t ranks = 0;
    for (const pb::Record* one : inputs_) ranks += one->ranks();
    if (world == 0 || ranks <= world || options_.allow_mixed) return {};
    return refuse(fmt::format("{} ranks of a program of {}: of two runs, it seems", ranks, world));
  }

  Done check_job() {
    std::set<std::string> jobs;
    for (const pb::Record* input : inputs_) jobs.insert(input->job_key());
    jobs.erase("");
    if (jobs.size() <= 1 || options_.allow_mixed || of_ == MergeOf::attempts) return {};
    return refuse(fmt::format("not of one job: {} and {}", *jobs.begin(), *jobs.rbegin()));
  }

  Done check_times() {
    const std::int64_t allowed = compute_allowed_spread(inputs_);
    std::string host;
    node_twice_ = has_overlap(windows_, host);
    if (node_twice_ && !options_.allow_mixed)
      return refuse(fmt::format("two records of {} overlap in time: the node would be counted twice", host));
    if (of_ == MergeOf::attempts) return {};
    if (const std::int64_t gap = longest_gap(windows_); gap > allowed && !options_.allow_mixed)
      return refuse(fmt::format("{:.0f} s lie between them: not of one run, or clocks that differ by more than it took",
                                static_cast<double>(gap) / 1e9));
    apart_ = count_apart(windows_, allowed);
    return {};
  }

  Done check_boundaries() {
    std::map<std::pair<int, std::string>, const pb::Record*> boundaries;
    for (const pb::Record* input : inputs_)
      if (input->energy().has_energy_uj())
        boundaries.emplace(
            std::make_pair(static_cast<int>(input->energy().boundary()), current_words(input->boundary_note())), input);
    mixed_ = boundaries.size() > 1;
    if (!mixed_ || options_.allow_mixed) return {};
    const auto &first = *boundaries.begin()->second, &last = *boundaries.rbegin()->second;
    return refuse(fmt::format("not measured within one boundary: {}: \"{}\"; {}: \"{}\"", name_of(first),
                              first.boundary_note(), name_of(last), last.boundary_note()));
  }

  static Done refuse(const std::string& what) {
    return fail(ErrorKind::malformed, what + " (--allow-mixed merges them all the same)");
  }

  pb::Record write() const {
    pb::Record out;
    write_identity(out);
    write_times(out);
    write_energy(out);
    write_ranks(out);
    merge_members(inputs_, out);
    merge_nodes(inputs_, of_, out);
    merge_components(inputs_, of_, out);
    merge_phases(inputs_, of_, offsets(out), out);
    merge_lists(inputs_, out);
    merge_job(inputs_, offsets(out), out);
    if (of_ == MergeOf::attempts)
      merge_attempts(inputs_, out);
    else
      write_end(out);
    write_anomalies(out);
    return out;
  }

  void write_identity(pb::Record& out) const {
    std::vector<std::string> uids, groups;
    for (const pb::Record* input : inputs_) {
      for (auto& uid : leaves_of(*input)) uids.push_back(std::move(uid));
      if (!input->group().empty()) groups.push_back(input->group());
    }
    out.set_uid(derive_uid(uids));
    const std::string name = common(inputs_, [](const auto& one) { return one.name(); });
    out.set_name(!options_.name.empty() ? options_.name : name.empty() ? inputs_.front()->name() : name);
    out.set_program(common(inputs_, [](const auto& one) { return one.program(); }));
    if (const std::string command = common(inputs_, [](const auto& one) { return one.command(); }); !command.empty())
      out.set_command(command);
    out.set_restart_key(common(inputs_, [](const auto& one) { return one.restart_key(); }));
    out.set_job_key(common(inputs_, [](const auto& one) { return one.job_key(); }));
    if (out.job_key().empty() && of_ == MergeOf::attempts) out.set_job_key(out.restart_key());
    out.set_version(NODEWATT_VERSION);
    out.set_state("merged");
    write_group(groups, out);
    const std::string facility = common(inputs_, [](const auto& one) { return one.facility().SerializeAsString(); });
    if (!facility.empty()) out.mutable_facility()->ParseFromString(facility);
  }

  // The repeats of one command on several nodes are repeats of the whole; several attempts are no repeat.
  void write_group(const std::vector<std::string>& groups, pb::Record& out) const {
    if (of_ == MergeOf::attempts) return;
    out.set_warmup(common(inputs_, [](const auto& one) { return one.warmup(); }));
    out.set_repeat(common(inputs_, [](const auto& one) { return one.repeat(); }));
    if (groups.size() == inputs_.size() && (out.repeat() > 0 || out.warmup())) out.set_group(derive_uid(groups));
    if (std::none_of(inputs_.begin(), inputs_.end(), [](const auto* one) { return restart_count(*one); })) return;
    if (std::any_of(inputs_.begin(), inputs_.end(), [](const auto* one) { return one->has_requeue(); }))
      out.set_requeue(restart_count(inputs_)->requeue);
    if (std::any_of(inputs_.begin(), inputs_.end(), [](const auto* one) { return one->has_attempt(); }))
      out.set_attempt(restart_count(inputs_)->attempt);
  }

  void write_times(pb::Record& out) const {
    std::int64_t begin = INT64_MAX, end = INT64_MIN, longest = 0;
    for (const pb::Record* input : inputs_) longest = std::max(longest, input->duration_ns());
    for (const Window& window : windows_) {
      begin = std::min(begin, window.begin_ns);
      end = std::max(end, window.end_ns);
    }
    out.set_start_unix_ns(begin);
    out.set_utc_offset_s(inputs_.front()->utc_offset_s());
    out.set_duration_ns(of_ == MergeOf::attempts ? sum_durations(inputs_)
                        : apart_ > 0             ? longest
                                                 : saturate(Int128{end} - begin));
  }

  // How much later than the whole each began; nothing where clocks cannot be trusted. An attempt begins where the one
  // before ended: what lies between, a requeued job's wait, is no time of the job.
  std::vector<std::int64_t> offsets(const pb::Record& out) const {
    std::vector<std::int64_t> all;
    std::int64_t before = 0;
    for (const pb::Record* input : inputs_) {
      if (of_ == MergeOf::attempts) {
        all.push_back(before);
        before = saturate(Int128{before} + std::max<std::int64_t>(input->duration_ns(), 0));
        continue;
      }
      all.push_back(apart_ > 0 ? 0 : saturate(Int128{input->start_unix_ns()} - out.start_unix_ns()));
    }
    return all;
  }

  void write_energy(pb::Record& out) const {
    EnergySum sum, estimate;
    bool estimated = false, whole = true;
    double modelled = 0;
    for (const pb::Record* input : inputs_) {
      sum.add(input->energy(), weight_of(*input));
      const bool own = input->has_node_estimate();
      const pb::Energy& node = own ? input->node_estimate() : input->energy();
      estimated |= own;
      whole &= node.has_energy_uj();
      estimate.add(node, weight_of(*input));
      if (own || node.kind() == pb::KIND_ESTIMATED)
        modelled += finite(input->modelled_fraction()).value_or(1) * static_cast<double>(node.energy_uj());
    }
    sum.write(*out.mutable_energy());
    if (estimated && whole) estimate.write(*out.mutable_node_estimate());
    const pb::Energy& all = out.has_node_estimate() ? out.node_estimate() : out.energy();
    if (whole && all.energy_uj() > 0) out.set_modelled_fraction(modelled / static_cast<double>(all.energy_uj()));
    if (!mixed_) out.set_boundary_note(boundary_note());
  }

  std::string boundary_note() const {
    for (const pb::Record* input : inputs_)
      if (input->energy().has_energy_uj()) return input->boundary_note();
    return inputs_.front()->boundary_note();
  }

  void write_ranks(pb::Record& out) const {
    std::uint64_t ranks = 0, failed = 0;
    bool ranks_known = true, failed_known = true;
    double cpu = 0, monitor = 0;
    bool cpu_known = true;
    for (const pb::Record* input : inputs_) {
      ranks_known &= input->has_ranks();
      failed_known &= input->has_ranks_failed();
      ranks += input->ranks();
      failed += input->ranks_failed();
      cpu_known &= input->has_child_cpu_s();
      cpu += input->child_cpu_s();
      monitor += input->monitor_cpu_s();
      if (input->has_rank_first() && (!out.has_rank_first() || input->rank_first() < out.rank_first()))
        out.set_rank_first(input->rank_first());
    }
    if (ranks_known) out.set_ranks(static_cast<std::uint32_t>(std::min<std::uint64_t>(ranks, UINT32_MAX)));
    if (failed_known) out.set_ranks_failed(static_cast<std::uint32_t>(std::min<std::uint64_t>(failed, UINT32_MAX)));
    if (cpu_known) out.set_child_cpu_s(cpu);
    out.set_monitor_cpu_s(monitor);
    if (const auto busy = compute_busy()) out.set_cpu_busy(*busy);
    const std::uint32_t size = common(inputs_, [](const auto& one) { return one.world_size(); });
    if (size > 0) out.set_world_size(size);
  }

  std::optional<double> compute_busy() const {
    double busy = 0, all = 0;
    for (const pb::Record* input : inputs_) {
      const double weight =
          static_cast<double>(input->node().logical_cpus()) * static_cast<double>(input->duration_ns());
      if (!input->has_cpu_busy() || !(weight > 0)) return std::nullopt;
      busy += input->cpu_busy() * weight;
      all += weight;
    }
    return busy / all;
  }

  // As for the ranks of a node: the first that failed, by its end, since the launcher stops the others because of it;
  // 0 when all are known to have ended well.
  void write_end(pb::Record& out) const {
    bool known = true;
    const pb::Record* first = nullptr;
    const auto end_of = [](const pb::Record& one) { return Int128{one.start_unix_ns()} + one.duration_ns(); };
    for (const pb::Record* input : inputs_) {
      known &= input->has_exit_code() || input->has_signal();
      const bool failed = input->has_signal() || input->exit_code() != 0;
      if (failed && (first == nullptr || end_of(*input) < end_of(*first))) first = input;
    }
    if (first != nullptr && first->has_signal()) out.set_signal(first->signal());
    if (first != nullptr && first->exit_code() != 0) out.set_exit_code(first->exit_code());
    if (known && first == nullptr) out.set_exit_code(0);
  }

  void write_anomalies(pb::Record& out) const {
    unsigned unknown = 0;
    for (const pb::Record* input : inputs_)
      unknown += input->members().empty() && !input->energy().has_energy_uj() ? 1 : 0;
    add_anomaly(out, std::string(entry(Anomaly::member_unknown).name), unknown);
    std::uint64_t missing = 0;
    for (const pb::Record* input : inputs_) missing += count_missing_ranks(*input);
    set_anomaly(out, Anomaly::member_missing, of_ == MergeOf::nodes ? count_missing_ranks(out) : missing);
    set_anomaly(out, Anomaly::attempt_missing, count_missing_attempts(out));
    if (mixed_) set_anomaly(out, Anomaly::boundaries_mixed, 1);
    if (of_ == MergeOf::nodes) set_anomaly(out, Anomaly::clocks_differ, apart_);
    set_anomaly(out, Anomaly::node_twice, node_twice_ ? 1 : 0);
  }

  // Determined anew from all members, whatever an already merged part of them has.
  static void set_anomaly(pb::Record& out, Anomaly anomaly, std::uint64_t count) {
    auto& all = *out.mutable_anomalies();
    const std::string name(entry(anomaly).name);
    all.erase(std::remove_if(all.begin(), all.end(), [&](const auto& one) { return one.name() == name; }), all.end());
    add_anomaly(out, name, count);
  }

  const MergeOptions& options_;
  MergeOf of_;
  Inputs inputs_;
  std::vector<Window> windows_;
  bool mixed_ = false, node_twice_ = false;
  unsigned apart_ = 0;
};
}  // namespace

Result<pb::Record> merge_records(const std::vector<pb::Record>& records, const MergeOptions& options) {
  const Inputs inputs = NW_TRY(choose(records));
  if (inputs.size() == 1 && !inputs.front()->members().empty()) return *inputs.front();
  if (inputs.size() < 2) return fail(ErrorKind::malformed, "one node's record alone: there is nothing to merge");
  const auto attempts = split_into_attempts(inputs);
  if (attempts.size() == 1) return Merger(options, MergeOf::nodes).merge(inputs);
  std::vector<pb::Record> parts;
  for (const Inputs& attempt : attempts)
    parts.push_back(attempt.size() == 1 ? *attempt.front() : NW_TRY(Merger(options, MergeOf::nodes).merge(attempt)));
  Inputs merged;
  for (const pb::Record& part : parts) merged.push_back(&part);
  return Merger(options, MergeOf::attempts).merge(std::move(merged));
}

}  // namespace nw
