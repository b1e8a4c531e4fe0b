// The store of one user: an SQLite 3 database (sqlite_file.h, sqlite_rows.h).
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "record/node_type.h"
#include "record/record.pb.h"
#include "store/sqlite_file.h"
#include "store/sqlite_rows.h"
#include "store/store.h"
#include "store/uid.h"

namespace nw {

namespace {
Clause filters_of(const Query& query) {
  Clause where;
  if (!query.name.empty()) where.add(" AND name = ?", {query.name});
  if (query.since_unix_ns) where.add(" AND start_unix_ns >= ?", {*query.since_unix_ns});
  if (query.until_unix_ns) where.add(" AND start_unix_ns < ?", {*query.until_unix_ns});
  const auto has_label = [&](const std::string& key, const std::string& value) {
    where.add(" AND uid IN (SELECT uid FROM labels WHERE key = ? AND value = ?)", {key, value});
  };
  // One label for both: a job of another user is then as absent from the index as one that does not exist.
  if (!query.job.empty() && query.user)
    has_label(kUserJobLabel, user_job(*query.user, query.job));
  else if (!query.job.empty())
    has_label(kJobLabel, query.job);
  else if (query.user)
    has_label(kUserLabel, std::to_string(*query.user));
  for (const auto& [key, value] : query.labels) has_label(key, value);
  return where;
}

struct Selection {
  std::set<std::int64_t> seen;  // rows
  std::vector<pb::Record> records;
};

class SqliteStore : public Store {
 public:
  SqliteStore(std::string path, std::unique_ptr<SQLite::Database> database, OnDamaged on_damaged)
      : path_(std::move(path)), database_(std::move(database)), on_damaged_(std::move(on_damaged)) {}

  Result<bool> append(const pb::Record& record) override;
  Result<std::vector<pb::Record>> find(const Query& query) override;
  Result<std::size_t> count(const Query& query) override;

 private:
  bool insert(const pb::Record& record, const std::string& packed);
  Done select(const Query& query, const std::string& id, RowReader& reader, Selection& into);

  std::string path_;
  std::unique_ptr<SQLite::Database> database_;
  Unpacker unpacker_;
  OnDamaged on_damaged_;
  std::set<std::string> told_;  // damage that was reported
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
  for (const auto& [key, value] : labels_of(record)) {
    SQLite::Statement entry(*database_, "INSERT OR IGNORE INTO labels VALUES(?, ?, ?)");
    bind_all(entry, {key, value, record.uid()});
    entry.exec();
  }
  transaction.commit();
  return true;
}

Result<std::vector<pb::Record>> SqliteStore::find(const Query& query) {
  return guarded(path_, database_.get(), [&]() -> Result<std::vector<pb::Record>> {
    RowReader reader(*database_, path_, unpacker_);
    Selection selection;
    if (query.ids.empty()) NW_CHECK(select(query, "", reader, selection));
    for (const auto& id : query.ids) NW_CHECK(select(query, id, reader, selection));
    return std::move(selection.records);
  });
}

// Patterns and ids cannot be expressed in SQL alone.
Result<std::size_t> SqliteStore::count(const Query& query) {
  if (!query.ids.empty() || !query.patterns.empty()) return Store::count(query);
  return guarded(path_, database_.get(), [&]() -> Result<std::size_t> {
    const auto where = filters_of(query);
    SQLite::Statement rows(*database_, "SELECT COUNT(*) FROM records WHERE TRUE" + where.sql);
    bind_all(rows, where.values);
    return rows.executeStep() ? static_cast<std::size_t>(rows.getColumn(0).getInt64()) : 0;
  });
}

// The records of one id, or all where it is empty. If an id matches only damaged records, that is an error.
Done SqliteStore::select(const Query& query, const std::string& id, RowReader& reader, Selection& into) {
  Clause where = id.empty() ? Clause{} : NW_TRY(condition_of(*database_, path_, id));
  const Clause filters = filters_of(query);
  where.sql += filters.sql;
  where.values.insert(where.values.end(), filters.values.begin(), filters.values.end());
  // The last one is the newest row, even if it is damaged: an older one is another run.
  const bool one_row = id == kLast && query.patterns.empty();
  const std::size_t limit = id == kLast ? 1 : id.empty() ? query.limit : 0, most = limit == 0 ? SIZE_MAX : limit;
  std::vector<Error> damage;
  std::size_t found = 0;
  for (auto rows = select_rows(*database_, where); found < most && rows.executeStep();) {
    const std::int64_t row = rows.getColumn(0).getInt64();
    if (into.seen.insert(row).second) {
      auto record = reader.read(row, query.without_timeline).record;
      if (record && fits(*record, query.patterns)) {
        ++found;
        into.records.push_back(std::move(*record));
      } else if (!record && record.error().kind == ErrorKind::malformed) {
        damage.push_back(std::move(record).error());
      } else if (!record && record.error().kind != ErrorKind::absent) {
        return tl::make_unexpected(std::move(record).error());
      }
    }
    if (one_row) break;
  }
  if (!damage.empty() && (!on_damaged_ || (!id.empty() && found == 0 && query.patterns.empty())))
    return tl::make_unexpected(std::move(damage.front()));
  for (const Error& one : damage)
    if (told_.insert(one.what).second) on_damaged_(one);
  return {};
}
}  // namespace

Result<std::size_t> Store::count(const Query& query) {
  Query all = query;
  all.limit = 0;
  all.without_timeline = true;
  return NW_TRY(find(all)).size();
}

Result<std::unique_ptr<Store>> make_sqlite_store(const std::string& path, OnDamaged on_damaged) {
  auto database = NW_TRY(open_sqlite_file(path, kStoreSchema));
  return std::make_unique<SqliteStore>(path, std::move(database), std::move(on_damaged));
}

}  // namespace nw
