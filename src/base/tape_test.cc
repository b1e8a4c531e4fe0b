#include "base/tape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include "support/temp_dir.h"

namespace nw {
namespace {
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kMagic = "nodewatt-tape 1\n";

// The error of a tape of the magic line and this.
Error error_of(const std::string& lines) {
  const auto tape = parse_tape(kMagic + lines);
  EXPECT_FALSE(tape) << lines;
  return tape ? Error{} : tape.error();
}

TEST(Tape, ReadsEveryVerb) {
  const auto tape = parse_tape(kMagic +
                               "# a comment\n\n"
                               "wall\t1767225600000000000\n"
                               "text\t/a\tone\\ttwo\\n\n"
                               "list\t/d\tx\ty\n"
                               "list\t/empty\n"
                               "link\t/l\t../z\n"
                               "ask\tnvml:count\t4\n"
                               "open\t0\t/a\n"
                               "fail\topen\t/b\tdenied\t/b: Permission denied\n"
                               "fail\ttext\t/c\tabsent\tgone\n"
                               "t\t5\n=\t0\t18446744073709551615\t77\n"
                               "t\t5\n!\t0\tbusy\n");
  ASSERT_TRUE(tape) << tape.error().what;
  EXPECT_EQ(tape->wall_ns, 1767225600000000000);
  EXPECT_EQ(tape->texts.at("/a").value(), "one\ttwo\n");
  EXPECT_THAT(tape->lists.at("/d").value(), ElementsAre("x", "y"));
  EXPECT_TRUE(tape->lists.at("/empty").value().empty());
  EXPECT_EQ(tape->links.at("/l").value(), "../z");
  EXPECT_EQ(tape->answers.at("nvml:count").value(), "4");
  EXPECT_EQ(tape->sources.at("/a").value(), 0u);
  EXPECT_EQ(tape->sources.at("/b").error().kind, ErrorKind::denied);
  EXPECT_EQ(tape->texts.at("/c").error().what, "gone");
  ASSERT_EQ(tape->sample_sets.size(), 2u);
  EXPECT_EQ(tape->sample_sets[0].reads[0].reading.value, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(tape->sample_sets[0].reads[0].after_sample_set, Nanos::of(77));
  EXPECT_FALSE(tape->sample_sets[1].reads[0].reading.ok);
  EXPECT_EQ(tape->sample_sets[1].reads[0].reading.error, ErrorKind::busy);
}

TEST(Tape, WindowsLineEndsAreRead) {
  const auto tape = parse_tape("nodewatt-tape 1\r\nopen\t0\t/a\r\nt\t0\r\n=\t0\t7\r\n");
  ASSERT_TRUE(tape) << tape.error().what;
  EXPECT_EQ(tape->sample_sets.at(0).reads.at(0).reading.value, 7u);
}

TEST(Tape, NotATapeSaysSo) {
  for (const char* text : {"", "\n", "nodewatt-tape 2\n", "nodewatt-tape 1 \n", "text\t/a\tb\n",
                           "\x7f"
                           "ELF",
                           "nodewatt-tape"}) {
    const auto tape = parse_tape(text);
    ASSERT_FALSE(tape) << text;
    EXPECT_EQ(tape.error().kind, ErrorKind::malformed);
    EXPECT_THAT(tape.error().what, HasSubstr("not a tape"));
  }
}

TEST(Tape, AMalformedLineIsNamed) {
  const char* bad[] = {"nonsense\n",
                       "text\t/a\n",
                       "text\t/a\tb\tc\n",
                       "list\n",
                       "wall\n",
                       "wall\tx\n",
                       "wall\t9223372036854775808\n",
                       "open\t1\t/a\n",
                       "open\t0\n",
                       "open\t-1\t/a\n",
                       "fail\tsing\t/a\tbusy\tx\n",
                       "fail\ttext\t/a\tbusy\n",
                       "t\n",
                       "t\t-1\n",
                       "t\t1.5\n",
                       "t\t9223372036854775808\n",
                       "t\t1000000000000000001\n",
                       "=\t0\t1\n",
                       "\t\n"};
  for (const char* line : bad) {
    const Error error = error_of(std::string("# two\n") + line);
    EXPECT_EQ(error.kind, ErrorKind::malformed);
    EXPECT_THAT(error.what, StartsWith("line 3:")) << line;
  }
}

TEST(Tape, AReadNeedsASampleSetASourceAndANumber) {
  const std::string opened = "open\t0\t/a\n";
  EXPECT_THAT(error_of(opened + "=\t0\t1\n").what, StartsWith("line 3:"));
  EXPECT_THAT(error_of(opened + "t\t0\n=\t1\t1\n").what, StartsWith("line 4:"));
  EXPECT_THAT(error_of(opened + "t\t0\n=\t0\t-1\n").what, StartsWith("line 4:"));
  EXPECT_THAT(error_of(opened + "t\t0\n=\t0\t18446744073709551616\n").what, StartsWith("line 4:"));
  EXPECT_THAT(error_of(opened + "t\t0\n=\t0\t1\t-5\n").what, StartsWith("line 4:"));
  EXPECT_THAT(error_of(opened + "t\t0\n=\t0\t1\t1000000000000000001\n").what, StartsWith("line 4:"));
  EXPECT_THAT(error_of(opened + "t\t0\n=\t0\t1\t5\tx\n").what, StartsWith("line 4:"));
  EXPECT_THAT(error_of(opened + "t\t0\n=\t0\t1\t5\t-\n").what, StartsWith("line 4:"));
  EXPECT_THAT(error_of(opened + "t\t0\n=\t0\t1\t5\t6\t7\t8\n").what, StartsWith("line 4:"));
}

TEST(Tape, AReadMayHaveBeenTakenEarlierAndMayHaveATimeOfItsDevice) {
  const auto tape =
      parse_tape("nodewatt-tape 1\nopen\t0\t/a\nt\t100\n=\t0\t1\t5\t-60\n=\t0\t1\t5\t-60\t77\n=\t0\t1\t5\t-\t77\n");
  ASSERT_TRUE(tape) << tape.error().what;
  const auto& reads = tape->sample_sets[0].reads;
  ASSERT_EQ(reads.size(), 3u);
  EXPECT_EQ(reads[0].reading.taken, Nanos::of(-60));
  EXPECT_FALSE(reads[0].reading.device);
  EXPECT_EQ(reads[1].reading.taken, Nanos::of(-60));
  EXPECT_EQ(reads[1].reading.device, Nanos::of(77));
  EXPECT_FALSE(reads[2].reading.taken);
  EXPECT_EQ(reads[2].reading.device, Nanos::of(77));
}

TEST(Tape, TimeNeverGoesBack) { EXPECT_THAT(error_of("t\t5\nt\t5\nt\t4\n").what, StartsWith("line 4:")); }

TEST(Tape, HostileBytesAreNotEchoedRaw) {
  const std::string what = error_of(
                               "\x1b[31m\x9b"
                               "1m\xff\n")
                               .what;
  for (const char c : what) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << what;
  EXPECT_LT(error_of(std::string(1'000'000, 'x') + "\n").what.size(), 200u);
}

TEST(Tape, CutAtEveryByteItKeepsAllLinesButTheLast) {
  const std::string text = kMagic +
                           "wall\t1767225600000000000\ntext\t/a\tlong text\n"
                           "open\t0\t/a\nt\t0\n=\t0\t123456\t1000\nt\t1000000000\n=\t0\t223456\t1000\n";
  for (std::size_t length = kMagic.size(); length <= text.size(); ++length) {
    const auto tape = parse_tape(text.substr(0, length));
    ASSERT_TRUE(tape) << "cut after " << length << " bytes: " << tape.error().what;
    for (const auto& sample_set : tape->sample_sets) {
      EXPECT_TRUE(sample_set.at == Nanos{} || sample_set.at == seconds(1))
          << "half a number was believed, cut after " << length;
      for (const auto& read : sample_set.reads)
        EXPECT_TRUE(read.reading.value == 123'456 || read.reading.value == 223'456)
            << "half a number, cut after " << length;
    }
  }
}

TEST(TapeFile, WhatIsWrittenIsReadBack) {
  const test::TempDir dir;
  std::string every;
  for (int c = 0; c < 256; ++c) every += static_cast<char>(c);
  every += "\\x41\\\\n\\";
  {
    const auto writer = TapeWriter::create(dir.at("a.tape"));
    ASSERT_TRUE(writer) << writer.error().what;
    (*writer)->line({"text", "/every", every});
    (*writer)->line({"text", every, ""});
    (*writer)->fields({"list", "/d", every, "", "#x"});
    (*writer)->flush();
    EXPECT_TRUE((*writer)->status());
  }
  const auto tape = read_tape(dir.at("a.tape"));
  ASSERT_TRUE(tape) << tape.error().what;
  EXPECT_EQ(tape->texts.at("/every").value(), every);
  EXPECT_EQ(tape->texts.at(every).value(), "");
  EXPECT_THAT(tape->lists.at("/d").value(), ElementsAre(every, "", "#x"));
}

TEST(TapeFile, ErrorsNameThePath) {
  const test::TempDir dir;
  EXPECT_EQ(read_tape(dir.at("none.tape")).error().kind, ErrorKind::absent);
  EXPECT_THAT(read_tape(dir.at("none.tape")).error().what, HasSubstr("none.tape: No such file"));
  EXPECT_EQ(read_tape(dir.path()).error().kind, ErrorKind::malformed);
  dir.write("bad.tape", kMagic + "x\n");
  EXPECT_THAT(read_tape(dir.at("bad.tape")).error().what, HasSubstr("bad.tape: line 2:"));
  EXPECT_EQ(TapeWriter::create(dir.at("no/such.tape")).error().kind, ErrorKind::absent);
  EXPECT_FALSE(TapeWriter::create(dir.path()));
}

TEST(TapeFile, AFullDiskIsMetAtTheLatestWhenFlushed) {
  struct stat info {};
  if (::stat("/dev/full", &info) != 0) GTEST_SKIP() << "no /dev/full";
  const auto writer = TapeWriter::create("/dev/full");
  ASSERT_TRUE(writer);
  (*writer)->line({"text", "/a", "b"});
  (*writer)->flush();
  ASSERT_FALSE((*writer)->status());
  EXPECT_THAT((*writer)->status().error().what, HasSubstr("/dev/full: No space left"));
  (*writer)->line({"text", "/a", "b"});
  (*writer)->flush();
  EXPECT_FALSE((*writer)->status());
}

}  // namespace
}  // namespace nw
