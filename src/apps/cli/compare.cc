// nodewatt compare and findings: runs of the store compared with each other.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

#include "apps/cli/cli_common.h"
#include "apps/cli/command.h"
#include "apps/cli/named_records.h"
#include "apps/cli/png.h"
#include "base/parse.h"
#include "record/record.pb.h"
#include "store/query_words.h"
#include "study/comparison.h"
#include "study/findings.h"

namespace nw::cli {

namespace {

constexpr std::string_view kLabelPrefix = "label:";

constexpr std::array<std::pair<std::string_view, GroupBy>, 5> kNames{{{"group", GroupBy::group},
                                                                      {"node-type", GroupBy::node_type},
                                                                      {"placement", GroupBy::placement},
                                                                      {"configuration", GroupBy::configuration},
                                                                      {"phase", GroupBy::phase}}};

Result<ComparisonOptions> make_wish(const CompareOptions& options) {
  ComparisonOptions wanted{GroupBy::group, "", options.phase, options.per, options.base, options.allow_mixed};
  const auto found =
      std::find_if(kNames.begin(), kNames.end(), [&](const auto& one) { return one.first == options.by; });
  if (found != kNames.end()) {
    wanted.by = found->second;
  } else if (options.by.starts_with(kLabelPrefix) && options.by.size() > kLabelPrefix.size()) {
    wanted.by = GroupBy::label;
    wanted.key = options.by.substr(kLabelPrefix.size());
  } else {
    return fail(ErrorKind::malformed, fmt::format("--by {}: no side", quote(options.by)));
  }
  if (wanted.by == GroupBy::phase && !wanted.phase.empty())
    return fail(ErrorKind::malformed,
                "--by phase makes a variant of each phase, and --phase takes one of all: give one of them");
  return wanted;
}

Result<Query> make_query(const CompareOptions& options) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  Query query = NW_TRY(parse_query(options.query, std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()));
  query.ids = options.print.ids;
  query.without_timeline = true;
  return query;
}

Result<std::string> render(const PrintOptions& print, const Comparison& comparison, const TextStyle& style) {
  const std::string& format = print.format;
  if (format == "text") return make_compare(comparison, style);
  if (format == "json") return make_compare_json(comparison);
  if (format == "csv") return make_compare_csv(comparison);
  if (format == "markdown" || format == "md") return make_compare_markdown(comparison);
  if (format == "latex") return make_compare_latex(comparison);
  if (format == "html") return make_compare_html(comparison, "nodewatt compare");
  if (format == "svg") return make_pareto_svg(comparison);
  if (format == "png") {
    NW_CHECK(check_no_terminal(print.output));
    return render_png(make_pareto_svg(comparison), make_compare_provenance(comparison, true));
  }
  return fail(ErrorKind::malformed, fmt::format("--format {}: not of a comparison", quote(format)));
}

Result<std::string> render(const std::string& format, const Findings& findings, const TextStyle& style) {
  if (format == "text") return make_findings(findings, style);
  if (format == "json") return make_findings_json(findings);
  if (format == "markdown" || format == "md") return make_findings_markdown(findings);
  if (format == "html") return make_findings_html(findings);
  return fail(ErrorKind::malformed, fmt::format("--format {}: not of findings", quote(format)));
}

// The runs that the options select; prints an error and gives the exit code where there are none.
struct Chosen {
  std::vector<pb::Record> records;
  std::vector<const pb::Record*> pointers;
  int code = 0;
};
Chosen choose(const CompareOptions& options) {
  Chosen chosen;
  const auto failed = [&](int code) { return chosen.code = code, std::move(chosen); };
  const auto query = make_query(options);
  if (!query) return failed(error_exit("--query: " + query.error().what, 2));
  if (query->ids.empty() && options.query.empty()) return failed(error_exit("name runs, or choose them by --query", 2));
  auto records = find_named(*query);
  if (!records) return failed(error_exit(records.error()));
  if (records->empty()) return failed(error_exit("no such run", 3));
  chosen.records = std::move(*records);
  if (options.print.ids.empty()) std::reverse(chosen.records.begin(), chosen.records.end());  // oldest first
  for (const auto& record : chosen.records) chosen.pointers.push_back(&record);
  return chosen;
}

int write(const PrintOptions& print, const Result<std::string>& text) {
  if (!text) return usage_error_exit(text.error());
  const auto done = write_out(print.output, *text);
  return done ? 0 : error_exit(done.error());
}

TextStyle style_of(const PrintOptions& print) {
  return style_for(STDOUT_FILENO, print.units, print.colour, print.precise);
}

}  // namespace

std::vector<std::string> side_names() {
  std::vector<std::string> names;
  for (const auto& [name, by] : kNames) names.emplace_back(name);
  return names;
}

int compare(const CompareOptions& options) {
  const auto wanted = make_wish(options);
  if (!wanted) return error_exit(wanted.error().what, 2);
  const Chosen chosen = choose(options);
  if (chosen.code != 0) return chosen.code;
  if (chosen.records.size() < 2 && wanted->by != GroupBy::phase)
    return error_exit("compare: needs at least two runs", 2);

  // From here everything is in memory.
  const auto comparison = nw::compare(chosen.pointers, *wanted);
  if (!comparison) return error_exit(comparison.error());
  const TextStyle style = style_of(options.print);
  auto text = render(options.print, *comparison, style);
  if (text && options.print.format == "text")
    *text += make_findings_sentences(compute_findings(chosen.pointers), style);
  return write(options.print, text);
}

int findings(const CompareOptions& options) {
  const Chosen chosen = choose(options);
  if (chosen.code != 0) return chosen.code;

  // From here everything is in memory.
  return write(options.print, render(options.print.format, compute_findings(chosen.pointers), style_of(options.print)));
}

}  // namespace nw::cli
