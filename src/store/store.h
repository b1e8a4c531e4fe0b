// Store: keeps records, for ever. It only grows: there is no way to change or remove a record.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "record/record.pb.h"
#include "store/query.h"

namespace nw {

class Store {
 public:
  virtual ~Store() = default;
  // False when a record of that uid is kept already; the one that is kept stays. All of the record is there afterwards
  // or nothing.
  virtual Result<bool> append(const pb::Record& record) = 0;
  virtual Result<std::vector<pb::Record>> find(const Query& query) = 0;
  // How many there are that fit, whatever the query's limit.
  virtual Result<std::size_t> count(const Query& query);
};

// An SQLite database, made with its directory when missing.
Result<std::unique_ptr<Store>> make_sqlite_store(const std::string& path);

}  // namespace nw
