// Fuzz entry point: parse_checkpoint must answer any bytes with a value or an error.
#include "../common/checkpoint.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)static_cast<bool>(nw::workload::parse_checkpoint({data, size}));
  return 0;
}
