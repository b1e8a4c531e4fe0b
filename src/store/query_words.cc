#include "store/query_words.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/parse.h"
#include "base/units.h"
#include "base/wall_time.h"
#include "record/node_type.h"
#include "record/record.pb.h"

namespace nw {

namespace {

constexpr std::array<std::string_view, 5> kPlainKeys{"name", "host", "program", "node-type", "state"};

bool is_pattern_key(std::string_view key) {
  return std::find(kPlainKeys.begin(), kPlainKeys.end(), key) != kPlainKeys.end() ||
         (key.starts_with("label.") && key.size() > 6) || (key.starts_with("setting.") && key.size() > 8);
}

// "7d" and "12h", or "d=7" and "h=12" as in earlier versions, else a point in time.
std::optional<std::int64_t> parse_moment(std::string_view text, std::int64_t now) {
  for (const auto& [unit, seconds] : {std::pair{'d', 86400}, std::pair{'h', 3600}}) {
    const bool is_old = text.starts_with(std::string{unit, '='});
    if (!is_old && !text.ends_with(unit)) continue;
    const auto count = parse_u64(is_old ? text.substr(2) : text.substr(0, text.size() - 1));
    if (!count || *count > 36'500) return std::nullopt;
    return now - static_cast<std::int64_t>(*count) * seconds * kNanosPerSecond;
  }
  return parse_wall_ns(text);
}

// The next "key=value" of the text, with quotes removed from the value.
std::pair<std::string, std::string> take_word(std::string_view& text) {
  std::string key, value;
  bool is_value = false;
  char quoted = 0;
  for (; !text.empty(); text.remove_prefix(1)) {
    const char c = text[0];
    if (quoted == 0 && (c == ' ' || c == ',' || c == '\t' || c == '\n')) break;
    if (is_value && (c == '"' || c == '\'') && (quoted == 0 || quoted == c)) {
      quoted = quoted == 0 ? c : 0;
    } else if (!is_value && c == '=') {
      is_value = true;
    } else {
      (is_value ? value : key) += c;
    }
  }
  return {key, is_value ? value : std::string()};
}

Done add_word(Query& query, const std::string& key, const std::string& value, std::int64_t now) {
  if (value.empty()) return fail(ErrorKind::malformed, fmt::format("{}: not of the form KEY=VALUE", quote(key)));
  if (key == "since" || key == "until") {
    const auto moment = parse_moment(value, now);
    if (!moment)
      return fail(ErrorKind::malformed,
                  fmt::format("{}={}: no time like 2026-11-01, 2026-11-01T08:00, 7d or 12h", key, quote(value)));
    (key == "since" ? query.since_unix_ns : query.until_unix_ns) = *moment;
    return {};
  }
  if (key == "limit") {
    const auto limit = parse_u64(value);
    if (!limit) return fail(ErrorKind::malformed, fmt::format("limit={}: no number", quote(value)));
    query.limit = static_cast<std::size_t>(*limit);
    return {};
  }
  if (!is_pattern_key(key))
    return fail(ErrorKind::malformed,
                fmt::format("{}: no such key; there are name, host, program, node-type, state, label.KEY, setting.KEY, "
                            "since, until, limit",
                            quote(key)));
  query.patterns.emplace_back(key, value);
  return {};
}

const std::string* find_value(const google::protobuf::RepeatedPtrField<pb::Label>& pairs, std::string_view key) {
  for (const pb::Label& one : pairs)
    if (one.key() == key) return &one.value();
  return nullptr;
}

std::string value_of(const pb::Record& record, std::string_view key) {
  if (key == "name") return record.name();
  if (key == "host") return record.node().host();
  if (key == "program") return record.program();
  if (key == "node-type") return node_type(record);
  if (key == "state") return record.state();
  const bool is_label = key.starts_with("label.");
  const std::string* value =
      is_label ? find_value(record.labels(), key.substr(6)) : find_value(record.settings(), key.substr(8));
  return value != nullptr ? *value : std::string();
}

}  // namespace

bool fits(const pb::Record& record, const std::vector<std::pair<std::string, std::string>>& patterns) {
  return std::all_of(patterns.begin(), patterns.end(),
                     [&](const auto& one) { return fits(value_of(record, one.first), one.second); });
}

Result<Query> parse_query(std::string_view text, std::int64_t now_unix_ns) {
  Query query;
  query.limit = 0;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(" ,\t\n"), text.size()));
    if (text.empty()) return query;
    const auto [key, value] = take_word(text);
    NW_CHECK(add_word(query, key, value, now_unix_ns));
  }
}

bool fits(std::string_view text, std::string_view pattern) {
  std::size_t at = 0, in = 0, star = pattern.npos, mark = 0;
  while (at < text.size()) {
    if (in < pattern.size() && pattern[in] == '*') {
      star = in++, mark = at;
    } else if (in < pattern.size() && (pattern[in] == '?' || pattern[in] == text[at])) {
      ++in, ++at;
    } else if (star != pattern.npos) {
      in = star + 1, at = ++mark;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', in) == pattern.npos;
}

}  // namespace nw
