// nodewatt merge: the records of several nodes that took part in one run, and of its attempts where it was restarted,
// as one record, which is stored and printed.
#include "study/merge.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>

#include <fmt/format.h>

#include "apps/cli/cli_common.h"
#include "apps/cli/command.h"
#include "record/record.pb.h"
#include "report/escape.h"
#include "report/formats.h"
#include "report/words.h"
#include "store/transfer.h"
#include "study/attempts.h"

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

Result<Records> find_by_key(const std::string& key, Store& store) {
  Query query;
  query.job = key;
  query.limit = 0;
  auto all = NW_TRY(store.find(query));
  std::erase_if(all, [](const pb::Record& one) { return !one.members().empty(); });
  return all;
}

// All nodes' records of this job. A launcher may give each attempt another job key; what they share is then the restart
// key.
Result<Records> find_all_of(const std::string& job, Store& store) {
  auto all = NW_TRY(find_by_key(job, store));
  std::set<std::string> seen, keys;
  for (const pb::Record& one : all) seen.insert(one.uid()), keys.insert(one.restart_key());
  keys.erase("");
  for (const std::string& key : keys)
    for (pb::Record& one : NW_TRY(find_by_key(key, store)))
      if (seen.insert(one.uid()).second) all.push_back(std::move(one));
  return all;
}

bool has_key(const pb::Record& record, const std::string& job) {
  const auto is_it = [&job](const std::string& key) { return key == job || key.substr(key.find('-') + 1) == job; };
  return is_it(record.job_key()) || is_it(record.restart_key()) || record.has_job();
}

// The attempts, newest first, of the newest job that has this key: a job's name may be used again (torchrun's often
// is), with its nodes numbered differently, or on fewer of them.
std::vector<Inputs> choose_newest(const std::string& job, const Inputs& records) {
  std::vector<Inputs> chosen;
  bool is_asked = false;
  for (Inputs& attempt : find_attempts(records)) {
    if (!chosen.empty() && !follows(chosen.back(), attempt)) {
      if (is_asked) break;
      chosen.clear();
    }
    is_asked |= std::any_of(attempt.begin(), attempt.end(), [&](const auto* one) { return has_key(*one, job); });
    chosen.push_back(std::move(attempt));
  }
  return chosen;
}

// Attempts add up to what the job took. Repeats are a measurement of one command: each attempt's stay its own.
Result<std::vector<Records>> find_job(const std::string& job, Store& store) {
  const Records all = NW_TRY(find_all_of(job, store));
  if (all.empty()) return fail(ErrorKind::absent, "no run of job " + job);
  std::map<std::pair<bool, std::uint32_t>, Inputs> repeats;
  for (const pb::Record& one : all) repeats[{!one.warmup(), one.repeat()}].push_back(&one);
  std::vector<Records> sets;
  std::size_t used = 0;
  for (const auto& [repeat, records] : repeats) {
    const bool is_repeat = !repeat.first || repeat.second > 0;
    const auto attempts = choose_newest(job, records);
    for (auto attempt = attempts.begin(); attempt != attempts.end(); ++attempt) {
      if (is_repeat && attempt != attempts.begin() && attempt->size() < 2) continue;  // a record of its own already
      if (is_repeat || attempt == attempts.begin()) sets.emplace_back();
      for (const pb::Record* one : *attempt) sets.back().push_back(*one);
      used += attempt->size();
    }
  }
  if (used < all.size())
    fmt::print(stderr,
               "nodewatt: merge: {} more {} of job {} left out: of an earlier job of that name, of an attempt without "
               "a number, or alone\n",
               all.size() - used, all.size() - used == 1 ? "record" : "records", clean(job));
  return sets;
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
