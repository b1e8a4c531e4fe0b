// A factor goes into the unit as a fraction of whole numbers, so that joules stay exact sums: unit x 10^6 /
// round(factor x 10^6), in lowest terms. A journal holds units up to 2^40; where one would be larger the factor is
// taken to five or four decimals, and refused where that does not help.
#include "sensor/site_rules.h"

#include <cmath>

#include <fmt/format.h>

namespace nw {

namespace {
constexpr std::int64_t kMostUnit = std::int64_t{1} << 40;

// "*" is any letters, none too. Linear in time but for what a star must take back.
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

bool divide_unit(Nameplate& plate, double factor) {
  if (plate.unit_num <= 0 || plate.unit_den <= 0) return false;
  for (const std::int64_t scale : {kMicro, kMicro / 10, kMicro / 100}) {
    const std::int64_t parts = std::llround(factor * static_cast<double>(scale));
    if (parts <= 0) return false;
    const Int128 num = Int128{plate.unit_num} * scale, den = Int128{plate.unit_den} * parts;
    const Int128 common = divisor_of(num, den);
    if (num / common > kMostUnit || den / common > kMostUnit) continue;
    plate.unit_num = static_cast<std::int64_t>(num / common);
    plate.unit_den = static_cast<std::int64_t>(den / common);
    plate.factor = static_cast<double>(parts) / static_cast<double>(scale);
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

bool SiteRules::apply(std::string_view driver, Nameplate& plate) {
  bool use = true;
  std::optional<double> factor;
  for (std::size_t i = 0; i < site_.rules.size(); ++i) {
    const SensorRule& rule = site_.rules[i];
    if (!matches(rule.pattern, driver, plate.id)) continue;
    matched_[i] = true;
    plate.rules.push_back(rule.pattern);
    use = rule.use.value_or(use);
    plate.boundary = rule.boundary.value_or(plate.boundary);
    if (rule.lacks) plate.lacks = *rule.lacks;
    if (rule.gain) plate.gain = *rule.gain;
    if (rule.factor) factor = rule.factor;
    plate.bias = rule.bias.value_or(plate.bias);
  }
  if (factor && !divide_unit(plate, *factor))
    findings_.push_back({plate.id, fmt::format("its factor {} cannot be applied: the unit would not fit", *factor),
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

std::vector<Finding> SiteRules::findings() {
  for (std::size_t i = 0; i < matched_.size(); ++i)
    if (!matched_[i])
      findings_.push_back(
          {site_.path,
           fmt::format("the rule [sensors.\"{}\"] matches no sensor of this machine", site_.rules[i].pattern),
           "nodewatt sensors --json lists their ids"});
  return std::move(findings_);
}

}  // namespace nw
