// A session with one of AMD's management libraries: libamd_smi.so or, where that is missing, librocm_smi64.so.
// Initialised once, shut down when the last source is destroyed. Its answers at probe time are text, so that a tape can
// store them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/host.h"
#include "sensor/drivers/rocm_abi.h"

namespace nw::rocm {

enum class Family : unsigned char { amd_smi, rocm_smi };

class RocmSession {
 public:
  RocmSession() = default;
  RocmSession(const RocmSession&) = delete;
  RocmSession& operator=(const RocmSession&) = delete;
  ~RocmSession();

  // Opens and starts a library; the answer says how many GPUs (dies, partitions) it has.
  Result<std::string> start(Host& host, Family family);
  // The properties of one of them, as "key value" lines: id, name, pci, socket, energy, counter, resolution, power,
  // busy.
  Result<std::string> describe(unsigned index);

  // Repeated reads: counts, with the library's time of them; microwatts; percent.
  Reading energy(unsigned index) const noexcept;
  Reading power(unsigned index) const noexcept;
  Reading busy(unsigned index) const noexcept;

 private:
  struct Gpu {
    std::uint32_t index = 0;           // rocm_smi
    SmiProcessor processor = nullptr;  // amd_smi
    std::uint32_t socket = 0;
  };
  Result<std::string> start_amd_smi();
  Result<std::string> start_rocm_smi();
  Result<void> list_processors();
  Status read_energy(const Gpu& gpu, std::uint64_t& counter, float& resolution, std::uint64_t& ns) const noexcept;
  Status read_power(const Gpu& gpu, std::uint64_t& uw) const noexcept;
  Status read_busy(const Gpu& gpu, std::uint32_t& percent) const noexcept;
  std::string describe_names(const Gpu& gpu) const;
  std::string text_of(Status status) const;
  ErrorKind kind_of(Status status) const noexcept;

  std::shared_ptr<Library> library_;
  AmdSmiApi amd_;
  RocmSmiApi rocm_;
  Family family_ = Family::amd_smi;
  bool started_ = false;
  std::vector<Gpu> gpus_;
};

}  // namespace nw::rocm
