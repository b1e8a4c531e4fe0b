// Moving records between machines: one file of frames (frames.h). Its first payload is "nodewatt-records 1", every
// further one is a packed record (packed.h).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace nw {

// Writes a file, whole or not at all; "-" is standard output. A path that names a pipe or device is written to
// directly.
Done export_records(const std::string& path, const std::vector<pb::Record>& records);

// Every record of the file, and none when it is cut or damaged; "-" is standard input.
Result<std::vector<pb::Record>> read_records(const std::string& path);

// The number of records in the file if all can be read; else the first error.
Result<std::size_t> count_records(const std::string& path);

struct ImportCount {
  std::size_t added = 0;
  std::size_t present = 0;  // stored already; left as they are
};

// Stores every record of the file; "-" is standard input. When the file is cut or damaged, the whole records before
// that place are stored and the Error states where it is and how many they were. Importing twice is harmless.
Result<ImportCount> import_records(const std::string& path, Store& store);

}  // namespace nw
