#include "accounting/allocation.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "base/parse.h"
#include "record/record.pb.h"

namespace nw {

namespace {
// The numbers of the devices that are visible, in the order in which they are counted; or unknown.
using Visible = std::optional<std::vector<unsigned>>;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool is_of(const UtilizationInfo& info, std::string_view vendor) {
  return info.part.domain != Domain::node && info.vendor == vendor;
}

// The devices of one vendor.
class Devices {
 public:
  Devices(const std::vector<UtilizationInfo>& infos, std::string_view vendor) {
    for (const UtilizationInfo& info : infos)
      if (is_of(info, vendor)) infos_.push_back(&info);
    for (const UtilizationInfo* info : infos_)
      numbers_.insert(numbers_.end(), info->indices.begin(), info->indices.end());
    std::sort(numbers_.begin(), numbers_.end());
  }

  const std::vector<VisibleDevices>& visible() const { return infos_.front()->visible; }
  const std::vector<unsigned>& numbers() const { return numbers_; }

  // Whether each has a number of its own; a partitioned board (MIG) has not.
  bool countable() const {
    return std::none_of(infos_.begin(), infos_.end(), [](const auto* info) { return info->indices.empty(); });
  }
  // 0, 1, 2 ...: none is missing either, so that others count them alike.
  bool complete() const {
    if (!countable()) return false;
    for (std::size_t i = 0; i < numbers_.size(); ++i)
      if (numbers_[i] != i) return false;
    return true;
  }
  bool all_alike() const {
    return std::all_of(infos_.begin(), infos_.end(), [&](const UtilizationInfo* info) {
      return !info->model.empty() && info->model == infos_[0]->model;
    });
  }
  // The number of the device whose UUID begins with this.
  std::optional<unsigned> by_uuid(std::string_view uuid) const {
    std::optional<unsigned> found;
    const std::string wanted = lower(uuid);
    for (const UtilizationInfo* info : infos_) {
      std::string own = lower(info->part.device);
      if (own.starts_with("gpu-0x")) own.erase(4, 2);
      if (!own.starts_with(wanted) || info->indices.empty()) continue;
      if (found) return std::nullopt;
      found = info->indices[0];
    }
    return found;
  }

 private:
  std::vector<const UtilizationInfo*> infos_;
  std::vector<unsigned> numbers_;
};

bool names_nothing(std::string_view word) {
  const std::string low = lower(word);
  return low.empty() || low == "-1" || low == "none" || low == "nodevfiles";
}

// "2", or "2.0", which is a part of device 2.
std::optional<std::uint64_t> parse_number(std::string_view word) {
  const auto dot = word.find('.');
  if (dot != word.npos && !parse_u64(word.substr(dot + 1))) return std::nullopt;
  return parse_u64(word.substr(0, dot));
}

// What a list selects from the devices that are visible already. Unknown where a word is neither a usable number nor
// the UUID of one of them.
Visible choose(const Devices& devices, const Visible& from, std::string_view list, bool believe_numbers) {
  if (!from) return std::nullopt;
  std::vector<unsigned> chosen;
  for (const auto field : split(list, ',')) {
    const auto word = trim(field);
    if (names_nothing(word)) break;
    if (const auto number = parse_number(word)) {
      if (!believe_numbers || !devices.complete()) return std::nullopt;
      if (*number >= from->size()) break;
      chosen.push_back((*from)[*number]);
    } else if (const auto one = devices.by_uuid(word)) {
      chosen.push_back(*one);
    } else {
      return std::nullopt;  // a MIG instance, or another machine's
    }
  }
  return chosen;
}

std::vector<unsigned> parse_numbers(std::string_view list) {  // "0,2-3"
  const auto numbers = parse_cpu_list(list);
  const std::set<unsigned> sorted(numbers.begin(), numbers.end());
  return {sorted.begin(), sorted.end()};
}

// If there are as many numbers as visible devices, they are these, whatever their numbering.
bool are_all(const Devices& devices, const std::vector<unsigned>& numbers) {
  return devices.countable() && numbers.size() == devices.numbers().size();
}

Visible of_machine(const Devices& devices, std::string_view list) {
  const auto numbers = parse_numbers(list);
  if (are_all(devices, numbers)) return devices.numbers();
  const bool known = !numbers.empty() && devices.complete() && numbers.back() < devices.numbers().size();
  return known ? Visible(numbers) : std::nullopt;
}

Visible of_container(const Devices& devices, std::string_view list) {
  const std::string low = lower(trim(list));
  if (low == "none") return std::vector<unsigned>{};
  if (low.empty() || low == "all" || low == "void") return std::nullopt;  // the default of a container image
  const auto numbers = parse_numbers(list);
  if (numbers.empty()) return choose(devices, devices.numbers(), list, false);
  return are_all(devices, numbers) ? Visible(devices.numbers()) : std::nullopt;
}

// By the variables that the driver declares. Of two that both select among all devices the first that is set counts.
Visible of_environment(const Devices& devices, const Environment& environment) {
  Visible shown = devices.numbers();
  bool first = true, second = true;  // no selection yet among all, and among the shown ones
  for (const VisibleDevices& one : devices.visible()) {
    const auto list = (one.among_shown ? second : first) ? environment(one.variable.c_str()) : std::nullopt;
    if (!list) continue;
    const bool in_order = !one.order.empty() && environment(one.order.c_str()) == one.in_order;
    shown = one.of_container ? of_container(devices, *list)
                             : choose(devices, shown, *list, in_order || (one.numbers_alike && devices.all_alike()));
    (one.among_shown ? second : first) = false;
  }
  return first && second ? std::nullopt : shown;
}

Visible of_slurm(const Devices& devices, const Environment& environment) {
  for (const char* name : {"SLURM_STEP_GPUS", "SLURM_JOB_GPUS"})
    if (const auto list = environment(name); list && !trim(*list).empty()) return of_machine(devices, *list);
  return std::nullopt;
}
}  // namespace

std::vector<std::optional<bool>> compute_allocation(const std::vector<UtilizationInfo>& infos,
                                                    const Environment& environment) {
  std::set<std::string> vendors;
  for (const UtilizationInfo& info : infos)
    if (info.part.domain != Domain::node) vendors.insert(info.vendor);
  std::vector<std::optional<bool>> allocated(infos.size());
  for (const std::string& vendor : vendors) {
    const Devices devices(infos, vendor);
    Visible visible =
        vendors.size() > 1 ? std::nullopt : of_slurm(devices, environment);  // ambiguous with several vendors
    if (!visible) visible = of_environment(devices, environment);
    if (!visible) continue;
    const std::set<unsigned> given(visible->begin(), visible->end());
    for (std::size_t i = 0; i < infos.size(); ++i)
      if (is_of(infos[i], vendor) && !infos[i].indices.empty())
        allocated[i] = std::any_of(infos[i].indices.begin(), infos[i].indices.end(),
                                   [&](unsigned number) { return given.contains(number); });
  }
  return allocated;
}

std::vector<std::optional<bool>> compute_openable(const std::vector<UtilizationInfo>& infos,
                                                  const std::vector<std::string>& nodes) {
  const auto holds = [&](const std::string& node) {
    return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
  };
  std::vector<std::optional<bool>> openable;
  for (const UtilizationInfo& info : infos) {
    const auto& own = info.device_nodes;
    const bool any = std::any_of(own.begin(), own.end(), [&](const std::string& node) {
      return holds(node.substr(0, node.find(':')) + ":*");  // all of that kernel module
    });
    openable.push_back(own.empty() || any ? std::nullopt : std::optional(std::any_of(own.begin(), own.end(), holds)));
  }
  return openable;
}

void write_allocation(const std::vector<UtilizationInfo>& infos, const Environment& environment, pb::Record& record) {
  const auto allocated = compute_allocation(infos, environment);
  int device = 0;
  for (std::size_t i = 0; i < infos.size(); ++i) {
    if (infos[i].part.domain == Domain::node) continue;
    if (allocated[i] && device < record.devices_size()) record.mutable_devices(device)->set_allocated(*allocated[i]);
    ++device;
  }
}

}  // namespace nw
