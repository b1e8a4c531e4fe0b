// Upkeep: what is done to a store beside keeping and finding records: taking some out, and verifying all.
//
// Records are for ever in that nothing changes one; what somebody does not want in his store any more, or what cannot
// be read, he takes out. Damaged records are named by the uid that their row has.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"

namespace nw {

// The uids of all records that these ids (query.h) stand for, in their order, nothing twice; damaged ones too.
Result<std::vector<std::string>> find_uids(const std::string& path, const std::vector<std::string>& ids);

// Takes them out: all of them, or none. How many were there.
Result<std::size_t> remove_records(const std::string& path, const std::vector<std::string>& uids);

struct StoreCheck {
  std::size_t records = 0;              // that are there
  std::vector<std::string> faults;      // of the file and of records, each in words
  std::vector<std::string> unreadable;  // uids of the records that cannot be read
};

// Verifies the database's own structure, that every record can be read, and that what it is found by is its own.
// Writes nothing. Absent when there is no such store.
Result<StoreCheck> check_store(const std::string& path);

}  // namespace nw
