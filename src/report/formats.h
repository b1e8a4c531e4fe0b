// Report formats: every shape that `nodewatt report --format` prints, in one table. The command line, its help and
// docs/reports.md take their lists from it, or are tested against it.
//
// A form is a pure function of records. Where a form of others demands what a record does not hold, it says what is
// missing in place of printing something like it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "report/paper.h"
#include "report/report.h"

namespace nw {

struct RenderOptions {
  TextStyle text;
  std::string phase;  // for forms of one figure: of this phase in place of the whole run
};

enum class FormatOutput : unsigned char {
  text,
  png,     // `make` returns SVG, to be drawn
  folder,  // `make_crate` returns its files
};

struct ReportFormat {
  std::string_view name;
  std::string_view alias;  // may be empty
  std::string_view about;
  Result<std::string> (*make)(Records records, const RenderOptions& style);
  FormatOutput output = FormatOutput::text;
  bool by_phase = false;  // heeds RenderOptions::phase
  bool sums = false;      // says what all records took together: none may be left out
};

std::span<const ReportFormat> formats();
const ReportFormat* find_format(std::string_view name);
std::string format_names();                                        // "text, short, json, ..."
std::string make_format_list(std::string_view line_start = "  ");  // one line for each, with what it is

// Records in the form of that name. The error names what there is; forms that are no text are not for this.
Result<std::string> make_format(std::string_view name, Records records, const TextStyle& style);

// Tables and figures of several rows, which others may fill too.
std::string make_latex(const std::vector<PaperRow>& rows, std::string_view provenance);
std::string make_markdown_table(const std::vector<PaperRow>& rows, std::string_view provenance);
std::string make_bars_svg(const std::vector<PaperRow>& rows, std::string_view title, std::string_view provenance);

// One sentence for a paper, for the runs of one batch.
std::string make_sentence(const RunGroup& batch, std::string_view phase, const NumberStyle& style);

// Forms that others have fixed. One document or block for each run or batch.
Result<std::string> make_sentences(Records records, const RenderOptions& style);
Result<std::string> make_model_card(Records records, const RenderOptions& style);
Result<std::string> make_boamps(Records records, const RenderOptions& style);
Result<std::string> make_codecarbon(Records records, const RenderOptions& style);
Result<std::string> make_neurips(Records records, const RenderOptions& style);
Result<std::string> make_aspects(Records records, const RenderOptions& style);

// How the figures came about, in plain lines: boundary, each component's source, the largest doubts, what is modelled.
std::string make_method(const pb::Record& record, const NumberStyle& style);

// The files of an RO-Crate: name and content.
using CrateFiles = std::vector<std::pair<std::string, std::string>>;
Result<CrateFiles> make_crate(Records records);

// What a reviewer would ask that these records do not answer.
struct ReviewQuestion {
  std::string name;  // "no_repeats"
  std::string text;
  std::string repair;
};
std::vector<ReviewQuestion> compute_questions(Records records);
std::string make_review(Records records, const TextStyle& style);

}  // namespace nw
