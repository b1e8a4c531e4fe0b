#include "energy/containment.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "energy/containment_tree.h"

namespace nw {

double compute_chi2(const Energy& a, const Energy& b) {
  if (!a.value || !b.value) return 0;
  const double difference = to_joules(*a.value) - to_joules(*b.value);
  const double variance = std::pow(a.uncertainty.combined(), 2) + std::pow(b.uncertainty.combined(), 2);
  return variance > 0 ? difference * difference / variance : 0;
}

namespace {
// What can be directly below the node, in the order of display.
constexpr Domain kTop[] = {Domain::module, Domain::psys,  Domain::gpu,  Domain::package, Domain::dram,
                           Domain::cpu,    Domain::sysio, Domain::core, Domain::uncore};

// What can be inside a part, in the order of display.
constexpr Domain kInside[] = {Domain::gpu, Domain::package, Domain::core, Domain::uncore,
                              Domain::cpu, Domain::sysio,   Domain::dram};

bool contains(const std::vector<Domain>& domains, Domain domain) {
  return std::find(domains.begin(), domains.end(), domain) != domains.end();
}

bool better(const SensorEnergy& a, const SensorEnergy& b) {
  if (a.energy.value.has_value() != b.energy.value.has_value()) return a.energy.value.has_value();
  return a.info->kind == SensorKind::counter && b.info->kind == SensorKind::gauge;
}

// Selects one sensor energy for each part, the earlier where neither is better, and records disagreements of the
// others.
class Selection {
 public:
  explicit Selection(std::span<const SensorEnergy> sensor_energies) {
    for (const SensorEnergy& sensor_energy : sensor_energies) {
      if (sensor_energy.info->provenance == Provenance::estimated)
        add(modelled, sensor_energy);
      else if (sensor_energy.info->part.domain != Domain::node)
        add(measured, sensor_energy);
      else if (sensor_energy.info->boundary == Boundary::wall)
        add(plug, sensor_energy);
      else
        add(node, sensor_energy);
    }
    drop_second_names();
  }

  MeasuredParts measured, modelled;
  MeasuredParts node, plug;  // sensors of the whole node, after and before its power supplies
  std::vector<Disagreement> disagreements;

 private:
  void add(MeasuredParts& chosen, const SensorEnergy& sensor_energy) {
    const auto [at, is_new] = chosen.try_emplace(sensor_energy.info->part, sensor_energy);
    if (is_new) return;
    SensorEnergy other = sensor_energy;
    if (better(sensor_energy, at->second)) std::swap(at->second, other);
    // A counter and the power gauge beside it are one device: their difference is the accounting's cross-check, and
    // polled power errs first.
    const auto driver = [](const SensorEnergy& b) { return b.info->id.substr(0, b.info->id.find('/')); };
    if (driver(at->second) == driver(other) || sensor_energy.info->provenance == Provenance::estimated) return;
    const double chi2 = compute_chi2(at->second.energy, other.energy);
    if (chi2 <= kDisagree) return;
    disagreements.push_back({at->second.info->id, other.info->id, chi2});
    at->second.energy.uncertainty.widen(std::sqrt(chi2));
  }

  // Of a domain that a node controller names in its own way ("accel0") and other sensors measure too, only one side
  // counts: the others if one of them has a value, or a module that contains them does.
  void drop_second_names() {
    std::set<Domain> named_twice;
    for (const auto& [part, sensor_energy] : measured)
      if (sensor_energy.info->is_alias) named_twice.insert(part.domain);
    const auto known = [&](Domain domain) {
      return std::any_of(measured.begin(), measured.end(), [&](const auto& entry) {
        const bool holds = entry.first.domain == Domain::module;
        return (entry.first.domain == domain || holds) && !entry.second.info->is_alias && entry.second.energy.value;
      });
    };
    for (const Domain domain : named_twice) {
      const bool others = known(domain);
      std::erase_if(measured, [&](const auto& entry) {
        return entry.first.domain == domain && entry.second.info->is_alias == others;
      });
    }
  }
};

class Composer {
 public:
  Composer(Selection selection, Wholes wholes)
      : selection_(std::move(selection)),
        measured_(selection_.measured),
        tree_(selection_.measured, wholes),
        wholes_(wholes) {
    find_nodes();
  }
  Composer(Selection selection, const std::vector<std::string>& doubted)
      : selection_(std::move(selection)),
        measured_(selection_.measured),
        tree_(selection_.measured, doubted),
        wholes_(Wholes::kept) {
    find_nodes();
    for (SensorEnergy** node : {&node_, &plug_, &beside_})
      if (*node != nullptr && std::find(doubted.begin(), doubted.end(), (*node)->info->id) != doubted.end())
        doubted_nodes_.push_back(std::exchange(*node, nullptr));
    promote_beside();
  }

  NodeEnergy compose() {
    if (wholes_ == Wholes::judged) judge_node();
    out_.doubted = tree_.doubted();
    for (const SensorEnergy* doubted : doubted_nodes_) out_.doubted.push_back(doubted->info->id);
    if (node_ == nullptr && plug_ == nullptr) {
      for (const SensorEnergy* doubted : doubted_nodes_) add(*doubted, 0, false);
      for (const Domain domain : kTop) add_domain(domain, 0);
      if (!doubted_nodes_.empty() && top_known_ > 0)
        add_derived("0", "rest of node", difference(doubted_nodes_[0]->energy, sum_, doubt_, coverage_ / top_),
                    "node minus parts", 0, false);
      finish_parts();
    } else {
      compose_node();
    }
    for (const Disagreement& disagreement : out_.disagreements)
      if (disagreement.chi2 > kDisagree) out_.anomalies.add(Anomaly::sensors_disagree);
    return std::move(out_);
  }

 private:
  bool knows(Domain domain) const { return tree_.knows(domain); }

  void find_nodes() {
    out_.disagreements = std::move(selection_.disagreements);
    for (Disagreement& one : tree_.take_disagreements()) {
      out_.anomalies.add(Anomaly::negative_rest);
      out_.disagreements.push_back(std::move(one));
    }
    const auto first = [](MeasuredParts& nodes) {
      for (auto& [part, sensor_energy] : nodes)
        if (sensor_energy.energy.value) return &sensor_energy;
      return static_cast<SensorEnergy*>(nullptr);
    };
    node_ = first(selection_.node);
    plug_ = first(selection_.plug);
    if (node_ == nullptr || plug_ == nullptr) return;
    if (node_->info->excludes != plug_->info->excludes) {
      // One with exclusions was configured deliberately; for the other it is not known what it includes.
      const bool node_says = plug_->info->excludes.empty();
      beside_ = std::exchange(node_says ? plug_ : node_, nullptr);
    } else if (node_->info->kind == SensorKind::counter && plug_->info->kind == SensorKind::gauge) {
      beside_ = std::exchange(plug_, nullptr);  // polled power would degrade a counted total
    }
  }

  // A sensor of the node that shows less than the parts inside it, by more than both intervals allow, is none.
  void judge_node() {
    judge(node_);
    judge(plug_);
    judge(beside_);
    promote_beside();
  }

  void promote_beside() {
    if (node_ != nullptr || plug_ != nullptr || beside_ == nullptr) return;
    (beside_->energy.boundary == Boundary::wall ? plug_ : node_) = std::exchange(beside_, nullptr);
  }

  void judge(SensorEnergy*& node) {
    if (node == nullptr) return;
    std::vector<const SensorEnergy*> parts = tree_.tops();
    std::erase_if(parts,
                  [&](const SensorEnergy* part) { return contains(node->info->excludes, part->info->part.domain); });
    const Energy sum = sum_of(parts);
    const double chi2 = *sum.value > *node->energy.value ? compute_chi2(node->energy, sum) : 0;
    if (!disagree(node->info->id, "parts", chi2)) return;
    out_.anomalies.add(Anomaly::negative_rest);
    node->energy.uncertainty.widen(std::sqrt(chi2));
    if (to_joules(*sum.value) < kBroken * to_joules(*node->energy.value))
      for (auto& [part, sensor_energy] : measured_)
        if (tree_.stands(sensor_energy)) sensor_energy.energy.uncertainty.widen(std::sqrt(chi2));
    doubted_nodes_.push_back(std::exchange(node, nullptr));
  }

  // Adds each sensor energy once, however many components contain it.
  void add(const SensorEnergy& sensor_energy, unsigned depth, bool counted) {
    if (!shown_.insert(&sensor_energy).second) return;
    const SensorInfo& info = *sensor_energy.info;
    out_.components.push_back({info.part, info.label, sensor_energy.energy,
                               info.source + (sensor_energy.method.empty() ? "" : ", " + sensor_energy.method), info.id,
                               depth, counted && sensor_energy.energy.value.has_value(), sensor_energy.max_power});
  }

  // The parts of a domain in display order: by label ("gpu0 ...") where there is one, else by device.
  std::vector<const SensorEnergy*> parts_of(Domain domain) const {
    std::vector<const SensorEnergy*> parts;
    for (const auto& [part, sensor_energy] : measured_)
      if (part.domain == domain) parts.push_back(&sensor_energy);
    std::stable_sort(parts.begin(), parts.end(),
                     [](const SensorEnergy* a, const SensorEnergy* b) { return a->info->label < b->info->label; });
    return parts;
  }

  // All parts of a domain directly below the node, each followed by what it contains. One without a value, or that is
  // not believed, is shown there too.
  void add_domain(Domain domain, unsigned depth) {
    for (const SensorEnergy* sensor_energy : parts_of(domain)) {
      if (!tree_.find(*sensor_energy).top) continue;
      add(*sensor_energy, depth, tree_.stands(*sensor_energy));
      count(*sensor_energy);
      add_inside(*sensor_energy, depth + 1);
    }
  }

  void add_inside(const SensorEnergy& outer, unsigned depth) {
    for (const Domain domain : kInside)
      for (const SensorEnergy* sensor_energy : parts_of(domain)) {
        if (!tree_.is_shown_in(*sensor_energy, outer)) continue;
        add(*sensor_energy, depth, false);
        add_inside(*sensor_energy, depth + 1);
      }
  }

  // A psys or module without a value is no gap where something inside it was measured, and one that is not believed is
  // none at all.
  bool replaced(const SensorEnergy& sensor_energy) const {
    if (tree_.is_doubted(sensor_energy)) return true;
    const Domain outer = sensor_energy.info->part.domain;
    if (sensor_energy.energy.value || (outer != Domain::psys && outer != Domain::module)) return false;
    return std::any_of(measured_.begin(), measured_.end(), [&](const auto& entry) {
      return tree_.stands(entry.second) && tree_.find(entry.second).top && can_contain(outer, entry.first.domain);
    });
  }

  void count(const SensorEnergy& sensor_energy) {
    if (replaced(sensor_energy)) return;
    ++top_;
    coverage_ += sensor_energy.energy.value ? sensor_energy.energy.coverage : 0;
    if (!sensor_energy.energy.value) return;
    ++top_known_;
    sum_ += *sensor_energy.energy.value;
    filled_ += sensor_energy.energy.filled;
    doubt_.add(sensor_energy.energy.uncertainty);
    widest_ = std::max(widest_, sensor_energy.energy.boundary);
    worst_ = std::max(worst_, sensor_energy.energy.kind);
  }

  // `whole` minus `parts`.
  static Energy difference(const Energy& whole, Joules parts, const Uncertainty& uncertainty, double coverage) {
    Energy remainder;
    remainder.value = *whole.value - parts;
    remainder.kind = Provenance::derived;
    remainder.boundary = whole.boundary;
    remainder.coverage = std::min(whole.coverage, coverage);
    remainder.uncertainty = whole.uncertainty;
    remainder.uncertainty.subtract(uncertainty);
    return remainder;
  }

  void add_derived(const char* device, const char* label, Energy energy, const char* source, unsigned depth,
                   bool counted = true) {
    out_.components.push_back(
        {{Domain::other, device}, label, std::move(energy), source, "", depth, counted, std::nullopt});
  }

  // The node's own sensors at the root, the power supplies' loss between them, what the sensor includes below, and what
  // it excludes beside.
  void compose_node() {
    SensorEnergy& total_sensor = plug_ != nullptr ? *plug_ : *node_;
    const std::vector<Domain>& excludes = total_sensor.info->excludes;
    add(total_sensor, 0, true);
    if (beside_ != nullptr) {
      add(*beside_, 1, false);
      out_.components.back().label = node_ != nullptr ? "Node, wall (AC)" : "Node DC";
      const bool more_behind = node_ != nullptr && *node_->energy.value > *beside_->energy.value;
      disagree(total_sensor.info->id, beside_->info->id,
               more_behind ? compute_chi2(node_->energy, beside_->energy) : 0);
    }
    const std::size_t at = 0;
    unsigned depth = 1;
    if (plug_ != nullptr && node_ != nullptr) {
      const double chi2 = *node_->energy.value > *plug_->energy.value ? compute_chi2(node_->energy, plug_->energy) : 0;
      disagree(plug_->info->id, node_->info->id, chi2);
      add(*node_, depth++, true);
      out_.components.back().label = "Node DC";
      add_derived("supplies", "power supplies",
                  difference(plug_->energy, *node_->energy.value, node_->energy.uncertainty, node_->energy.coverage),
                  "wall minus node DC", 1);
    }
    for (const Domain domain : kTop)
      if (!contains(excludes, domain)) add_domain(domain, depth);
    for (const SensorEnergy* doubted : doubted_nodes_) add(*doubted, depth, false);
    finish_rest(node_ != nullptr ? *node_ : total_sensor, depth, at);
    out_.total = total_sensor.energy;
    out_.boundary_note = total_sensor.energy.boundary == Boundary::wall ? kNodeAtWall : kNodeDc;
    if (!excludes.empty()) add_beside(excludes);
  }

  // The remainder of the node, and whether its parts exceed it.
  void finish_rest(SensorEnergy& inner, unsigned depth, std::size_t total_sensor) {
    if (top_known_ == 0) return;
    Energy remainder = difference(inner.energy, sum_, doubt_, coverage_ / top_);
    if (*remainder.value < Joules{}) {
      out_.anomalies.add(Anomaly::negative_rest);
      Energy parts;
      parts.value = sum_;
      parts.uncertainty = doubt_;
      const double chi2 = compute_chi2(inner.energy, parts);
      if (disagree(inner.info->id, "parts", chi2)) {
        const double factor = std::sqrt(chi2);
        for (Component& component : out_.components) component.energy.uncertainty.widen(factor);
        (plug_ != nullptr ? *plug_ : *node_).energy = out_.components[total_sensor].energy;
        remainder.uncertainty.widen(factor);
      }
    }
    add_derived("0", "rest of node", std::move(remainder), "node minus parts", depth);
  }

  bool disagree(const std::string& sensor, const std::string& other, double chi2) {
    if (chi2 <= kDisagree) return false;
    out_.disagreements.push_back({sensor, other, chi2});
    return true;
  }

  // Adds what the node's sensor excludes; without it the total would not be the node's.
  void add_beside(const std::vector<Domain>& excludes) {
    sum_ = filled_ = {};
    doubt_ = {};
    top_ = top_known_ = 0;
    coverage_ = 0;
    for (const Domain domain : kTop)
      if (contains(excludes, domain)) add_domain(domain, 0);
    if (top_known_ == 0) {
      out_.boundary_note += ", without ";
      for (const Domain domain : excludes)
        out_.boundary_note += (domain == excludes.front() ? "" : ", ") + word_of(domain);
      return;
    }
    *out_.total.value += sum_;
    out_.total.filled += filled_;
    out_.total.uncertainty.add(doubt_);
    out_.total.coverage = std::min(out_.total.coverage, coverage_ / top_);
    out_.boundary_note += ", and what its sensor does not see";
  }

  // Whether the model's part stands in for something that was not measured: not where a whole contains it that was.
  bool missing(const Part& part) const {
    const bool of_modules = knows(Domain::psys) || knows(Domain::module);
    switch (part.domain) {
      case Domain::package: {
        const auto same = measured_.find(part);
        if (same != measured_.end()) return !knows(Domain::psys) && !same->second.energy.value;
        return !of_modules && !knows(Domain::package) && !knows(Domain::cpu);
      }
      case Domain::dram: return !of_modules && !knows(Domain::dram) && !tree_.covers(part);
      default: return true;
    }
  }

  void finish_parts() {
    Energy modelled;
    modelled.value = Joules{};
    double coverage = 0;
    unsigned count = 0;
    bool estimates_supplies = false;
    for (const auto& [part, sensor_energy] : selection_.modelled) {
      if (!missing(part) || !sensor_energy.energy.value) continue;
      add(sensor_energy, 0, top_known_ == 0);
      *modelled.value += *sensor_energy.energy.value;
      modelled.uncertainty.add(sensor_energy.energy.uncertainty);
      coverage += sensor_energy.energy.coverage;
      estimates_supplies |= sensor_energy.energy.boundary == Boundary::wall;
      ++count;
    }
    if (top_known_ > 0) {
      out_.total.value = sum_;
      out_.total.filled = filled_;
      out_.total.kind = worst_;
      out_.total.boundary = widest_;
      out_.total.coverage = coverage_ / top_;
      out_.total.uncertainty = doubt_;
      out_.boundary_note = note_of_parts();
    }
    if (count == 0) return;
    Energy whole = modelled;
    whole.kind = Provenance::estimated;
    whole.boundary = estimates_supplies ? Boundary::wall : Boundary::node_dc;
    whole.coverage = coverage / count;
    if (top_known_ > 0) {
      *whole.value += sum_;
      whole.uncertainty.add(doubt_);
      whole.coverage = out_.total.coverage;
      out_.node_estimate = whole;
    } else {
      whole.coverage = 0;  // nothing was measured
      out_.total = whole;
      out_.boundary_note = "the whole node, estimated from utilisation";
      out_.anomalies.add(Anomaly::no_sensor);
    }
    if (*whole.value > Joules{}) out_.modelled_fraction = to_joules(*modelled.value) / to_joules(*whole.value);
  }

  static std::string word_of(Domain domain) {
    switch (domain) {
      case Domain::psys: return "the CPU platform";
      case Domain::module: return "the modules";
      case Domain::package: return "CPU packages";
      case Domain::dram: return "memory";
      case Domain::gpu: return "GPUs";
      case Domain::cpu: return "CPUs";
      case Domain::sysio: return "CPU input and output";
      case Domain::core: return "CPU cores";
      default: return std::string(name(domain));
    }
  }

  // "CPU packages and memory", from the domains that were summed.
  std::string note_of_parts() const {
    constexpr Domain kOrder[] = {Domain::psys, Domain::module, Domain::package, Domain::dram,  Domain::gpu,
                                 Domain::cpu,  Domain::sysio,  Domain::core,    Domain::uncore};
    std::vector<std::string> words;
    const auto tops = tree_.tops();
    for (const Domain domain : kOrder)
      if (std::any_of(tops.begin(), tops.end(), [&](const auto* top) { return top->info->part.domain == domain; }))
        words.push_back(word_of(domain));
    std::string note;
    for (std::size_t i = 0; i < words.size(); ++i)
      note += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
    return note + " alone, not the whole node";
  }

  Selection selection_;
  MeasuredParts& measured_;
  PartTree tree_;
  Wholes wholes_;
  std::vector<const SensorEnergy*> doubted_nodes_;  // sensors of the node that show less than its parts
  SensorEnergy* node_ = nullptr;
  SensorEnergy* plug_ = nullptr;
  SensorEnergy* beside_ = nullptr;  // also of the node, and not counted
  unsigned top_known_ = 0, top_ = 0;
  double coverage_ = 0;
  Joules sum_, filled_;
  Uncertainty doubt_;
  Boundary widest_ = Boundary::on_chip;
  Provenance worst_ = Provenance::measured;
  std::set<const SensorEnergy*> shown_;
  NodeEnergy out_;
};
}  // namespace

NodeEnergy compose(std::span<const SensorEnergy> sensor_energies, Wholes wholes) {
  return Composer(Selection(sensor_energies), wholes).compose();
}

NodeEnergy compose_like(const NodeEnergy& run, std::span<const SensorEnergy> sensor_energies) {
  return run.doubted.empty() ? compose(sensor_energies) : Composer(Selection(sensor_energies), run.doubted).compose();
}

}  // namespace nw
