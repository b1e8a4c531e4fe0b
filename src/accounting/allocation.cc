#include "accounting/allocation.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "base/parse.h"

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

// The devices of one maker.
class Devices {
 public:
  Devices(const std::vector<UtilizationInfo>& infos, std::string_view driver) {
    for (const UtilizationInfo& info : infos)
      if (info.id.starts_with(driver)) infos_.push_back(&info);
    for (const UtilizationInfo* info : infos_)
      numbers_.insert(numbers_.end(), info->indices.begin(), info->indices.end());
    std::sort(numbers_.begin(), numbers_.end());
  }

  bool empty() const { return infos_.empty(); }
  const std::vector<unsigned>& numbers() const { return numbers_; }

  // Each has numbers of its own; a board that is divided (MIG) has not.
  bool countable() const {
    return std::none_of(infos_.begin(), infos_.end(), [](const auto* info) { return info->indices.empty(); });
  }
  // 0, 1, 2 ...: none was lost either, so that others count them alike.
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
  // The number of the one whose UUID begins so.
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

// What a list chooses from those that are visible already. Unknown where a word is neither a number that may be
// believed nor the UUID of one of them.
Visible choose(const Devices& devices, const Visible& from, std::string_view list, bool believe_numbers) {
  if (!from) return std::nullopt;
  std::vector<unsigned> chosen;
  for (const auto field : split(list, ',')) {
    const auto word = trim(field);
    if (names_nothing(word)) break;
    if (const auto number = parse_u64(word)) {
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

// So many numbers as devices can be seen are those that can be seen, whatever they are called.
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
  if (low.empty() || low == "all" || low == "void") return std::nullopt;  // an image's own default
  const auto numbers = parse_numbers(list);
  if (numbers.empty()) return choose(devices, devices.numbers(), list, false);
  return are_all(devices, numbers) ? Visible(devices.numbers()) : std::nullopt;
}

Visible of_nvidia(const Devices& devices, const Environment& environment) {
  if (const auto list = environment("CUDA_VISIBLE_DEVICES"))
    return choose(devices, devices.numbers(), *list,
                  devices.all_alike() || environment("CUDA_DEVICE_ORDER") == "PCI_BUS_ID");
  if (const auto list = environment("NVIDIA_VISIBLE_DEVICES")) return of_container(devices, *list);
  return std::nullopt;
}

Visible of_amd(const Devices& devices, const Environment& environment) {
  Visible visible;
  if (const auto list = environment("ROCR_VISIBLE_DEVICES"))
    visible = choose(devices, devices.numbers(), *list, devices.all_alike());
  for (const char* name : {"HIP_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL"})
    if (const auto list = environment(name))
      return choose(devices, environment("ROCR_VISIBLE_DEVICES") ? visible : Visible(devices.numbers()), *list,
                    devices.all_alike());
  return visible;
}

Visible of_slurm(const Devices& devices, const Environment& environment) {
  for (const char* name : {"SLURM_STEP_GPUS", "SLURM_JOB_GPUS"})
    if (const auto list = environment(name); list && !trim(*list).empty()) return of_machine(devices, *list);
  return std::nullopt;
}
}  // namespace

std::vector<std::optional<bool>> compute_allocation(const std::vector<UtilizationInfo>& infos,
                                                    const Environment& environment) {
  struct Maker {
    std::string_view driver;
    Visible (*visible)(const Devices&, const Environment&);
  };
  const Maker makers[] = {{"nvml/", of_nvidia}, {"rocm/", of_amd}};
  std::vector<std::optional<bool>> allocated(infos.size());
  const bool mixed = std::none_of(std::begin(makers), std::end(makers),
                                  [&](const Maker& maker) { return Devices(infos, maker.driver).empty(); });
  for (const Maker& maker : makers) {
    const Devices devices(infos, maker.driver);
    if (devices.empty()) continue;
    Visible visible = mixed ? std::nullopt : of_slurm(devices, environment);  // whose numbers would they be?
    if (!visible) visible = maker.visible(devices, environment);
    if (!visible) continue;
    const std::set<unsigned> given(visible->begin(), visible->end());
    for (std::size_t i = 0; i < infos.size(); ++i)
      if (infos[i].id.starts_with(maker.driver) && !infos[i].indices.empty())
        allocated[i] = std::any_of(infos[i].indices.begin(), infos[i].indices.end(),
                                   [&](unsigned number) { return given.contains(number); });
  }
  return allocated;
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
