#include "apps/cli/named_records.h"

#include <iterator>
#include <string_view>

#include "apps/cli/cli_common.h"
#include "apps/cli/daemons.h"
#include "record/record.pb.h"

namespace nw::cli {

namespace {
constexpr std::string_view kJob = "job:";

Result<std::vector<pb::Record>> find_job(std::string_view text) {
  const JobName name = NW_TRY(parse_job_name(text));
  auto found = Daemons({}).find(name);
  if (found) return std::move(*found);
  return fail(found.error().code == kNotFound ? ErrorKind::absent : ErrorKind::failed, found.error().what);
}

Result<std::vector<pb::Record>> find_stored(const Query& query) {
  const auto store = NW_TRY(open_store());
  return store->find(query);
}
}  // namespace

Result<std::vector<pb::Record>> find_named(const Query& query) {
  std::vector<pb::Record> all;
  Query stored = query;
  stored.ids.clear();
  const auto take_stored = [&]() -> Done {
    if (stored.ids.empty()) return {};
    auto records = NW_TRY(find_stored(stored));
    std::move(records.begin(), records.end(), std::back_inserter(all));
    stored.ids.clear();
    return {};
  };
  for (const std::string& id : query.ids) {
    if (!id.starts_with(kJob)) {
      stored.ids.push_back(id);
      continue;
    }
    NW_CHECK(take_stored());
    auto jobs = NW_TRY(find_job(std::string_view(id).substr(kJob.size())));
    std::move(jobs.begin(), jobs.end(), std::back_inserter(all));
  }
  if (query.ids.empty()) return find_stored(query);
  NW_CHECK(take_stored());
  return all;
}

}  // namespace nw::cli
