// Fuzz entry point: parse_csv_column must answer any bytes with a value or an error.
#include "../common/csv.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)static_cast<bool>(nw::workload::parse_csv_column({reinterpret_cast<const char*>(data), size}));
  return 0;
}
