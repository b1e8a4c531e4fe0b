#include "store/packed.h"

#include <fmt/format.h>
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

Result<pb::Record> unpack_record(std::string_view packed, std::string_view name) {
  const auto claimed = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (claimed == ZSTD_CONTENTSIZE_ERROR || claimed == ZSTD_CONTENTSIZE_UNKNOWN)
    return fail(ErrorKind::malformed, fmt::format("{}: not a packed record", name));
  if (claimed > kMaxRecord)
    return fail(ErrorKind::malformed,
                fmt::format("{}: a record of {} bytes; at most {} are taken", name, claimed, kMaxRecord));
  std::string plain(claimed, '\0');
  const auto size = ZSTD_decompress(plain.data(), plain.size(), packed.data(), packed.size());
  if (ZSTD_isError(size) != 0)
    return fail(ErrorKind::malformed, fmt::format("{}: zstd: {}", name, ZSTD_getErrorName(size)));
  pb::Record record;
  if (!record.ParseFromArray(plain.data(), static_cast<int>(size)))
    return fail(ErrorKind::malformed, fmt::format("{}: not a record", name));
  return record;
}

}  // namespace nw
