#include "sensor/drivers/rocm_session.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

namespace nw::rocm {

namespace {
constexpr std::uint32_t kMost = 512;  // sockets, and processors of one

template <class Function>
bool resolve(Library& library, Function*& function, const char* name) {
  function = reinterpret_cast<Function*>(library.symbol(name));
  return function != nullptr;
}

// "0000:c1:00.0"; bits 28 to 31 of newer libraries are a partition's number, not part of the address.
std::string pci_address(std::uint64_t bdf_id) {
  return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", bdf_id >> 32, bdf_id >> 8 & 0xff, bdf_id >> 3 & 0x1f, bdf_id & 7);
}
}  // namespace

RocmSession::~RocmSession() {
  if (started_) family_ == Family::amd_smi ? amd_.shut_down() : rocm_.shut_down();
}

// Both look under /opt/rocm for a library that is in no path of the loader.
Result<std::string> RocmSession::start(Host& host, Family family) {
  using Names = std::vector<std::string>;
  family_ = family;
  if (family == Family::amd_smi) {
    library_ = NW_TRY(host.load(Names{"libamd_smi.so", "libamd_smi.so.26", "libamd_smi.so.25", "libamd_smi.so.24",
                                      "/opt/rocm/lib/libamd_smi.so"}));
    return start_amd_smi();
  }
  library_ = NW_TRY(host.load(Names{"librocm_smi64.so", "librocm_smi64.so.7", "librocm_smi64.so.6",
                                    "librocm_smi64.so.5", "/opt/rocm/lib/librocm_smi64.so"}));
  return start_rocm_smi();
}

Result<std::string> RocmSession::start_amd_smi() {
  Library& library = *library_;
  bool whole = true;  // all are looked up, even if one is missing
  whole = resolve(library, amd_.init, "amdsmi_init") && whole;
  whole = resolve(library, amd_.shut_down, "amdsmi_shut_down") && whole;
  whole = resolve(library, amd_.sockets, "amdsmi_get_socket_handles") && whole;
  whole = resolve(library, amd_.processors, "amdsmi_get_processor_handles") && whole;
  whole = resolve(library, amd_.uuid, "amdsmi_get_gpu_device_uuid") && whole;
  if (!whole) return fail(ErrorKind::malformed, "libamd_smi lacks a function that every version since 23 has");
  resolve(library, amd_.bdf_id, "amdsmi_get_gpu_bdf_id");
  resolve(library, amd_.asic_info, "amdsmi_get_gpu_asic_info");
  resolve(library, amd_.energy, "amdsmi_get_energy_count");
  resolve(library, amd_.utilization, "amdsmi_get_gpu_activity");
  if (const Status status = amd_.init(kAmdGpus); status != kSuccess)
    return fail(kind_of(status), "amdsmi_init: " + text_of(status));
  started_ = true;
  NW_CHECK(list_processors());
  return std::to_string(gpus_.size());
}

Result<void> RocmSession::list_processors() {
  std::uint32_t count = 0;
  if (const Status status = amd_.sockets(&count, nullptr); status != kSuccess)
    return fail(kind_of(status), "sockets: " + text_of(status));
  std::vector<SmiSocket> sockets(std::min(count, kMost));
  count = static_cast<std::uint32_t>(sockets.size());
  if (const Status status = amd_.sockets(&count, sockets.data()); status != kSuccess)
    return fail(kind_of(status), "sockets: " + text_of(status));
  for (std::uint32_t i = 0; i < std::min<std::size_t>(count, sockets.size()); ++i) {
    std::uint32_t n = 0;
    if (amd_.processors(sockets[i], &n, nullptr) != kSuccess) continue;
    std::vector<SmiProcessor> processors(std::min(n, kMost));
    n = static_cast<std::uint32_t>(processors.size());
    if (n == 0 || amd_.processors(sockets[i], &n, processors.data()) != kSuccess) continue;
    processors.resize(std::min<std::size_t>(n, processors.size()));
    for (const SmiProcessor processor : processors) gpus_.push_back({0, processor, i});
  }
  return {};
}

Result<std::string> RocmSession::start_rocm_smi() {
  Library& library = *library_;
  bool whole = true;
  whole = resolve(library, rocm_.init, "rsmi_init") && whole;
  whole = resolve(library, rocm_.shut_down, "rsmi_shut_down") && whole;
  whole = resolve(library, rocm_.count, "rsmi_num_monitor_devices") && whole;
  whole = resolve(library, rocm_.pci_id, "rsmi_dev_pci_id_get") && whole;
  if (!whole) return fail(ErrorKind::malformed, "librocm_smi64 lacks a function that every version since ROCm 3 has");
  resolve(library, rocm_.name, "rsmi_dev_name_get");
  resolve(library, rocm_.unique_id, "rsmi_dev_unique_id_get");
  resolve(library, rocm_.energy, "rsmi_dev_energy_count_get");
  resolve(library, rocm_.power, "rsmi_dev_power_get");
  resolve(library, rocm_.power_average, "rsmi_dev_power_ave_get");
  resolve(library, rocm_.busy, "rsmi_dev_busy_percent_get");
  if (const Status status = rocm_.init(0); status != kSuccess)
    return fail(kind_of(status), "rsmi_init: " + text_of(status));
  started_ = true;
  std::uint32_t count = 0;
  if (const Status status = rocm_.count(&count); status != kSuccess)
    return fail(kind_of(status), "rsmi_num_monitor_devices: " + text_of(status));
  for (std::uint32_t i = 0; i < std::min(count, kMost); ++i) gpus_.push_back({i, nullptr, i});
  return std::to_string(gpus_.size());
}

std::string RocmSession::describe_names(const Gpu& gpu) const {
  std::string text;
  const auto add = [&](std::string_view key, std::string_view value) { text += fmt::format("{} {}\n", key, value); };
  std::uint64_t number = 0;
  if (family_ == Family::amd_smi) {
    std::array<char, kSmiUuidSize + 1> uuid{};
    unsigned length = kSmiUuidSize;
    if (amd_.uuid(gpu.processor, &length, uuid.data()) == kSuccess) add("id", uuid.data());
    alignas(16) std::array<char, kLargerThanAnyAsicInfo> info{};
    if (amd_.asic_info != nullptr && amd_.asic_info(gpu.processor, info.data()) == kSuccess)
      add("name", std::string_view(info.data(), ::strnlen(info.data(), 64)));
    if (amd_.bdf_id != nullptr && amd_.bdf_id(gpu.processor, &number) == kSuccess) add("pci", pci_address(number));
    add("socket", std::to_string(gpu.socket));
    return text;
  }
  if (rocm_.unique_id != nullptr && rocm_.unique_id(gpu.index, &number) == kSuccess && number != 0)
    add("id", fmt::format("{:#018x}", number));
  std::array<char, 256> name{};
  if (rocm_.name != nullptr && rocm_.name(gpu.index, name.data(), name.size() - 1) == kSuccess)
    add("name", name.data());
  if (rocm_.pci_id(gpu.index, &number) == kSuccess) add("pci", pci_address(number));
  return text;
}

Result<std::string> RocmSession::describe(unsigned index) {
  if (index >= gpus_.size()) return fail(ErrorKind::absent, "no such GPU");
  const Gpu& gpu = gpus_[index];
  std::string text = describe_names(gpu);
  std::uint64_t counter = 0, ns = 0, uw = 0;
  float resolution = 0;
  const Status energy = read_energy(gpu, counter, resolution, ns);
  text += fmt::format("energy {}\n", text_of(energy));
  if (energy == kSuccess) text += fmt::format("counter {}\nresolution {}\n", counter, resolution);
  std::uint32_t percent = 0;
  return text + fmt::format("power {}\nbusy {}\n", text_of(read_power(gpu, uw)), text_of(read_busy(gpu, percent)));
}

Status RocmSession::read_energy(const Gpu& gpu, std::uint64_t& counter, float& resolution,
                                std::uint64_t& ns) const noexcept {
  if (family_ == Family::amd_smi)
    return amd_.energy == nullptr ? kNotSupported : amd_.energy(gpu.processor, &counter, &resolution, &ns);
  return rocm_.energy == nullptr ? kNotSupported : rocm_.energy(gpu.index, &counter, &resolution, &ns);
}

// amd_smi has power only in structures that differ by version; the driver reads the kernel's file there.
Status RocmSession::read_power(const Gpu& gpu, std::uint64_t& uw) const noexcept {
  if (family_ == Family::amd_smi) return kNotSupported;
  RsmiPower kind{};
  if (rocm_.power != nullptr) return rocm_.power(gpu.index, &uw, &kind);
  return rocm_.power_average == nullptr ? kNotSupported : rocm_.power_average(gpu.index, 0, &uw);
}

Status RocmSession::read_busy(const Gpu& gpu, std::uint32_t& percent) const noexcept {
  if (family_ == Family::rocm_smi) return rocm_.busy == nullptr ? kNotSupported : rocm_.busy(gpu.index, &percent);
  if (amd_.utilization == nullptr) return kNotSupported;
  SmiUtilization utilization{};
  const Status status = amd_.utilization(gpu.processor, &utilization);
  percent = utilization.gfx;
  return status == kSuccess && percent == std::numeric_limits<std::uint32_t>::max() ? kNotSupported : status;
}

Reading RocmSession::energy(unsigned index) const noexcept {
  if (index >= gpus_.size()) return Reading::none(ErrorKind::absent);
  std::uint64_t counter = 0, ns = 0;
  float resolution = 0;
  const Status status = read_energy(gpus_[index], counter, resolution, ns);
  if (status != kSuccess) return Reading::none(kind_of(status));
  constexpr auto kLast = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (ns == 0 || ns > kLast) return Reading::of(counter);
  return Reading::of(counter, Nanos::of(static_cast<std::int64_t>(ns)));
}

Reading RocmSession::power(unsigned index) const noexcept {
  if (index >= gpus_.size()) return Reading::none(ErrorKind::absent);
  std::uint64_t uw = 0;
  const Status status = read_power(gpus_[index], uw);
  return status == kSuccess ? Reading::of(uw) : Reading::none(kind_of(status));
}

Reading RocmSession::busy(unsigned index) const noexcept {
  if (index >= gpus_.size()) return Reading::none(ErrorKind::absent);
  std::uint32_t percent = 0;
  const Status status = read_busy(gpus_[index], percent);
  return status == kSuccess ? Reading::of(percent) : Reading::none(kind_of(status));
}

ErrorKind RocmSession::kind_of(Status status) const noexcept {
  if (status == kNotSupported) return ErrorKind::absent;
  if (family_ == Family::amd_smi) switch (status) {
      case kSmiNoPermission: return ErrorKind::denied;
      case kSmiBusy: return ErrorKind::busy;
      case kSmiNotFound:
      case kSmiNotInit:
      case kSmiDriverNotLoaded: return ErrorKind::absent;
      default: return ErrorKind::failed;
    }
  switch (status) {
    case kRsmiPermission: return ErrorKind::denied;
    case kRsmiBusy: return ErrorKind::busy;
    case kRsmiFileError:
    case kRsmiInitError: return ErrorKind::absent;
    default: return ErrorKind::failed;
  }
}

std::string RocmSession::text_of(Status status) const {
  if (status == kSuccess) return "ok";
  if (status == kNotSupported) return "not supported by this GPU or library";
  const std::string_view library = family_ == Family::amd_smi ? "AMD SMI" : "ROCm SMI";
  switch (kind_of(status)) {
    case ErrorKind::denied: return "no permission";
    case ErrorKind::busy: return "busy";
    case ErrorKind::absent:
      return fmt::format("the amdgpu driver is not loaded or has no such value ({} status {})", library, status);
    default: return fmt::format("{} status {}", library, status);
  }
}

}  // namespace nw::rocm
