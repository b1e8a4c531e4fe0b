// Store: keeps records, for ever. Nothing changes one; what takes some out, or checks them all, is upkeep.h.
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
  // False when a record of that uid is kept already; the one that is kept stays. All of the record is there afterwards
  // or nothing.
  virtual Result<bool> append(const pb::Record& record) = 0;
  virtual Result<std::vector<pb::Record>> find(const Query& query) = 0;
  // How many there are that fit, whatever the query's limit.
  virtual Result<std::size_t> count(const Query& query);
};

// Told of a record that is kept and cannot be read, once each; the error names store and record.
using OnDamaged = std::function<void(const Error&)>;

// An SQLite database, made with its directory when missing. Its damaged records are told of and passed over, but where
// an id of the query stands for nothing else: then, and where there is nobody to tell, that is the error of find().
Result<std::unique_ptr<Store>> make_sqlite_store(const std::string& path, OnDamaged on_damaged = {});

}  // namespace nw
