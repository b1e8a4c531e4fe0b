// Whole files in and out of memory, and where the public data sets lie.
#pragma once

#include "result.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace nw::workload {

using Bytes = std::vector<std::uint8_t>;

// The file's bytes; an error when it cannot be read, is empty or is longer than `limit`.
Result<Bytes> read_file(const std::filesystem::path& path, std::size_t limit);

// Either the old file or the complete new one is there afterwards, also across a power cut.
Result<void> write_file(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);

// Says before hours of training, not after them, that a file could not be written there.
Result<void> check_writable(const std::filesystem::path& path);

// $NODEWATT_DATA, else $XDG_CACHE_HOME/nodewatt/data, else ~/.cache/nodewatt/data: where fetch-data.sh puts the data
// sets.
std::filesystem::path data_folder();

// Which of zlib's two wrappers the compressed bytes wear.
enum class Wrapper { zlib, gzip };

struct Inflated {
  Bytes bytes;
  std::size_t consumed = 0;  // compressed bytes used
  bool complete = false;     // the stream ended within `limit`, its checksum right
};

// Unpacks at most `limit` bytes. Stopping at the limit is not an error (complete is false then); a damaged or cut
// stream is one.
Result<Inflated> inflate_bytes(std::span<const std::uint8_t> packed, Wrapper wrapper, std::size_t limit);

}  // namespace nw::workload
