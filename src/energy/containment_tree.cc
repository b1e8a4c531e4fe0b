#include "energy/containment_tree.h"

#include <algorithm>
#include <cmath>

namespace nw {

namespace {
// What contains what, below the node, which contains everything. Memory is beside the package on x86; a package that is
// metered on the board is its socket's envelope, regulators and memory included (Grace).
struct Containment {
  Domain outer, inner;
  bool on_board = false;  // only where the outer one is metered there
};
constexpr Containment kContainment[] = {
    {Domain::package, Domain::core},  {Domain::package, Domain::uncore},     {Domain::package, Domain::cpu},
    {Domain::package, Domain::sysio}, {Domain::package, Domain::dram, true}, {Domain::psys, Domain::package},
    {Domain::psys, Domain::dram},     {Domain::psys, Domain::cpu},           {Domain::psys, Domain::sysio},
    {Domain::module, Domain::gpu},    {Domain::module, Domain::package},     {Domain::module, Domain::cpu},
    {Domain::module, Domain::sysio},  {Domain::module, Domain::dram},
};
// Wholes, the innermost first.
constexpr Domain kWholes[] = {Domain::package, Domain::psys, Domain::module};

// Cores are never the node's by themselves: a package holds more than they.
bool can_be_top(Domain domain) { return domain != Domain::core && domain != Domain::uncore; }

bool can_hold(const SensorInfo& outer, Domain inner) {
  return std::any_of(std::begin(kContainment), std::end(kContainment), [&](const Containment& one) {
    const bool on_board = outer.boundary >= Boundary::board && !outer.is_alias;
    return one.outer == outer.part.domain && one.inner == inner && (!one.on_board || on_board);
  });
}
}  // namespace

bool can_contain(Domain outer, Domain inner) {
  return std::any_of(std::begin(kContainment), std::end(kContainment),
                     [&](const Containment& one) { return one.outer == outer && one.inner == inner; });
}

Energy sum_of(const std::vector<const SensorEnergy*>& parts) {
  Energy sum;
  sum.value = Joules{};
  for (const SensorEnergy* part : parts) {
    *sum.value += *part->energy.value;
    sum.uncertainty.add(part->energy.uncertainty);
  }
  return sum;
}

void PartTree::note_known() {
  for (const auto& [part, sensor_energy] : measured_)
    if (sensor_energy.energy.value) known_.insert(part.domain);
}

PartTree::PartTree(MeasuredParts& measured, const std::vector<std::string>& doubted)
    : measured_(measured), wholes_(Wholes::kept) {
  note_known();
  for (const auto& [part, sensor_energy] : measured_)
    if (std::find(doubted.begin(), doubted.end(), sensor_energy.info->id) != doubted.end())
      doubted_.insert(&sensor_energy);
}

PartTree::PartTree(MeasuredParts& measured, Wholes wholes) : measured_(measured), wholes_(wholes) {
  note_known();
  for (const Domain outer : kWholes) {
    judge(outer);
    judge_together(outer);
  }
}

bool PartTree::is_alone(Domain domain) const {
  return std::count_if(measured_.begin(), measured_.end(),
                       [&](const auto& entry) { return entry.first.domain == domain; }) == 1;
}

// A single psys or module contains all of the domains inside it; one of several only those with its own device number.
// A GPU's name does not say in which of several modules it is.
PartTree::Position PartTree::find(const SensorEnergy& part) const {
  const Part& own = part.info->part;
  Position position;
  bool was_in_doubted = false;
  for (const Domain outer : kWholes) {
    for (auto& [at, whole] : measured_) {
      if (at.domain != outer || !whole.energy.value || !can_hold(*whole.info, own.domain)) continue;
      const bool holds = at.device == own.device || (outer != Domain::package && is_alone(outer));
      if (!holds && outer != Domain::package && stands(whole)) position.among = outer;
      if (!holds) continue;
      if (stands(whole)) return {false, &whole, std::nullopt};
      was_in_doubted = true;
    }
  }
  if (was_in_doubted) position.among.reset();  // it is known in which it was
  position.top = !position.among && (can_be_top(own.domain) || was_in_doubted);
  return position;
}

bool PartTree::is_shown_in(const SensorEnergy& part, const SensorEnergy& outer) const {
  if (find(part).outer == &outer) return true;
  const Part &own = part.info->part, &above = outer.info->part;
  return !outer.energy.value && !can_be_top(own.domain) && own.device == above.device &&
         can_contain(above.domain, own.domain);
}

bool PartTree::covers(const Part& part) const {
  SensorInfo info;
  info.part = part;
  const SensorEnergy asked{&info, {}, {}, {}};
  const auto same = measured_.find(part);
  if (same != measured_.end() && stands(same->second)) return true;
  const Position position = find(asked);
  return position.outer != nullptr || position.among;
}

std::vector<std::string> PartTree::doubted() const {
  std::vector<std::string> ids;
  for (const SensorEnergy* one : doubted_) ids.push_back(one->info->id);
  return ids;
}

std::vector<const SensorEnergy*> PartTree::tops() const {
  std::vector<const SensorEnergy*> found;
  for (const auto& [part, sensor_energy] : measured_)
    if (stands(sensor_energy) && find(sensor_energy).top) found.push_back(&sensor_energy);
  return found;
}

// Each whole against the parts that are known to be in it.
void PartTree::judge(Domain outer) {
  for (auto& [at, whole] : measured_) {
    if (at.domain != outer || !stands(whole)) continue;
    std::vector<SensorEnergy*> parts;
    for (auto& [part, sensor_energy] : measured_)
      if (stands(sensor_energy) && find(sensor_energy).outer == &whole) parts.push_back(&sensor_energy);
    weigh({&whole}, parts);
  }
}

// All wholes of a domain together against everything that is in one of them.
void PartTree::judge_together(Domain outer) {
  std::vector<SensorEnergy*> wholes, parts;
  bool somewhere = false;
  for (auto& [at, sensor_energy] : measured_) {
    if (!stands(sensor_energy)) continue;
    if (at.domain == outer) wholes.push_back(&sensor_energy);
    const Position position = find(sensor_energy);
    somewhere = somewhere || position.among == outer;
    if (position.among == outer || (position.outer != nullptr && position.outer->info->part.domain == outer))
      parts.push_back(&sensor_energy);
  }
  if (somewhere) weigh(wholes, parts);
}

void PartTree::weigh(const std::vector<SensorEnergy*>& wholes, const std::vector<SensorEnergy*>& parts) {
  if (wholes.empty() || parts.empty()) return;
  const Energy whole = sum_of({wholes.begin(), wholes.end()}), sum = sum_of({parts.begin(), parts.end()});
  const double chi2 = *sum.value > *whole.value ? compute_chi2(whole, sum) : 0;
  if (chi2 <= kDisagree) return;
  const bool broken = to_joules(*sum.value) >= kBroken * to_joules(*whole.value);
  for (SensorEnergy* one : wholes) {
    disagreements_.push_back({one->info->id, "parts", chi2});
    one->energy.uncertainty.widen(std::sqrt(chi2));
    if (wholes_ == Wholes::judged) doubted_.insert(one);
  }
  if (broken || wholes_ == Wholes::kept) return;
  for (SensorEnergy* part : parts) part->energy.uncertainty.widen(std::sqrt(chi2));
}

}  // namespace nw
