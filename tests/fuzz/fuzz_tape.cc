// Any bytes as a tape, and the machine on it measured as `nodewatt replay` would: the run ends with a record that can
// be read back, no component has a negative energy unless it is the rest of the node, coverage and what devices did are
// shares.
#include <cmath>
#include <cstdlib>

#include "accounting/run_accounting.h"
#include "accounting/utilization_summary.h"
#include "base/host_tape.h"
#include "record/record.h"
#include "record/record.pb.h"
#include "sensor/reader.h"

namespace {
void require(bool holds) {
  if (!holds) std::abort();
}

void check(const nw::pb::Energy& energy, bool derived) {
  require(energy.coverage() >= 0 && energy.coverage() <= 1);
  require(derived || energy.energy_uj() >= 0);
  require(energy.uncertainty_uj() >= 0 && !std::isnan(energy.random_uj()) && !std::isnan(energy.systematic_uj()));
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto tape = nw::parse_tape({reinterpret_cast<const char*>(bytes), size});
  if (!tape) return 0;
  nw::TapedHost host(std::move(*tape));
  nw::pb::Record record;
  nw::write_node(host, *record.mutable_node());
  nw::Inventory inventory = nw::make_inventory(host);
  nw::write_software(host, inventory.software, record);
  nw::Reader reader(host, std::move(inventory.sensors));
  nw::UtilizationReader utilizations(host, std::move(inventory.utilizations));
  nw::write_gpus(utilizations.infos(), reader.infos(), *record.mutable_node());
  nw::write_devices(utilizations.infos(), record);
  nw::RunAccounting accounting(reader.infos(), nw::seconds(1));
  nw::UtilizationSummary utilization_summary(utilizations.infos());
  accounting.begin(host.now());
  utilization_summary.begin(host.now());
  nw::SampleSet sample_set;
  std::vector<nw::UtilizationSample> utilization_samples;
  nw::Nanos end;
  do {
    end = host.now();
    reader.read_all(sample_set);
    accounting.add(sample_set);
    utilizations.read_all(utilization_samples);
    utilization_summary.add(utilization_samples);
  } while (host.sleep_until(end));
  accounting.end(end);
  accounting.write(record);
  utilization_summary.write(record);
  check(record.energy(), false);
  const auto is_share = [](double value) { return value >= 0 && value <= 1; };
  require(is_share(record.cpu_busy()));
  for (const auto& device : record.devices())
    require(is_share(device.busy()) && is_share(device.busiest()) && device.busy() <= device.busiest() &&
            device.power_limit_uw() >= 0);
  for (const auto& component : record.components()) check(component.energy(), component.source() == "node minus parts");
  nw::pb::Record again;
  require(again.ParseFromString(record.SerializeAsString()));
  return 0;
}
