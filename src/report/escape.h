// Escape: makes foreign strings (names, labels, hosts, phases, units) harmless for the place where they are printed.
//
// A job's name reaches other people's terminals, browsers and spreadsheets. `clean` comes first everywhere: valid
// UTF-8, no control characters (C0, C1, ESC), no bidirectional or zero-width marks, which can make a line show
// something else than it contains.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/parse.h"  // valid_utf8

namespace nw {

// Names longer than this are cut in the middle by `clean`; the machine formats keep them whole.
inline constexpr std::size_t kLongestName = 200;

std::string strip(std::string_view text);           // valid, without control, bidirectional and zero-width characters
std::string clean(std::string_view text);           // strip, no spaces around it, at most kLongestName wide
std::string ascii(std::string_view text);           // '?' for every character beyond ASCII
std::string for_html(std::string_view text);        // & < > " '
std::string for_html_lines(std::string_view text);  // the same of each line, for <pre>
std::string for_markdown(std::string_view text);    // backslash before everything with a meaning
std::string for_csv(std::string_view text);         // stripped, formula-safe, quoted where needed
// The same JSON document with the characters that `strip` would remove written as \u escapes, since JSON is read in
// terminals too.
std::string for_json(std::string_view document);
std::string for_yaml(std::string_view text);  // a double-quoted scalar, with its quotes

// For a cell or a sentence of LaTeX, whatever its engine and font encoding. A character for which pdflatex has no glyph
// becomes a call of kLatexCharacter, which a document with such a call needs to define.
std::string for_latex(std::string_view text);
// Its definition: the character where the engine and its font have it, else its code point, "[U+6D4B]".
inline constexpr std::string_view kLatexCharacter =
    "\\providecommand{\\nodewattchar}[2]{\\ifdefined\\Umathchar\\iffontchar\\font\"#2 "
    "#1\\else[U+#2]\\fi\\else[U+#2]\\fi}";

// The characters of a text, U+FFFD for invalid bytes; and one of them as UTF-8.
std::vector<char32_t> characters(std::string_view text);
void append_utf8(std::string& out, char32_t c);

// Columns of a terminal that the text takes: 2 for wide East Asian characters, 0 for combining ones.
std::size_t display_width(std::string_view text);
// At most `width` columns, the middle replaced by '~'.
std::string cut_middle(std::string_view text, std::size_t width);

}  // namespace nw
