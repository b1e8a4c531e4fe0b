// Any bytes as the books of a daemon: what makes no sense must neither stop the one that begins now nor stay in its
// sums.
#include <google/protobuf/stubs/logging.h>

#include <cstdlib>

#include "accounting/energy_accounting.h"

namespace {
std::vector<nw::Nameplate> make_plates() {
  std::vector<nw::Nameplate> plates(2);
  plates[0].id = "rapl/package-0", plates[0].part = {nw::Domain::package, "0"};
  plates[1].id = "nvml/GPU-a/energy", plates[1].part = {nw::Domain::gpu, "GPU-a"};
  return plates;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  google::protobuf::SetLogHandler(nullptr);
  nw::pb::Books books;
  if (!books.ParseFromArray(bytes, static_cast<int>(size))) return 0;
  nw::LedgerNode node;
  node.make_uid = [] { return std::string("uid"); };
  nw::Ledger ledger(make_plates(), node, nw::seconds(1));
  ledger.resume(books, "boot", nw::seconds(1'000'000));
  const nw::Joules gap = ledger.not_conserved();
  nw::Census census;
  census.cpus = 4;
  for (int i = 1; i < 5; ++i) {
    const nw::Nanos at = nw::seconds(1'000'000 + i);
    census.jobs = {nw::JobUse{}};
    census.jobs[0].id = "1";
    const nw::Sample sample{at, at, {}, static_cast<std::uint64_t>(i) * 1'000'000, nw::Status::ok, {}};
    ledger.add({sample, sample}, census, at.count());
    ledger.tick();
  }
  if (ledger.not_conserved() != gap) std::abort();            // what they lacked stays as it was
  if (ledger.until() < nw::seconds(1'000'000)) std::abort();  // time stands still
  nw::pb::Books again;
  ledger.forced().write("boot", again);
  for (const auto& record : ledger.running(false)) (void)record.SerializeAsString();
  return 0;
}
