#include "apps/cli/power_limit.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/parse.h"

namespace nw::cli {

namespace {
using Code = int;
using Device = void*;
constexpr Code kSuccess = 0, kNotSupported = 3, kNoPermission = 4, kNotFound = 6, kDriverNotLoaded = 9, kLost = 15;
constexpr unsigned kText = 96, kMostGpus = 256;
constexpr std::int64_t kMicroPerMilli = 1000;

Watts of_mw(unsigned mw) { return Watts::of(static_cast<std::int64_t>(mw) * kMicroPerMilli); }

Error error_of(Code code, const std::string& what) {
  switch (code) {
    case kNotSupported: return {ErrorKind::absent, what + ": this GPU does not support it"};
    case kNoPermission: return {ErrorKind::denied, what + ": not permitted; root alone may"};
    case kNotFound: return {ErrorKind::absent, what + ": not found"};
    case kDriverNotLoaded: return {ErrorKind::absent, what + ": the NVIDIA kernel driver is not loaded"};
    case kLost: return {ErrorKind::absent, what + ": the GPU has fallen off the bus"};
    default: return {ErrorKind::failed, fmt::format("{}: NVML error {}", what, code)};
  }
}

class Nvml : public PowerLimits {
 public:
  Nvml() = default;
  ~Nvml() override {
    if (started_) shutdown_();
  }
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  Done open(Host& host) {
    library_ = NW_TRY(host.load({"libnvidia-ml.so.1", "libnvidia-ml.so"}));
    const bool whole =
        find(init_, "nvmlInit_v2") && find(shutdown_, "nvmlShutdown") && find(count_, "nvmlDeviceGetCount_v2") &&
        find(by_index_, "nvmlDeviceGetHandleByIndex_v2") && find(uuid_, "nvmlDeviceGetUUID") &&
        find(name_, "nvmlDeviceGetName") && find(range_, "nvmlDeviceGetPowerManagementLimitConstraints") &&
        find(standard_, "nvmlDeviceGetPowerManagementDefaultLimit") &&
        find(get_, "nvmlDeviceGetPowerManagementLimit") && find(set_, "nvmlDeviceSetPowerManagementLimit");
    if (!whole) return fail(ErrorKind::absent, "this libnvidia-ml has no functions for power limits");
    find(enforced_, "nvmlDeviceGetEnforcedPowerLimit");
    if (const Code code = init_(); code != kSuccess) return tl::make_unexpected(error_of(code, "NVML"));
    started_ = true;
    unsigned n = 0;
    if (const Code code = count_(&n); code != kSuccess) return tl::make_unexpected(error_of(code, "NVML"));
    for (unsigned index = 0; index < std::min(n, kMostGpus); ++index) add(index);
    return {};
  }

  const std::vector<GpuLimit>& gpus() const override { return gpus_; }
  Result<Watts> read_limit(const std::string& uuid) override { return read(uuid, get_); }
  Result<Watts> read_enforced(const std::string& uuid) override {
    return read(uuid, enforced_ != nullptr ? enforced_ : get_);
  }
  Done set(const std::string& uuid, Watts limit) override {
    Device const device = NW_TRY(find_device(uuid));
    const Code code = set_(device, static_cast<unsigned>(limit.count() / kMicroPerMilli));
    if (code == kSuccess) return {};
    return tl::make_unexpected(error_of(code, fmt::format("power limit of {}", uuid)));
  }

 private:
  using GetMw = Code (*)(Device, unsigned* mw);

  template <class Function>
  bool find(Function*& function, const char* name) {
    function = reinterpret_cast<Function*>(library_->symbol(name));
    return function != nullptr;
  }

  // A GPU that does not report all of this has no limit that could be set.
  void add(unsigned index) {
    Device device = nullptr;
    std::array<char, kText> uuid{}, name{};
    unsigned least = 0, most = 0, standard = 0, now = 0;
    if (by_index_(index, &device) != kSuccess || uuid_(device, uuid.data(), kText - 1) != kSuccess ||
        range_(device, &least, &most) != kSuccess || standard_(device, &standard) != kSuccess ||
        get_(device, &now) != kSuccess)
      return;
    name_(device, name.data(), kText - 1);
    gpus_.push_back({uuid.data(), name.data(), index, of_mw(least), of_mw(most), of_mw(standard), of_mw(now)});
    devices_.push_back(device);
  }

  Result<Device> find_device(const std::string& uuid) const {
    for (std::size_t i = 0; i < gpus_.size(); ++i)
      if (gpus_[i].uuid == uuid) return devices_[i];
    return fail(ErrorKind::absent, uuid + ": no such GPU here");
  }

  Result<Watts> read(const std::string& uuid, GetMw get) const {
    Device const device = NW_TRY(find_device(uuid));
    unsigned mw = 0;
    if (const Code code = get(device, &mw); code != kSuccess)
      return tl::make_unexpected(error_of(code, fmt::format("power limit of {}", uuid)));
    return of_mw(mw);
  }

  std::shared_ptr<Library> library_;
  bool started_ = false;
  Code (*init_)() = nullptr;
  Code (*shutdown_)() = nullptr;
  Code (*count_)(unsigned*) = nullptr;
  Code (*by_index_)(unsigned, Device*) = nullptr;
  Code (*uuid_)(Device, char*, unsigned) = nullptr;
  Code (*name_)(Device, char*, unsigned) = nullptr;
  Code (*range_)(Device, unsigned* least_mw, unsigned* most_mw) = nullptr;
  GetMw standard_ = nullptr, get_ = nullptr, enforced_ = nullptr;
  Code (*set_)(Device, unsigned mw) = nullptr;
  std::vector<GpuLimit> gpus_;
  std::vector<Device> devices_;
};
}  // namespace

Result<std::unique_ptr<PowerLimits>> open_power_limits(Host& host) {
  auto limits = std::make_unique<Nvml>();
  NW_CHECK(limits->open(host));
  return limits;
}

}  // namespace nw::cli
