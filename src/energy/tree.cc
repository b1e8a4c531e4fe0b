#include "energy/tree.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/parse.h"

namespace nw {

namespace {
using Chosen = std::map<Part, const Branch*>;

bool better(const Branch& a, const Branch& b) {
  if (a.energy.value.has_value() != b.energy.value.has_value()) return a.energy.value.has_value();
  return a.plate->kind == SensorKind::counter && b.plate->kind == SensorKind::gauge;
}

// The names that a node controller gives to parts.
bool is_controllers(const Part& part) {
  if (part.device == "all") return true;
  for (const std::string_view prefix : {"accel", "cpu", "memory"})
    if (part.device.starts_with(prefix)) return parse_u64(part.device.substr(prefix.size())).has_value();
  return false;
}

// Leaves of each domain either the controller's parts or the others; none of the controller's beside a module, which
// holds them all.
void drop_second_names(Chosen& chosen) {
  const bool module = std::any_of(chosen.begin(), chosen.end(), [](const auto& entry) {
    return entry.first.domain == Domain::module && entry.second->energy.value;
  });
  for (const Domain domain : {Domain::package, Domain::dram, Domain::gpu}) {
    const auto known = [&](bool controllers) {
      return std::any_of(chosen.begin(), chosen.end(), [&](const auto& entry) {
        return entry.first.domain == domain && is_controllers(entry.first) == controllers && entry.second->energy.value;
      });
    };
    const bool kept = known(true) && !known(false) && !module;
    std::erase_if(
        chosen, [&](const auto& entry) { return entry.first.domain == domain && is_controllers(entry.first) != kept; });
  }
}

// One branch for each part; the earlier wins where neither is better.
Chosen choose(std::span<const Branch> branches, bool modelled) {
  Chosen chosen;
  for (const Branch& branch : branches) {
    if ((branch.plate->how == Kind::estimated) != modelled) continue;
    const auto [at, is_new] = chosen.try_emplace(branch.plate->part, &branch);
    if (!is_new && better(branch, *at->second)) at->second = &branch;
  }
  drop_second_names(chosen);
  return chosen;
}

class Composer {
 public:
  Composer(Chosen measured, Chosen modelled) : measured_(std::move(measured)), modelled_(std::move(modelled)) {
    for (const auto& [part, branch] : measured_) {
      if (!branch->energy.value) continue;
      has_psys_ |= part.domain == Domain::psys;
      has_module_ |= part.domain == Domain::module;
      if (part.domain == Domain::node && !node_) node_ = branch;
      top_known_ += is_top(part.domain);
    }
  }

  Composition compose() {
    const unsigned depth = node_ != nullptr ? 1 : 0;
    if (node_ != nullptr) put(*node_, 0, true);
    for (const Domain domain :
         {Domain::module, Domain::psys, Domain::gpu, Domain::package, Domain::dram, Domain::cpu, Domain::sysio})
      if (is_top(domain)) add_domain(domain, depth);
    if (node_ != nullptr) return finish_node();
    finish_parts();
    return std::move(out_);
  }

 private:
  // Directly under the node on this machine.
  bool is_top(Domain domain) const {
    switch (domain) {
      case Domain::module:
      case Domain::psys: return true;
      case Domain::package: return !has_psys_ && !has_module_;
      case Domain::dram: return !has_psys_;
      case Domain::gpu:
      case Domain::cpu:
      case Domain::sysio: return !has_module_;
      default: return false;
    }
  }

  static std::vector<Domain> inside(Domain domain) {
    switch (domain) {
      case Domain::module: return {Domain::gpu, Domain::package, Domain::cpu, Domain::sysio};
      case Domain::psys: return {Domain::package, Domain::dram};
      case Domain::package: return {Domain::core, Domain::uncore};
      default: return {};
    }
  }

  // Each branch stands once, however many hold it.
  void put(const Branch& branch, unsigned depth, bool counted) {
    if (!shown_.insert(&branch).second) return;
    const Nameplate& plate = *branch.plate;
    out_.components.push_back({plate.part, plate.label, branch.energy, plate.source, plate.id, depth,
                               counted && branch.energy.value.has_value(), branch.max_power});
  }

  // The parts of a domain, as people count them: by label ("gpu0 ...") where there is one, else by device.
  std::vector<const Branch*> parts_of(Domain domain) const {
    std::vector<const Branch*> parts;
    for (const auto& [part, branch] : measured_)
      if (part.domain == domain) parts.push_back(branch);
    std::stable_sort(parts.begin(), parts.end(),
                     [](const Branch* a, const Branch* b) { return a->plate->label < b->plate->label; });
    return parts;
  }

  // All parts of a domain that stand directly under the node, each followed by what it contains.
  void add_domain(Domain domain, unsigned depth) {
    for (const Branch* branch : parts_of(domain)) {
      put(*branch, depth, true);
      count(*branch);
      add_inside(branch->plate->part, depth + 1);
    }
  }

  // A psys or module is taken to hold all of the domains inside it where it is the only one; else those of its own
  // device number.
  void add_inside(const Part& outer, unsigned depth) {
    const bool alone = std::count_if(measured_.begin(), measured_.end(),
                                     [&](const auto& entry) { return entry.first.domain == outer.domain; }) == 1;
    for (const Domain domain : inside(outer.domain))
      for (const Branch* branch : parts_of(domain)) {
        if (is_top(domain)) continue;  // the outer sensor has no value, so that its parts stand by themselves
        const Part& part = branch->plate->part;
        if (part.device != outer.device && (!alone || outer.domain == Domain::package)) continue;
        put(*branch, depth, false);
        if (domain == Domain::package) add_inside(part, depth + 1);
      }
  }

  // A psys or module without a value is no loss where what it holds was measured by itself.
  bool replaced(const Branch& branch) const {
    const Domain outer = branch.plate->part.domain;
    if (branch.energy.value || (outer != Domain::psys && outer != Domain::module)) return false;
    return std::any_of(measured_.begin(), measured_.end(), [&](const auto& entry) {
      const auto held = inside(outer);
      return entry.second->energy.value && is_top(entry.first.domain) &&
             std::find(held.begin(), held.end(), entry.first.domain) != held.end();
    });
  }

  void count(const Branch& branch) {
    if (replaced(branch)) return;
    ++top_;
    coverage_ += branch.energy.value ? branch.energy.coverage : 0;
    if (!branch.energy.value) return;
    sum_ += *branch.energy.value;
    filled_ += branch.energy.filled;
    doubt_.add(branch.energy.uncertainty);
    widest_ = std::max(widest_, branch.energy.boundary);
  }

  Composition finish_node() {
    out_.total = node_->energy;
    out_.boundary_note = node_->energy.boundary == Boundary::plug ? "the whole node, at the plug"
                                                                  : "the whole node, behind its power supplies";
    if (top_known_ > 0) {
      Energy rest;
      rest.value = *node_->energy.value - sum_;
      rest.kind = Kind::derived;
      rest.boundary = node_->energy.boundary;
      rest.coverage = std::min(node_->energy.coverage, coverage_ / top_);
      rest.uncertainty = node_->energy.uncertainty;
      rest.uncertainty.subtract(doubt_);
      if (*rest.value < Joules{}) out_.anomalies.add(Anomaly::negative_rest);
      out_.components.push_back(
          {{Domain::other, "0"}, "rest of node", rest, "node minus parts", "", 1, true, std::nullopt});
    }
    return std::move(out_);
  }

  // Whether the model's part stands for something that was not measured.
  bool missing(const Part& part) const {
    const auto known = [&](Domain domain) {
      return std::any_of(measured_.begin(), measured_.end(),
                         [&](const auto& entry) { return entry.first.domain == domain && entry.second->energy.value; });
    };
    switch (part.domain) {
      case Domain::package: {
        const auto same = measured_.find(part);
        if (same != measured_.end()) return !has_psys_ && !same->second->energy.value;
        return !has_psys_ && !has_module_ && !known(Domain::package) && !known(Domain::cpu);
      }
      case Domain::dram: return !has_psys_ && !has_module_ && !known(Domain::dram);
      default: return true;
    }
  }

  void finish_parts() {
    Energy modelled;
    modelled.value = Joules{};
    double coverage = 0;
    unsigned count = 0;
    for (const auto& [part, branch] : modelled_) {
      if (!missing(part) || !branch->energy.value) continue;
      put(*branch, 0, top_known_ == 0);
      *modelled.value += *branch->energy.value;
      modelled.uncertainty.add(branch->energy.uncertainty);
      coverage += branch->energy.coverage;
      ++count;
    }
    if (top_known_ > 0) {
      out_.total.value = sum_;
      out_.total.filled = filled_;
      out_.total.kind = Kind::measured;
      out_.total.boundary = widest_;
      out_.total.coverage = coverage_ / top_;
      out_.total.uncertainty = doubt_;
      out_.boundary_note = note_of_parts();
    }
    if (count == 0) return;
    Energy whole = modelled;
    whole.kind = Kind::estimated;
    whole.boundary = Boundary::node_dc;
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

  // "CPU packages and memory", from the domains that were summed.
  std::string note_of_parts() const {
    static constexpr std::pair<Domain, const char*> kWords[] = {{Domain::psys, "the CPU platform"},
                                                                {Domain::module, "the modules"},
                                                                {Domain::package, "CPU packages"},
                                                                {Domain::dram, "memory"},
                                                                {Domain::gpu, "GPUs"},
                                                                {Domain::cpu, "CPUs"},
                                                                {Domain::sysio, "CPU input and output"}};
    std::vector<std::string> words;
    for (const auto& [domain, word] : kWords)
      for (const auto& [part, branch] : measured_)
        if (part.domain == domain && is_top(domain) && branch->energy.value) {
          words.emplace_back(word);
          break;
        }
    std::string note;
    for (std::size_t i = 0; i < words.size(); ++i)
      note += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
    return note + " alone, not the whole node";
  }

  Chosen measured_, modelled_;
  const Branch* node_ = nullptr;
  bool has_psys_ = false, has_module_ = false;
  unsigned top_known_ = 0, top_ = 0;
  double coverage_ = 0;
  Joules sum_, filled_;
  Uncertainty doubt_;
  Boundary widest_ = Boundary::on_chip;
  std::set<const Branch*> shown_;
  Composition out_;
};
}  // namespace

Composition compose(std::span<const Branch> branches) {
  return Composer(choose(branches, false), choose(branches, true)).compose();
}

}  // namespace nw
