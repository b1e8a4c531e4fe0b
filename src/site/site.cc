// Parses the site file: TOML into Site, by the table of keys. All faults are found at once, each with its position; a
// key that is not in the table is a fault, reported with the nearest that is.
//
// A key that looks like a secret is refused with a message of its own, and no value of an unknown key is ever repeated:
// the file is readable by everyone, and so are logs.
#include "site/site.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "base/parse.h"
#include "site/site_value.h"

namespace nw {

namespace {
using Path = std::vector<std::string>;
constexpr std::array<std::string_view, 12> kSecrets{"password", "passwd",        "user",          "username",
                                                    "login",    "community",     "secret",        "token",
                                                    "key",      "auth_password", "priv_password", "credentials"};

std::string joined(const Path& path) {
  std::string text;
  for (const auto& name : path) {
    const bool bare = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
    text += (text.empty() ? "" : ".") + (bare ? name : toml_quote(name));
  }
  return text;
}

// Whether a key's path begins with these names.
bool begins(const std::vector<std::string_view>& segments, const Path& path) {
  if (segments.size() < path.size()) return false;
  for (std::size_t i = 0; i < path.size(); ++i)
    if (segments[i] != "*" && segments[i] != path[i]) return false;
  return true;
}

// The edit distance of two words.
std::size_t distance_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, corner + (a[i - 1] == b[j - 1] ? 0 : 1)});
      corner = above;
    }
  }
  return row[b.size()];
}

// The parser's message, up to where it repeats the file's text: that may be an unquoted password.
std::string without_values(std::string_view description) {
  description = description.substr(0, description.find_first_of("'\"`"));
  while (!description.empty() && std::string_view(" :,(").find(description.back()) != std::string_view::npos)
    description.remove_suffix(1);
  return valid_utf8(description);
}

class SiteReader {
 public:
  explicit SiteReader(const std::string& path) { file_.site.path = path; }

  SiteFile read(std::string_view text) {
    const toml::parse_result parsed = toml::parse(text);
    if (!parsed) {
      const auto& at = parsed.error().source().begin;
      add_fault(at, "", fmt::format("not TOML: {}", without_values(parsed.error().description())));
      return std::move(file_);
    }
    tables_.insert(Path{});
    walk(parsed.table(), {});
    check_required();
    check_needs();
    take_all();
    std::stable_sort(file_.faults.begin(), file_.faults.end(), [](const SiteFault& a, const SiteFault& b) {
      return std::pair(a.line, a.column) < std::pair(b.line, b.column);
    });
    return std::move(file_);
  }

 private:
  struct Leaf {
    const SiteKey* key;
    Path path;
    KeyValue value;
    toml::source_position at;
  };

  void add_fault(const toml::source_position& at, std::string key, std::string what) {
    file_.faults.push_back({at.line, at.column, std::move(key), std::move(what)});
  }

  void walk(const toml::table& table, const Path& path) {
    for (const auto& [key, node] : table) {
      Path below = path;
      below.emplace_back(key.str());
      places_[below] = key.source().begin;
      if (below.size() > 8)
        add_fault(key.source().begin, joined(below), "tables do not lie so deep");
      else
        visit(below, node, key.source().begin);
    }
  }

  void visit(const Path& path, const toml::node& node, const toml::source_position& at) {
    bool holds_more = false;
    const SiteKey* own = nullptr;
    for (const SiteKey& key : site_keys()) {
      const auto segments = split(key.path, '.');
      if (!begins(segments, path)) continue;
      if (segments.size() == path.size())
        own = &key;
      else
        holds_more = true;
    }
    // A name may be a value or a table: node = "n01", or [node].
    if (own != nullptr && !(holds_more && node.is_table())) return take(*own, path, node, at);
    if (!holds_more) return refuse(path, at);
    const auto* table = node.as_table();
    if (table == nullptr) return add_fault(at, joined(path), "must be a table, not a value");
    tables_.insert(path);
    walk(*table, path);
  }

  void take(const SiteKey& key, const Path& path, const toml::node& node, const toml::source_position& at) {
    auto value = take_value(key, node);
    if (value)
      leaves_.push_back({&key, path, std::move(*value), at});
    else
      add_fault(at, joined(path), value.error().what);
    present_.insert(path);
  }

  void refuse(const Path& path, const toml::source_position& at) {
    std::string word = path.back();
    std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
    if (std::find(kSecrets.begin(), kSecrets.end(), word) != kSecrets.end())
      return add_fault(at, joined(path),
                       "credentials do not stand in this file, which everyone may read: put them into a file that its "
                       "owner alone may read and name that with credentials_file");
    const std::string near = nearest(path);
    add_fault(at, joined(path), "no such key" + (near.empty() ? "" : "; did you mean " + near + "?"));
  }

  // The nearest key of this table; else one of the same name elsewhere.
  static std::string nearest(const Path& path) {
    const Path parent(path.begin(), path.end() - 1);
    const std::string& word = path.back();
    if (word.size() > 64) return "";
    std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
    std::string found, elsewhere;
    for (const SiteKey& key : site_keys()) {
      const auto segments = split(key.path, '.');
      if (segments.back() == word && elsewhere.empty()) elsewhere = key.path;
      if (segments.size() < path.size() || !begins(segments, parent)) continue;
      const std::string_view sibling = segments[parent.size()];
      if (const auto far = distance_between(word, sibling); sibling != "*" && far < least)
        least = far, found = std::string(sibling);
    }
    return found.empty() ? elsewhere : found;
  }

  toml::source_position place_of(Path path) const {
    for (; !path.empty(); path.pop_back())
      if (const auto at = places_.find(path); at != places_.end()) return at->second;
    return {1, 1};
  }

  // The keys that a table of this kind requires.
  void check_required() {
    for (const SiteKey& key : site_keys()) {
      if (!key.required) continue;
      const auto segments = split(key.path, '.');
      for (const Path& table : tables_) {
        if (table.size() + 1 != segments.size() || !begins(segments, table)) continue;
        Path wanted = table;
        wanted.emplace_back(segments.back());
        if (!present_.contains(wanted))
          add_fault(place_of(table), joined(table), fmt::format("lacks the key {}", segments.back()));
      }
    }
  }

  void check_needs() {
    for (const Leaf& leaf : leaves_) {
      std::string missing;
      for (const auto& need : leaf.key->needs) {
        Path wanted = leaf.path;
        wanted.back() = need;
        if (!present_.contains(wanted)) missing += (missing.empty() ? "" : ", ") + need;
      }
      if (!missing.empty()) add_fault(leaf.at, joined(leaf.path), "needs beside it: " + missing);
    }
  }

  // In the file's order, so that later rules are applied after earlier ones.
  void take_all() {
    std::stable_sort(leaves_.begin(), leaves_.end(), [](const Leaf& a, const Leaf& b) {
      return std::pair(a.at.line, a.at.column) < std::pair(b.at.line, b.at.column);
    });
    for (const Leaf& leaf : leaves_) leaf.key->take(file_.site, names_of(leaf), leaf.value);
    for (SensorRule& rule : file_.site.rules)
      if (rule.scale_tolerance) rule.scale_tolerance->basis = fmt::format("{}, {}", rule.source, rule.date);
    list_settings();
  }

  static Path names_of(const Leaf& leaf) {
    Path names;
    const auto segments = split(leaf.key->path, '.');
    for (std::size_t i = 0; i < segments.size(); ++i)
      if (segments[i] == "*") names.push_back(leaf.path[i]);
    return names;
  }

  // Each key of the table, once for each table in the file that it applies to.
  void list_settings() {
    for (const SiteKey& key : site_keys()) {
      const auto segments = split(key.path, '.');
      std::set<Path> written;
      for (const Leaf& leaf : leaves_) {
        if (leaf.key != &key) continue;
        written.insert(leaf.path);
        file_.settings.push_back({joined(leaf.path), value_text(key, leaf.value), leaf.at.line});
      }
      if (key.fallback.empty()) continue;
      std::set<Path> tables;
      if (key.path.find('*') == key.path.npos) tables.insert(Path(segments.begin(), segments.end() - 1));
      for (const Path& table : tables_)
        if (table.size() + 1 == segments.size() && begins(segments, table)) tables.insert(table);
      for (Path path : tables) {
        path.emplace_back(segments.back());
        if (!written.contains(path)) file_.settings.push_back({joined(path), key.fallback, 0});
      }
    }
  }

  SiteFile file_;
  std::vector<Leaf> leaves_;
  std::set<Path> tables_, present_;
  std::map<Path, toml::source_position> places_;
};
}  // namespace

SiteFile read_site(std::string_view text, const std::string& path) { return SiteReader(path).read(text); }

std::string fault_text(const SiteFault& fault, const std::string& path) {
  return fmt::format("{}:{}:{}: {}{}{}", path, fault.line, fault.column, fault.key, fault.key.empty() ? "" : ": ",
                     fault.what);
}

Result<Site> parse_site(std::string_view text, const std::string& path) {
  SiteFile file = read_site(text, path);
  if (file.faults.empty()) return std::move(file.site);
  std::string what = fault_text(file.faults[0], path);
  if (file.faults.size() > 1) what += fmt::format(" (and {} more: nodewatt config check)", file.faults.size() - 1);
  return fail(ErrorKind::malformed, what);
}

}  // namespace nw
