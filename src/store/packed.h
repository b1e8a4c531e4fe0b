// The stored form of a record, in the database and in export files: protobuf, compressed with zstd. Fields that a newer
// nodewatt added and this one does not know pass through unchanged (protobuf keeps unknown fields).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "record/record_fwd.h"

namespace nw {

// Uncompressed size. A larger record would be a bug; unpacking takes no more bytes than this, whatever they claim.
inline constexpr std::size_t kMaxRecord = std::size_t{64} << 20;
// In protobuf two bytes can create an object of a hundred, and one a number of eight: these limits bound the memory of
// a record.
inline constexpr std::size_t kMaxFields = 1'000'000, kMaxNumbers = 2'000'000;

// What parsing a record's bytes would create, counted before parsing; never less than the real number.
struct Contents {
  std::size_t fields = 0;   // of variable length: texts and messages, at any depth
  std::size_t numbers = 0;  // of the timelines' series
};
Contents count_contents(std::string_view plain);

// `name` is used in errors.
Result<std::string> compress(std::string_view plain, int level, std::string_view name);

// Malformed when it is larger than unpacking would accept.
Result<std::string> pack_record(const pb::Record& record);

// The uncompressed size that a packed record states, which unpacking enforces. Malformed when it states none.
Result<std::size_t> plain_size(std::string_view packed, std::string_view name);

// Unpacks records one after the other in one workspace: creating that costs as much as a small record.
class Unpacker {
 public:
  Unpacker();
  ~Unpacker();
  Unpacker(Unpacker&&) noexcept;
  Unpacker& operator=(Unpacker&&) noexcept;
  // `name` tells in an error where the bytes came from.
  Result<pb::Record> unpack(std::string_view packed, std::string_view name, bool without_timeline = false);

 private:
  struct Workspace;
  std::unique_ptr<Workspace> workspace_;
};

Result<pb::Record> unpack_record(std::string_view packed, std::string_view name);

}  // namespace nw
