#include "report/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "accounting/stored_words.h"
#include "record/record.pb.h"
#include "report/column_units.h"
#include "report/curve.h"
#include "report/escape.h"
#include "report/facility.h"
#include "report/words.h"
#include "study/idle.h"

namespace nw {

namespace {

constexpr int kDeepest = 6;
constexpr int kMostPhases = 200;  // that a page shows

// A component and those nested in it, as positions in the record.
struct Family {
  std::string domain;
  int first = 0;
  int last = 0;  // one past the last
};

bool modelled_beside(const pb::Component& component) {
  return !component.counted() && known_kind(component.energy()) == pb::KIND_ESTIMATED;
}

class PartTable {
 public:
  PartTable(const pb::Record& record, const NumberStyle& style) : record_(record), style_(style) {
    const auto& all = record.components();
    ColumnUnits means, most;
    const auto add = [&](const pb::Energy& energy) {
      means.add(energy_amount(energy), ratio(energy_amount(energy), duration_s(record.duration_ns())));
    };
    add(record.energy());
    for (const pb::Component& one : all)
      add(one.energy()), most.add({}, max_power_amount(one, mean_power_w(one.energy(), record.duration_ns())));
    style_ = means.energy(style);
    mean_unit_ = means.power(), max_unit_ = most.power();
    has_node_ = record.members().empty() && !all.empty() && all[0].domain() == "node" && all[0].counted();
  }

  std::vector<PartLine> measured() {
    lines_.push_back(total());
    for (const std::vector<Family>& same : groups()) {
      const bool grouped = same.size() > 1;
      if (grouped) lines_.push_back(group_line(same));
      for (const Family& family : same)
        for (int i = family.first; i < family.last; ++i)
          lines_.push_back(line(record_.components(i), indent(record_.components(i)) + (grouped ? 1 : 0)));
    }
    return std::move(lines_);
  }

  std::optional<PartLine> idle() const {
    const auto share = compute_idle(record_);
    if (!share) return std::nullopt;
    PartLine line;
    line.label = "of which idle";
    line.indent = has_node_ ? 0 : 1;
    line.domain = "node";
    fill(line, share->joules, pb::KIND_ESTIMATED);
    line.fraction = share->fraction.value;
    line.share = percent_text(share->fraction);
    line.source = "idle baseline" + (share->date.empty() ? "" : ", " + clean(share->date).substr(0, 10));
    return line;
  }

  std::vector<PartLine> modelled() {
    std::vector<PartLine> lines;
    for (const pb::Component& component : record_.components())
      if (modelled_beside(component)) {
        lines.push_back(line(component, 0));
        lines.back().share = std::string(kUnknown);
        lines.back().fraction.reset();
      }
    return lines;
  }

 private:
  int indent(const pb::Component& component) const {
    return static_cast<int>(std::min<std::uint32_t>(component.depth(), kDeepest)) + (has_node_ ? 0 : 1);
  }

  // Families that are siblings, those of one domain together, in the record's order.
  std::vector<std::vector<Family>> groups() const {
    std::vector<std::vector<Family>> all;
    const auto& components = record_.components();
    for (int i = has_node_ ? 1 : 0; i < components.size();) {
      const Family family{components[i].domain(), i, end_of_family(i)};
      i = family.last;
      if (modelled_beside(components[family.first])) continue;
      const auto same =
          std::find_if(all.begin(), all.end(), [&](const auto& group) { return group[0].domain == family.domain; });
      if (same == all.end())
        all.push_back({family});
      else
        same->push_back(family);
    }
    return all;
  }

  int end_of_family(int first) const {
    int end = first + 1;
    while (end < record_.components_size() && record_.components(end).depth() > record_.components(first).depth() &&
           !modelled_beside(record_.components(end)))
      ++end;
    return end;
  }

  PartLine total() const {
    if (has_node_) return line(record_.components(0), 0);
    PartLine total;
    const bool estimated = known_kind(record_.energy()) == pb::KIND_ESTIMATED;
    total.label = !record_.members().empty()                         ? "All nodes"
                  : estimated                                        ? "Node, estimated"
                  : known_kind(record_.energy()) == pb::KIND_UNKNOWN ? "Node"
                                                                     : "Measured parts";
    total.domain = "node";
    fill(total, energy_amount(record_.energy()), known_kind(record_.energy()));
    total.source = record_.components().empty() ? std::string(kUnknown) : "sum of the parts";
    return total;
  }

  PartLine group_line(const std::vector<Family>& same) const {
    Amount sum{0.0, 0.0};
    pb::Kind kind = pb::KIND_UNKNOWN;
    for (const Family& family : same) {
      const pb::Energy& one = record_.components(family.first).energy();
      add(sum.value, energy_j(one));
      add(sum.uncertainty, uncertainty_j(one));  // one model of sensor, one gain: their errors add up
      kind = worse(kind, known_kind(one));
    }
    PartLine out;
    const pb::Component& first = record_.components(same[0].first);
    const PartWords& words = part_words(first.domain());
    out.label = fmt::format(
        "{} ({})", words.domain.empty() && !first.domain().empty() ? clean(first.domain()) : words.many, same.size());
    out.indent = indent(first);
    out.domain = first.domain();
    fill(out, sum, kind);
    out.source = clean(current_words(first.source()));
    return out;
  }

  // One unknown term makes the sum unknown.
  static void add(std::optional<double>& sum, std::optional<double> one) {
    if (sum && one)
      *sum += *one;
    else
      sum.reset();
  }

  PartLine line(const pb::Component& component, int indent) const {
    PartLine out;
    out.label = only_one(component) ? std::string(part_words(component.domain()).one) : part_label(component);
    out.indent = indent;
    out.domain = component.domain();
    fill(out, energy_amount(component.energy()), known_kind(component.energy()));
    out.max =
        power_text(max_power_amount(component, mean_power_w(component.energy(), record_.duration_ns())), max_unit_);
    out.source = component.source().empty() ? std::string(kUnknown) : clean(current_words(component.source()));
    return out;
  }

  // "Memory" needs no number if there is only one.
  bool only_one(const pb::Component& component) const {
    const auto& all = record_.components();
    return component.label().empty() && component.device() == "0" && !part_words(component.domain()).domain.empty() &&
           std::count_if(all.begin(), all.end(),
                         [&](const pb::Component& one) { return one.domain() == component.domain(); }) == 1;
  }

  void fill(PartLine& out, Amount energy, pb::Kind kind) const {
    const auto seconds = duration_s(record_.duration_ns()), all = energy_j(record_.energy());
    out.energy = energy_text(energy, style_);
    out.uncertainty = energy_uncertainty_text(energy, style_);
    out.mean = power_text(ratio(energy, seconds), mean_unit_);
    out.max = std::string(kUnknown);
    out.kind = energy.value ? kind : pb::KIND_UNKNOWN;
    const Amount share = ratio(energy, all);
    out.fraction = share.value;
    out.share = percent_text(share.value == 1.0 ? Amount{1.0, {}} : share);
  }

  const pb::Record& record_;
  NumberStyle style_;
  PowerUnit mean_unit_ = PowerUnit::W, max_unit_ = PowerUnit::W;
  bool has_node_ = false;
  std::vector<PartLine> lines_;
};

std::vector<std::string> per_unit_texts(const pb::Energy& energy,
                                        const google::protobuf::RepeatedPtrField<pb::Work>& work,
                                        const NumberStyle& style, const ColumnUnits& units = {}) {
  std::vector<std::string> texts;
  for (const pb::Work& one : work)
    if (per_unit(energy, one).value)
      texts.push_back(per_item_text(per_unit(energy, one), clean(one.unit()), style, units.item(one.unit(), style)));
  return texts;
}

ColumnUnits units_of_phases(const pb::Record& record) {
  ColumnUnits units;
  for (const pb::Phase& phase : record.phases()) {
    if (!phase.resolved()) continue;
    units.add(energy_amount(phase.energy()), power_amount(phase.energy(), phase.duration_ns()));
    for (const pb::Work& one : phase.work()) units.add_item(one.unit(), per_unit(phase.energy(), one));
  }
  return units;
}

PhaseLine make_phase_line(const pb::Phase& phase, const ColumnUnits& units, const NumberStyle& style) {
  PhaseLine line;
  line.path = clean(phase.path());
  line.count = fmt::format("{}", phase.count());
  line.duration = duration_text(duration_s(phase.duration_ns()));
  line.resolved = phase.resolved();
  line.phase = &phase;
  if (!phase.resolved()) return line;
  line.kind = known_kind(phase.energy());
  line.mean = power_text(power_amount(phase.energy(), phase.duration_ns()), units.power());
  line.energy = energy_text(energy_amount(phase.energy()), units.energy(style));
  line.uncertainty = energy_uncertainty_text(energy_amount(phase.energy()), units.energy(style));
  line.per_unit = per_unit_texts(phase.energy(), phase.work(), style, units);
  for (const pb::Work& one : phase.work())
    if (per_unit(phase.energy(), one).value) line.work.push_back(count_text(one.count()) + " " + clean(one.unit()));
  return line;
}

std::string compute_power_words(const pb::Record& record) {
  const Amount mean = power_amount(record.energy(), record.duration_ns());
  if (!mean.value) return "unknown";
  std::string words = "mean " + power_text(mean);
  const auto& all = record.components();
  if (record.members().empty() && !all.empty() && all[0].domain() == "node" && max_power_w(all[0], mean.value))
    return words + ", max " + power_text(max_power_amount(all[0], mean.value));
  const Curve curve = make_curve(record, SIZE_MAX);
  auto peak = highest_total(curve);
  if (peak) peak = as_maximum(*peak, mean.value);  // the steps in which all parts were read are not the whole run
  Amount most{peak, {}};
  if (peak && mean.uncertainty && *mean.value > 0) most.uncertainty = *mean.uncertainty / *mean.value * *peak;
  return peak ? words + fmt::format(", max {} over {}", power_text(most), duration_text(curve.step_s)) : words;
}

std::string compute_whole_node(const pb::Record& record, const NumberStyle& style) {
  if (!record.has_node_estimate() || !record.node_estimate().has_energy_uj()) return "";
  std::string words = energy_full_text(energy_amount(record.node_estimate()), style);
  const auto part = finite(record.modelled_fraction());
  if (part && *part > 0 && *part <= 1) words += fmt::format(", {:.0f} % of this is modelled", std::ceil(*part * 100));
  return words;
}

// Whether no figure comes from a sensor: that is not given by the total's provenance, which is that of its worst part,
// but by all of its parts.
bool is_all_estimated(const pb::Record& record) {
  const auto is_read = [](const pb::Energy& energy) {
    const pb::Kind kind = known_kind(energy);
    return kind != pb::KIND_UNKNOWN && kind != pb::KIND_ESTIMATED;
  };
  const auto& parts = record.components();
  const auto& members = record.members();
  return known_kind(record.energy()) == pb::KIND_ESTIMATED &&
         std::none_of(parts.begin(), parts.end(), [&](const auto& part) { return is_read(part.energy()); }) &&
         std::none_of(members.begin(), members.end(), [&](const auto& member) { return is_read(member.energy()); });
}
}  // namespace

Summary make_summary(const pb::Record& record, const NumberStyle& style) {
  Summary out;
  out.id = short_id(record);
  out.name = clean(record.name());
  out.node = node_words(record);
  out.duration = duration_text(duration_s(record.duration_ns()));
  out.exit = exit_words(record);
  out.energy = energy_full_text(energy_amount(record.energy()), style);
  const bool is_simulated = !record.node().played().empty();
  out.kind = kind_words(known_kind(record.energy()), is_simulated);
  out.legend = is_simulated ? kLegendSimulated : kLegend;
  out.boundary = boundary_words(record);
  out.power = compute_power_words(record);
  out.all_estimated = is_all_estimated(record);
  if (is_simulated)
    out.warnings.push_back(fmt::format("This node was simulated by {}: no real sensor measured these figures",
                                       clean(record.node().played())));
  if (out.all_estimated) out.warnings.emplace_back(kNoSensor);
  out.parts = PartTable(record, style).measured();
  out.modelled = PartTable(record, style).modelled();
  out.idle = PartTable(record, style).idle();
  out.devices = compute_device_lines(record);
  out.software = compute_software_words(record);
  out.whole_node = compute_whole_node(record, style);
  const ColumnUnits units = units_of_phases(record);
  for (int i = 0; i < std::min(record.phases_size(), kMostPhases); ++i)
    out.phases.push_back(make_phase_line(record.phases(i), units, style));
  out.per_unit = per_unit_texts(record.energy(), record.work(), style);
  for (const pb::Figure& figure : record.figures())
    out.figures.push_back(clean(figure.name()) + " " + plain_text(figure.value()));
  out.coverage = compute_coverage_words(record, style);
  out.anomaly_lines = compute_anomaly_lines(record);
  if (record.phases_size() > kMostPhases)
    out.anomaly_lines.push_back({Severity::info, "phases_not_shown",
                                 fmt::format("{} x", record.phases_size() - kMostPhases),
                                 "phases beyond the first are in JSON and CSV alone"});
  if (out.anomaly_lines.empty() && coverage(record.energy()).value_or(0) > 0) out.no_anomalies = ", no anomalies";
  out.uncertainties = compute_largest_uncertainties(record.energy(), style);
  out.ranks = compute_ranks_words(record);
  out.members = make_member_lines(record, style);
  out.attempt_words = compute_attempts_words(record, style);
  out.attempts = make_attempt_lines(record, style);
  out.scope = scope_words(record);
  out.job = make_job_words(record, style);
  out.carbon = compute_carbon_words(record, style);
  out.cost = compute_cost_words(record, style);
  if (record.monitor_cpu_s() > 0) out.monitor = duration_text(finite(record.monitor_cpu_s())) + " of CPU time";
  return out;
}

}  // namespace nw
