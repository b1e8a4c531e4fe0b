#include "consumer/lines.h"

#include <algorithm>
#include <cstring>

namespace nw {

namespace {
constexpr char kEscape = '\x1b', kBell = '\x07';

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; }

std::size_t find(std::string_view bytes, char wanted) {
  const void* found = bytes.empty() ? nullptr : std::memchr(bytes.data(), wanted, bytes.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
}

// The end of the sequence that begins with the escape at `at`. An incomplete one ends with the text.
std::size_t skip_sequence(std::string_view text, std::size_t at) {
  if (++at == text.size()) return at;
  const char kind = text[at++];
  if (kind == '[') {  // CSI: parameters, then one final byte
    while (at < text.size() && !(text[at] >= '@' && text[at] <= '~')) ++at;
    return std::min(at + 1, text.size());
  }
  if (kind == ']' || kind == 'P' || kind == '_' || kind == '^') {  // strings: to BEL or ESC backslash
    while (at < text.size() && text[at] != kBell && text[at] != kEscape) ++at;
    if (at < text.size() && text[at] == kEscape) ++at;
    return std::min(at + 1, text.size());
  }
  while (at < text.size() && kind >= ' ' && kind <= '/' && text[at] >= ' ' && text[at] <= '/') ++at;
  return kind >= ' ' && kind <= '/' ? std::min(at + 1, text.size()) : at;
}
}  // namespace

std::string_view strip_controls(std::string_view text, std::string& into) {
  if (std::none_of(text.begin(), text.end(), is_control)) return text;
  into.clear();
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == kEscape) {
      at = skip_sequence(text, at);
      continue;
    }
    if (!is_control(text[at])) into += text[at];
    ++at;
  }
  return into;
}

std::size_t Lines::find_end(std::string_view bytes) {
  const std::size_t feed = find(bytes, '\n');
  return std::min(feed, find(bytes.substr(0, feed), '\r'));
}

void Lines::keep(std::string_view bytes) { kept_.append(bytes.substr(0, kMost - kept_.size())); }

std::string_view Lines::shown(std::string_view rest) {
  if (kept_.empty()) return strip_controls(rest.substr(0, kMost), shown_);
  keep(rest);
  return strip_controls(kept_, shown_);
}

}  // namespace nw
