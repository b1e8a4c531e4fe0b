#include "sensor/drivers/nvml_session.h"

#include <algorithm>

#include <fmt/format.h>

namespace nw::nvml {

namespace {
std::string text_of(Return code) {
  switch (code) {
    case kSuccess: return "ok";
    case kNotSupported: return "not supported by this GPU";
    case kNoPermission: return "no permission";
    case kNotFound: return "not found";
    case kDriverNotLoaded: return "the NVIDIA kernel driver is not loaded or does not answer";
    case kFunctionNotFound: return "this libnvidia-ml has no such function";
    case kGpuIsLost: return "the GPU has fallen off the bus";
    case kVersionMismatch:
      return "libnvidia-ml and the kernel driver are of different versions; reboot, or reload the driver";
    default: return fmt::format("NVML error {}", code);
  }
}

ErrorKind kind_of(Return code) {
  switch (code) {
    case kNotSupported:
    case kNotFound:
    case kDriverNotLoaded:
    case kFunctionNotFound:
    case kGpuIsLost: return ErrorKind::absent;
    case kNoPermission: return ErrorKind::denied;
    default: return ErrorKind::failed;
  }
}

template <class Function>
bool resolve(Library& library, Function*& function, const char* name) {
  function = reinterpret_cast<Function*>(library.symbol(name));
  return function != nullptr;
}

// The newest variant of the function that the library has.
template <class Function>
void resolve_any(Library& library, Function*& function, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (resolve(library, function, name)) return;
}

void resolve_optional(Library& library, Api& api) {
  resolve(library, api.name, "nvmlDeviceGetName");
  resolve(library, api.pci_info, "nvmlDeviceGetPciInfo_v3");
  resolve(library, api.minor_number, "nvmlDeviceGetMinorNumber");
  resolve(library, api.mig_mode, "nvmlDeviceGetMigMode");
  resolve(library, api.enforced_limit, "nvmlDeviceGetEnforcedPowerLimit");
  resolve(library, api.management_limit, "nvmlDeviceGetPowerManagementLimit");
  resolve(library, api.total_energy, "nvmlDeviceGetTotalEnergyConsumption");
  resolve(library, api.power_usage, "nvmlDeviceGetPowerUsage");
  resolve(library, api.field_values, "nvmlDeviceGetFieldValues");
  resolve(library, api.utilization, "nvmlDeviceGetUtilizationRates");
  resolve_any(library, api.compute_processes,
              {"nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2",
               "nvmlDeviceGetComputeRunningProcesses"});
  resolve_any(library, api.graphics_processes,
              {"nvmlDeviceGetGraphicsRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v2",
               "nvmlDeviceGetGraphicsRunningProcesses"});
  resolve(library, api.driver_version, "nvmlSystemGetDriverVersion");
  resolve_any(library, api.cuda_version, {"nvmlSystemGetCudaDriverVersion_v2", "nvmlSystemGetCudaDriverVersion"});
}

using ListProcesses = Return (*)(Device, unsigned* count, void* none);
// Adds how many there are. A library that lists none returns success; one that lists some returns that the buffer is
// too small.
Return count_processes(ListProcesses list, Device device, std::uint64_t& sum) {
  if (list == nullptr) return kFunctionNotFound;
  unsigned count = 0;
  const Return code = list(device, &count, nullptr);
  if (code != kSuccess && code != kInsufficientSize) return code;
  sum += count;
  return kSuccess;
}
}  // namespace

// NVML has no double or signed values for power; any that does not fit is refused.
Return read_power_instant(const Api& api, Device device, std::uint64_t& mw) {
  if (api.field_values == nullptr) return kFunctionNotFound;
  FieldValue field{};
  field.field = kFieldPowerInstant;
  field.scope = kScopeGpu;
  if (const Return code = api.field_values(device, 1, &field); code != kSuccess) return code;
  if (field.result != kSuccess) return field.result;
  switch (field.value_type) {
    case kTypeU32: mw = field.value.u32; return kSuccess;
    case kTypeUl: mw = field.value.ul; return kSuccess;
    case kTypeU64: mw = field.value.u64; return kSuccess;
    default: return kNotSupported;
  }
}

Return read_power_default(const Api& api, Device device, std::uint64_t& mw) {
  if (api.power_usage == nullptr) return kFunctionNotFound;
  unsigned value = 0;
  const Return code = api.power_usage(device, &value);
  mw = value;
  return code;
}

Return read_energy(const Api& api, Device device, std::uint64_t& mj) {
  if (api.total_energy == nullptr) return kFunctionNotFound;
  unsigned long long value = 0;
  const Return code = api.total_energy(device, &value);
  mj = value;
  return code;
}

Return read_busy(const Api& api, Device device, std::uint64_t& percent) {
  if (api.utilization == nullptr) return kFunctionNotFound;
  UtilizationRates rates{};
  const Return code = api.utilization(device, &rates);
  percent = rates.gpu;
  return code;
}

// Compute and graphics processes. A GPU without a display may not support the latter.
Return read_processes(const Api& api, Device device, std::uint64_t& count) {
  count = 0;
  const Return code = count_processes(api.compute_processes, device, count);
  if (code == kSuccess) count_processes(api.graphics_processes, device, count);
  return code;
}

NvmlSession::~NvmlSession() {
  if (started_) api_.shutdown();
}

Result<std::string> NvmlSession::load(Host& host) {
  library_ = NW_TRY(host.load({"libnvidia-ml.so.1", "libnvidia-ml.so"}));
  return std::string("ok");
}

Result<std::string> NvmlSession::start() {
  if (library_ == nullptr) return fail(ErrorKind::absent, "no library was opened");
  bool whole = true;  // all are looked up, even if one is missing
  whole = resolve(*library_, api_.init, "nvmlInit_v2") && whole;
  whole = resolve(*library_, api_.shutdown, "nvmlShutdown") && whole;
  whole = resolve(*library_, api_.device_count, "nvmlDeviceGetCount_v2") && whole;
  whole = resolve(*library_, api_.device_by_index, "nvmlDeviceGetHandleByIndex_v2") && whole;
  whole = resolve(*library_, api_.uuid, "nvmlDeviceGetUUID") && whole;
  if (!whole)
    return fail(ErrorKind::malformed,
                "libnvidia-ml lacks a function that every version since 2012 has; is it NVIDIA's?");
  resolve_optional(*library_, api_);
  if (const Return code = api_.init(); code != kSuccess) return fail(kind_of(code), "nvmlInit: " + text_of(code));
  started_ = true;
  return std::string("ok");
}

Result<std::string> NvmlSession::count() {
  if (!started_) return fail(ErrorKind::absent, "the library was not started");
  unsigned n = 0;
  if (const Return code = api_.device_count(&n); code != kSuccess) return fail(kind_of(code), text_of(code));
  devices_.assign(std::min<std::uint64_t>(n, kMaxGpus), nullptr);
  return std::to_string(n);
}

Result<std::string> NvmlSession::describe(unsigned index) {
  if (index >= devices_.size()) return fail(ErrorKind::absent, "no such GPU");
  Device& device = devices_[index];
  if (const Return code = api_.device_by_index(index, &device); code != kSuccess)
    return fail(kind_of(code), text_of(code));
  std::string text;
  const auto add = [&](std::string_view key, std::string_view value) { text += fmt::format("{} {}\n", key, value); };
  char uuid[kUuidSize]{}, gpu_name[kNameSize]{};
  if (const Return code = api_.uuid(device, uuid, kUuidSize - 1); code != kSuccess)
    return fail(kind_of(code), "UUID: " + text_of(code));
  add("uuid", uuid);
  if (api_.name != nullptr && api_.name(device, gpu_name, kNameSize - 1) == kSuccess) add("name", gpu_name);
  if (PciInfo pci{}; api_.pci_info != nullptr && api_.pci_info(device, &pci) == kSuccess) {
    pci.bus_id[sizeof pci.bus_id - 1] = '\0';
    add("pci", pci.bus_id);
  }
  if (unsigned minor = 0; api_.minor_number != nullptr && api_.minor_number(device, &minor) == kSuccess)
    add("minor", std::to_string(minor));
  if (unsigned now = 0, later = 0; api_.mig_mode != nullptr && api_.mig_mode(device, &now, &later) == kSuccess)
    add("mig", now == kMigEnabled ? "on" : "off");
  unsigned limit = 0;
  if ((api_.enforced_limit != nullptr && api_.enforced_limit(device, &limit) == kSuccess) ||
      (api_.management_limit != nullptr && api_.management_limit(device, &limit) == kSuccess))
    add("limit_mw", std::to_string(limit));
  const auto try_out = [&](std::string_view key, Number number) {
    std::uint64_t value = 0;
    add(key, text_of(number(api_, device, value)));
  };
  try_out("energy", read_energy);
  try_out("instant", read_power_instant);
  try_out("power", read_power_default);
  try_out("busy", read_busy);
  try_out("processes", read_processes);
  return text;
}

Result<std::string> NvmlSession::driver_version() const {
  if (!started_ || api_.driver_version == nullptr) return fail(ErrorKind::absent, text_of(kFunctionNotFound));
  char version[kVersionSize]{};
  if (const Return code = api_.driver_version(version, kVersionSize - 1); code != kSuccess)
    return fail(kind_of(code), text_of(code));
  return std::string(version);
}

Result<std::string> NvmlSession::cuda_version() const {
  if (!started_ || api_.cuda_version == nullptr) return fail(ErrorKind::absent, text_of(kFunctionNotFound));
  int version = 0;
  if (const Return code = api_.cuda_version(&version); code != kSuccess) return fail(kind_of(code), text_of(code));
  return std::to_string(version);
}

Reading NvmlSession::read(unsigned index, Number number) const noexcept {
  if (index >= devices_.size()) return Reading::none(ErrorKind::absent);
  std::uint64_t value = 0;
  const Return code = number(api_, devices_[index], value);
  return code == kSuccess ? Reading::of(value) : Reading::none(kind_of(code));
}

}  // namespace nw::nvml
