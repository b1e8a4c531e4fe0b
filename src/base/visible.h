// Visible: foreign text for display, with control characters shown as text and not obeyed by the terminal.
#pragma once

#include <string>
#include <string_view>

namespace nw {

// What a terminal or a browser obeys instead of showing: C0, C1, direction marks, characters without width.
bool is_control(char32_t c);
// The whole text on one line: each control character, and each byte that is not UTF-8, as the escape by which one would
// type it: \x1b, \u202e.
std::string visible(std::string_view text);

}  // namespace nw
