#include "report/table.h"

#include <gtest/gtest.h>

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

Table sample() {
  Table table;
  table.columns = {{"Name", false, 0, 6}, {"Energy", true}, {"Mean", true, 1}, {"Source", false, 2, 8}};
  table.rows.push_back({{{"a rather long name"}, {"123.4 Wh"}, {"56 W"}, {"somewhere far away"}}, -1, ""});
  table.rows.push_back({{{"b"}, {"-"}, {"-"}, {"here"}}, 1, "too short to resolve"});
  return table;
}

TEST(Table, FitsAndNeverCutsANumber) {
  for (int width = 24; width < 100; ++width) {
    const std::string text = make_table(sample(), 2, width, false);
    EXPECT_LE(widest_line(text), static_cast<std::size_t>(width)) << text;
    EXPECT_NE(text.find("123.4 Wh"), std::string::npos) << text;
  }
}

TEST(Table, ColumnsLeaveByPriority) {
  const std::string narrow = make_table(sample(), 0, 30, false);
  EXPECT_EQ(narrow.find("Source"), std::string::npos);
  EXPECT_NE(narrow.find("Mean"), std::string::npos);
  EXPECT_NE(narrow.find("~"), std::string::npos);
}

TEST(Table, ColourChangesNothingButColour) {
  Table table = sample();
  table.rows[0].cells[1].paint = Paint::warn;
  std::string coloured = make_table(table, 2, 60, true);
  for (std::size_t at; (at = coloured.find('\x1b')) != std::string::npos;)
    coloured.erase(at, coloured.find('m', at) - at + 1);
  EXPECT_EQ(coloured, make_table(table, 2, 60, false));
}

TEST(Fold, KeepsNumbersWithTheirUnits) {
  for (int width = 32; width < 80; ++width) {
    const std::string text =
        fold("  Key  ", "mean 2612 W, max 2981 W over 4 s and 525 Wh +- 11 of it, 12 % more", width);
    EXPECT_LE(widest_line(text), static_cast<std::size_t>(width));
    for (const char* whole : {"2612 W,", "2981 W", "4 s", "525 Wh +- 11", "12 %"})
      EXPECT_NE(text.find(whole), std::string::npos) << text;
  }
  EXPECT_EQ(fold("  Key  ", "", 40), "  Key");
}

}  // namespace
}  // namespace nw
