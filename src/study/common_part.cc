#include "study/common_part.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "record/record.pb.h"
#include "study/values.h"

namespace nw {

namespace {

using Components = google::protobuf::RepeatedPtrField<pb::Component>;

bool is_measured(const pb::Component& part) {
  return part.energy().has_energy_uj() && part.energy().kind() == pb::KIND_MEASURED && part.domain() != "node";
}

// Which domain contains which, as far as both can be common.
bool holds(std::string_view outer, std::string_view inner) {
  if (outer == "psys") return inner == "package" || inner == "dram" || inner == "core" || inner == "uncore";
  if (outer == "module") return inner == "gpu" || inner == "cpu" || inner == "package" || inner == "dram";
  if (outer == "package") return inner == "core" || inner == "uncore";
  return outer == "cpu" && (inner == "core" || inner == "sysio");
}

std::set<std::string> measured_domains(const Components& components) {
  std::set<std::string> domains;
  for (const pb::Component& part : components)
    if (is_measured(part)) domains.insert(part.domain());
  return domains;
}

const Components& components_of(const pb::Record& record, std::string_view phase) {
  static const Components kNone;
  if (phase.empty()) return record.components();
  for (const pb::Phase& one : record.phases())
    if (one.path() == phase && one.resolved()) return one.components();
  return kNone;
}

}  // namespace

std::vector<std::string> common_domains(std::span<const pb::Record* const> records) {
  std::set<std::string> common;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto own = measured_domains(records[i]->components());
    if (i == 0) common = own;
    std::erase_if(common, [&](const std::string& domain) { return !own.contains(domain); });
  }
  std::vector<std::string> outermost;
  for (const std::string& domain : common)
    if (std::none_of(common.begin(), common.end(), [&](const std::string& outer) { return holds(outer, domain); }))
      outermost.push_back(domain);
  return outermost;
}

std::vector<std::string> left_out_domains(std::span<const pb::Record* const> records,
                                          std::span<const std::string> common) {
  std::set<std::string> all;
  for (const pb::Record* record : records) all.merge(measured_domains(record->components()));
  const auto is_told = [&](const std::string& domain) {
    return std::any_of(common.begin(), common.end(), [&](const std::string& one) {
      return one == domain || holds(one, domain) || holds(domain, one);
    });
  };
  std::vector<std::string> outermost;
  for (const std::string& domain : all)
    if (!is_told(domain) &&
        std::none_of(all.begin(), all.end(), [&](const std::string& outer) { return holds(outer, domain); }))
      outermost.push_back(domain);
  return outermost;
}

pb::Energy sum_domains(const pb::Record& record, std::string_view phase, std::span<const std::string> domains) {
  pb::Energy sum;
  std::int64_t joules = 0;
  double random = 0, coverage = 1;
  for (const std::string& domain : domains) {
    double systematic = 0;
    bool is_there = false;
    for (const pb::Component& part : components_of(record, phase)) {
      if (part.domain() != domain || !is_measured(part)) continue;
      is_there = true;
      joules += part.energy().energy_uj();
      random += std::pow(finite(part.energy().random_uj()).value_or(0), 2);
      systematic += std::abs(finite(part.energy().systematic_uj()).value_or(0));
      coverage = std::min(coverage, nw::coverage(part.energy()).value_or(0));
    }
    if (!is_there) return {};
    auto* term = sum.add_terms();
    term->set_name(domain);
    term->set_u_uj(systematic);
    term->set_systematic(true);
  }
  double variance = random;
  for (const pb::Contributor& term : sum.terms()) variance += term.u_uj() * term.u_uj();
  sum.set_energy_uj(joules);
  sum.set_random_uj(std::sqrt(random));
  sum.set_systematic_uj(std::sqrt(variance - random));
  sum.set_uncertainty_uj(std::llround(1.96 * std::sqrt(variance)));
  sum.set_coverage(coverage);
  sum.set_kind(pb::KIND_MEASURED);
  return sum;
}

}  // namespace nw
