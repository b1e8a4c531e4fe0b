// Report formats: every format that `nodewatt report --format` prints, in one table. The command line, its help and
// docs/reports.md take their lists from it, or are tested against it.
//
// A format is a pure function of records. Where an external form requires something that a record does not contain, the
// output states what is missing and prints no substitute.
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
  std::string phase;  // for formats with one figure: that of this phase, not of the whole run
};

enum class FormatOutput : unsigned char {
  text,
  png,     // `make` returns SVG, to be rendered
  folder,  // `make_crate` returns its files
};

struct ReportFormat {
  std::string_view name;
  std::string_view alias;  // may be empty
  std::string_view about;
  Result<std::string> (*make)(Records records, const RenderOptions& style);
  FormatOutput output = FormatOutput::text;
  bool by_phase = false;  // uses RenderOptions::phase
  bool sums = false;      // adds all records up: none may be left out
};

std::span<const ReportFormat> formats();
const ReportFormat* find_format(std::string_view name);
std::string format_names();                                        // "text, short, json, ..."
std::string make_format_list(std::string_view line_start = "  ");  // one line for each, with what it is

// Records in the format of that name. The error lists the formats; formats that are not text are not for this.
Result<std::string> make_format(std::string_view name, Records records, const TextStyle& style);

// Tables and figures of several rows, which other callers may fill too.
std::string make_latex(const std::vector<PaperRow>& rows, std::string_view provenance);
std::string make_markdown_table(const std::vector<PaperRow>& rows, std::string_view provenance);
std::string make_bars_svg(const std::vector<PaperRow>& rows, std::string_view title, std::string_view provenance);

// One sentence for a paper, for the runs of one batch.
std::string make_sentence(const RunGroup& batch, std::string_view phase, const NumberStyle& style);

// Forms defined by others. One document or block for each run or batch.
Result<std::string> make_sentences(Records records, const RenderOptions& style);
Result<std::string> make_model_card(Records records, const RenderOptions& style);
Result<std::string> make_boamps(Records records, const RenderOptions& style);
Result<std::string> make_codecarbon(Records records, const RenderOptions& style);
Result<std::string> make_neurips(Records records, const RenderOptions& style);
Result<std::string> make_aspects(Records records, const RenderOptions& style);

// How the figures were obtained, in plain lines: boundary, each component's source, the largest uncertainties, what is
// modelled.
std::string make_method(const pb::Record& record, const NumberStyle& style);

// The files of an RO-Crate: name and content.
using CrateFiles = std::vector<std::pair<std::string, std::string>>;
Result<CrateFiles> make_crate(Records records);

// A question that a reviewer would ask and that these records do not answer.
struct ReviewQuestion {
  std::string name;  // "no_repeats"
  std::string text;
  std::string repair;
};
std::vector<ReviewQuestion> compute_questions(Records records);
std::string make_review(Records records, const TextStyle& style);

}  // namespace nw
