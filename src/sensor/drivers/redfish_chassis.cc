// Which of a BMC's chassis is the node. A BMC lists whatever its vendor modelled: forty components of a GPU server in
// no order, four blades and their enclosure, a shelf that is the node.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "sensor/drivers/redfish_figures.h"

namespace nw::redfish {

namespace {
// ChassisTypes (DSP2046) of what holds a node, what may hold several, and what a node never is. A chassis without a
// type, from before 2016, is judged like a node's.
constexpr std::array<std::string_view, 6> kOuter{"Enclosure", "Shelf", "Drawer", "Zone", "Other", "Sidecar"};
constexpr std::array<std::string_view, 15> kNever{
    "Component",  "Module",        "Card", "Cartridge", "Expansion", "IPBasedDrive", "StorageEnclosure",
    "PowerStrip", "HeatExchanger", "Rack", "RackGroup", "Row",       "Pod",          "ImmersionTank",
    "Bus"};

template <std::size_t count>
bool is_one_of(const std::array<std::string_view, count>& types, const std::string& type) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

std::string name_of(const std::string& path) {
  const auto end = path.find_last_not_of('/') + 1;
  return path.substr(path.rfind('/', end - 1) + 1, end - path.rfind('/', end - 1) - 1);
}

struct Candidate {
  std::string path;
  Chassis chassis;
  Figures figures;

  bool is_outer() const { return is_one_of(kOuter, chassis.type); }
  double power_w() const { return figures.power ? figures.power->facts.reading.value_or(0) : 0; }
};

// A node before what may hold several; then the one that draws more; then by name, so that nothing depends on the
// order of a list.
bool is_better(const Candidate& a, const Candidate& b) {
  if (a.is_outer() != b.is_outer()) return b.is_outer();
  if (a.power_w() != b.power_w()) return a.power_w() > b.power_w();
  if (a.figures.energy.has_value() != b.figures.energy.has_value()) return a.figures.energy.has_value();
  return a.path < b.path;
}

// Two blades of one enclosure, or two chassis with a computer each: neither holds the other.
bool are_neighbours(const Candidate& a, const Candidate& b) {
  const auto is_blade = [](const Candidate& one) { return one.chassis.type == "Blade" || one.chassis.type == "Sled"; };
  if (is_blade(a) && is_blade(b)) return true;
  return a.chassis.systems.size() == 1 && b.chassis.systems.size() == 1 && a.chassis.systems != b.chassis.systems;
}

class ChassisSelection {
 public:
  explicit ChassisSelection(Resources& bmc) : bmc_(bmc) {}

  Result<Figures> choose(const std::vector<std::string>& paths) {
    std::vector<std::string> named_as_components;
    for (const auto& path : paths) is_component(name_of(path), "") ? named_as_components.push_back(path) : judge(path);
    if (candidates_.empty())
      for (const auto& path : named_as_components) judge(path);
    if (candidates_.empty()) return fail(ErrorKind::absent, what_is_there());
    std::sort(candidates_.begin(), candidates_.end(), is_better);
    std::string neighbours;
    for (const Candidate& other : candidates_)
      if (&other != &candidates_[0] && are_neighbours(candidates_[0], other)) neighbours += ", " + name_of(other.path);
    if (neighbours.empty()) return std::move(candidates_[0].figures);
    return fail(
        ErrorKind::absent,
        fmt::format("several chassis of this BMC are nodes ({}{}): name this node's in the site file, chassis = "
                    "\"{}\"",
                    name_of(candidates_[0].path), neighbours, name_of(candidates_[0].path)));
  }

 private:
  void judge(const std::string& path) {
    if (!bmc_.has_time()) return;
    auto found = bmc_.look(std::optional(path), chassis);
    if (!found || is_one_of(kNever, found->type)) return;
    if (found->power) powers_.push_back(*found->power);
    if (found->systems.size() > 1) {
      enclosures_ +=
          fmt::format("{}{} ({} computers)", enclosures_.empty() ? "" : ", ", name_of(path), found->systems.size());
      return;
    }
    Candidate candidate{path, std::move(*found), {}};
    candidate.figures = find_figures(bmc_, candidate.chassis);
    if (candidate.figures.any()) candidates_.push_back(std::move(candidate));
  }

  // Where a person may find the figure that this program does not know.
  std::string what_is_there() {
    std::string text = "no chassis of this BMC says what power it draws";
    if (!enclosures_.empty()) text += "; of several nodes: " + enclosures_;
    for (const auto& path : powers_) {
      for (const VendorPower& power :
           bmc_.look(std::optional(path), vendor_powers).value_or(std::vector<VendorPower>{})) {
        text += fmt::format("{} {}#{} = {:g}",
                            hinted_ ? ","
                                    : "; the vendor's own numbers there, which the key power of "
                                      "the site file can name:",
                            path, power.pointer, power.watts);
        hinted_ = true;
      }
    }
    return text;
  }

  Resources& bmc_;
  std::vector<Candidate> candidates_;
  std::vector<std::string> powers_;  // the Power resources of those that may be the node
  std::string enclosures_;
  bool hinted_ = false;
};
}  // namespace

Result<Figures> choose_chassis(Resources& bmc, const std::vector<std::string>& paths) {
  return ChassisSelection(bmc).choose(paths);
}

}  // namespace nw::redfish
