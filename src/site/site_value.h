// SiteValue: the value at one key of a TOML text, checked against the key's type and range.
#pragma once

#include "base/toml.h"

#include "site/site_keys.h"

namespace nw {

// The value, or what is wrong with it, in words that follow "key: ".
Result<KeyValue> take_value(const SiteKey& key, const toml::node& node);
// The values allowed at the key, in words: "a number from 1 to 10", "one of limit, sigma".
std::string type_words(const SiteKey& key);
// The value as TOML.
std::string value_text(const SiteKey& key, const KeyValue& value);
// "..." with TOML's escapes.
std::string toml_quote(std::string_view text);

}  // namespace nw
