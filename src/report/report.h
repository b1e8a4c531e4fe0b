// Report: what nodewatt prints about records. Every format is a pure function of the record: same record, same bytes.
//
// All formats take their figures from summary.h and number.h, so that one energy reads the same in the terminal, on the
// page and in a paper. Figures are joules of the whole node while the command ran; every number has a unit; unknown is
// '-' or null, never 0.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "record/record_fwd.h"
#include "report/number.h"

namespace nw {

struct Comparison;  // study/comparison.h
struct Findings;    // study/findings.h
struct Advised;     // study/advice.h

struct TextStyle {
  int width = 100;
  bool colour = false;  // colour only repeats what a word or mark states already
  bool utf8 = false;
  Units units = Units::automatic;
  bool precise = false;          // all digits that the uncertainty justifies
  std::int64_t now_unix_ns = 0;  // to date what is still running; 0: no clock
};

using Records = std::span<const pb::Record* const>;

std::string make_text(const pb::Record& record, const TextStyle& style);
// One line for scripts: "525 +- 11 Wh  1.890 MJ  724 s  2612 W  wall  M"; fields are separated by two spaces.
std::string make_short(const pb::Record& record);
// The schema nodewatt/1, docs/schema/nodewatt-1.schema.json.
std::string make_json(const pb::Record& record);
// One row for each record, scope (run, phase) and component; the row of domain "total" is the record's own figure.
std::string make_csv(Records records);
std::string make_markdown(const pb::Record& record);
// A self-contained page.
std::string make_html(const pb::Record& record);
std::string make_html(Records records, std::string_view title);
std::string make_timeline_svg(const pb::Record& record);
// `nodewatt runs`
std::string make_list(Records records, const TextStyle& style);
// `nodewatt compare`. Given only records: by groups, with default options.
std::string make_compare(const Comparison& comparison, const TextStyle& style);
std::string make_compare(Records records, const TextStyle& style);
std::string make_compare_json(const Comparison& comparison);
std::string make_compare_csv(const Comparison& comparison);
std::string make_compare_markdown(const Comparison& comparison);
std::string make_compare_latex(const Comparison& comparison);
std::string make_compare_html(const Comparison& comparison, std::string_view title);
// The line of provenance.h for all its runs.
std::string make_compare_provenance(const Comparison& comparison, bool utf8);
// Energy against time; the variants that no other one beats in both are joined by a line.
std::string make_pareto_svg(const Comparison& comparison);

// `nodewatt findings`; the body is a section for other pages.
std::string make_findings(const Findings& findings, const TextStyle& style);
// Their three sentences alone, for use below other output.
std::string make_findings_sentences(const Findings& findings, const TextStyle& style);
std::string make_findings_json(const Findings& findings);
std::string make_findings_markdown(const Findings& findings);
std::string make_findings_html(const Findings& findings);
std::string make_findings_body(const Findings& findings);

// `nodewatt advise`
std::string make_advice(const Advised& all, std::string_view currency, const TextStyle& style);
std::string make_advice_json(const Advised& all, std::string_view currency);

// One line of a bench: the repeats of one application, phase and configuration.
struct BenchRow {
  std::string application;
  std::string phase;  // path of a phase inside each record; empty: the whole run
  std::string configuration;
  std::vector<const pb::Record*> repeats;
};

std::string make_bench_table(std::span<const BenchRow> rows, const TextStyle& style);
std::string make_bench_markdown(std::span<const BenchRow> rows);
std::string make_bench_html(std::span<const BenchRow> rows, std::string_view title);

}  // namespace nw
