// SiteKey: one key of the site file. Parsing, the errors, `nodewatt config show` and the page docs/site-file.md are all
// generated from the table of these.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "site/site.h"

namespace nw {

enum class KeyType : unsigned char {
  text,
  flag,
  number,
  count,     // a whole number
  duration,  // "2s"
  date,      // "2026-03", "2026-03-31", with or without a time
  origin,    // "https://bmc.example": no user, no password, no path
  agent,     // "pdu1.example", "udp:pdu1.example:161": the second of the first
  choice,    // one of SiteKey::choices
  choices,   // a list of them
  curve,     // [[0.1, 0.90], [0.5, 0.94]], both in 0..1, the first rising
  counts,    // [1, 2]
};

// The value of a key, once it is known to be of the key's type and in its range.
struct KeyValue {
  std::string text;  // text, date, origin, agent, choice
  bool flag = false;
  double number = 0;  // number, count
  Nanos time{};
  std::vector<std::string> words;
  std::vector<std::pair<double, double>> points;
  std::vector<unsigned> counts;
};

struct SiteKey {
  // Names joined by dots; "*" is a name that the site gives.
  std::string path;
  KeyType type = KeyType::text;
  std::string unit;                // of a number
  double least = 0, most = 0;      // of a number, a count, or a duration in seconds
  std::string words;               // of a choice: the values allowed, separated by spaces
  std::vector<std::string> needs;  // keys beside it that must be set too
  bool required = false;           // in every table of its kind
  std::string fallback;            // the default, as TOML; empty: none
  std::string sentence;
  void (*take)(Site&, std::span<const std::string> names, const KeyValue&) = nullptr;  // names: what the "*" are

  SiteKey& needing(std::vector<std::string> others) { return needs = std::move(others), *this; }
  SiteKey& with_default(std::string toml) { return fallback = std::move(toml), *this; }
  SiteKey& must() { return required = true, *this; }
};

// THE table, in the order of the page.
std::span<const SiteKey> site_keys();

}  // namespace nw
