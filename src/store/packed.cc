#include "store/packed.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <zstd.h>

#include <algorithm>
#include <array>

#include "record/record.pb.h"

namespace nw {

namespace {
constexpr int kLevel = 3;  // zstd's own default
// Records of up to kPlain bytes cannot create too many objects.
constexpr std::size_t kPlain = 1 << 20;
constexpr int kDeepest = 6;  // messages within messages; deeper ones are unknown fields to this version
// The paths of repeated numbers in a record. No other field of it is a repeated number (a test reads record.proto).
constexpr std::array<int, 3> kSeries{pb::Record::kTimelineFieldNumber, pb::Timeline::kSeriesFieldNumber,
                                     pb::Series::kEnergyUjFieldNumber};
}  // namespace

Result<std::string> compress(std::string_view plain, int level, std::string_view name) {
  std::string packed(ZSTD_compressBound(plain.size()), '\0');
  const std::size_t size = ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), level);
  if (ZSTD_isError(size) != 0)
    return fail(ErrorKind::failed, fmt::format("{}: zstd: {}", name, ZSTD_getErrorName(size)));
  packed.resize(size);
  return packed;
}

namespace {
using google::protobuf::internal::WireFormatLite;

// Varints end with a byte below 0x80.
std::size_t count_numbers(std::string_view packed) {
  return static_cast<std::size_t>(
      std::count_if(packed.begin(), packed.end(), [](char c) { return (static_cast<unsigned char>(c) & 0x80) == 0; }));
}

// Counts the fields of a message and of those within, up to where it is none (a text, numbers, or a fault, at which
// parsing ends too). `depth` is the nesting depth, and `in_series` whether the path to it is one of kSeries.
void count_message(std::string_view bytes, int depth, bool in_series, Contents& counts) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  google::protobuf::io::CodedInputStream input(data, static_cast<int>(bytes.size()));
  while (input.CurrentPosition() < static_cast<int>(bytes.size())) {
    const std::uint32_t tag = input.ReadTag();
    if (tag == 0) return;
    const auto level = static_cast<std::size_t>(depth);
    const bool on_way = in_series && level < kSeries.size() && WireFormatLite::GetTagFieldNumber(tag) == kSeries[level];
    const bool is_number = on_way && level + 1 == kSeries.size();
    if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&input, tag)) return;
      counts.numbers += is_number ? 1 : 0;
      continue;
    }
    std::uint32_t length = 0;
    if (!input.ReadVarint32(&length)) return;
    const auto inner = bytes.substr(static_cast<std::size_t>(input.CurrentPosition()), length);
    ++counts.fields;
    if (is_number)
      counts.numbers += count_numbers(inner);
    else if (depth < kDeepest)
      count_message(inner, depth + 1, on_way, counts);
    if (inner.size() < length || !input.Skip(static_cast<int>(length))) return;
  }
}

Done check_contents(std::string_view plain, std::string_view name) {
  if (plain.size() <= kPlain) return {};
  const Contents counts = count_contents(plain);
  if (counts.fields > kMaxFields)
    return fail(ErrorKind::malformed, fmt::format("{}: a record of over {} fields", name, kMaxFields));
  if (counts.numbers > kMaxNumbers)
    return fail(ErrorKind::malformed, fmt::format("{}: a timeline of over {} values", name, kMaxNumbers));
  return {};
}

// Parses everything except timelines, whose bytes are skipped. Bytes that are not protobuf fail, as in a full parse.
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

Contents count_contents(std::string_view plain) {
  Contents counts;
  count_message(plain, 0, true, counts);
  return counts;
}

Result<std::string> pack_record(const pb::Record& record) {
  std::string plain;
  const std::string name = "record " + record.uid();
  if (!record.SerializeToString(&plain) || plain.size() > kMaxRecord)
    return fail(ErrorKind::malformed, fmt::format("{}: over {} bytes", name, kMaxRecord));
  NW_CHECK(check_contents(plain, name));
  return compress(plain, kLevel, name);
}

Result<std::size_t> plain_size(std::string_view packed, std::string_view name) {
  const auto claimed = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (claimed == ZSTD_CONTENTSIZE_ERROR || claimed == ZSTD_CONTENTSIZE_UNKNOWN)
    return fail(ErrorKind::malformed, fmt::format("{}: not a packed record", name));
  if (claimed > kMaxRecord)
    return fail(ErrorKind::malformed,
                fmt::format("{}: a record of {} bytes; at most {} are taken", name, claimed, kMaxRecord));
  return static_cast<std::size_t>(claimed);
}

struct Unpacker::Workspace {
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context{ZSTD_createDCtx(), &ZSTD_freeDCtx};
  std::string plain;
};

Unpacker::Unpacker() : workspace_(std::make_unique<Workspace>()) {}
Unpacker::~Unpacker() = default;
Unpacker::Unpacker(Unpacker&&) noexcept = default;
Unpacker& Unpacker::operator=(Unpacker&&) noexcept = default;

Result<pb::Record> Unpacker::unpack(std::string_view packed, std::string_view name, bool without_timeline) {
  const std::size_t claimed = NW_TRY(plain_size(packed, name));
  std::string& plain = workspace_->plain;
  if (plain.size() < claimed) plain.resize(claimed);
  const auto size =
      ZSTD_decompressDCtx(workspace_->context.get(), plain.data(), plain.size(), packed.data(), packed.size());
  if (ZSTD_isError(size) != 0)
    return fail(ErrorKind::malformed, fmt::format("{}: zstd: {}", name, ZSTD_getErrorName(size)));
  NW_CHECK(check_contents({plain.data(), size}, name));
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
