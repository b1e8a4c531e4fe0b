// Any bytes as a tape, and the machine on it measured as `nodewatt replay` would: the run ends with a record that can
// be read back, no component has a negative energy unless it is the rest of the node, coverage and what devices did are
// shares.
#include <cmath>
#include <cstdlib>

#include "accounting/run_accounting.h"
#include "accounting/utilization_summary.h"
#include "base/host_tape.h"
#include "record/record.h"
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
  nw::Survey survey = nw::make_survey(host);
  nw::write_software(host, survey.software, record);
  nw::Reader reader(host, std::move(survey.sensors));
  nw::ActivityReader activities(host, std::move(survey.activities));
  nw::write_gpus(activities.plates(), reader.plates(), *record.mutable_node());
  nw::write_devices(activities.plates(), record);
  nw::Account account(reader.plates(), nw::seconds(1));
  nw::Usage usage(activities.plates());
  account.begin(host.now());
  usage.begin(host.now());
  nw::Sweep sweep;
  std::vector<nw::Glance> glances;
  nw::Nanos end;
  do {
    end = host.now();
    reader.read_all(sweep);
    account.add(sweep);
    activities.read_all(glances);
    usage.add(glances);
  } while (host.sleep_until(end));
  account.end(end);
  account.write(record);
  usage.write(record);
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
