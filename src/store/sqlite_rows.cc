#include "store/sqlite_rows.h"

#include <fmt/format.h>

#include <set>

#include "accounting/job_state.h"
#include "store/query.h"
#include "store/sqlite_file.h"
#include "store/uid.h"

namespace nw {

namespace {
constexpr const char* kTables = R"sql(
  CREATE TABLE records(
    uid TEXT NOT NULL PRIMARY KEY, start_unix_ns INTEGER NOT NULL, name TEXT NOT NULL, grp TEXT NOT NULL,
    host TEXT NOT NULL, node_type TEXT NOT NULL, duration_ns INTEGER NOT NULL, energy_uj INTEGER,
    record BLOB NOT NULL) STRICT;
  CREATE INDEX records_by_start ON records(start_unix_ns);
  CREATE INDEX records_by_group ON records(grp) WHERE grp <> '';
  CREATE TABLE labels(
    key TEXT NOT NULL, value TEXT NOT NULL, uid TEXT NOT NULL, PRIMARY KEY(key, value, uid)) STRICT, WITHOUT ROWID;
)sql";

// Version 1 had a job's name with its manager alone, and no label of user and job.
constexpr const char* kUpgrade = R"sql(
  INSERT OR IGNORE INTO labels SELECT key, substr(value, instr(value, '-') + 1), uid FROM labels WHERE key = char(1) || 'job';
  INSERT OR IGNORE INTO labels SELECT char(1) || 'user_job', user.value || ':' || job.value, job.uid
    FROM labels AS job JOIN labels AS user ON user.uid = job.uid
    WHERE job.key = char(1) || 'job' AND user.key = char(1) || 'user';
)sql";
}  // namespace

const SqliteSchema kStoreSchema{kTables, kUpgrade, 2};

std::string user_job(std::uint32_t user, const std::string& job) { return fmt::format("{}:{}", user, job); }

std::vector<std::pair<std::string, std::string>> labels_of(const pb::Record& record) {
  std::vector<std::pair<std::string, std::string>> labels;
  for (const auto& label : record.labels()) labels.emplace_back(label.key(), label.value());
  std::set<std::string> names;  // as somebody may ask for the job: with its manager and without
  for (const std::string& key : {record.job_key(), record.restart_key()})
    if (!key.empty()) names.insert({key, key.substr(key.find('-') + 1)});
  if (record.has_job())
    for (const std::string& name : names_of(record.job())) names.insert({name, record.job().manager() + "-" + name});
  for (const std::string& name : names) labels.emplace_back(kJobLabel, name);
  if (!record.job().has_uid()) return labels;
  labels.emplace_back(kUserLabel, std::to_string(record.job().uid()));
  for (const std::string& name : names) labels.emplace_back(kUserJobLabel, user_job(record.job().uid(), name));
  return labels;
}

void bind_all(SQLite::Statement& statement, const std::vector<SqlValue>& values) {
  int index = 0;
  for (const auto& value : values) {
    ++index;
    std::visit([&](const auto& it) { statement.bind(index, it); }, value);
  }
}

Result<Clause> condition_of(SQLite::Database& database, const std::string& path, const std::string& id) {
  if (id == kLast) {
    if (SQLite::Statement any(database, "SELECT 1 FROM records LIMIT 1"); !any.executeStep())
      return fail(ErrorKind::absent, path + ": no run is recorded yet");
    return Clause{};
  }
  const auto prefix = NW_TRY(parse_uid_prefix(id));
  const SqlValue end = prefix + "~";  // sorts after every letter of a uid
  SQLite::Statement found(database,
                          "SELECT uid FROM records WHERE uid >= ?1 AND uid < ?2 UNION "
                          "SELECT grp FROM records WHERE grp >= ?1 AND grp < ?2 AND grp <> '' LIMIT ?3");
  bind_all(found, {prefix, end, static_cast<std::int64_t>(kMaxCandidates)});
  std::vector<std::string> candidates;
  while (found.executeStep()) candidates.push_back(found.getColumn(0).getString());
  const auto uid = NW_TRY(choose_id(id, candidates, path));
  return Clause{" AND (uid = ? OR (grp = ? AND grp <> ''))", {uid, uid}};
}

SQLite::Statement select_rows(SQLite::Database& database, const Clause& where) {
  SQLite::Statement rows(
      database, "SELECT rowid FROM records WHERE TRUE" + where.sql + " ORDER BY start_unix_ns DESC, rowid DESC");
  bind_all(rows, where.values);
  return rows;
}

RowReader::RowReader(SQLite::Database& database, std::string path, Unpacker& unpacker)
    : database_(database),
      path_(std::move(path)),
      unpacker_(unpacker),
      by_row_(database, "SELECT uid, record FROM records WHERE rowid = ?") {}

StoredRow RowReader::read(std::int64_t row, bool without_timeline) {
  std::string uid;
  const std::string place = fmt::format("{}: row {}", path_, row);
  auto record = guarded(place, &database_, [&]() -> Result<pb::Record> {
    by_row_.tryReset();  // an error of the previous row has been reported
    by_row_.bind(1, row);
    if (!by_row_.executeStep()) return fail(ErrorKind::absent, place + ": removed");
    uid = by_row_.getColumn(0).getString();
    const auto blob = by_row_.getColumn(1);
    const std::string_view packed(static_cast<const char*>(blob.getBlob()), static_cast<std::size_t>(blob.getBytes()));
    return unpacker_.unpack(packed, fmt::format("{}: record {}", path_, uid), without_timeline);
  });
  return {std::move(uid), std::move(record)};
}

}  // namespace nw
