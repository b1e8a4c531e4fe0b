// Any bytes as a tape, and the machine on it measured as `nodewatt replay` would: the run ends with a record that can
// be read back, no component has a negative energy unless it is the rest of the node, coverage is a share.
#include <cmath>
#include <cstdlib>

#include "account/account.h"
#include "account/record.h"
#include "base/host_tape.h"
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
  nw::Reader reader(host, nw::make_survey(host).sensors);
  nw::Account account(reader.plates(), nw::seconds(1));
  account.begin(host.now());
  nw::Sweep sweep;
  nw::Nanos end;
  do {
    end = host.now();
    reader.read_all(sweep);
    account.add(sweep);
  } while (host.sleep_until(end));
  account.end(end);
  account.write(record);
  check(record.energy(), false);
  for (const auto& component : record.components()) check(component.energy(), component.source() == "node minus parts");
  nw::pb::Record again;
  require(again.ParseFromString(record.SerializeAsString()));
  return 0;
}
