#include "store/upkeep.h"

#include <fmt/format.h>

#include <algorithm>

#include "record/record.pb.h"
#include "store/query.h"
#include "store/sqlite_file.h"
#include "store/sqlite_rows.h"

namespace nw {

namespace {
using Texts = std::vector<std::string>;

Done add_uids(SQLite::Database& database, const std::string& path, const std::string& id, Texts& uids) {
  const Clause where = NW_TRY(condition_of(database, path, id));
  auto rows = select_rows(database, where);
  SQLite::Statement named(database, "SELECT uid FROM records WHERE rowid = ?");
  while (rows.executeStep()) {
    named.reset();
    named.bind(1, rows.getColumn(0).getInt64());
    if (!named.executeStep()) continue;
    const std::string uid = named.getColumn(0).getString();
    if (std::find(uids.begin(), uids.end(), uid) == uids.end()) uids.push_back(uid);
    if (id == kLast) break;
  }
  return {};
}
}  // namespace

Result<Texts> find_uids(const std::string& path, const Texts& ids) {
  const auto database = NW_TRY(open_sqlite_file_to_read(path, kStoreSchema.version));
  return guarded(path, database.get(), [&]() -> Result<Texts> {
    Texts uids;
    for (const auto& id : ids) NW_CHECK(add_uids(*database, path, id, uids));
    return uids;
  });
}

Result<std::size_t> remove_records(const std::string& path, const Texts& uids) {
  const auto database = NW_TRY(open_sqlite_file(path, kStoreSchema));
  return guarded(path, database.get(), [&]() -> Result<std::size_t> {
    SQLite::Transaction transaction(*database, SQLite::TransactionBehavior::IMMEDIATE);
    SQLite::Statement row(*database, "DELETE FROM records WHERE uid = ?");
    std::size_t removed = 0;
    for (const auto& uid : uids) {
      row.reset();
      row.bind(1, uid);
      removed += static_cast<std::size_t>(row.exec());
    }
    database->exec("DELETE FROM labels WHERE uid NOT IN (SELECT uid FROM records)");
    transaction.commit();
    return removed;
  });
}

namespace {
class Checker {
 public:
  Checker(const std::string& path, SQLite::Database& database)
      : path_(path),
        database_(database),
        reader_(database, path, unpacker_),
        columns_(database,
                 "SELECT start_unix_ns, name, grp, host, duration_ns, energy_uj, uid FROM records WHERE rowid = ?"),
        label_(database, "SELECT 1 FROM labels WHERE key = ? AND value = ? AND uid = ?") {}

  Done check_structure();
  Done check_records();
  void add(const Error& error) { check_.faults.push_back(error.what); }
  StoreCheck result() { return std::move(check_); }

 private:
  void check_row(std::int64_t row);
  Texts find_differences(std::int64_t row, const pb::Record& record);

  const std::string& path_;
  SQLite::Database& database_;
  Unpacker unpacker_;
  RowReader reader_;
  SQLite::Statement columns_, label_;
  StoreCheck check_;
};

Done Checker::check_structure() {
  SQLite::Statement lines(database_, "PRAGMA integrity_check(20)");
  while (lines.executeStep())
    if (const std::string line = lines.getColumn(0).getString(); line != "ok")
      check_.faults.push_back(path_ + ": " + line);
  return {};
}

Done Checker::check_records() {
  for (auto rows = select_rows(database_, {}); rows.executeStep();) check_row(rows.getColumn(0).getInt64());
  return {};
}

void Checker::check_row(std::int64_t row) {
  const StoredRow read = reader_.read(row);
  if (!read.record && read.record.error().kind == ErrorKind::absent) return;
  ++check_.records;
  if (!read.record) {
    if (!read.uid.empty()) check_.unreadable.push_back(read.uid);
    return add(read.record.error());
  }
  const std::string name = fmt::format("{}: record {}", path_, read.uid);
  const auto differences =
      guarded(name, &database_, [&]() -> Result<Texts> { return find_differences(row, *read.record); });
  if (!differences) return add(differences.error());
  if (!differences->empty())
    check_.faults.push_back(
        fmt::format("{}: is listed by another {} than its own", name, fmt::join(*differences, ", ")));
}

// The search columns that do not match the record. The node type is checked apart: how it is derived from a record may
// change from version to version.
Texts Checker::find_differences(std::int64_t row, const pb::Record& record) {
  Texts names;
  const auto expect = [&](bool same, const char* name) {
    if (!same) names.emplace_back(name);
  };
  columns_.tryReset();
  columns_.bind(1, row);
  if (!columns_.executeStep()) return {};
  const auto energy = columns_.getColumn(5);
  const bool known = record.energy().has_energy_uj();
  expect(columns_.getColumn(6).getString() == record.uid(), "uid");
  expect(columns_.getColumn(0).getInt64() == record.start_unix_ns(), "start");
  expect(columns_.getColumn(1).getString() == record.name(), "name");
  expect(columns_.getColumn(2).getString() == record.group(), "group");
  expect(columns_.getColumn(3).getString() == record.node().host(), "host");
  expect(columns_.getColumn(4).getInt64() == record.duration_ns(), "duration");
  expect(energy.isNull() != known && (!known || energy.getInt64() == record.energy().energy_uj()), "energy");
  const auto labels = labels_of(record);
  const bool has_all = std::all_of(labels.begin(), labels.end(), [&](const auto& label) {
    label_.tryReset();
    bind_all(label_, {label.first, label.second, record.uid()});
    return label_.executeStep();
  });
  expect(has_all, "label");
  return names;
}
}  // namespace

Result<StoreCheck> check_store(const std::string& path) {
  const auto database = NW_TRY(open_sqlite_file_to_read(path, kStoreSchema.version));
  const int version = NW_TRY(guarded(path, database.get(), [&]() -> Result<int> { return file_version(*database); }));
  if (version < kStoreSchema.version) NW_CHECK(open_sqlite_file(path, kStoreSchema));  // upgrades it
  return guarded(path, database.get(), [&]() -> Result<StoreCheck> {
    Checker checker(path, *database);
    for (const auto part : {&Checker::check_structure, &Checker::check_records})
      if (const auto done = guarded(path, database.get(), [&] { return (checker.*part)(); }); !done) {
        if (done.error().kind != ErrorKind::malformed) return tl::make_unexpected(done.error());
        checker.add(done.error());
      }
    return checker.result();
  });
}

}  // namespace nw
