#include "report/table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
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
  const std::string narrow = make_table(sample(), 0, 32, false);
  EXPECT_EQ(narrow.find("Source"), std::string::npos) << narrow;
  EXPECT_NE(narrow.find("Mean"), std::string::npos) << narrow;
}

TEST(Table, ANoteIsNeverCut) {
  for (int width = 24; width < 100; ++width) {
    std::istringstream text(make_table(sample(), 2, width, false));
    std::string words, all;
    while (text >> words) all += words;
    EXPECT_NE(all.find("tooshorttoresolve"), std::string::npos) << all;
  }
}

TEST(Table, OneLongNameWrapsBeforeAColumnLeavesAndManyDoNot) {
  Table table;
  table.columns = {{"Name", false, 0, 8}, {"Energy", true}, {"Node", false, 1}};
  for (int i = 0; i < 6; ++i) table.rows.push_back({{{"short"}, {"12 J"}, {"n1"}}, -1, ""});
  table.rows[2].cells[0].text = "the longest name of all";
  EXPECT_NE(make_table(table, 0, 30, false).find("Node"), std::string::npos) << make_table(table, 0, 30, false);
  for (Row& row : table.rows) row.cells[0].text = "a name of many words";
  const std::string left = make_table(table, 0, 30, false);
  EXPECT_EQ(left.find("Node"), std::string::npos) << left;
  EXPECT_NE(left.find("a name of many words"), std::string::npos) << left;
}

TEST(Table, WideCharactersKeepTheWidth) {
  Table table = sample();
  table.rows[0].cells[0].text =
      "\xe6\xb5\x8b\xe8\xaf\x95\xe6\xb5\x8b\xe8\xaf\x95\xe6\xb5\x8b\xe8\xaf\x95\xe6\xb5\x8b\xe8\xaf\x95";
  for (int width = 24; width < 60; ++width)
    EXPECT_LE(widest_line(make_table(table, 2, width, false)), static_cast<std::size_t>(width));
}

// Each column is made of one letter of its own, so that what a column lost can be counted.
char letter_of(std::size_t column) { return static_cast<char>('a' + column); }

std::string invented_name(std::mt19937& random, char letter, int most) {
  std::string name;
  const auto words = random() % 4 + 1;
  for (unsigned i = 0; i < words; ++i)
    name += (i == 0 ? "" : random() % 3 == 0 ? "-" : " ") + std::string(random() % most + 1, letter);
  return name;
}

Table invented_table(std::mt19937& random) {
  Table table;
  const std::size_t columns = random() % 6 + 2;
  for (std::size_t i = 0; i < columns; ++i) {
    const bool name = i == 0 || random() % 2 == 0;
    table.columns.push_back({std::string(random() % 12 + 1, letter_of(i)), !name, static_cast<int>(i), name ? 6 : 0});
  }
  for (auto rows = random() % 7; rows-- > 0;) {
    Row row;
    for (std::size_t i = 0; i < columns; ++i)
      row.cells.push_back({table.columns[i].narrowest > 0 ? invented_name(random, letter_of(i), 25)
                                                          : std::string(random() % 9 + 1, letter_of(i))});
    table.rows.push_back(std::move(row));
  }
  return table;
}

TEST(Table, NoCellLosesACharacterAtAnyWidth) {
  std::mt19937 random(11);
  for (int round = 0; round < 15; ++round) {
    const Table table = invented_table(random);
    for (int width = 16; width < 200; width += 7) {
      const std::string text = make_table(table, 2, width, false);
      ASSERT_LE(widest_line(text), static_cast<std::size_t>(width)) << text;
      ASSERT_EQ(text.find('~'), std::string::npos) << text;
      for (std::size_t i = 0; i < table.columns.size(); ++i) {
        std::string whole = table.columns[i].title;
        for (const Row& row : table.rows) whole += row.cells[i].text;
        const auto count = [&](const std::string& in) { return std::count(in.begin(), in.end(), letter_of(i)); };
        ASSERT_TRUE(count(text) == count(whole) || (count(text) == 0 && i > 0)) << width << '\n' << text;
        if (table.columns[i].narrowest == 0 && count(text) > 0)
          for (const Row& row : table.rows) ASSERT_NE(text.find(row.cells[i].text), std::string::npos) << text;
      }
    }
  }
}

TEST(Table, ColourChangesNothingButColour) {
  Table table = sample();
  table.rows[0].cells[1].paint = Paint::warn;
  std::string coloured = make_table(table, 2, 60, true);
  for (std::size_t at; (at = coloured.find('\x1b')) != std::string::npos;)
    coloured.erase(at, coloured.find('m', at) - at + 1);
  EXPECT_EQ(coloured, make_table(table, 2, 60, false));
}

}  // namespace
}  // namespace nw
