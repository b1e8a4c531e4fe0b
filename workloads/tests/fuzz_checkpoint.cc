// Fuzz entry point: parse_checkpoint must answer any bytes with a value or an error.
//
// The bytes are tried as they are, and once more between a right magic and a right checksum, behind which the fuzzer
// would never come by itself.
#include "../common/checkpoint.h"

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)static_cast<bool>(nw::workload::parse_checkpoint({data, size}));
  constexpr std::string_view kMagic = "NWCHECK1";
  std::vector<std::uint8_t> dressed(kMagic.begin(), kMagic.end());
  dressed.insert(dressed.end(), data, data + size);
  const auto sum = static_cast<std::uint32_t>(crc32_z(0, dressed.data(), dressed.size()));
  for (int shift = 0; shift < 32; shift += 8) dressed.push_back(static_cast<std::uint8_t>(sum >> shift));
  (void)static_cast<bool>(nw::workload::parse_checkpoint(dressed));
  return 0;
}
