// Fuzz entry point: parse_nifti must answer any bytes with a value or an error.
#include "../common/nifti.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)static_cast<bool>(nw::workload::parse_nifti({data, size}));
  return 0;
}
