// PartTree: what contains what on this machine, below the node, and which wholes are believed. A whole that shows less
// than its own measured parts is not: then they stand in its place. Internal to containment.cc.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "energy/containment.h"

namespace nw {

using MeasuredParts = std::map<Part, SensorEnergy>;

// Whether something of one domain can be inside something of the other.
bool can_contain(Domain outer, Domain inner);

// The sum of parts, as one energy.
Energy sum_of(const std::vector<const SensorEnergy*>& parts);

// Parts at least this much above their whole, by a factor: no tolerance of a meter explains it, so that the whole's
// sensor does not measure the whole (a platform counter that nobody wired up), and says nothing of the parts.
constexpr double kBroken = 2;

class PartTree {
 public:
  // Where a part stands: at the top; in `outer`; or among wholes of the domain `among`, without knowing in which.
  struct Position {
    bool top = false;
    SensorEnergy* outer = nullptr;
    std::optional<Domain> among;
  };

  // The energies of contradicted parts are widened in place. Wholes::kept: every whole is believed, and flagged.
  PartTree(MeasuredParts& measured, Wholes wholes);
  // These are not believed, and nothing is weighed.
  PartTree(MeasuredParts& measured, const std::vector<std::string>& doubted);

  Position find(const SensorEnergy& part) const;
  // Whether it is displayed directly inside this whole. One without a value still shows the cores that it would hold.
  bool is_shown_in(const SensorEnergy& part, const SensorEnergy& outer) const;
  // A value that counts: there is one, and it is believed.
  bool stands(const SensorEnergy& part) const { return part.energy.value && !doubted_.contains(&part); }
  bool is_doubted(const SensorEnergy& part) const { return doubted_.contains(&part); }
  // Whether something of this domain has a value, believed or not.
  bool knows(Domain domain) const { return known_.contains(domain); }
  // Whether a measured part contains this domain's energy of this device; for models, which stand in for what is not.
  bool covers(const Part& part) const;
  // Those that are at the top, of any domain that can be.
  std::vector<const SensorEnergy*> tops() const;

  std::vector<std::string> doubted() const;
  std::vector<Disagreement> take_disagreements() { return std::move(disagreements_); }

 private:
  void note_known();
  void judge(Domain outer);
  void judge_together(Domain outer);
  void weigh(const std::vector<SensorEnergy*>& wholes, const std::vector<SensorEnergy*>& parts);
  bool is_alone(Domain domain) const;

  MeasuredParts& measured_;
  Wholes wholes_;
  std::set<Domain> known_;
  std::set<const SensorEnergy*> doubted_;
  std::vector<Disagreement> disagreements_;
};

}  // namespace nw
