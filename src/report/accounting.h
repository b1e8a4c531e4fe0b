// Accounting: jobs and their steps as rows that join with those of a resource manager's own accounting (sacct), by
// cluster, job, step, time of submission or SLUID.
//
// One table of fields gives the rows, their help and the selection of fields. Energies are joules, times are UTC as
// sacct prints them (2026-03-02T01:56:42), unknown is an empty cell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "report/report.h"

namespace nw {

struct AccountingField;
using AccountingFields = std::vector<const AccountingField*>;

// "" selects the usual ones; "+a,-b" adds to them and removes; "a,b" selects only these. The error names an unknown
// one.
Result<AccountingFields> choose_fields(std::string_view words);
std::string make_fields_help();  // a line for each, with what it is

struct AccountingStyle {
  bool parsable = false;  // '|' between cells, none after the last; else aligned columns
  bool header = true;
};
// One row for each job and one for each of its steps.
std::string make_accounting(Records records, const AccountingFields& fields, const AccountingStyle& style);

}  // namespace nw
