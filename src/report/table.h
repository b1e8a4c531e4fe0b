// Table: columns of a terminal. No text is ever cut: where the width is short, columns are dropped by priority,
// headings and names continue in the next line, and numbers are never split.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/wrap.h"

namespace nw {

enum class Paint : unsigned char { plain, bold, dim, warn, bad };
std::string painted(std::string_view text, Paint paint, bool colour);

struct Column {
  std::string title;
  bool right = false;
  int leaves = 0;     // the column with the highest number is dropped first; 0 stays
  int narrowest = 0;  // names are wrapped down to this; 0: a number, never wrapped
};

struct Cell {
  std::string text;
  Paint paint = Paint::plain;
};

struct Row {
  std::vector<Cell> cells;  // one for each column
  int note_at = -1;         // from this column on the row holds one note instead
  std::string note;
};

struct Table {
  std::vector<Column> columns;
  std::vector<Row> rows;
};

std::string make_table(const Table& table, int indent, int width, bool colour);

}  // namespace nw
