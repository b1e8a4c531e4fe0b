// Power limits of NVIDIA's GPUs: read, and set. The only thing that nodewatt ever writes to hardware, and not part of a
// driver: drivers only read. A separate session with libnvidia-ml, opened through the Host.
//
// NVML (nvml.h, "Power management"): limits in milliwatts; every user may read them, only root may set one; a limit
// stays until it is set again, the driver is unloaded or the machine restarts. Where a GPU is not in persistence mode
// it is also lost when the last process closes the GPU, so whoever sets one keeps this open. The enforced limit may be
// lower than the one that was set, where a board or module limits itself.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/host.h"
#include "base/result.h"
#include "base/units.h"

namespace nw::cli {

struct GpuLimit {
  std::string uuid, name;
  unsigned index = 0;  // NVML's
  Watts least, most;   // what may be set
  Watts standard;      // the default
  Watts now;           // the limit that is set
};

class PowerLimits {
 public:
  virtual ~PowerLimits() = default;
  // The GPUs that report their limits. Absent without the library or the driver.
  virtual const std::vector<GpuLimit>& gpus() const = 0;
  virtual Result<Watts> read_limit(const std::string& uuid) = 0;
  virtual Result<Watts> read_enforced(const std::string& uuid) = 0;
  virtual Done set(const std::string& uuid, Watts limit) = 0;
};

Result<std::unique_ptr<PowerLimits>> open_power_limits(Host& host);

}  // namespace nw::cli
