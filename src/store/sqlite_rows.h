// The tables of a store: one row a record; the column `record` is authoritative, the other columns and the table of
// labels repeat what a Query selects by. Records are read one by one by row number, so that one that is damaged, or
// whose database page is, does not prevent the others from being read.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "record/record.pb.h"
#include "store/packed.h"
#include "store/sqlite_file.h"

namespace nw {

extern const SqliteSchema kStoreSchema;

// A record's job and user are stored among the labels, under names that no user can give: the job by each name that it
// may be asked for, the user, and both in one.
inline constexpr const char* kJobLabel = "\x01job";
inline constexpr const char* kUserLabel = "\x01user";
inline constexpr const char* kUserJobLabel = "\x01user_job";
std::string user_job(std::uint32_t user, const std::string& job);
// The entries in the table of labels for a record.
std::vector<std::pair<std::string, std::string>> labels_of(const pb::Record& record);

using SqlValue = std::variant<std::int64_t, std::string>;

// A piece of SQL and the values of its question marks.
struct Clause {
  std::string sql;
  std::vector<SqlValue> values;

  void add(std::string_view condition, std::initializer_list<SqlValue> its) {
    sql += condition;
    values.insert(values.end(), its);
  }
};

void bind_all(SQLite::Statement& statement, const std::vector<SqlValue>& values);

// The condition for the records that an id (query.h) stands for; for `last`, which is one row, it is that row alone.
// `path` names the store.
Result<Clause> condition_of(SQLite::Database& database, const std::string& path, const std::string& id);

// Rows that satisfy the condition, newest first; the statement returns their numbers.
SQLite::Statement select_rows(SQLite::Database& database, const Clause& where);

struct StoredRow {
  std::string uid;  // empty where the row itself cannot be read
  // Absent when it was removed meanwhile. Malformed when it is damaged, and then the error names store and record.
  Result<pb::Record> record;
};

class RowReader {
 public:
  // The unpacker is the caller's, and may serve others too.
  RowReader(SQLite::Database& database, std::string path, Unpacker& unpacker);
  StoredRow read(std::int64_t row, bool without_timeline = false);

 private:
  SQLite::Database& database_;
  std::string path_;
  Unpacker& unpacker_;
  SQLite::Statement by_row_;
};

}  // namespace nw
