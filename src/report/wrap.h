// Wrap: names and prose in lines of a given width, so that the terminal itself never wraps a line. Nothing is ever left
// out: what is too long continues in the next line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nw {

// The text in lines of at most `width` columns: split at spaces, a word that is too long after one of its punctuation
// marks, else anywhere. Together the lines contain every character except the spaces at which they are split. Where it
// `hangs`, the later lines are indented by two columns.
std::vector<std::string> wrap(std::string_view text, int width, bool hangs = true);
// The least width at which `wrap` splits no word.
int unbroken_width(std::string_view text);

// `head`, then the words of `text` in lines of at most `width` columns, the later ones indented below the first word. A
// number stays with its unit.
std::string fold(std::string_view head, std::string_view text, int width);

// The items separated by " | " in lines of at most `width` columns, the later ones indented by `hang`. Empty items are
// left out.
std::string fold_items(const std::vector<std::string>& items, int hang, int width);

std::string padded(std::string_view text, int width, bool right = false);
std::string without_trailing_spaces(std::string line);

}  // namespace nw
