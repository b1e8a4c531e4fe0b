#include "report/formats.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/parse.h"
#include "report/provenance.h"
#include "report/table.h"
#include "report/words.h"

namespace nw {

namespace {

template <class Make>
std::string each(Records records, Make make) {
  std::string text;
  for (const pb::Record* record : records) text += (text.empty() ? "" : "\n") + make(*record);
  return text;
}

Result<std::string> text(Records records, const RenderOptions& style) {
  return each(records, [&](const pb::Record& one) { return make_text(one, style.text); });
}
Result<std::string> one_line(Records records, const RenderOptions& /*style*/) {
  std::string all;
  for (const pb::Record* record : records) all += make_short(*record);
  return all;
}
Result<std::string> json(Records records, const RenderOptions& /*style*/) { return each(records, make_json); }
Result<std::string> csv(Records records, const RenderOptions& /*style*/) { return make_csv(records); }
Result<std::string> markdown(Records records, const RenderOptions& /*style*/) {
  if (records.size() == 1) return make_markdown(*records[0]);
  return make_markdown_table(make_paper_rows(records), provenance_words(records, true));
}
Result<std::string> html(Records records, const RenderOptions& /*style*/) {
  return records.size() == 1 ? make_html(*records[0]) : make_html(records, "nodewatt runs");
}
Result<std::string> svg(Records records, const RenderOptions& /*style*/) {
  if (records.size() == 1) return make_timeline_svg(*records[0]);
  return make_bars_svg(make_paper_rows(records), "Energy of several runs", provenance_words(records, true));
}
Result<std::string> latex(Records records, const RenderOptions& /*style*/) {
  return make_latex(make_paper_rows(records), provenance_words(records, false));
}
Result<std::string> folder(Records /*records*/, const RenderOptions& /*style*/) {
  return fail(ErrorKind::failed, "this form is a folder of files");
}

constexpr std::array kForms{
    ReportFormat{"text", "", "what a terminal shows of a run", &text},
    ReportFormat{"short", "", "one line: energy, duration, power, boundary, how known", &one_line},
    ReportFormat{"json", "", "everything, schema nodewatt/1 (nodewatt schema)", &json},
    ReportFormat{"csv", "", "one row for each run, phase and component", &csv},
    ReportFormat{"markdown", "md", "a section for one run, a table for several", &markdown},
    ReportFormat{"html", "", "a page that needs nothing but itself", &html},
    ReportFormat{"svg", "", "the figure: power over time of one run, energies of several", &svg},
    ReportFormat{"png", "", "the same figure, drawn by rsvg-convert", &svg, FormatOutput::png},
    ReportFormat{"latex", "", "a table for a paper: booktabs and siunitx", &latex},
    ReportFormat{"sentence", "", "a sentence for a paper, of each run and phase", &make_sentences, FormatOutput::text,
                 true},
    ReportFormat{"neurips", "", "statement on compute resources, failed runs counted (LaTeX)", &make_neurips,
                 FormatOutput::text, false, true},
    ReportFormat{"hf", "", "section of a Hugging Face model card", &make_model_card, FormatOutput::text, true},
    ReportFormat{"boamps", "", "BoAmps report of an AI task's energy (JSON)", &make_boamps, FormatOutput::text, true},
    ReportFormat{"codecarbon", "", "the columns of CodeCarbon's emissions.csv", &make_codecarbon, FormatOutput::text,
                 true},
    ReportFormat{"eehpc", "", "aspects of the EE HPC WG methodology, and what limits them", &make_aspects},
    ReportFormat{"rocrate", "", "RO-Crate: a folder with record, data, figure and method; needs -o DIR", &folder,
                 FormatOutput::folder}};

}  // namespace

std::span<const ReportFormat> formats() { return kForms; }

const ReportFormat* find_format(std::string_view name) {
  const auto at = std::find_if(kForms.begin(), kForms.end(), [name](const ReportFormat& one) {
    return one.name == name || (!one.alias.empty() && one.alias == name);
  });
  return at == kForms.end() ? nullptr : &*at;
}

std::string format_names() {
  std::string names;
  for (const ReportFormat& one : kForms) names += (names.empty() ? "" : ", ") + std::string(one.name);
  return names;
}

std::string make_format_list(std::string_view line_start) {
  std::string list;
  for (const ReportFormat& one : kForms)
    list += std::string(line_start) + padded(one.name, 12) + std::string(one.about) + '\n';
  return list;
}

Result<std::string> make_format(std::string_view name, Records records, const TextStyle& style) {
  const ReportFormat* format = find_format(name);
  if (format == nullptr)
    return fail(ErrorKind::malformed, fmt::format("--format {}: there are {}", quote(name), format_names()));
  if (format->output != FormatOutput::text)
    return fail(ErrorKind::malformed,
                fmt::format("--format {}: keep the record, and `nodewatt report` it", format->name));
  return format->make(records, {style, ""});
}

}  // namespace nw
