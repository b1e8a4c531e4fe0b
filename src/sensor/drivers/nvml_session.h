// A session with libnvidia-ml: opened at run time, initialised once, shut down when the last source is destroyed. Its
// answers at probe time are text, so that a tape can store them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/host.h"
#include "sensor/drivers/nvml_abi.h"

namespace nw::nvml {

// One number that can be read of a GPU again and again.
using Number = Return (*)(const Api&, Device, std::uint64_t&);
Return read_energy(const Api& api, Device device, std::uint64_t& mj);
Return read_power_instant(const Api& api, Device device, std::uint64_t& mw);
Return read_power_default(const Api& api, Device device, std::uint64_t& mw);
Return read_busy(const Api& api, Device device, std::uint64_t& percent);
Return read_processes(const Api& api, Device device, std::uint64_t& count);

class NvmlSession {
 public:
  static constexpr std::uint64_t kMaxGpus = 256;

  NvmlSession() = default;
  NvmlSession(const NvmlSession&) = delete;
  NvmlSession& operator=(const NvmlSession&) = delete;
  ~NvmlSession();

  Result<std::string> load(Host& host);
  Result<std::string> start();
  Result<std::string> count();  // how many GPUs there are
  // The properties of one of them, as "key value" lines: uuid, name, pci, mig, limit_mw; and for each number that can
  // be read "ok" or why not: energy, instant, power, busy, processes.
  Result<std::string> describe(unsigned index);
  Result<std::string> driver_version() const;
  Result<std::string> cuda_version() const;  // as the library says it, 12040

  Reading read(unsigned index, Number number) const noexcept;

 private:
  std::shared_ptr<Library> library_;
  Api api_;
  bool started_ = false;
  std::vector<Device> devices_;
};

}  // namespace nw::nvml
