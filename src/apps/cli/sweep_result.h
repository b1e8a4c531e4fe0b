// The result of a sweep: finds its records, compares them, and writes table, page, picture and data.
#pragma once

#include <string>
#include <vector>

#include "apps/cli/sweep_state.h"
#include "record/record.pb.h"
#include "report/swept.h"

namespace nw::cli {

struct FoundRecords {
  std::vector<pb::Record> records;
  std::size_t missing = 0;  // runs that should have a record which is not found
  std::string trouble;      // then: why sweep.records, which was tried for them, may lack them; else ""
};

// The records of the runs that are done, in their order: of the user's store, else of DIR/sweep.records.
Result<FoundRecords> find_records(const std::string& dir, const SweepState& state);

// Points into `records`, which must outlive it. `per`: the unit of work to rank by; "": the first that all share.
Swept make_swept(const std::string& dir, const SweepState& state, const std::vector<pb::Record>& records,
                 const std::string& per);

// sweep.md, .csv, .json, .html, .svg and .records in `dir`.
Done write_results(const std::string& dir, const Swept& swept, const std::vector<pb::Record>& records);

}  // namespace nw::cli
