// Filter: which NVTX ranges become phases, by their names: "epoch*,train:*,!*:warm*".
//
// Patterns are separated by commas; '*' is any text, '?' any character. One without a ':' matches the name in any
// domain; with one, domain and name ("::" is no separator; an empty domain is the default one). '!' excludes. A range
// is taken when no pattern excludes it and one includes it, or when all patterns exclude. This runs for every range of
// a program, so nothing allocates, and matching stops at the first character that differs.
#pragma once

#include <cstddef>

namespace nw::nvtx {

// Whether the pattern matches the whole text.
bool is_like(const char* text, const char* pattern);

class Filter {
 public:
  static constexpr std::size_t kMaxText = 4000, kMaxPatterns = 64;

  Filter() = default;
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  // What is wrong with the text, null when nothing is; then it becomes the filter.
  const char* set(const char* text);
  // `domain` is "" for the default domain.
  bool takes(const char* domain, const char* name) const;
  // Whether some name in this domain may be taken.
  bool may_take(const char* domain) const;

 private:
  struct Pattern {
    const char* domain;  // null: any
    const char* name;
    bool excludes;
  };
  static bool is_domain(const Pattern& pattern, const char* domain);
  const char* add(char* text);

  char text_[kMaxText + 1] = {};
  Pattern patterns_[kMaxPatterns] = {};
  std::size_t count_ = 0;
  bool wants_ = false;  // at least one pattern includes
};

}  // namespace nw::nvtx
