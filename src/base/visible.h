// Visible: foreign text for a person's eyes, with what a terminal would obey shown in place of done.
#pragma once

#include <string>
#include <string_view>

namespace nw {

// What a terminal or a browser obeys instead of showing it: C0, C1, marks of direction, characters without width.
bool is_control(char32_t c);
// The text whole, on one line: each control character, and each byte that is no UTF-8, as the escape by which one would
// type it: \x1b, \u202e.
std::string visible(std::string_view text);

}  // namespace nw
