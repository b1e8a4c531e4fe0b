// nodewatt merge: the records of several nodes that took part in one run as one record, which is stored and printed.
#include "study/merge.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "apps/cli/cli_common.h"
#include "apps/cli/command.h"
#include "record/record.pb.h"
#include "report/formats.h"
#include "store/transfer.h"
#include "study/windows.h"

namespace nw::cli {

namespace {
using Records = std::vector<pb::Record>;

// The records of these ids and files.
Result<Records> find_named(const std::vector<std::string>& names, Store& store) {
  Records all;
  for (const std::string& name : names) {
    std::error_code ignored;
    Query query;
    query.ids = {name};
    const bool is_file = std::filesystem::exists(name, ignored);
    auto some = NW_TRY(is_file ? read_records(name) : store.find(query));
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  return all;
}

bool overlap(const pb::Record& a, const pb::Record& b, std::int64_t slack_ns) {
  return a.start_unix_ns() < b.start_unix_ns() + b.duration_ns() + slack_ns &&
         b.start_unix_ns() < a.start_unix_ns() + a.duration_ns() + slack_ns;
}

// Whether it belongs to the run of these newer records. One node's parts overlap, those of others nearly do.
bool belongs(const pb::Record& record, const std::vector<const pb::Record*>& newer) {
  return std::all_of(newer.begin(), newer.end(), [&](const pb::Record* one) {
    const bool same_node = one->node().host() == record.node().host();
    return overlap(record, *one, same_node ? 0 : compute_allowed_spread({one, &record}));
  });
}

// For each repeat of a job the newest record of each node, as far as they ran together: a job's name may be used again
// (torchrun's often is), with its nodes numbered differently, or on fewer of them.
Result<std::vector<Records>> find_job(const std::string& job, Store& store) {
  Query query;
  query.job = job;
  query.limit = 0;
  using Node = std::pair<std::string, std::int64_t>;  // its name and number
  std::map<std::pair<bool, std::uint32_t>, std::map<Node, pb::Record>> newest;
  for (pb::Record& record : NW_TRY(store.find(query))) {  // newest first
    if (!record.members().empty()) continue;
    const Node node{record.node().host().empty() ? record.uid() : record.node().host(),
                    record.has_node_rank() ? record.node_rank() : -1};
    auto& nodes = newest[{!record.warmup(), record.repeat()}];
    std::vector<const pb::Record*> newer;
    for (const auto& [key, one] : nodes) newer.push_back(&one);
    if (belongs(record, newer)) nodes.emplace(node, std::move(record));
  }
  if (newest.empty()) return fail(ErrorKind::absent, "no run of job " + job);
  std::vector<Records> all;
  for (auto& [repeat, nodes] : newest) {
    all.emplace_back();
    for (auto& [node, record] : nodes) all.back().push_back(std::move(record));
  }
  return all;
}

Result<std::vector<Records>> find_records(const MergeRunOptions& options, Store& store) {
  if (!options.job.empty()) return find_job(options.job, store);
  return std::vector<Records>{NW_TRY(find_named(options.print.ids, store))};
}

// As stored: a merged record that existed before stays as it was.
Result<pb::Record> keep(const pb::Record& record, Store& store) {
  if (NW_TRY(store.append(record))) return record;
  Query query;
  query.ids = {record.uid()};
  auto kept = NW_TRY(store.find(query));
  return kept.empty() ? record : kept.front();
}

Result<Records> merge_all(const MergeRunOptions& options) {
  const auto store = NW_TRY(open_store());
  const MergeOptions how{options.name, options.allow_mixed};
  Records merged;
  for (const Records& records : NW_TRY(find_records(options, *store)))
    merged.push_back(NW_TRY(keep(NW_TRY(merge_records(records, how)), *store)));
  return merged;
}
}  // namespace

int merge(const MergeRunOptions& options) {
  if (options.job.empty() && options.print.ids.empty())
    return error_exit("merge: name the nodes' records, or their job with --job", 2);
  const auto merged = merge_all(options);
  if (!merged) return error_exit({merged.error().kind, "merge: " + merged.error().what});
  const PrintOptions& print = options.print;
  const auto style = style_for(STDOUT_FILENO, print.units, print.colour, print.precise);
  std::vector<const pb::Record*> pointers;
  for (const pb::Record& record : *merged) pointers.push_back(&record);
  const auto text = make_format(print.format, pointers, style);
  if (!text) return error_exit(text.error().what, 2);
  const auto done = write_out(print.output, *text);
  return done ? 0 : error_exit(done.error());
}

}  // namespace nw::cli
