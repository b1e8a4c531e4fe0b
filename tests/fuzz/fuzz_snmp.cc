// Any bytes as OIDs and as what a PDU answers: lines of "mib oid worth number shared", then of answers ("n 350", "t
// text",
// "-" for nothing). Whatever comes, a sum is whole or an error, and no outlet adds a negative.
#include <cstdlib>

#include "base/parse.h"
#include "sensor/drivers/pdu_snmp_mib.h"

namespace {
void require(bool holds) {
  if (!holds) std::abort();
}

void check_oid(std::string_view text) {
  const auto oid = nw::parse_oid(text);
  if (!oid) return;
  require(oid->size() >= 2 && oid->size() <= 128);
  std::string again;
  for (const auto number : *oid) again += "." + std::to_string(number);
  require(nw::parse_oid(again) == oid);
}

void take_line(std::string_view line, std::vector<nw::pdu::Outlet>& outlets, std::vector<nw::SnmpValue>& answers) {
  const auto fields = nw::split(line, ' ');
  if (fields[0] == "-") answers.emplace_back();
  if (fields[0] == "n" && fields.size() == 2) answers.push_back({nw::parse_i64(fields[1]), {}});
  if (fields[0] == "t" && fields.size() == 2) answers.push_back({{}, std::string(fields[1])});
  if (fields.size() != 5 || outlets.size() >= 64) return;
  const auto outlet = nw::pdu::make_outlet(fields[0], fields[1], nw::parse_double(fields[2]).value_or(0),
                                           static_cast<unsigned>(nw::parse_u64(fields[3]).value_or(0)),
                                           static_cast<unsigned>(nw::parse_u64(fields[4]).value_or(0)));
  if (!outlet) return;
  require(nw::parse_oid(outlet->value).has_value() && outlet->watts_per_count > 0);
  require(outlet->available.empty() || nw::parse_oid(outlet->available).has_value());
  outlets.push_back(*outlet);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  std::vector<nw::pdu::Outlet> outlets;
  std::vector<nw::SnmpValue> answers;
  check_oid(text);
  for (const auto line : nw::split(text, '\n')) {
    for (const auto field : nw::split(line, ' ')) check_oid(field);
    take_line(line, outlets, answers);
  }
  if (const auto worth = nw::pdu::watts_per_count(answers)) require(*worth > 0 && *worth <= 1);
  const auto oids = nw::pdu::round_oids(outlets);
  const auto sum = nw::pdu::compute_sum_mw(outlets, answers);
  if (sum) require(answers.size() >= oids.size() && *sum <= 64 * 100'000'000ULL);
  if (answers.size() < oids.size()) require(!sum);
  return 0;
}
