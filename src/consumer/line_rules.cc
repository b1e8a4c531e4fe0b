#include "consumer/line_rules.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/parse.h"

namespace nw {

namespace {
constexpr int kMostGroups = 16;
constexpr std::size_t kMostName = 200;  // of a phase; the channel keeps less
using Groups = std::array<re2::StringPiece, kMostGroups>;

// Whether the name was forgotten and this is the expression.
bool looks_like_regex(std::string_view name) { return name.find_first_of("^\\[(*+?|") != std::string_view::npos; }

std::string_view view(const re2::StringPiece& piece) { return {piece.data(), piece.size()}; }
}  // namespace

struct LineRules::Rule {
  std::string name;
  RE2 regex;
  const Rule* of = nullptr;  // for an end: its begin

  Rule(std::string_view rule_name, std::string_view expression)
      : name(rule_name), regex(re2::StringPiece(expression.data(), expression.size()), options()) {}

  static RE2::Options options() {
    RE2::Options options;
    options.set_log_errors(false);
    return options;
  }

  int groups() const { return std::min(regex.NumberOfCapturingGroups() + 1, kMostGroups); }

  bool matches(std::string_view text, Groups& found) const {
    return regex.Match({text.data(), text.size()}, 0, text.size(), RE2::UNANCHORED, found.data(), groups());
  }

  // The group that a '$' at `at` in the name refers to, and where the name continues; no group: -1.
  std::pair<int, std::size_t> group_at(std::size_t at) const {
    if (at + 1 >= name.size()) return {-1, at + 1};
    if (std::isdigit(static_cast<unsigned char>(name[at + 1])) != 0) return {name[at + 1] - '0', at + 2};
    const auto close = name.find('}', at);
    if (name[at + 1] != '{' || close == std::string::npos) return {-1, at + 1};
    const std::string wanted = name.substr(at + 2, close - at - 2);
    if (const auto number = parse_u64(wanted))
      return {static_cast<int>(std::min<std::uint64_t>(*number, 99)), close + 1};
    const auto& named = regex.NamedCapturingGroups();
    const auto found = named.find(wanted);
    return {found == named.end() ? kMostGroups : found->second, close + 1};
  }

  std::string expand(const Groups& found) const {
    std::string out;
    for (std::size_t at = 0; at < name.size() && out.size() < kMostName;) {
      const auto [group, next] = name[at] == '$' ? group_at(at) : std::pair(-1, at + 1);
      if (group >= 0 && group < groups())
        out += view(found[static_cast<std::size_t>(group)]).substr(0, kMostName);
      else
        out += name[at];
      at = next;
    }
    return out;
  }

  bool has_its_groups() const {
    for (std::size_t at = name.find('$'); at != std::string::npos && at < name.size(); at = name.find('$', at)) {
      const auto [group, next] = group_at(at);
      if (group >= groups()) return false;
      at = next;
    }
    return true;
  }
};

namespace {
tl::unexpected<Error> malformed(const char* option, const std::string& text, const std::string& what) {
  return fail(ErrorKind::malformed, fmt::format("{} '{}': {}", option, text, what));
}
}  // namespace

LineRules::LineRules(std::uint32_t process)
    : process_(process), next_id_(std::uint64_t{3} << 62 | std::uint64_t{process} << 40 | 1) {}
LineRules::LineRules(LineRules&&) noexcept = default;
LineRules& LineRules::operator=(LineRules&&) noexcept = default;
LineRules::~LineRules() = default;

Result<LineRules> LineRules::make(const LineRuleTexts& texts, std::uint32_t process) {
  LineRules rules(process);
  const auto add = [](const char* option, const std::string& text, auto& into) -> Done {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || looks_like_regex(std::string_view(text).substr(0, equals)))
      return malformed(option, text, "not of the form NAME=REGEX");
    auto rule = std::make_unique<Rule>(text.substr(0, equals), text.substr(equals + 1));
    if (rule->regex.pattern().empty()) return malformed(option, text, "an empty expression is in every line");
    if (!rule->regex.ok()) return malformed(option, text, rule->regex.error());
    into.push_back(std::move(rule));
    return {};
  };
  for (const auto& text : texts.begin) {
    NW_CHECK(add("--phase-regex", text, rules.begins_));
    if (!rules.begins_.back()->has_its_groups())
      return malformed("--phase-regex", text, "the name has a group that the expression has not");
  }
  for (const auto& text : texts.end) {
    NW_CHECK(add("--phase-end-regex", text, rules.ends_));
    Rule& end = *rules.ends_.back();
    for (const auto& begin : rules.begins_)
      if (begin->name == end.name) end.of = begin.get();
    if (end.of == nullptr) return malformed("--phase-end-regex", text, "no --phase-regex has this name");
  }
  for (const auto& text : texts.work) NW_CHECK(add("--work-regex", text, rules.works_));
  return rules;
}

const LineRules::Open* LineRules::find(const Rule& rule) const {
  const auto found = std::find_if(open_.begin(), open_.end(), [&](const Open& one) { return one.rule == &rule; });
  return found == open_.end() ? nullptr : &*found;
}

void LineRules::end(const Rule& rule, Nanos at, const std::function<void(const ProgramEvent&)>& sink) {
  const Open* open = find(rule);
  if (open == nullptr) return;
  sink({ProgramEvent::Kind::end, at, open->id, process_, process_, "", "", 0});
  open_.erase(open_.begin() + (open - open_.data()), open_.end());
}

void LineRules::begin(const Rule& rule, std::string name, Nanos at,
                      const std::function<void(const ProgramEvent&)>& sink) {
  end(rule, at, sink);
  sink({ProgramEvent::Kind::begin, at, next_id_, process_, process_, name, "", 0});
  open_.push_back({&rule, next_id_++, std::move(name)});
}

void LineRules::consume(const Line& line, Nanos at, const std::function<void(const ProgramEvent&)>& sink) {
  Groups found;
  for (const auto& rule : works_) {
    if (!rule->matches(line.text, found)) continue;
    const double count =
        rule->groups() < 2 ? 1 : parse_double(view(found[1])).value_or(std::numeric_limits<double>::quiet_NaN());
    sink({ProgramEvent::Kind::work, at, 0, process_, process_, "", rule->name, count});
  }
  for (const auto& rule : ends_)
    if (rule->matches(line.text, found)) end(*rule->of, at, sink);
  for (const auto& rule : begins_) {
    if (!rule->matches(line.text, found)) continue;
    std::string name = rule->expand(found);
    const Open* open = find(*rule);
    if (line.redrawn && open != nullptr && open->name == name) continue;
    begin(*rule, std::move(name), at, sink);
  }
}

}  // namespace nw
