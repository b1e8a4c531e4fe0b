// Figures, texts and lists in the JSON of every document: unknown is null, foreign text is valid UTF-8.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "report/escape.h"
#include "study/repeats.h"
#include "study/values.h"

namespace nw::json {

using Json = nlohmann::ordered_json;

inline Json number(std::optional<double> value) { return value && finite(*value) ? Json(*value) : Json(nullptr); }
inline Json number(double value) { return number(std::optional(value)); }
inline Json text(std::string_view value) { return value.empty() ? Json(nullptr) : Json(valid_utf8(value)); }

// A document as it is printed: valid UTF-8, and without characters that a terminal would obey.
inline std::string print(const Json& document, int indent = 2) {
  return for_json(document.dump(indent, ' ', false, Json::error_handler_t::replace)) + '\n';
}

template <class Items, class Make>
Json list(const Items& items, Make make) {
  Json all = Json::array();
  for (const auto& item : items) all.push_back(make(item));
  return all;
}

inline Json amount(const Amount& amount) {
  return {{"value", number(amount.value)}, {"uncertainty", number(amount.uncertainty)}};
}

inline Json mean(const Mean& mean) {
  return {{"mean", number(mean.value)}, {"uncertainty", number(mean.interval)}, {"n", mean.n}};
}

}  // namespace nw::json
