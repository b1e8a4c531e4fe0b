// Common part: what records of different scope have all measured, so that at least this can be compared.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "record/record_fwd.h"

namespace nw {

// The domains measured in every one of them, none of which contains another ("gpu", "package"). Empty: nothing in
// common.
std::vector<std::string> common_domains(std::span<const pb::Record* const> records);
// What some of the records have measured beside those: neither inside nor around them.
std::vector<std::string> left_out_domains(std::span<const pb::Record* const> records,
                                          std::span<const std::string> common);

// The energy of these domains in a run, or in one phase of it: uncertainties within a domain add up, since its sensors
// are of a kind; those of different domains are independent. Without a value where one of them is unknown.
pb::Energy sum_domains(const pb::Record& record, std::string_view phase, std::span<const std::string> domains);

}  // namespace nw
