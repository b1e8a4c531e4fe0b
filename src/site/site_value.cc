// Parses the value at a key of the site file. TOML 1.0.0 through toml++; nothing is converted silently: a period is a
// text with its unit, a number is finite and in its range, a date has at least its year and month.
#include "site/site_value.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/parse.h"

namespace nw {

namespace {
constexpr std::size_t kLongestText = 4096, kMostItems = 1024;

tl::unexpected<Error> wanted(const SiteKey& key) { return fail(ErrorKind::malformed, "must be " + type_words(key)); }

bool is_word_of(std::string_view words, std::string_view word) {
  const auto all = split(words, ' ');
  return !word.empty() && std::find(all.begin(), all.end(), word) != all.end();
}

// "2026-03", "2026-03-31", either followed by a time.
bool is_date(std::string_view text) {
  const auto digits = [&](std::size_t at, std::size_t count, std::uint64_t least, std::uint64_t most) {
    if (text.size() < at + count) return false;
    const auto part = text.substr(at, count);
    const auto value = parse_u64(part);
    return value && part.find_first_not_of("0123456789") == part.npos && *value >= least && *value <= most;
  };
  if (!digits(0, 4, 1970, 9999) || text.size() < 7 || text[4] != '-' || !digits(5, 2, 1, 12)) return false;
  if (text.size() == 7) return true;
  if (text[7] != '-' || !digits(8, 2, 1, 31)) return false;
  return text.size() == 10 || text[10] == 'T' || text[10] == ' ';
}

// A scheme and a host. An '@' is refused, since the text before it may be a password.
bool is_origin(std::string_view text) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!text.starts_with(scheme)) continue;
    const auto host = text.substr(scheme.size());
    return !host.empty() && host.find_first_of("/@?# \t\"'\\") == host.npos;
  }
  return false;
}

// "161" of "", "1161" of ":1161".
std::optional<std::string> port_of(std::string_view text) {
  if (text.empty()) return "161";
  const auto number = text.size() <= 6 && text.starts_with(':') ? parse_u64(text.substr(1)) : std::nullopt;
  return number && *number > 0 && *number < 65536 ? std::optional(std::to_string(*number)) : std::nullopt;
}

// "udp:pdu1:161" for "pdu1", "udp6:[::1]:161" for "::1". Other transports are refused: only UDP requests keep their
// deadline.
std::optional<std::string> agent_of(std::string_view text) {
  const bool six = text.starts_with("udp6:");
  if (six || text.starts_with("udp:")) text.remove_prefix(six ? 5 : 4);
  const bool bracketed = text.starts_with('['), address = bracketed || std::count(text.begin(), text.end(), ':') > 1;
  std::size_t end = std::min(text.find(bracketed ? ']' : ':'), text.size());
  if (address && !bracketed) end = text.size();
  const std::string host(bracketed ? text.substr(1, end - 1) : text.substr(0, end));
  const auto port = port_of(text.substr(std::min(end + (bracketed ? 1 : 0), text.size())));
  in6_addr parsed;
  if (!port || host.empty() || (bracketed && end == text.size())) return std::nullopt;
  if (address && ::inet_pton(AF_INET6, host.c_str(), &parsed) != 1) return std::nullopt;
  if (!address && host.find_first_of("/@?#[] \t\"'\\") != host.npos) return std::nullopt;
  return address ? fmt::format("udp6:[{}]:{}", host, *port)
                 : fmt::format("{}:{}:{}", six ? "udp6" : "udp", host, *port);
}

std::optional<std::string> text_of(const toml::node& node) {
  const auto* text = node.as_string();
  if (text == nullptr || text->get().size() > kLongestText) return std::nullopt;
  for (const char c : text->get())
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
  return text->get();
}

std::optional<double> number_of(const toml::node& node) {
  if (!node.is_number()) return std::nullopt;
  const auto value = node.value<double>();
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<std::string> date_of(const toml::node& node) {
  if (const auto* date = node.as_date())
    return fmt::format("{:04}-{:02}-{:02}", date->get().year, date->get().month, date->get().day);
  if (const auto* moment = node.as_date_time()) {
    const toml::date& date = moment->get().date;
    const toml::time& time = moment->get().time;
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", date.year, date.month, date.day, time.hour, time.minute,
                       time.second);
  }
  return text_of(node);
}

bool take_text(const SiteKey& key, const toml::node& node, KeyValue& value) {
  const auto text = key.type == KeyType::date ? date_of(node) : text_of(node);
  if (!text || text->empty()) return false;
  value.text = key.type == KeyType::agent ? agent_of(*text).value_or("") : *text;
  switch (key.type) {
    case KeyType::agent: return !value.text.empty();
    case KeyType::date: return is_date(*text);
    case KeyType::origin: return is_origin(*text);
    case KeyType::choice: return is_word_of(key.words, *text);
    default: return true;
  }
}

bool take_number(const SiteKey& key, const toml::node& node, KeyValue& value) {
  if (key.type == KeyType::count && !node.is_integer()) return false;
  const auto number = number_of(node);
  value.number = number.value_or(0);
  return number && *number >= key.least && *number <= key.most;
}

bool take_duration(const SiteKey& key, const toml::node& node, KeyValue& value) {
  const auto text = text_of(node);
  const auto ns = text ? parse_duration_ns(*text) : std::nullopt;
  value.time = Nanos::of(ns.value_or(0));
  return ns && to_seconds(value.time) >= key.least && to_seconds(value.time) <= key.most;
}

bool take_words(const SiteKey& key, const toml::node& node, KeyValue& value) {
  const auto* array = node.as_array();
  if (array == nullptr || array->size() > kMostItems) return false;
  for (const toml::node& item : *array) {
    const auto word = text_of(item);
    if (!word || !is_word_of(key.words, *word)) return false;
    value.words.push_back(*word);
  }
  return true;
}

bool take_points(const toml::node& node, KeyValue& value) {
  const auto* array = node.as_array();
  if (array == nullptr || array->size() < 2 || array->size() > kMostItems) return false;
  for (const toml::node& item : *array) {
    const auto* pair = item.as_array();
    if (pair == nullptr || pair->size() != 2) return false;
    const auto x = number_of(*pair->get(0)), y = number_of(*pair->get(1));
    if (!x || !y || *x < 0 || *x > 1 || *y <= 0 || *y > 1) return false;
    if (!value.points.empty() && *x <= value.points.back().first) return false;
    value.points.emplace_back(*x, *y);
  }
  return true;
}

bool take_counts(const toml::node& node, KeyValue& value) {
  const auto* array = node.as_array();
  if (array == nullptr || array->empty() || array->size() > kMostItems) return false;
  for (const toml::node& item : *array) {
    const auto* number = item.as_integer();
    if (number == nullptr || number->get() < 1 || number->get() > 100000) return false;
    const auto count = static_cast<unsigned>(number->get());
    if (std::find(value.counts.begin(), value.counts.end(), count) != value.counts.end()) return false;
    value.counts.push_back(count);
  }
  return true;
}

bool take_any(const SiteKey& key, const toml::node& node, KeyValue& value) {
  switch (key.type) {
    case KeyType::flag: {
      const auto* flag = node.as_boolean();
      value.flag = flag != nullptr && flag->get();
      return flag != nullptr;
    }
    case KeyType::number:
    case KeyType::count: return take_number(key, node, value);
    case KeyType::duration: return take_duration(key, node, value);
    case KeyType::choices: return take_words(key, node, value);
    case KeyType::curve: return take_points(node, value);
    case KeyType::counts: return take_counts(node, value);
    default: return take_text(key, node, value);
  }
}

template <class Items, class Make>
std::string listed(const Items& items, Make make) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ", ") + make(item);
  return "[" + text + "]";
}
}  // namespace

Result<KeyValue> take_value(const SiteKey& key, const toml::node& node) {
  KeyValue value;
  if (!take_any(key, node, value)) return wanted(key);
  return value;
}

std::string type_words(const SiteKey& key) {
  std::string choices;
  for (const auto word : split(key.words, ' ')) choices += (choices.empty() ? "" : ", ") + std::string(word);
  switch (key.type) {
    case KeyType::text: return "a text";
    case KeyType::flag: return "true or false";
    case KeyType::number: return fmt::format("a number from {:g} to {:g}", key.least, key.most);
    case KeyType::count: return fmt::format("a whole number from {:g} to {:g}", key.least, key.most);
    case KeyType::duration:
      return fmt::format("a time with its unit, like \"2s\", from {:g} to {:g} s", key.least, key.most);
    case KeyType::date: return "a date, like \"2026-03\" or \"2026-03-31\"";
    case KeyType::origin: return "like \"https://bmc.example\", without user, password or path";
    case KeyType::agent: return "like \"pdu1.example\" or \"udp:pdu1.example:161\"; over UDP alone";
    case KeyType::choice: return "one of " + choices;
    case KeyType::choices: return "a list of some of " + choices;
    case KeyType::curve: return "a list of pairs [load, efficiency], at least two, loads rising, both from 0 to 1";
    case KeyType::counts: return "a list of outlet numbers, each once, like [1, 2]";
  }
  return "";
}

std::string toml_quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string value_text(const SiteKey& key, const KeyValue& value) {
  switch (key.type) {
    case KeyType::flag: return value.flag ? "true" : "false";
    case KeyType::number:
    case KeyType::count: return fmt::format("{}", value.number);
    case KeyType::duration: return toml_quote(fmt::format("{}s", to_seconds(value.time)));
    case KeyType::choices: return listed(value.words, [](const auto& word) { return toml_quote(word); });
    case KeyType::curve:
      return listed(value.points, [](const auto& point) { return fmt::format("[{}, {}]", point.first, point.second); });
    case KeyType::counts: return listed(value.counts, [](unsigned count) { return std::to_string(count); });
    default: return toml_quote(value.text);
  }
}

}  // namespace nw
