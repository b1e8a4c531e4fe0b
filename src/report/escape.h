// Escape: strings that came from outside (names, labels, hosts, phases, units) made harmless for the place they are
// printed in.
//
// A job's name reaches other people's terminals, browsers and spreadsheets. `clean` comes first everywhere: valid
// UTF-8, no control characters (C0, C1, ESC), no bidirectional or zero-width marks, which can make a line show
// something else than it holds.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/parse.h"  // valid_utf8

namespace nw {

// Names longer than this are cut in the middle by `clean`; the machine formats keep them whole.
inline constexpr std::size_t kLongestName = 200;

std::string strip(std::string_view text);         // valid, without control, bidirectional and zero-width characters
std::string clean(std::string_view text);         // strip, no spaces around it, at most kLongestName wide
std::string ascii(std::string_view text);         // '?' for every character beyond ASCII
std::string for_html(std::string_view text);      // & < > " '
std::string for_markdown(std::string_view text);  // backslash before everything with a meaning
std::string for_csv(std::string_view text);       // stripped, formula-safe, quoted where needed

// Columns of a terminal that the text takes: 2 for wide East Asian characters, 0 for combining ones.
std::size_t display_width(std::string_view text);
// At most `width` columns, the middle replaced by '~'.
std::string cut_middle(std::string_view text, std::size_t width);

}  // namespace nw
