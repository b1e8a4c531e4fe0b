// Text that an error must not contain once it leaves a driver: what comes from the site file (addresses, credential
// files). Errors of a probe are written to tapes, which people send to each other.
#pragma once

#include <cctype>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/parse.h"
#include "base/result.h"

namespace nw {

struct Redaction {
  std::string text, stands_for;  // "https://bmc0.example" is printed as "redfish.bmc0"
};

// Replaces whole words only: an agent that is called "a" is not replaced in "answer".
inline void replace_all(std::string& text, std::string_view old, std::string_view by) {
  const auto is_letter = [&](std::size_t at) {
    return at < text.size() && std::isalnum(static_cast<unsigned char>(text[at])) != 0;
  };
  for (auto at = text.find(old); at != text.npos; at = text.find(old, at)) {
    const bool word = (at == 0 || !is_letter(at - 1)) && !is_letter(at + old.size());
    if (word) text.replace(at, old.size(), by);
    at += word ? by.size() : 1;
  }
}

inline Error redact(Error error, std::initializer_list<Redaction> words) {
  constexpr std::size_t kQuoted = 80;  // how much the bus drivers quote of a text that they reject
  for (const Redaction& word : words) {
    if (word.text.empty()) continue;
    replace_all(error.what, quote(word.text, kQuoted), word.stands_for);
    replace_all(error.what, word.text, word.stands_for);
  }
  return error;
}

}  // namespace nw
