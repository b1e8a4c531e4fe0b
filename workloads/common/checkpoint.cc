// Own format, because archives of torch::save need not load across LibTorch 1.13 and 2.x, and a network trained on a
// CPU node is to be measured on a GPU node as well. Little-endian throughout:
//
//     "NWCHECK1"
//     u32 facts       each: text key, text value          (text: u32 length, bytes)
//     u32 parameters  each: text name, u32 rank, u64 sizes[rank], float32 values
//     u32 CRC-32 of everything before it
//
// The checksum is looked at first, so that a cut or damaged file is told as such. Lengths are still checked against
// what is left in the file before anything is allocated: a checksum does not protect from a file that was made to
// mislead.
#include "checkpoint.h"

#include "files.h"

#include <zlib.h>

#include <cstring>

namespace nw::workload {
namespace {

constexpr std::size_t kFileLimit = std::size_t{4} << 30;
constexpr char kMagic[8] = {'N', 'W', 'C', 'H', 'E', 'C', 'K', '1'};

std::uint32_t checksum(std::span<const std::uint8_t> bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, bytes.data(), bytes.size()));
}

class Writer {
 public:
  void raw(const void* data, std::size_t size) {
    const auto* first = static_cast<const std::uint8_t*>(data);
    bytes_.insert(bytes_.end(), first, first + size);
  }
  template <class T>
  void number(T value) {
    raw(&value, sizeof value);
  }
  void text(const std::string& text) {
    number(static_cast<std::uint32_t>(text.size()));
    raw(text.data(), text.size());
  }
  Bytes take() { return std::move(bytes_); }
  std::span<const std::uint8_t> bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

// Reads from the front; ok() turns false, and stays so, at the first read past the end.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : left_(bytes) {}

  bool raw(void* into, std::size_t size) {
    ok_ = ok_ && size <= left_.size();
    if (!ok_) return false;
    if (size > 0) std::memcpy(into, left_.data(), size);
    left_ = left_.subspan(size);
    return true;
  }
  template <class T>
  T number() {
    T value{};
    raw(&value, sizeof value);
    return value;
  }
  std::string text() {
    const auto size = number<std::uint32_t>();
    if (size > left_.size()) ok_ = false;
    std::string out(ok_ ? size : 0, '\0');
    raw(out.data(), out.size());
    return out;
  }
  std::size_t left() const { return left_.size(); }
  bool ok() const { return ok_; }

 private:
  std::span<const std::uint8_t> left_;
  bool ok_ = true;
};

bool read_parameter(Reader& in, Parameter& parameter) {
  parameter.name = in.text();
  const auto rank = in.number<std::uint32_t>();
  if (!in.ok() || rank > 8) return false;
  std::uint64_t count = 1;
  const std::uint64_t most = in.left() / sizeof(float);
  for (std::uint32_t i = 0; i < rank; ++i) {
    const auto size = in.number<std::uint64_t>();
    if (!in.ok() || size == 0 || size > most || count > most / size) return false;
    count *= size;
    parameter.shape.push_back(static_cast<std::int64_t>(size));
  }
  if (count * sizeof(float) > in.left()) return false;
  parameter.values.resize(count);
  return in.raw(parameter.values.data(), count * sizeof(float));
}

}  // namespace

std::vector<std::uint8_t> format_checkpoint(const Checkpoint& checkpoint) {
  Writer out;
  out.raw(kMagic, sizeof kMagic);
  out.number(static_cast<std::uint32_t>(checkpoint.facts.size()));
  for (const auto& [key, value] : checkpoint.facts) {
    out.text(key);
    out.text(value);
  }
  out.number(static_cast<std::uint32_t>(checkpoint.parameters.size()));
  for (const auto& parameter : checkpoint.parameters) {
    out.text(parameter.name);
    out.number(static_cast<std::uint32_t>(parameter.shape.size()));
    for (const auto size : parameter.shape) out.number(static_cast<std::uint64_t>(size));
    out.raw(parameter.values.data(), parameter.values.size() * sizeof(float));
  }
  out.number(checksum(out.bytes()));
  return out.take();
}

Result<Checkpoint> parse_checkpoint(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < sizeof kMagic || std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0)
    return Error{"is not a checkpoint"};
  if (bytes.size() < sizeof kMagic + 12) return Error{"checkpoint is cut short"};
  const auto body = bytes.first(bytes.size() - 4);
  if (Reader(bytes.last(4)).number<std::uint32_t>() != checksum(body))
    return Error{"checkpoint is cut short or damaged (checksum)"};
  const Error malformed{"checkpoint is malformed"};
  Reader in(body.subspan(sizeof kMagic));
  Checkpoint checkpoint;
  const auto facts = in.number<std::uint32_t>();
  for (std::uint32_t i = 0; i < facts && in.ok(); ++i) {
    auto key = in.text();
    checkpoint.facts[std::move(key)] = in.text();
  }
  const auto parameters = in.number<std::uint32_t>();
  for (std::uint32_t i = 0; i < parameters && in.ok(); ++i) {
    Parameter parameter;
    if (!read_parameter(in, parameter)) return malformed;
    checkpoint.parameters.push_back(std::move(parameter));
  }
  if (!in.ok() || in.left() != 0) return malformed;
  return checkpoint;
}

Result<void> write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  return write_file(path, format_checkpoint(checkpoint));
}

Result<Checkpoint> read_checkpoint(const std::filesystem::path& path) {
  const auto bytes = read_file(path, kFileLimit);
  if (!bytes) return bytes.error();
  auto checkpoint = parse_checkpoint(*bytes);
  if (!checkpoint) return Error{path.string() + ": " + checkpoint.error().what};
  return checkpoint;
}

Result<Scale> scale_of_checkpoint(const Checkpoint& checkpoint, const std::string& application,
                                  const Options& options) {
  const auto fact = [&](const char* key) {
    const auto found = checkpoint.facts.find(key);
    return found == checkpoint.facts.end() ? std::string() : found->second;
  };
  if (fact("application") != application)
    return Error{options.checkpoint + ": is a checkpoint of '" + fact("application") + "', not of " + application};
  const auto scale = scale_named(fact("scale"));
  if (!scale) return Error{options.checkpoint + ": checkpoint names no known scale"};
  if (options.scale && *options.scale != *scale) {
    return Error{options.checkpoint + ": was trained at scale " + std::string(name_of(*scale)) + ", --scale asks for " +
                 std::string(name_of(*options.scale))};
  }
  return *scale;
}

}  // namespace nw::workload
