// Table: columns of a terminal. Numbers stand right and are never cut; names may be cut in the middle; columns leave by
// priority when the width is short. Also the folding of prose, so that no terminal wraps a line of ours.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nw {

enum class Paint : unsigned char { plain, bold, dim, warn, bad };
std::string painted(std::string_view text, Paint paint, bool colour);

struct Column {
  std::string title;
  bool right = false;
  int leaves = 0;     // the column with the highest number leaves first; 0 stays
  int narrowest = 0;  // names are cut down to this; 0: never cut
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

// `head`, then the words of `text` in lines of at most `width` columns, the later ones indented below the first word. A
// number stays with its unit.
std::string fold(std::string_view head, std::string_view text, int width);

std::string padded(std::string_view text, int width, bool right = false);

}  // namespace nw
