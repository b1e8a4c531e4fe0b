// SiteValue: what stands at one key of a TOML text, checked against the key's type and range.
#pragma once

// toml++ 3.3.0 asserts of a table's header what its own code then says as an error ("[" and a line's end): neither
// abort nor, with NDEBUG, assume it.
#undef NDEBUG
#define TOML_ASSERT(expr) static_cast<void>(0)
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "sensor/site_keys.h"

namespace nw {

// The value, or what is wrong with it, in words that follow "key: ".
Result<KeyValue> take_value(const SiteKey& key, const toml::node& node);
// What may stand at the key, in words: "a number from 1 to 10", "one of limit, sigma".
std::string type_words(const SiteKey& key);
// The value as TOML.
std::string value_text(const SiteKey& key, const KeyValue& value);
// "..." with what TOML wants escaped.
std::string toml_quote(std::string_view text);

}  // namespace nw
