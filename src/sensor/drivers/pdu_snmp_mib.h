// The SNMP objects of a PDU's outlets and how to decode them: pure functions, for the pdu_snmp driver.
//
//   apc-rpdu2     PowerNet-MIB rPDU2OutletMeteredStatusPower, .1.3.6.1.4.1.318.1.1.26.9.4.3.1.7.<outlet>: whole watts;
//                 -1 where the outlet has no meter. (.26.4.3.1.5 is the whole PDU, in steps of 10 W.)
//   raritan-pdu2  PDU2-MIB, index <pdu 1>.<outlet>.<sensor type activePower 5>, below .1.3.6.1.4.1.13742.6:
//                 .5.4.3.1.2 is available (TruthValue), .5.4.3.1.4 value, .3.5.4.1.6 units (watt 3), .3.5.4.1.7 decimal
//                 digits of the value
//   generic       the site file's OID with the outlet's number in place of "{outlet}", and watts per count
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/snmp.h"

namespace nw::pdu {

// An outlet, the objects to query for it, and watts per count.
struct Outlet {
  unsigned number = 0, shared_by = 1;  // nodes that it feeds
  double watts_per_count = 1;
  std::string value;      // OID
  std::string available;  // OID of a TruthValue; "" where there is none
};

// An outlet of a MIB by its name, before its units are known. malformed: no such MIB, no such OID.
Result<Outlet> make_outlet(std::string_view mib, std::string_view oid, double watts_per_count, unsigned number,
                           unsigned shared_by);

// The OIDs to query once for watts per count; empty where the MIB fixes it. Then, from the answers: nothing where the
// sensor does not measure power.
std::vector<std::string> unit_oids(std::string_view mib, unsigned number);
std::optional<double> watts_per_count(std::span<const SnmpValue> answers);

// The OIDs of one polling round, and the sum of the answers, each multiplied by its share, in milliwatts. Any outlet
// that is missing, unavailable, negative or absurd makes the whole sum an error: part of a node is not the node.
std::vector<std::string> round_oids(std::span<const Outlet> outlets);
Result<std::uint64_t> compute_sum_mw(std::span<const Outlet> outlets, std::span<const SnmpValue> answers);

}  // namespace nw::pdu
