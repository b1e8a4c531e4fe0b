// The store of one user: an SQLite 3 database (sqlite_file.h). One row a record; `record` is the truth, the other
// columns and the table of labels repeat what a Query selects by.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <variant>

#include "accounting/job_state.h"
#include "record/node_type.h"
#include "store/packed.h"
#include "store/sqlite_file.h"
#include "store/store.h"
#include "store/uid.h"

namespace nw {

namespace {
constexpr int kSchemaVersion = 1;
constexpr const char* kSchema = R"sql(
  CREATE TABLE records(
    uid TEXT NOT NULL PRIMARY KEY, start_unix_ns INTEGER NOT NULL, name TEXT NOT NULL, grp TEXT NOT NULL,
    host TEXT NOT NULL, node_type TEXT NOT NULL, duration_ns INTEGER NOT NULL, energy_uj INTEGER,
    record BLOB NOT NULL) STRICT;
  CREATE INDEX records_by_start ON records(start_unix_ns);
  CREATE INDEX records_by_group ON records(grp) WHERE grp <> '';
  CREATE TABLE labels(
    key TEXT NOT NULL, value TEXT NOT NULL, uid TEXT NOT NULL, PRIMARY KEY(key, value, uid)) STRICT, WITHOUT ROWID;
)sql";

// A record's job key and user stand among the labels, under names that no person gives one.
constexpr const char* kJobLabel = "\x01job";
constexpr const char* kUserLabel = "\x01user";

using Value = std::variant<std::int64_t, std::string>;

// A piece of SQL and the values of its question marks.
struct Clause {
  std::string sql;
  std::vector<Value> values;

  void add(std::string_view condition, std::initializer_list<Value> its) {
    sql += condition;
    values.insert(values.end(), its);
  }
};

void bind_all(SQLite::Statement& statement, const std::vector<Value>& values) {
  int index = 0;
  for (const auto& value : values) {
    ++index;
    std::visit([&](const auto& it) { statement.bind(index, it); }, value);
  }
}

Clause filters_of(const Query& query) {
  Clause where;
  if (!query.name.empty()) where.add(" AND name = ?", {query.name});
  if (query.since_unix_ns) where.add(" AND start_unix_ns >= ?", {*query.since_unix_ns});
  if (query.until_unix_ns) where.add(" AND start_unix_ns < ?", {*query.until_unix_ns});
  if (!query.job.empty())
    where.add(
        " AND uid IN (SELECT uid FROM labels WHERE key = ? AND (value = ? OR substr(value, instr(value, '-') + 1) = "
        "?))",
        {kJobLabel, query.job, query.job});
  if (query.user)
    where.add(" AND uid IN (SELECT uid FROM labels WHERE key = ? AND value = ?)",
              {kUserLabel, std::to_string(*query.user)});
  for (const auto& [key, value] : query.labels)
    where.add(" AND uid IN (SELECT uid FROM labels WHERE key = ? AND value = ?)", {key, value});
  return where;
}

class SqliteStore : public Store {
 public:
  SqliteStore(std::string path, std::unique_ptr<SQLite::Database> database)
      : path_(std::move(path)), database_(std::move(database)) {}

  Result<bool> append(const pb::Record& record) override;
  Result<std::vector<pb::Record>> find(const Query& query) override;
  Result<std::size_t> count(const Query& query) override;

 private:
  bool insert(const pb::Record& record, const std::string& packed);
  Result<Clause> condition_of(const std::string& id);
  Done select(const Query& query, const Clause& where, std::size_t limit, std::set<std::string>& seen,
              std::vector<pb::Record>& into);

  std::string path_;
  std::unique_ptr<SQLite::Database> database_;
  Unpacker unpacker_;
};

Result<bool> SqliteStore::append(const pb::Record& record) {
  if (!is_uid(record.uid()))
    return fail(ErrorKind::malformed, fmt::format("{}: a record with the uid '{}'", path_, record.uid()));
  const auto packed = NW_TRY(pack_record(record));
  return guarded(path_, database_.get(), [&]() -> Result<bool> { return insert(record, packed); });
}

bool SqliteStore::insert(const pb::Record& record, const std::string& packed) {
  SQLite::Transaction transaction(*database_, SQLite::TransactionBehavior::IMMEDIATE);
  SQLite::Statement row(*database_,
                        "INSERT INTO records VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(uid) DO NOTHING");
  bind_all(row, {record.uid(), std::int64_t{record.start_unix_ns()}, record.name(), record.group(),
                 record.node().host(), node_type(record), std::int64_t{record.duration_ns()}});
  if (record.energy().has_energy_uj()) row.bind(8, std::int64_t{record.energy().energy_uj()});
  row.bind(9, packed.data(), static_cast<int>(packed.size()));
  if (row.exec() == 0) return false;
  const auto add_label = [&](const std::string& key, const std::string& value) {
    SQLite::Statement entry(*database_, "INSERT OR IGNORE INTO labels VALUES(?, ?, ?)");
    bind_all(entry, {key, value, record.uid()});
    entry.exec();
  };
  for (const auto& label : record.labels()) add_label(label.key(), label.value());
  if (!record.job_key().empty()) add_label(kJobLabel, record.job_key());
  if (record.has_job())
    for (const std::string& name : names_of(record.job())) add_label(kJobLabel, record.job().manager() + "-" + name);
  if (record.job().has_uid()) add_label(kUserLabel, std::to_string(record.job().uid()));
  transaction.commit();
  return true;
}

Result<std::vector<pb::Record>> SqliteStore::find(const Query& query) {
  return guarded(path_, database_.get(), [&]() -> Result<std::vector<pb::Record>> {
    std::vector<pb::Record> records;
    std::set<std::string> seen;
    const auto filters = filters_of(query);
    if (query.ids.empty()) NW_CHECK(select(query, filters, query.limit, seen, records));
    for (const auto& id : query.ids) {
      auto where = NW_TRY(condition_of(id));
      where.sql += filters.sql;
      where.values.insert(where.values.end(), filters.values.begin(), filters.values.end());
      NW_CHECK(select(query, where, id == kLast ? 1 : 0, seen, records));
    }
    return records;
  });
}

// Patterns and ids are not of SQL alone.
Result<std::size_t> SqliteStore::count(const Query& query) {
  if (!query.ids.empty() || !query.patterns.empty()) return Store::count(query);
  return guarded(path_, database_.get(), [&]() -> Result<std::size_t> {
    const auto where = filters_of(query);
    SQLite::Statement rows(*database_, "SELECT COUNT(*) FROM records WHERE TRUE" + where.sql);
    bind_all(rows, where.values);
    return rows.executeStep() ? static_cast<std::size_t>(rows.getColumn(0).getInt64()) : 0;
  });
}

Result<Clause> SqliteStore::condition_of(const std::string& id) {
  if (id == kLast) {
    if (SQLite::Statement any(*database_, "SELECT 1 FROM records LIMIT 1"); !any.executeStep())
      return fail(ErrorKind::absent, path_ + ": no run is recorded yet");
    return Clause{};
  }
  const auto prefix = NW_TRY(parse_uid_prefix(id));
  const Value end = prefix + "~";  // sorts behind every letter of a uid
  SQLite::Statement found(*database_,
                          "SELECT uid FROM records WHERE uid >= ?1 AND uid < ?2 UNION "
                          "SELECT grp FROM records WHERE grp >= ?1 AND grp < ?2 AND grp <> '' LIMIT ?3");
  bind_all(found, {prefix, end, static_cast<std::int64_t>(kMaxCandidates)});
  std::vector<std::string> candidates;
  while (found.executeStep()) candidates.push_back(found.getColumn(0).getString());
  const auto uid = NW_TRY(choose_id(id, candidates, path_));
  return Clause{" AND (uid = ? OR (grp = ? AND grp <> ''))", {uid, uid}};
}

Done SqliteStore::select(const Query& query, const Clause& where, std::size_t limit, std::set<std::string>& seen,
                         std::vector<pb::Record>& into) {
  SQLite::Statement rows(*database_, "SELECT uid, record FROM records WHERE TRUE" + where.sql +
                                         " ORDER BY start_unix_ns DESC, rowid DESC LIMIT ?");
  auto values = where.values;
  const std::size_t most = limit == 0 ? SIZE_MAX : limit;
  values.emplace_back(limit == 0 || !query.patterns.empty() ? std::int64_t{-1} : static_cast<std::int64_t>(limit));
  bind_all(rows, values);
  for (std::size_t found = 0; found < most && rows.executeStep();) {
    const auto uid = rows.getColumn(0).getString();
    const auto blob = rows.getColumn(1);
    const std::string_view packed(static_cast<const char*>(blob.getBlob()), static_cast<std::size_t>(blob.getBytes()));
    if (seen.contains(uid)) continue;
    auto record = NW_TRY(unpacker_.unpack(packed, fmt::format("{}: record {}", path_, uid), query.without_timeline));
    if (!fits(record, query.patterns)) continue;
    seen.insert(uid), ++found;
    into.push_back(std::move(record));
  }
  return {};
}
}  // namespace

Result<std::size_t> Store::count(const Query& query) {
  Query all = query;
  all.limit = 0;
  all.without_timeline = true;
  return NW_TRY(find(all)).size();
}

Result<std::unique_ptr<Store>> make_sqlite_store(const std::string& path) {
  return std::make_unique<SqliteStore>(path, NW_TRY(open_sqlite_file(path, kSchema, kSchemaVersion)));
}

}  // namespace nw
