// Paper: the rows of a table for a paper: one row for each run, phase or configuration, each the mean of its repeats.
//
// The rows are made from records here, or filled by whoever compares them; latex.cc, markdown_table.cc, bars.cc and
// html.cc print them, through number.h, so that a figure is the same in all.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "record/record_fwd.h"
#include "report/report.h"
#include "study/run_group.h"

namespace nw {

struct PaperRow {
  std::string label;     // of the runs
  std::string phase;     // path; empty: the whole run
  std::string node;      // the node's type
  std::size_t n = 0;     // runs behind the row
  Mean energy, seconds;  // J, s
  Mean per_unit;         // J for one unit of work
  std::string unit;      // of work, empty where none was counted
  Amount gpu_share;      // of the energy, 0..1
  Amount relative;       // to the first row of the same phase: per unit of work where both have it, else the energy
  pb::Kind kind{};
  std::string boundary;
};

// One batch of repeats or one of its phases.
PaperRow make_paper_row(const RunGroup& batch, std::string_view phase);
// The whole run of each batch and its phases: of several batches those that are nested in no other phase.
std::vector<PaperRow> make_paper_rows(Records records);
// The variants of a comparison, with its own ratios.
std::vector<PaperRow> make_paper_rows(const Comparison& comparison);

// The same as a table, once for every format that prints one: which columns there are, in which unit, with which
// digits.
struct PaperColumn {
  std::string name;                // "Energy"; foreign text where `per` is set
  std::string unit;                // "kWh", "J", "h", "%"; empty: a bare number or words
  std::string per;                 // the unit of work of an energy per unit, where all rows share it
  std::vector<Digits> numbers;     // of a column of numbers, one for each row
  std::vector<std::string> words;  // of a column of words
};
std::vector<PaperColumn> make_paper_columns(const std::vector<PaperRow>& rows);

// What the energies of all rows include, for a caption.
std::string rows_boundary(const std::vector<PaperRow>& rows);

// Energy of all accelerators of a run, or of one phase, over its total.
Amount compute_gpu_share(const pb::Record& record, std::string_view phase);

// A node's type; clean, empty when nothing is known of it.
std::string node_type_words(const pb::Record& record);

// The value that a user or a program gave for this key: a label, else a setting; clean, empty when neither.
std::string said(const pb::Record& record, std::string_view key);

// The unit in which a table's durations read best.
struct TimeUnit {
  double seconds;
  std::string_view name;  // "h"
};
TimeUnit time_unit(std::optional<double> longest_s);

}  // namespace nw
