// Any bytes as a packed record: unpacked whole or without its timelines, what comes out is the same but for these; and
// it is no more than was counted before it was made.
#include <google/protobuf/stubs/logging.h>
#include <zstd.h>

#include <cstdlib>

#include "record/record.pb.h"
#include "store/packed.h"

namespace {
// Of what a record is mostly made of: the texts and messages that are there, and the numbers.
nw::Contents count_made(const nw::pb::Record& record) {
  nw::Contents made;
  for (const auto& series : record.timeline().series())
    made.fields += 1, made.numbers += static_cast<std::size_t>(series.energy_uj_size());
  for (const auto& phase : record.phases())
    made.fields += static_cast<std::size_t>(1 + phase.components_size() + phase.spans_size() + phase.work_size());
  for (const auto& step : record.job().steps()) {
    made.fields += static_cast<std::size_t>(1 + step.components_size());
    for (const auto& part : step.components())
      made.fields += static_cast<std::size_t>(part.energy().contributors_size() + part.energy().terms_size());
  }
  made.fields += static_cast<std::size_t>(record.components_size() + record.labels_size() + record.sensors_size());
  return made;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  google::protobuf::SetLogHandler(nullptr);  // it would say of each what is wrong with it
  static nw::Unpacker unpacker;              // as in a store, one for all
  std::string packed(ZSTD_compressBound(size), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), bytes, size, 1));
  auto whole = nw::unpack_record(packed, "input");
  auto rest = unpacker.unpack(packed, "input", true);
  if (!whole) return 0;  // what is wrong may be in a timeline alone
  if (!rest || rest->has_timeline()) std::abort();
  const auto counted = nw::count_contents({reinterpret_cast<const char*>(bytes), size}), made = count_made(*whole);
  if (counted.fields < made.fields || counted.numbers < made.numbers) std::abort();
  whole->clear_timeline();
  if (whole->SerializeAsString() != rest->SerializeAsString()) std::abort();
  return 0;
}
