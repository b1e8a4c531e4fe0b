// A message is a sequence of fields, and each of them alone is a message of that type: those that can be read are
// merged. Of a damaged job or step the readable fields are kept, since the rest of the accumulators is its energy.
#include "record/checkpoint_salvage.h"

#include <optional>
#include <string>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

namespace nw {

namespace {
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

struct Field {
  int number = 0;
  std::string_view bytes;    // with its tag
  std::string_view payload;  // of a text or message
};

class Fields {
 public:
  explicit Fields(std::string_view bytes)
      : bytes_(bytes), in_(reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<int>(bytes.size())) {}

  // Nothing at the end, or where the bytes are no longer a message.
  std::optional<Field> next() {
    const auto at = [&] { return static_cast<std::size_t>(in_.CurrentPosition()); };
    const std::size_t begin = at();
    const std::uint32_t tag = in_.ReadTag();
    if (tag == 0) return std::nullopt;
    const std::size_t tagged = at();
    if (!WireFormatLite::SkipField(&in_, tag)) return std::nullopt;
    Field field{WireFormatLite::GetTagFieldNumber(tag), bytes_.substr(begin, at() - begin), {}};
    if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) return field;
    CodedInputStream sized(reinterpret_cast<const std::uint8_t*>(bytes_.data() + tagged),
                           static_cast<int>(at() - tagged));
    std::uint32_t size = 0;
    if (sized.ReadVarint32(&size) && size <= at() - tagged) field.payload = bytes_.substr(at() - size, size);
    return field;
  }

 private:
  std::string_view bytes_;
  CodedInputStream in_;
};

// `mend` is called for a field that cannot be read: it recovers what it can, and returns how many fields are lost.
template <class Message, class Repair>
std::size_t merge_readable(std::string_view bytes, Message& out, Repair repair) {
  std::size_t lost = 0;
  Fields fields(bytes);
  while (const auto field = fields.next()) {
    Message one;
    if (one.ParseFromArray(field->bytes.data(), static_cast<int>(field->bytes.size())))
      out.MergeFrom(one);
    else
      lost += repair(*field);
  }
  return lost;
}

constexpr auto kGiveUp = [](const Field&) { return std::size_t{1}; };

std::size_t salvage_job(std::string_view bytes, pb::CheckpointJob& out) {
  return merge_readable(bytes, out, [&](const Field& field) -> std::size_t {
    if (field.number == pb::CheckpointJob::kRecordFieldNumber)
      return merge_readable(field.payload, *out.mutable_record(), kGiveUp);
    if (field.number != pb::CheckpointJob::kStepsFieldNumber) return 1;
    pb::CheckpointStep& step = *out.add_steps();
    const std::size_t lost = merge_readable(field.payload, step, kGiveUp);
    if (step.id().empty()) step.set_id("unreadable-" + std::to_string(out.steps_size()));
    return lost;
  });
}
}  // namespace

SalvagedCheckpoint salvage_checkpoint(std::string_view bytes) {
  SalvagedCheckpoint saved;
  saved.lost = merge_readable(bytes, saved.checkpoint, [&](const Field& field) -> std::size_t {
    if (field.number == pb::Checkpoint::kJobsFieldNumber)
      return salvage_job(field.payload, *saved.checkpoint.add_jobs());
    if (field.number == pb::Checkpoint::kEndedFieldNumber)
      return merge_readable(field.payload, *saved.checkpoint.add_ended(), kGiveUp);
    return 1;
  });
  return saved;
}

}  // namespace nw
