#include "report/wrap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "report/escape.h"

namespace nw {
namespace {

std::size_t widest_line(const std::string& text) {
  std::istringstream lines(text);
  std::size_t widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, display_width(line));
  return widest;
}

std::string without_spaces(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
  return text;
}

TEST(Wrap, HoldsEveryCharacterInOrderAtAnyWidth) {
  for (const std::string& text :
       {std::string("segmentation"), std::string("cpu, 2 threads"),
        std::string("  gpu0 NVIDIA A100-SXM4-80GB (MIG 1g.5gb)"),
        std::string("a_name_without/any/space-but.marks=in:it"), std::string(90, 'x'), std::string(),
        std::string("\xe6\xb5\x8b\xe8\xaf\x95 \xe6\xb5\x8b\xe8\xaf\x95\xe6\xb5\x8b e\xcc\x81\xcc\x81\xcc\x81"),
        std::string("bytes \xff\xfe that are none")})
    for (int width = 2; width < 60; ++width) {
      std::string all;
      for (const std::string& line : wrap(text, width)) {
        EXPECT_LE(display_width(line), static_cast<std::size_t>(width)) << line;
        all += line;
      }
      EXPECT_EQ(without_spaces(valid_utf8(all)), without_spaces(valid_utf8(text))) << width;
    }
}

TEST(Wrap, PartsAtSpacesThenBehindMarksThenAnywhere) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(wrap("cpu, 2 threads", 8), (Lines{"cpu, 2", "threads"}));
  EXPECT_EQ(wrap("cpu, accelerators idle", 14), (Lines{"cpu,", "  accelerators", "  idle"}));
  EXPECT_EQ(wrap("a_name/of-parts", 10), (Lines{"a_name/of-", "  parts"}));
  EXPECT_EQ(wrap("abcdefghij", 4), (Lines{"abcd", "efgh", "ij"}));
  EXPECT_EQ(wrap("  gpu0 NVIDIA A100", 14), (Lines{"  gpu0 NVIDIA", "    A100"}));
  EXPECT_EQ(wrap("energy of a run", 9, false), (Lines{"energy of", "a run"}));
}

TEST(Wrap, UnbrokenWidthBreaksNoWord) {
  for (const std::string& text : {"segmentation train, CPU", "  gpu0 NVIDIA A100-SXM4", "one", ""}) {
    const auto lines = wrap(text, unbroken_width(text));
    for (const std::string& line : lines)
      if (!line.empty())
        EXPECT_NE((" " + std::string(text) + " ").find(line.substr(line.find_first_not_of(' ')) + " "),
                  std::string::npos)
            << line;
  }
}

TEST(Fold, KeepsNumbersWithTheirUnits) {
  for (int width = 32; width < 80; ++width) {
    const std::string text =
        fold("  Key  ", "mean 2612 W, max 2981 W over 4 s and 525 +- 11 Wh of it, 12 % more", width);
    EXPECT_LE(widest_line(text), static_cast<std::size_t>(width));
    for (const char* whole : {"2612 W,", "2981 W", "4 s", "525 +- 11 Wh", "12 %"})
      EXPECT_NE(text.find(whole), std::string::npos) << text;
  }
  EXPECT_EQ(fold("  Key  ", "", 40), "  Key");
}

TEST(Fold, NothingOfALongWordIsLost) {
  const std::string text = "see /a/very/long/path/that/is/longer/than/any/line/of/this/terminal/could/ever/be and more";
  for (int width = 10; width < 100; ++width) {
    const std::string folded = fold("  Key  ", text, width);
    EXPECT_EQ(without_spaces(folded), "Key" + without_spaces(text));
    EXPECT_LE(widest_line(folded), static_cast<std::size_t>(std::max(width, 27)));
  }
}

TEST(FoldItems, ItemsGoOnInTheNextLineWhole) {
  EXPECT_EQ(fold_items({"Job 7", "ended, killed by signal 2", "", "train"}, 2, 80),
            "Job 7 | ended, killed by signal 2 | train");
  EXPECT_EQ(fold_items({"Job 7", "ended, killed by signal 2", "train"}, 2, 34),
            "Job 7 | ended, killed by signal 2\n  train");
  EXPECT_EQ(fold_items({"Job 7", "ended, killed by signal 2"}, 2, 24), "Job 7\n  ended, killed by\n  signal 2");
  EXPECT_EQ(fold_items({"", ""}, 2, 80), "");
}

}  // namespace
}  // namespace nw
