// Upkeep: operations on a store beside storing and finding records: removing some, and verifying all.
//
// Records are permanent in that nothing changes one; a user can remove those that he does not want any more or that
// cannot be read. Damaged records are named by the uid in their row.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"

namespace nw {

// The uids of all records that these ids (query.h) stand for, in their order, without duplicates; damaged ones too.
Result<std::vector<std::string>> find_uids(const std::string& path, const std::vector<std::string>& ids);

// Removes them: all of them, or none. Returns how many there were.
Result<std::size_t> remove_records(const std::string& path, const std::vector<std::string>& uids);

struct StoreCheck {
  std::size_t records = 0;              // that are there
  std::vector<std::string> faults;      // of the file and of records, each in words
  std::vector<std::string> unreadable;  // uids of the records that cannot be read
};

// Verifies the database's own structure, that every record can be read, and that its search columns match it. Writes
// nothing. Absent when there is no such store.
Result<StoreCheck> check_store(const std::string& path);

}  // namespace nw
