// A factor is applied to the unit as a fraction of whole numbers, so that joules stay exact sums: unit x 10^6 /
// round(factor x 10^6), in lowest terms. A journal holds units up to 2^40; where one would be larger the factor is
// rounded to five or four decimals, and refused where that does not help.
#include "sensor/site_rules.h"

#include <cmath>

#include <fmt/format.h>

namespace nw {

namespace {
constexpr std::int64_t kMostUnit = std::int64_t{1} << 40;

// "*" is any text, also none. Linear in time except for backtracking at a star.
bool fits(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = pattern.npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p, ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Int128 divisor_of(Int128 a, Int128 b) {
  while (b != 0) {
    const Int128 rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}
}  // namespace

bool matches(std::string_view pattern, std::string_view driver, std::string_view id) {
  return fits(pattern, driver) || fits(pattern, id);
}

bool divide_unit(SensorInfo& info, double factor) {
  if (info.unit_num <= 0 || info.unit_den <= 0) return false;
  for (const std::int64_t scale : {kMicro, kMicro / 10, kMicro / 100}) {
    const std::int64_t parts = std::llround(factor * static_cast<double>(scale));
    if (parts <= 0) return false;
    const Int128 num = Int128{info.unit_num} * scale, den = Int128{info.unit_den} * parts;
    const Int128 common = divisor_of(num, den);
    if (num / common > kMostUnit || den / common > kMostUnit) continue;
    info.unit_num = static_cast<std::int64_t>(num / common);
    info.unit_den = static_cast<std::int64_t>(den / common);
    info.factor = static_cast<double>(parts) / static_cast<double>(scale);
    return true;
  }
  return false;
}

SiteRules::SiteRules(const Site& site) : site_(site), matched_(site.rules.size()) {}

bool SiteRules::forbids(std::string_view driver) {
  bool forbidden = false;
  for (std::size_t i = 0; i < site_.rules.size(); ++i)
    if (site_.rules[i].pattern == driver && site_.rules[i].use) {
      forbidden = !*site_.rules[i].use;
      matched_[i] = matched_[i] || forbidden;
    }
  return forbidden;
}

bool SiteRules::apply(std::string_view driver, SensorInfo& info) {
  bool use = true;
  std::optional<double> factor;
  for (std::size_t i = 0; i < site_.rules.size(); ++i) {
    const SensorRule& rule = site_.rules[i];
    if (!matches(rule.pattern, driver, info.id)) continue;
    matched_[i] = true;
    info.rules.push_back(rule.pattern);
    use = rule.use.value_or(use);
    info.boundary = rule.boundary.value_or(info.boundary);
    if (rule.excludes) info.excludes = *rule.excludes;
    if (rule.scale_tolerance) info.scale_tolerance = *rule.scale_tolerance;
    if (rule.factor) factor = rule.factor;
    info.bias = rule.bias.value_or(info.bias);
    for (const auto& [stated, timing] :
         {std::pair{rule.update_interval, &info.update_interval},
          std::pair{rule.averaging_window, &info.averaging_window}, std::pair{rule.delay, &info.delay}})
      if (stated) *timing = {*stated, *stated, TimingBasis::stated};
  }
  if (factor && !divide_unit(info, *factor))
    diagnostics_.push_back({info.id, fmt::format("its factor {} cannot be applied: the unit would not fit", *factor),
                            "leave the factor out of the site file"});
  return use;
}

bool SiteRules::allows(std::string_view driver, std::string_view id) {
  bool use = true;
  for (std::size_t i = 0; i < site_.rules.size(); ++i)
    if (site_.rules[i].use && matches(site_.rules[i].pattern, driver, id)) {
      matched_[i] = true;
      use = *site_.rules[i].use;
    }
  return use;
}

std::vector<Diagnostic> SiteRules::diagnostics() {
  for (std::size_t i = 0; i < matched_.size(); ++i)
    if (!matched_[i])
      diagnostics_.push_back(
          {site_.path,
           fmt::format("the rule [sensors.\"{}\"] matches no sensor of this machine", site_.rules[i].pattern),
           "nodewatt sensors --json lists their ids"});
  return std::move(diagnostics_);
}

}  // namespace nw
