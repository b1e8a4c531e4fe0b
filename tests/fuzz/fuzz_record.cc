// Any bytes as a packed record: unpacked whole or without its timelines, what comes out is the same but for these.
#include <google/protobuf/stubs/logging.h>
#include <zstd.h>

#include <cstdlib>

#include "store/packed.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  google::protobuf::SetLogHandler(nullptr);  // it would say of each what is wrong with it
  static nw::Unpacker unpacker;              // as in a store, one for all
  std::string packed(ZSTD_compressBound(size), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), bytes, size, 1));
  auto whole = nw::unpack_record(packed, "input");
  auto rest = unpacker.unpack(packed, "input", true);
  if (!whole) return 0;  // what is wrong may be in a timeline alone
  if (!rest || rest->has_timeline()) std::abort();
  whole->clear_timeline();
  if (whole->SerializeAsString() != rest->SerializeAsString()) std::abort();
  return 0;
}
