// Wrap: names and prose in lines of a given width, so that no terminal wraps a line of ours. Nothing is ever left out:
// what is too long goes on in the next line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nw {

// The text in lines of at most `width` columns: parted at spaces, a word that is too long behind one of its marks, else
// anywhere. Together the lines hold every character but the spaces at which they part. Where it `hangs`, the later
// ones stand two columns further in than the first.
std::vector<std::string> wrap(std::string_view text, int width, bool hangs = true);
// The least width at which `wrap` breaks no word.
int unbroken_width(std::string_view text);

// `head`, then the words of `text` in lines of at most `width` columns, the later ones indented below the first word. A
// number stays with its unit.
std::string fold(std::string_view head, std::string_view text, int width);

// The items apart by " | " in lines of at most `width` columns, the later ones indented by `hang`. Empty items are left
// out.
std::string fold_items(const std::vector<std::string>& items, int hang, int width);

std::string padded(std::string_view text, int width, bool right = false);
std::string without_trailing_spaces(std::string line);

}  // namespace nw
