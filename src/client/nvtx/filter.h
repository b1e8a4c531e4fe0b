// Filter: which NVTX ranges become phases, by their names: "epoch*,train:*,!*:warm*".
//
// Patterns stand between commas; '*' is any text, '?' any character. One without a ':' is for the name in any domain;
// with one, for domain and name ("::" is no separator; an empty domain is the default one). '!' excludes. A range is
// taken when no pattern excludes it and one takes it, or when all patterns exclude. The ranges of a program run through
// here, so nothing allocates, and a pattern that does not fit is given up at its first character.
#pragma once

#include <cstddef>

namespace nw::nvtx {

// Whether the pattern is the whole text.
bool is_like(const char* text, const char* pattern);

class Filter {
 public:
  static constexpr std::size_t kMaxText = 4000, kMaxPatterns = 64;

  Filter() = default;
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  // What is wrong with the text, null when nothing is; then the filter is what it says.
  const char* set(const char* text);
  // `domain` is "" for the default domain.
  bool takes(const char* domain, const char* name) const;
  // Whether there may be a name that it takes in this domain.
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
  bool wants_ = false;  // one pattern takes
};

}  // namespace nw::nvtx
