#include "report/job.h"

#include <fmt/format.h>

#include <algorithm>

#include "accounting/stored_words.h"
#include "record/record.pb.h"
#include "report/column_units.h"
#include "report/escape.h"
#include "report/summary.h"
#include "report/words.h"
#include "study/accelerators.h"
#include "study/jobs.h"

namespace nw {

namespace {
constexpr int kMostSteps = 200;  // that a page shows; all are in JSON

void append(std::string& words, const std::string& word) {
  if (!word.empty()) words += (words.empty() ? "" : ", ") + word;
}

std::string owner_words(const pb::Job& job) {
  std::string who = clean(job.user());
  if (who.empty() && job.has_uid()) who = fmt::format("uid {}", job.uid());
  if (who.empty()) return "";
  const std::string account = clean(job.account());
  return account.empty() ? who : who + "/" + account;
}

std::string where_words(const pb::Job& job) {
  std::string words;
  const auto add = [&words](std::string_view key, const std::string& value) {
    if (!clean(value).empty()) append(words, fmt::format("{} {}", key, clean(value)));
  };
  add("partition", job.partition());
  add("cluster", job.cluster());
  return words;
}

std::string nodes_words(const pb::Record& record) {
  const unsigned here = measured_nodes(record);
  if (record.job().has_nodes() && record.job().nodes() > here)
    return fmt::format("{} of {} nodes; of the others nothing is known", here, record.job().nodes());
  return here > 1 ? fmt::format("{} nodes", here) : "";
}

std::string share_words(const pb::Record& record) {
  const pb::Job& job = record.job();
  if (job.exclusive()) return "exclusive";
  const pb::Node& node = record.node();
  std::string words;
  const auto part = [&words](bool has, std::uint32_t own, std::uint32_t all, std::string_view what) {
    if (has) append(words, all > 0 ? fmt::format("{}/{} {}", own, all, what) : fmt::format("{} {}", own, what));
  };
  part(job.has_cpus_count(), job.cpus_count(), node.logical_cpus(), "CPUs");
  if (!job.has_cpus_count() && job.cpus() > 0 && job.cpus() <= 1)
    append(words, percent_text({job.cpus(), {}}) + " of the CPUs");
  if (job.gpus() > 0 || node.gpus_size() > 0)
    part(job.has_gpus(), job.gpus(), static_cast<std::uint32_t>(node.gpus_size()), "GPUs");
  if (job.has_memory() && job.memory() >= 0 && job.memory() <= 1)
    append(words, percent_text({job.memory(), {}}) + " of the memory");
  return words.empty() ? "shared" : "shared: " + words;
}

std::string state_words(const pb::Record& record) {
  std::string words = record.state().empty() ? "state unknown" : clean(record.state());
  if (record.has_signal()) append(words, fmt::format("killed by signal {}", record.signal()));
  if (!record.has_signal() && record.has_exit_code()) append(words, fmt::format("exit {}", record.exit_code()));
  return words;
}

std::string policies_words(const pb::Record& record, const NumberStyle& style) {
  const pb::Job& job = record.job();
  std::string words = job.policy().empty() ? "unknown" : clean(current_words(job.policy()));
  if (const auto u = finite(job.u_share_uj()); job.has_u_share_uj() && u && *u > 0)
    words += fmt::format(" ({} {} of the uncertainty is the division's)", plus_minus(style.utf8),
                         energy_text({half_of_95(*u) / 1e6, {}}, style));
  for (const pb::ByPolicy& other : job.others()) {
    words += fmt::format("; by {}: {}", clean(current_words(other.policy())),
                         energy_pair_text(energy_amount(other.energy()), style));
    const Amount more = ratio(energy_amount(other.energy()), energy_j(record.energy()));
    if (more.value) words += fmt::format(", {:+.0f} %", (*more.value - 1) * 100);
  }
  return words;
}

std::string unused_words(const pb::Record& record, const NumberStyle& style) {
  std::string which;
  for (const Accelerator& one : classify_accelerators(record))
    if (one.no_process && one.part != nullptr)
      append(which, fmt::format("{} {}", part_label(*one.part), energy_pair_text(one.joules, style)));
  const pb::Job& job = record.job();
  if (job.unused_gpu_uj() <= 0) return which.empty() ? "" : "no process was seen on " + which;
  const Amount unused = compute_unused_energy(record);
  const Amount part = ratio(unused, energy_j(record.energy()));
  std::string words = energy_pair_text(unused, style);
  if (part.value) words += fmt::format(", {} of the energy,", percent_text(part));
  words += " in accelerators on which no process was seen";
  return which.empty() ? words : words + ": " + which;
}

std::string unmeasured_words(const pb::Job& job) {
  return job.unmeasured_ns() > 0 ? "up to " + duration_text(duration_s(job.unmeasured_ns())) + " more not measured"
                                 : "";
}

std::string edges_words(const pb::Job& job) {
  std::string words;
  if (!job.begin_basis().empty()) append(words, "begin by " + clean(job.begin_basis()));
  if (!job.end_basis().empty()) append(words, "end by " + clean(job.end_basis()));
  return words;
}

// The energies of one kind of part. They share one sensor model and one gain: their errors add up.
struct Domain {
  const pb::Component* first = nullptr;
  int count = 0;
  Amount joules{0.0, 0.0};
  pb::Kind kind = pb::KIND_UNKNOWN;

  void add(const pb::Component& one) {
    const Amount energy = energy_amount(one.energy());
    if (count++ == 0) first = &one;
    kind = worse(kind, known_kind(one.energy()));
    joules.value = joules.value && energy.value ? std::optional(*joules.value + *energy.value) : std::nullopt;
    joules.uncertainty = joules.uncertainty && energy.uncertainty
                             ? std::optional(*joules.uncertainty + *energy.uncertainty)
                             : std::nullopt;
  }
  std::string label() const {
    if (count == 1) return part_label(*first);
    const PartWords& words = part_words(first->domain());
    return fmt::format("{} ({})", words.domain.empty() ? clean(first->domain()) : words.many, count);
  }
};

// In the record's order of their first. The node's own sensor is their sum, not one of them.
std::vector<Domain> collect_domains(const pb::Record& record) {
  std::vector<Domain> all;
  std::optional<std::uint32_t> inside;  // of a part that is included already
  for (const pb::Component& one : record.components()) {
    if (inside && one.depth() > *inside) continue;
    inside.reset();
    if (one.domain() == "node" || !one.counted()) continue;
    inside = one.depth();
    auto at = std::find_if(all.begin(), all.end(),
                           [&](const Domain& other) { return other.first->domain() == one.domain(); });
    if (at == all.end()) at = all.insert(all.end(), Domain());
    at->add(one);
  }
  return all;
}

DomainLine make_domain_line(const std::string& label, Amount joules, pb::Kind kind, const pb::Record& record,
                            const ColumnUnits& units, const NumberStyle& style) {
  DomainLine line;
  line.label = label;
  line.fraction = ratio(joules, energy_j(record.energy())).value;
  line.share = percent_text({line.fraction, {}});
  line.energy = energy_text(joules, units.energy(style));
  line.uncertainty = energy_uncertainty_text(joules, units.energy(style));
  line.mean = power_text(ratio(joules, duration_s(record.duration_ns())), units.power());
  line.kind = joules.value ? kind : pb::KIND_UNKNOWN;
  return line;
}

std::vector<DomainLine> make_domain_lines(const pb::Record& record, const NumberStyle& style) {
  const std::vector<Domain> domains = collect_domains(record);
  const Amount whole = energy_amount(record.energy());
  const auto seconds = duration_s(record.duration_ns());
  ColumnUnits units;
  units.add(whole, ratio(whole, seconds));
  for (const Domain& one : domains) units.add(one.joules, ratio(one.joules, seconds));
  std::vector<DomainLine> lines{make_domain_line("Job", whole, known_kind(record.energy()), record, units, style)};
  for (const Domain& one : domains)
    lines.push_back(make_domain_line(one.label(), one.joules, one.kind, record, units, style));
  return lines;
}

StepLine make_step_line(const pb::Step& step, const pb::Record& record, const ColumnUnits& units,
                        const NumberStyle& style) {
  StepLine line;
  line.id = step.id().empty() ? "Outside steps" : clean(step.id());
  if (step.running()) line.id += " (running)";
  line.phase = clean(step.phase());
  line.duration = duration_text(duration_s(step.duration_ns()));
  line.cpu = step.has_cpu_s() ? duration_text(finite(step.cpu_s())) : std::string(kUnknown);
  line.mean = power_text(power_amount(step.energy(), step.duration_ns()), units.power());
  line.energy = energy_text(energy_amount(step.energy()), units.energy(style));
  line.uncertainty = energy_uncertainty_text(energy_amount(step.energy()), units.energy(style));
  line.share = percent_text({ratio(energy_amount(step.energy()), energy_j(record.energy())).value, {}});
  line.kind = known_kind(step.energy());
  return line;
}

std::vector<StepLine> make_step_lines(const pb::Job& job, const pb::Record& record, const NumberStyle& style) {
  ColumnUnits units;
  for (const pb::Step& step : job.steps())
    units.add(energy_amount(step.energy()), power_amount(step.energy(), step.duration_ns()));
  std::vector<StepLine> lines;
  for (int i = 0; i < std::min(job.steps_size(), kMostSteps); ++i)
    lines.push_back(make_step_line(job.steps(i), record, units, style));
  return lines;
}
}  // namespace

std::string job_id(const pb::Job& job) {
  if (!job.array_job().empty() && !job.array_task().empty())
    return strip(job.array_job()) + "_" + strip(job.array_task());
  if (!job.het_job().empty() && !job.het_offset().empty()) return strip(job.het_job()) + "+" + strip(job.het_offset());
  return strip(job.id().empty() ? job.sluid() : job.id());
}

std::string short_job_id(const pb::Job& job) {
  const std::string id = job_id(job);
  return id.empty() ? std::string(kUnknown) : clean(id);
}

std::optional<double> gpu_share(const pb::Record& record) {
  double sum = 0;
  bool any = false;
  std::optional<std::uint32_t> inside;  // of one that is counted already
  for (const pb::Component& one : record.components()) {
    if (inside && one.depth() > *inside) continue;
    inside.reset();
    if (one.domain() != "gpu") continue;
    const auto joules = energy_j(one.energy());
    if (!joules) return std::nullopt;
    sum += *joules, any = true, inside = one.depth();
  }
  return any ? ratio({sum, {}}, energy_j(record.energy())).value : std::nullopt;
}

namespace {
// Of a run that a daemon measured.
std::string scope_of_run(const pb::MeasuredBy& by) {
  const bool is_tree = by.manager() == "process";
  const std::string of =
      is_tree ? "the command's processes"
              : fmt::format("step {} of {} job {}", strip(by.step()), strip(by.manager()), strip(by.job()));
  if (!by.exclusive())
    return fmt::format("the share of {} of a node that others used too, by the policy {}, as {} measured it", of,
                       clean(current_words(by.policy())), strip(by.program()));
  if (is_tree) return fmt::format("{}, as {} measured it: no other user was on the node", kScope, strip(by.program()));
  return fmt::format("what {} had of a node that no other job used, as {} measured it", of, strip(by.program()));
}
}  // namespace

std::string scope_words(const pb::Record& record) {
  if (record.has_measured_by()) return scope_of_run(record.measured_by());
  if (!record.has_job()) return kScope;
  if (record.job().exclusive())
    return "the job, whose nodes were exclusive: everything that ran there meanwhile, and what was idle";
  return fmt::format("the job's share of a node that it shared with others, by the policy {}",
                     record.job().policy().empty() ? "(unknown)" : clean(current_words(record.job().policy())));
}

std::vector<std::pair<std::string_view, std::string>> JobWords::facts() const {
  std::vector<std::pair<std::string_view, std::string>> all{{"Owner", owner},
                                                            {"Where", where},
                                                            {"Nodes", nodes},
                                                            {"Allocated", share},
                                                            {"State", state},
                                                            {"Policy", policies},
                                                            {"Idle accelerators", unused},
                                                            {"Start and end detection", edges}};
  std::erase_if(all, [](const auto& fact) { return fact.second.empty(); });
  return all;
}

std::optional<JobWords> make_job_words(const pb::Record& record, const NumberStyle& style) {
  if (!record.has_job()) return std::nullopt;
  const pb::Job& job = record.job();
  NumberStyle same = style;
  same.units = energy_unit(energy_j(record.energy()), style.units);
  JobWords out;
  out.id = short_job_id(job);
  out.owner = owner_words(job);
  out.where = where_words(job);
  out.nodes = nodes_words(record);
  out.share = share_words(record);
  out.state = state_words(record);
  out.policies = policies_words(record, same);
  out.unused = unused_words(record, same);
  out.edges = edges_words(job);
  out.unmeasured = unmeasured_words(job);
  out.domains = make_domain_lines(record, style);
  out.steps = make_step_lines(job, record, style);
  return out;
}

}  // namespace nw
