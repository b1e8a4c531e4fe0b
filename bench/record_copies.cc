// Many records from a few: copies with uids, hosts, times and groups of their own, as a file for `nodewatt import`.
// usage: record_copies STORE COUNT FILE
#include <cstdlib>

#include <fmt/format.h>

#include "record/record.pb.h"
#include "store/store.h"
#include "store/transfer.h"
#include "store/uid.h"

namespace {
using namespace nw;
constexpr std::size_t kRepeats = 5;

Done copy(const std::string& path, std::size_t count, const std::string& file) {
  const auto store = NW_TRY(make_sqlite_store(path));
  const auto few = NW_TRY(store->find({}));
  if (few.empty()) return fail(ErrorKind::absent, path + ": no record");
  std::vector<pb::Record> many;
  std::string group;
  for (std::size_t i = 0; i < count; ++i) {
    pb::Record& copy = many.emplace_back(few[i / kRepeats % few.size()]);
    if (i % kRepeats == 0) group = NW_TRY(make_uid());
    copy.set_uid(NW_TRY(make_uid()));
    copy.set_group(group);
    copy.set_repeat(static_cast<std::uint32_t>(i % kRepeats + 1));
    copy.set_start_unix_ns(copy.start_unix_ns() + static_cast<std::int64_t>(i) * 700'000'000'000);
    copy.mutable_node()->set_host(fmt::format("{}-{}", copy.node().host(), i / kRepeats % 16));
    copy.mutable_energy()->set_energy_uj(copy.energy().energy_uj() / 1000 * (990 + static_cast<std::int64_t>(i % 20)));
  }
  return export_records(file, many);
}
}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return fmt::print(stderr, "usage: record_copies STORE COUNT FILE\n"), 2;
  const auto done = copy(argv[1], std::strtoull(argv[2], nullptr, 10), argv[3]);
  if (!done) return fmt::print(stderr, "record_copies: {}\n", done.error().what), 1;
}
