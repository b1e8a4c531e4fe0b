// Text for LaTeX. Every character with a meaning in TeX becomes the command that prints it, pairs that fonts join into
// one sign ("--", "''", "?`") are kept apart, and of the characters beyond ASCII those are kept that the default UTF-8
// input of LaTeX (2020 and later) prints in both of its common encodings, OT1 and T1; this was tested for each
// character.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "report/escape.h"

namespace nw {

namespace {

struct Command {
  char character;
  std::string_view text;
};
constexpr std::array kCommands{Command{'\\', "\\textbackslash{}"},
                               Command{'{', "\\{"},
                               Command{'}', "\\}"},
                               Command{'$', "\\$"},
                               Command{'&', "\\&"},
                               Command{'#', "\\#"},
                               Command{'_', "\\_"},
                               Command{'%', "\\%"},
                               Command{'^', "\\textasciicircum{}"},
                               Command{'~', "\\textasciitilde{}"},
                               Command{'<', "\\textless{}"},
                               Command{'>', "\\textgreater{}"},
                               Command{'|', "\\textbar{}"},
                               Command{'"', "{\\char34}"},  // a bare one is a babel shorthand
                               Command{'\'', "\\textquotesingle{}"},
                               Command{'`', "\\textasciigrave{}"}};

struct Range {
  char32_t first, last;
};
// Latin-1 without guillemets, eth and thorn; Latin Extended-A without ogonek, stroke and eng; typographic signs.
constexpr std::array kPrintable{
    Range{0xA1, 0xAA},     Range{0xAC, 0xAC},     Range{0xAE, 0xBA},     Range{0xBC, 0xCF},     Range{0xD1, 0xDD},
    Range{0xDF, 0xEF},     Range{0xF1, 0xFD},     Range{0xFF, 0x103},    Range{0x106, 0x10F},   Range{0x112, 0x117},
    Range{0x11A, 0x125},   Range{0x128, 0x12D},   Range{0x130, 0x137},   Range{0x139, 0x13E},   Range{0x141, 0x148},
    Range{0x14C, 0x165},   Range{0x168, 0x171},   Range{0x174, 0x17E},   Range{0x2010, 0x2014}, Range{0x2018, 0x2019},
    Range{0x201C, 0x201D}, Range{0x2020, 0x2022}, Range{0x2026, 0x2026}, Range{0x20AC, 0x20AC}, Range{0x2122, 0x2122}};

bool printable(char32_t c) {
  return std::any_of(kPrintable.begin(), kPrintable.end(),
                     [c](const Range& range) { return c >= range.first && c <= range.last; });
}

void put_ascii(std::string& out, char c) {
  const auto command =
      std::find_if(kCommands.begin(), kCommands.end(), [c](const Command& one) { return one.character == c; });
  if (command != kCommands.end())
    out += command->text;
  else if ((c == '-' || c == ',') && !out.empty() && out.back() == c)
    out.append("{}") += c;
  else
    out += c;
}

}  // namespace

std::string for_latex(std::string_view text) {
  std::string out;
  for (const char32_t c : characters(strip(text))) {
    if (c < 0x80) {
      put_ascii(out, static_cast<char>(c));
    } else if (c == 0xA0) {
      out += '~';
    } else if (printable(c)) {
      append_utf8(out, c);
    } else {
      out += "\\nodewattchar{";
      append_utf8(out, c);
      out += fmt::format("}}{{{:04X}}}", static_cast<std::uint32_t>(c));
    }
  }
  return out;
}

}  // namespace nw
