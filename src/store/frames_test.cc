#include "store/frames.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "store/scratch.h"

namespace nw {
namespace {

std::string file_of(const std::vector<std::string>& payloads) {
  std::string bytes(kFramesMagic);
  for (const auto& payload : payloads) bytes += make_frame(payload).value();
  return bytes;
}

Frames read(std::string_view bytes) { return read_frames(bytes_of_memory(bytes), "f"); }

bool is_prefix(const std::vector<std::string>& some, const std::vector<std::string>& all) {
  return some.size() <= all.size() && std::equal(some.begin(), some.end(), all.begin());
}

TEST(Frames, the_format_is_pinned) {
  // CRC-32 of 03 00 00 00 'a' 'b' 'c', by zlib's crc32 in another language.
  const std::string expected(
      "nodewatt-frames 1\n\x03\x00\x00\x00\x33\x5d\xe1\x66"
      "abc",
      29);
  EXPECT_EQ(file_of({"abc"}), expected);
}

RC_GTEST_PROP(Frames, come_back_as_they_were, (const std::vector<std::string>& payloads)) {
  const auto frames = read(file_of(payloads));
  RC_ASSERT(frames.payloads == payloads);
  RC_ASSERT(frames.end.stop == Stop::clean);
}

RC_GTEST_PROP(Frames, any_cut_yields_a_prefix, (const std::vector<std::string>& payloads)) {
  const auto bytes = file_of(payloads);
  const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size() + 1);
  const auto frames = read(std::string_view(bytes).substr(0, at));
  RC_ASSERT(is_prefix(frames.payloads, payloads));
  RC_ASSERT(frames.end.offset <= at);
  RC_ASSERT((frames.end.stop == Stop::clean) == (frames.end.offset == at && at > 0));
  RC_ASSERT(frames.end.stop == Stop::clean || frames.end.stop == Stop::cut);
}

RC_GTEST_PROP(Frames, any_flipped_bit_yields_a_prefix_and_no_clean_end, (const std::vector<std::string>& payloads)) {
  auto bytes = file_of(payloads);
  const auto bit = *rc::gen::inRange<std::size_t>(0, bytes.size() * 8);
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
  const auto frames = read(bytes);
  RC_ASSERT(is_prefix(frames.payloads, payloads));
  RC_ASSERT(frames.end.stop != Stop::clean);
  RC_ASSERT(frames.end.offset <= bit / 8);
}

TEST(Frames, garbage_names_its_offset) {
  const auto frames = read(file_of({"one", "two"}) + std::string(20, '\0'));
  EXPECT_EQ(frames.payloads, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(frames.end.stop, Stop::garbage);
  EXPECT_EQ(frames.end.offset, 40U);
  EXPECT_EQ(frames.end.error.kind, ErrorKind::malformed);
  EXPECT_EQ(frames.end.error.what, "f: byte 40: no frame: the check sum of 0 bytes does not match");
}

TEST(Frames, other_files_are_told_apart) {
  EXPECT_EQ(read("").end.stop, Stop::cut);
  EXPECT_EQ(read("nodewatt-fr").end.stop, Stop::cut);
  EXPECT_EQ(read("SQLite format 3, and more of it").end.stop, Stop::garbage);
  EXPECT_NE(read("nodewatt-frames 2\n").end.error.what.find("another version"), std::string::npos);
}

TEST(Frames, a_length_alone_allocates_nothing) {
  auto bytes = file_of({});
  bytes += std::string(
      "\x00\x00\x00\x04\x00\x00\x00\x00"
      "abc",
      11);  // 64 MiB, the most that a frame may have
  const auto frames = read(bytes);
  EXPECT_EQ(frames.end.stop, Stop::cut);
  EXPECT_EQ(frames.end.error.what, "f: byte 18: the file ends 3 bytes into a frame of 67108864");
  bytes[18] = 1;
  EXPECT_EQ(read(bytes).end.stop, Stop::garbage);
}

TEST(Frames, the_largest_passes_and_a_larger_one_does_not) {
  const std::string payload(kMaxFrame, 'x');
  EXPECT_EQ(read(file_of({payload, "y"})).payloads.size(), 2U);
  EXPECT_EQ(make_frame(payload + "x").error().kind, ErrorKind::malformed);
}

TEST(Frames, a_source_that_fails_or_dribbles) {
  const auto bytes = file_of({"one", std::string(100000, 'z')});
  auto source = bytes_of_memory(bytes);
  auto dribble = [&](char* into, std::size_t) { return source(into, 7); };
  EXPECT_EQ(read_frames(dribble, "f").payloads.size(), 2U);

  int calls = 0;
  auto again = bytes_of_memory(bytes);
  auto fails = [&](char* into, std::size_t) -> Result<std::size_t> {
    if (++calls > 5) return fail(ErrorKind::failed, "f: Input/output error");
    return again(into, 7);
  };
  const auto frames = read_frames(fails, "f");
  EXPECT_EQ(frames.payloads, std::vector<std::string>{"one"});
  EXPECT_EQ(frames.end.stop, Stop::unreadable);
  EXPECT_EQ(frames.end.error.what, "f: Input/output error");
}

TEST(Frames, files_that_are_none) {
  const Scratch scratch;
  EXPECT_EQ(read_frames(scratch / "absent").error().kind, ErrorKind::absent);
  EXPECT_EQ(read_frames(scratch.dir()).value().end.stop, Stop::unreadable);
}

}  // namespace
}  // namespace nw
