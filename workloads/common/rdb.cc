// An .rdb file is a row of chunks: a big-endian uint32 with the unpacked size, then a zlib stream. Each chunk unpacks
// to one object in R's binary XDR form ("R Internals", section Serialization Formats; R's src/main/serialize.c):
//
//     "X\n"  int32 version (2 or 3)  int32 writer  int32 oldest reader  [version 3: int32 n, n bytes encoding name]
//     int32 flags (low byte: type)   int32 length  length values        [attributes, not read here]
//
// Type 13 is an integer vector (NA is INT_MIN), 14 a real one (NA is a NaN). All numbers are big-endian. A length of -1
// announces a 64-bit length, which no data set of a package has. The names of the objects stand in the .rdx file beside
// it, which is itself a serialised R object; a caller can tell the series apart by their length, so it is not read.
// Data bases may also be packed with bzip2 or xz: those chunks do not start like a zlib stream, and the error says so.
#include "rdb.h"

#include "files.h"

#include <bit>
#include <climits>
#include <limits>

namespace nw::workload {
namespace {

constexpr std::size_t kFileLimit = 256u << 20;
constexpr std::size_t kChunkLimit = 64u << 20;
constexpr std::uint32_t kIntegers = 13;
constexpr std::uint32_t kReals = 14;

// Big-endian numbers from the front; ok() turns false, and stays so, at the first read past the end.
class Cursor {
 public:
  explicit Cursor(std::span<const std::uint8_t> bytes) : left_(bytes) {}

  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  void skip(std::size_t n) {
    ok_ = ok_ && left_.size() >= n;
    left_ = ok_ ? left_.subspan(n) : std::span<const std::uint8_t>{};
  }
  bool ok() const { return ok_; }
  std::size_t left() const { return left_.size(); }

 private:
  std::uint64_t number(std::size_t bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes && left_.size() >= bytes; ++i) value = value << 8 | left_[i];
    skip(bytes);
    return value;
  }

  std::span<const std::uint8_t> left_;
  bool ok_ = true;
};

// The chunk's vector, empty when the object is something else.
Result<std::vector<double>> read_object(std::span<const std::uint8_t> chunk) {
  std::vector<double> values;
  if (chunk.size() < 2 || chunk[0] != 'X' || chunk[1] != '\n') return values;
  Cursor in(chunk.subspan(2));
  const auto version = in.u32();
  in.skip(8);
  if (version == 3) in.skip(in.u32());
  const auto type = in.u32() & 0xff;
  if (!in.ok()) return Error{"an R object ends within its head"};
  if (type != kIntegers && type != kReals) return values;
  const auto length = in.u32();
  if (!in.ok() || length > in.left() / (type == kIntegers ? 4 : 8))
    return Error{"an R vector ends before its last value"};
  values.reserve(length);
  for (std::uint32_t i = 0; i < length; ++i) {
    if (type == kReals) {
      values.push_back(std::bit_cast<double>(in.u64()));
    } else {
      const auto value = static_cast<std::int32_t>(in.u32());
      values.push_back(value == INT_MIN ? std::numeric_limits<double>::quiet_NaN() : value);
    }
  }
  return values;
}

}  // namespace

Result<std::vector<std::vector<double>>> parse_rdb(std::span<const std::uint8_t> bytes) {
  std::vector<std::vector<double>> vectors;
  while (!bytes.empty()) {
    Cursor head(bytes);
    const auto size = head.u32();
    if (!head.ok()) return Error{"R data base ends within a chunk's head"};
    if (size > kChunkLimit) return Error{"R data base announces a chunk of more than 64 MiB, or is no R data base"};
    bytes = bytes.subspan(4);
    if (!bytes.empty() && (bytes[0] == '2' || bytes[0] == 'Z'))
      return Error{"R data base is packed with bzip2 or xz, only zlib is read"};
    const auto chunk = inflate_bytes(bytes, Wrapper::zlib, size);
    if (!chunk) return Error{"R data base: " + chunk.error().what};
    if (!chunk->complete || chunk->bytes.size() != size)
      return Error{"R data base: a chunk is not as long as announced"};
    bytes = bytes.subspan(chunk->consumed);
    auto values = read_object(chunk->bytes);
    if (!values) return values.error();
    if (!values->empty()) vectors.push_back(std::move(*values));
  }
  return vectors;
}

Result<std::vector<std::vector<double>>> read_rdb(const std::filesystem::path& path) {
  const auto bytes = read_file(path, kFileLimit);
  if (!bytes) return bytes.error();
  auto vectors = parse_rdb(*bytes);
  if (!vectors) return Error{path.string() + ": " + vectors.error().what};
  return vectors;
}

}  // namespace nw::workload
