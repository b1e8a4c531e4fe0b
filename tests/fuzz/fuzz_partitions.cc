// Any bytes as a file of partitions: what is taken can be pasted into a shell, and a fault says where it is.
#include <cstdlib>

#include "apps/cli/partitions.h"

namespace {
void require(bool holds) {
  if (!holds) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto partitions = nw::cli::parse_partitions(text, "f");
  if (!partitions) {
    require(partitions.error().what.starts_with("f:"));
    return 0;
  }
  for (const nw::Partition& one : *partitions) {
    require(!one.name.empty() && !one.node_type.empty() && one.gpus <= 64);
    require((one.name + one.options).find_first_of("`$;&|<>\n\"'") == std::string::npos);
    require(one.price_per_node_hour.value_or(0) >= 0);
  }
  return 0;
}
