// Any bytes as the frames of a journal ([u16 little-endian length][payload], again and again): an error that names a
// frame, or a record that can be read back. The files' own checksums are another target's (frames).
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <cstdlib>

#include "accounting/journal_frames.h"
#include "record/record.pb.h"

namespace {
void require(bool holds) {
  if (!holds) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(bytes), size);
  std::vector<std::string> frames;
  while (rest.size() >= 2) {
    const std::size_t length =
        static_cast<unsigned char>(rest[0]) | static_cast<std::size_t>(static_cast<unsigned char>(rest[1])) << 8;
    frames.emplace_back(rest.substr(2, length));
    rest.remove_prefix(std::min(rest.size(), length + 2));
  }
  [[maybe_unused]] static const auto silenced = google::protobuf::SetLogHandler(nullptr);
  const auto record = nw::rebuild_record(frames);
  if (!record) {
    require(record.error().what.find("journal") != std::string::npos);
    return 0;
  }
  require(record->energy().coverage() >= 0 && record->energy().coverage() <= 1);
  for (const auto& component : record->components())
    require(component.energy().energy_uj() >= 0 || component.source() == "node minus parts");
  nw::pb::Record again;
  require(again.ParseFromString(record->SerializeAsString()));
  return 0;
}
