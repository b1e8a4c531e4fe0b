#include "store/packed.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <zstd.h>

namespace nw {

namespace {
constexpr int kLevel = 3;  // zstd's own default
// A few bytes of each of which make an object: what a record of a few kilobytes, unpacked, may ask for is bounded by
// this, not by its bytes. Records of up to kPlain bytes cannot hold too many.
constexpr std::size_t kMostFields = 1'000'000, kPlain = 1 << 20;
constexpr int kDeepest = 6;
}  // namespace

Result<std::string> compress(std::string_view plain, int level, std::string_view name) {
  std::string packed(ZSTD_compressBound(plain.size()), '\0');
  const std::size_t size = ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), level);
  if (ZSTD_isError(size) != 0)
    return fail(ErrorKind::failed, fmt::format("{}: zstd: {}", name, ZSTD_getErrorName(size)));
  packed.resize(size);
  return packed;
}

Result<std::string> pack_record(const pb::Record& record) {
  std::string plain;
  if (!record.SerializeToString(&plain) || plain.size() > kMaxRecord)
    return fail(ErrorKind::malformed, fmt::format("record {}: over {} bytes", record.uid(), kMaxRecord));
  return compress(plain, kLevel, "record " + record.uid());
}

namespace {
using google::protobuf::internal::WireFormatLite;

// Fields of variable length in a message and in those within, up to where it is none (a text, numbers, or a fault that
// parsing would find too late).
std::size_t count_fields(std::string_view bytes, int depth) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  google::protobuf::io::CodedInputStream input(data, static_cast<int>(bytes.size()));
  std::size_t count = 0;
  while (input.CurrentPosition() < static_cast<int>(bytes.size())) {
    const std::uint32_t tag = input.ReadTag();
    if (tag == 0) return count;
    if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&input, tag)) return count;
      continue;
    }
    std::uint32_t length = 0;
    if (!input.ReadVarint32(&length)) return count;
    const auto at = static_cast<std::size_t>(input.CurrentPosition());
    if (length > bytes.size() - at) return count;
    count += 1 + (depth > 0 ? count_fields(bytes.substr(at, length), depth - 1) : 0);
    if (!input.Skip(static_cast<int>(length))) return count;
  }
  return count;
}

// Parses all but the timelines, whose bytes are passed over. What is no protobuf fails, as a whole one would.
bool parse_without_timeline(std::string_view bytes, pb::Record& record) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const auto merge = [&](int from, int to) {
    google::protobuf::io::CodedInputStream part(data + from, to - from);
    return record.MergeFromCodedStream(&part);
  };
  constexpr std::uint32_t kTimeline =
      WireFormatLite::MakeTag(pb::Record::kTimelineFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
  google::protobuf::io::CodedInputStream input(data, static_cast<int>(bytes.size()));
  int parsed = 0;
  for (int at = 0; at < static_cast<int>(bytes.size()); at = input.CurrentPosition()) {
    const std::uint32_t tag = input.ReadTag();
    if (tag == 0 || !WireFormatLite::SkipField(&input, tag)) return false;
    if (tag != kTimeline) continue;
    if (!merge(parsed, at)) return false;
    parsed = input.CurrentPosition();
  }
  return merge(parsed, static_cast<int>(bytes.size()));
}
}  // namespace

struct Unpacker::Workspace {
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context{ZSTD_createDCtx(), &ZSTD_freeDCtx};
  std::string plain;
};

Unpacker::Unpacker() : workspace_(std::make_unique<Workspace>()) {}
Unpacker::~Unpacker() = default;
Unpacker::Unpacker(Unpacker&&) noexcept = default;
Unpacker& Unpacker::operator=(Unpacker&&) noexcept = default;

Result<pb::Record> Unpacker::unpack(std::string_view packed, std::string_view name, bool without_timeline) {
  const auto claimed = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (claimed == ZSTD_CONTENTSIZE_ERROR || claimed == ZSTD_CONTENTSIZE_UNKNOWN)
    return fail(ErrorKind::malformed, fmt::format("{}: not a packed record", name));
  if (claimed > kMaxRecord)
    return fail(ErrorKind::malformed,
                fmt::format("{}: a record of {} bytes; at most {} are taken", name, claimed, kMaxRecord));
  std::string& plain = workspace_->plain;
  if (plain.size() < claimed) plain.resize(claimed);
  const auto size =
      ZSTD_decompressDCtx(workspace_->context.get(), plain.data(), plain.size(), packed.data(), packed.size());
  if (ZSTD_isError(size) != 0)
    return fail(ErrorKind::malformed, fmt::format("{}: zstd: {}", name, ZSTD_getErrorName(size)));
  if (size > kPlain && count_fields({plain.data(), size}, kDeepest) > kMostFields)
    return fail(ErrorKind::malformed, fmt::format("{}: a record of over {} fields", name, kMostFields));
  pb::Record record;
  const bool whole = without_timeline ? parse_without_timeline({plain.data(), size}, record)
                                      : record.ParseFromArray(plain.data(), static_cast<int>(size));
  if (!whole) return fail(ErrorKind::malformed, fmt::format("{}: not a record", name));
  return record;
}

Result<pb::Record> unpack_record(std::string_view packed, std::string_view name) {
  return Unpacker().unpack(packed, name);
}

}  // namespace nw
