#include "client/nvtx/filter.h"

#include <cstring>

namespace nw::nvtx {

// Only the last '*' needs backtracking: its match can grow, those of earlier ones never need to.
bool is_like(const char* text, const char* pattern) {
  const char* star = nullptr;
  const char* resume = nullptr;
  while (*text != '\0') {
    if (*pattern == '*') {
      star = ++pattern;
      resume = text;
    } else if (*pattern == '?') {
      ++pattern, ++text;
      while ((static_cast<unsigned char>(*text) & 0xC0) == 0x80) ++text;  // continuation bytes of a UTF-8 character
    } else if (*pattern == *text) {
      ++pattern, ++text;
    } else if (star != nullptr) {
      pattern = star;
      text = ++resume;
    } else {
      return false;
    }
  }
  while (*pattern == '*') ++pattern;
  return *pattern == '\0';
}

namespace {
// The ':' between domain and name; null when there is none.
char* find_separator(char* text) {
  for (char* at = std::strchr(text, ':'); at != nullptr; at = std::strchr(at, ':')) {
    if (at[1] != ':') return at;
    while (*at == ':') ++at;
  }
  return nullptr;
}
}  // namespace

const char* Filter::add(char* text) {
  if (count_ == kMaxPatterns) return "more than 64 patterns";
  Pattern& pattern = patterns_[count_++];
  pattern.excludes = *text == '!';
  if (pattern.excludes) ++text;
  pattern.name = text;
  pattern.domain = nullptr;
  if (char* separator = find_separator(text)) {
    *separator = '\0';
    pattern.domain = text;
    pattern.name = separator + 1;
  }
  wants_ |= !pattern.excludes;
  return *pattern.name == '\0' ? "a pattern is empty" : nullptr;
}

const char* Filter::set(const char* text) {
  count_ = 0;
  wants_ = false;
  const std::size_t length = ::strnlen(text, kMaxText + 1);
  if (length > kMaxText) return "longer than 4000 characters";
  std::memcpy(text_, text, length + 1);
  if (length == 0) return nullptr;
  for (char* at = text_; at != nullptr;) {
    char* comma = std::strchr(at, ',');
    if (comma != nullptr) *comma++ = '\0';
    if (const char* wrong = add(at)) return wrong;
    at = comma;
  }
  return nullptr;
}

bool Filter::is_domain(const Pattern& pattern, const char* domain) {
  return pattern.domain == nullptr || is_like(domain, pattern.domain);
}

bool Filter::takes(const char* domain, const char* name) const {
  bool wanted = !wants_;
  for (std::size_t i = 0; i < count_; ++i) {
    const Pattern& pattern = patterns_[i];
    if (wanted && !pattern.excludes) continue;
    if (!is_domain(pattern, domain) || !is_like(name, pattern.name)) continue;
    if (pattern.excludes) return false;
    wanted = true;
  }
  return wanted;
}

bool Filter::may_take(const char* domain) const {
  bool wanted = !wants_;
  for (std::size_t i = 0; i < count_; ++i) {
    const Pattern& pattern = patterns_[i];
    if (!is_domain(pattern, domain)) continue;
    if (pattern.excludes && std::strcmp(pattern.name, "*") == 0) return false;
    wanted |= !pattern.excludes;
  }
  return wanted;
}

}  // namespace nw::nvtx
