// nodewatt runs rm and check: removes records from the user's store, and verifies the store. Both reach records that
// cannot be read, by the ids in their rows.
#include "store/upkeep.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "apps/cli/cli_common.h"
#include "apps/cli/command.h"
#include "base/parse.h"
#include "record/record.pb.h"
#include "store/frames.h"
#include "store/paths.h"
#include "store/transfer.h"
#include "store/uid.h"

namespace nw::cli {

namespace {
using Texts = std::vector<std::string>;

constexpr std::size_t kIdLength = 8;  // of printed ids; a shared beginning would be ambiguous

std::string counted(std::size_t count) { return fmt::format("{} record{}", count, count == 1 ? "" : "s"); }

// All of them are in the file, and have been read back from it, before any is removed from the store.
Done copy_to(const std::string& to, const Texts& uids, const std::string& path) {
  std::error_code ignored;
  if (to != "-" && std::filesystem::exists(to, ignored))
    return fail(ErrorKind::malformed, "--to " + quote(to) + ": is there already; name a new file");
  const auto store = NW_TRY(make_sqlite_store(path));
  Query query;
  query.ids = uids;
  const auto records = store->find(query);
  if (!records)
    return fail(records.error().kind, records.error().what + ": what is damaged cannot be moved, only removed");
  NW_CHECK(export_records(to, *records));
  if (to == "-" || NW_TRY(count_records(to)) == records->size()) return {};
  return fail(ErrorKind::failed, to + ": holds other records than were written");
}

// Removes, and returns which.
Result<std::string> remove(const RemoveOptions& options) {
  NW_TRY(open_store());  // recovers killed runs, which may be among those meant
  const std::string path = NW_TRY(store_path());
  const Texts uids = NW_TRY(find_uids(path, options.ids));
  if (!options.to.empty()) NW_CHECK(copy_to(options.to, uids, path));
  const std::size_t removed = NW_TRY(remove_records(path, uids));
  std::string names;
  for (const auto& uid : uids) names += " @" + short_id(uid);
  const std::string done = options.to.empty() ? "removed" : "moved to " + options.to;
  return fmt::format("{} {}:{}", counted(removed), done, names);
}

bool is_export(const std::string& path) {
  std::string begin(kFramesMagic.size(), '\0');
  return std::ifstream(path, std::ios::binary).read(begin.data(), std::ssize(begin)) && begin == kFramesMagic;
}

int check_export(const std::string& path) {
  const auto count = count_records(path);
  if (!count) return error_exit(count.error());
  std::printf("%s: %s, all whole\n", path.c_str(), counted(*count).c_str());
  return 0;
}
}  // namespace

int remove_runs(const RemoveOptions& options) {
  const auto done = remove(options);
  if (!done) return error_exit(done.error());
  std::fprintf(stderr, "nodewatt: %s\n", done->c_str());
  return 0;
}

int check_runs(const std::string& named) {
  if (is_export(named)) return check_export(named);
  const auto path = named.empty() ? store_path() : Result<std::string>(named);
  if (!path) return error_exit(path.error());
  const auto check = check_store(*path);
  if (!check) return error_exit(check.error());
  if (check->faults.empty()) {
    std::printf("%s: %s, all whole\n", path->c_str(), counted(check->records).c_str());
    return 0;
  }
  for (const auto& fault : check->faults) error_exit(fault);
  const std::size_t lost = check->unreadable.size();
  error_exit(fmt::format("{}: {}, {} of them cannot be read; {} fault{} in all", *path, counted(check->records), lost,
                         check->faults.size(), check->faults.size() == 1 ? "" : "s"));
  if (!named.empty()) return 1;
  std::string ids;
  for (const auto& uid : check->unreadable) ids += " " + short_id(uid, kIdLength);
  if (check->faults.size() == lost) return error_exit("to remove what cannot be read: nodewatt runs rm" + ids);
  return error_exit("to begin anew with what can be read: nodewatt export FILE, move " + *path +
                    " away, nodewatt import FILE");
}

}  // namespace nw::cli
