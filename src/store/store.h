// Store: keeps records permanently. Nothing changes one; removing some, or checking them all, is upkeep.h.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "record/record_fwd.h"
#include "store/query.h"

namespace nw {

class Store {
 public:
  virtual ~Store() = default;
  // False when a record of that uid is stored already; that one stays. Afterwards all of the record is stored or
  // nothing.
  virtual Result<bool> append(const pb::Record& record) = 0;
  virtual Result<std::vector<pb::Record>> find(const Query& query) = 0;
  // The number of records that match, whatever the query's limit.
  virtual Result<std::size_t> count(const Query& query);
};

// Called once for each stored record that cannot be read; the error names store and record.
using OnDamaged = std::function<void(const Error&)>;

// An SQLite database, created with its directory when missing. Its damaged records are reported to `on_damaged` and
// skipped, except where an id of the query matches nothing else: then, and where there is no `on_damaged`, find()
// returns that error.
Result<std::unique_ptr<Store>> make_sqlite_store(const std::string& path, OnDamaged on_damaged = {});

}  // namespace nw
