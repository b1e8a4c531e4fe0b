#include "consumer/lines.h"

#include <gtest/gtest.h>

#include <vector>

namespace nw {
namespace {

using Seen = std::vector<std::string>;

// The lines of an output that came in these pieces; one that was redrawn has a '~' before it.
Seen lines_of(const std::vector<std::string>& pieces) {
  Lines lines;
  Seen seen;
  const auto consume = [&](const Line& line) { seen.push_back((line.redrawn ? "~" : "") + std::string(line.text)); };
  for (const auto& piece : pieces) lines.feed(piece, consume);
  lines.end(consume);
  return seen;
}

TEST(Lines, EndAtNewlinesAndReturns) {
  EXPECT_EQ(lines_of({"a\nb\n\nc"}), (Seen{"a", "b", "c"}));
  EXPECT_EQ(lines_of({""}), Seen{});
  EXPECT_EQ(lines_of({"\n\n"}), Seen{});
  EXPECT_EQ(lines_of({"10%\r20%\r30%\ndone\n"}), (Seen{"~10%", "~20%", "~30%", "done"}));
  EXPECT_EQ(lines_of({"\r10%", "\r20%", "\nx"}), (Seen{"~10%", "~20%", "x"}));
}

TEST(Lines, ReturnAndNewlineAreOneEnd) {
  EXPECT_EQ(lines_of({"Epoch\r\nEpoch\r\nEpoch\r\n"}), (Seen{"Epoch", "Epoch", "Epoch"}));
  EXPECT_EQ(lines_of({"Epoch\r", "\nEpoch\r", "\n", "Epoch\r\n"}), (Seen{"Epoch", "Epoch", "Epoch"}));
  EXPECT_EQ(lines_of({"10%\r20%\r\ndone\r\n\r\nmore"}), (Seen{"~10%", "~20%", "done", "more"}));
  EXPECT_EQ(lines_of({"10%\r", "20%\r", "\nx\r"}), (Seen{"~10%", "~20%", "~x"}));
}

// The first line of a progress bar alone, and that its time is the one at which it came.
TEST(Lines, OnlyALineThatMayBeEitherWaits) {
  Lines lines;
  Seen seen;
  const auto consume = [&](const Line& line) { seen.push_back((line.late ? "late " : "") + std::string(line.text)); };
  lines.feed("0%\r", consume);
  EXPECT_EQ(seen, Seen{});
  lines.feed("", consume);
  EXPECT_EQ(seen, Seen{});
  lines.feed("1%\r", consume);
  EXPECT_EQ(seen, (Seen{"late 0%", "1%"}));
  lines.feed("2%\r", consume);
  EXPECT_EQ(seen, (Seen{"late 0%", "1%", "2%"}));
}

TEST(Lines, PiecesDoNotMatter) {
  const std::string output =
      "one\ntwo\rthree\n\nfour \x1b[31mred\x1b[0m\nfive\r\nsix\r\n\r\nseven\r\rate\r\rnine\r\r\n\rten";
  const Seen whole = lines_of({output});
  EXPECT_EQ(whole.size(), 10u);
  for (std::size_t size = 1; size < output.size(); ++size) {
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at < output.size(); at += size) pieces.push_back(output.substr(at, size));
    EXPECT_EQ(lines_of(pieces), whole) << size;
  }
}

TEST(Lines, ShowWhatATerminalShows) {
  std::string into;
  const auto strip = [&](std::string_view text) { return std::string(strip_controls(text, into)); };
  EXPECT_EQ(strip("plain \xc3\xbc\ttext"), "plain \xc3\xbc\ttext");
  EXPECT_EQ(strip("\x1b[1;32mEpoch 1\x1b[0m/3"), "Epoch 1/3");
  EXPECT_EQ(strip("\x1b]0;a title\x07x"), "x");
  EXPECT_EQ(strip("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\"), "link");
  EXPECT_EQ(strip("\x1b(Bx\x1b"
                  "7y\x1bMz"),
            "xyz");
  EXPECT_EQ(strip("\x1b[2K\x1b[1Gat 5"), "at 5");
  EXPECT_EQ(strip(std::string("a\0b\x08"
                              "c",
                              5)),
            "abc");
  for (const char* cut : {"x\x1b", "x\x1b[", "x\x1b[12;", "x\x1b]0;title", "x\x1b]0;title\x1b", "x\x1b("})
    EXPECT_EQ(strip(cut), "x");
}

TEST(Lines, RememberNoMoreThanTheBeginningOfALongLine) {
  const auto seen =
      lines_of({std::string(40'000, 'a'), std::string(40'000, 'b'), std::string(1'000'000, 'c') + "\nnext\n"});
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0], std::string(40'000, 'a') + std::string(Lines::kMost - 40'000, 'b'));
  EXPECT_EQ(seen[1], "next");
  EXPECT_EQ(lines_of({std::string(1'000'000, 'x')})[0].size(), Lines::kMost);
}

}  // namespace
}  // namespace nw
