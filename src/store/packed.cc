#include "store/packed.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <zstd.h>

namespace nw {

namespace {
constexpr int kLevel = 3;  // zstd's own default
}

Result<std::string> pack_record(const pb::Record& record) {
  std::string plain;
  if (!record.SerializeToString(&plain) || plain.size() > kMaxRecord)
    return fail(ErrorKind::malformed, fmt::format("record {}: over {} bytes", record.uid(), kMaxRecord));
  std::string packed(ZSTD_compressBound(plain.size()), '\0');
  const auto size = ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), kLevel);
  if (ZSTD_isError(size) != 0)
    return fail(ErrorKind::failed, fmt::format("record {}: zstd: {}", record.uid(), ZSTD_getErrorName(size)));
  packed.resize(size);
  return packed;
}

namespace {
using google::protobuf::internal::WireFormatLite;

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
