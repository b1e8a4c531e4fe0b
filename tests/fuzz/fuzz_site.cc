// Any bytes as a site file: every fault has a place, a site without one can be used for a survey, and what is shown of
// it is a site file again.
#include <cstdlib>

#include "base/host_memory.h"
#include "sensor/reader.h"

namespace {
void require(bool holds) {
  if (!holds) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const nw::SiteFile file = nw::read_site(text, "f");
  for (const auto& fault : file.faults) require(fault.line > 0 && !nw::fault_text(fault, "f").empty());
  require(nw::parse_site(text, "f").has_value() == file.faults.empty());
  if (!file.faults.empty()) return 0;
  std::string shown;
  for (const auto& setting : file.settings)
    if (setting.line > 0) shown += setting.key + " = " + setting.value + "\n";
  require(nw::read_site(shown, "f").faults.empty());
  nw::MemoryHost host;
  host.set_file("/proc/cpuinfo", "processor : 0\n");
  host.set_file("/proc/meminfo", "MemTotal: 1000000 kB\n");
  host.set_file("/proc/stat", "cpu  1 2 3 4 5 6 7 8\n");
  const nw::Inventory inventory = nw::make_inventory(host, file.site);
  for (const auto& sensor : inventory.sensors) {
    require(sensor.info.unit_num > 0 && sensor.info.unit_den > 0);
    (void)sensor.source->read();
  }
  return 0;
}
