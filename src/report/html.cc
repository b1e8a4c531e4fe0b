// The page of one run, and of several below a table of them.
#include <fmt/format.h>

#include <algorithm>

#include "record/record.pb.h"
#include "report/column_units.h"
#include "report/curve.h"
#include "report/escape.h"
#include "report/formats.h"
#include "report/page.h"
#include "report/provenance.h"
#include "report/report.h"
#include "report/summary.h"
#include "report/words.h"
#include "study/findings.h"

namespace nw {

namespace {

constexpr std::size_t kMostTableRows = 60;
constexpr const char* kExceeds =
    "The rest of the node is below zero where the parts exceed it: the node's sensor averages over time and follows a "
    "change of load later than those of the parts. The run's totals are not computed from these steps.";

std::string kind_cell(pb::Kind kind) {
  const std::string_view mark = kind_mark(kind), name = kind_name(kind);
  return fmt::format("<td><span class=\"kind {0}\" title=\"{1}\">{0}</span></td>", mark == "-" ? "" : mark,
                     name.empty() ? "unknown" : name);
}

std::string number_cell(std::string_view text) { return fmt::format("<td class=\"n\">{}</td>", for_html(text)); }

// A share of the whole as a bar in the part's colour; limited to 100 %, and empty below zero.
std::string bar_cell(const PartLine& line) {
  if (!line.fraction) return "<td></td>";
  const double width = std::clamp(*line.fraction, 0.0, 1.0) * 90;
  return fmt::format(
      "<td><svg class=\"bar\" viewBox=\"0 0 90 14\" aria-hidden=\"true\"><rect class=\"r\" y=\"3\" "
      "width=\"90\" "
      "height=\"8\" rx=\"2\"/>"
      "<rect y=\"3\" width=\"{:.1f}\" height=\"8\" rx=\"2\" fill=\"{}\"/></svg></td>",
      width, line.domain == "node" ? "#7b8794" : part_words(line.domain).colour);
}

// "526 ± 11 Wh (1.892 MJ)" in front of and within the brackets.
std::pair<std::string, std::string> parted(const std::string& text, std::string_view at) {
  const std::size_t found = text.find(at);
  if (found == std::string::npos) return {text, ""};
  return {text.substr(0, found), text.substr(found + at.size())};
}

void add_figure(std::string& out, std::string_view css, std::string_view key, std::string_view value,
                std::string_view small) {
  out += fmt::format("<div{}><dt>{}</dt><dd><span>{}</span><small>{}</small></dd></div>\n", css, key, for_html(value),
                     for_html(small));
}

std::string headline(const Summary& summary) {
  std::string out;
  for (const std::string& warning : summary.warnings)
    out += fmt::format("<p class=\"note\"><b>{}</b></p>\n", for_html(warning));
  out += "<section class=\"card\"><dl class=\"head\">\n";
  auto [energy, joules] = parted(summary.energy, " (");
  if (!joules.empty()) joules = joules.substr(0, joules.find(')')) + ", ";
  add_figure(out, " class=\"first\"", "Energy", energy == kUnknown ? "unknown" : energy,
             joules + summary.kind + ": " + summary.boundary);
  const auto [power, peak] = parted(summary.power, ", ");
  add_figure(out, "", "Power", power, peak);
  add_figure(out, "", "Duration", summary.duration, summary.exit);
  const std::string remarks = fmt::format("{} {} below", summary.anomaly_lines.size(),
                                          summary.anomaly_lines.size() == 1 ? "remark" : "remarks");
  const auto [before, coverage] = parted(summary.coverage, "coverage ");
  add_figure(out, "", "Coverage", coverage.substr(0, coverage.find(',')),
             summary.anomaly_lines.empty() ? (summary.no_anomalies.empty() ? "" : "no anomalies") : remarks);
  if (!summary.whole_node.empty()) {
    const auto [whole, rest] = parted(summary.whole_node, " (");
    const auto [also, modelled] = parted(rest, "), ");
    const auto [short_whole, short_modelled] = parted(whole, ", ");
    add_figure(out, " class=\"wide\"", "Whole node, estimated", short_whole,
               "E: " + (modelled.empty() ? short_modelled : also + ", " + modelled));
  }
  return out +
         fmt::format(
             "</dl>\n<p class=\"legend\">This is the energy of {}. ± is half the 95 % interval; {}.</p></section>\n",
             for_html(summary.scope), kCoverageMeans);
}

// Whether the parts together show more power than the node's own sensor anywhere.
bool parts_exceed_node(const Curve& curve) {
  return curve.node && std::any_of(curve.layers.begin(), curve.layers.end(), [](const Layer& layer) {
           return layer.domain == "other" && !layer.estimated &&
                  std::any_of(layer.watts.begin(), layer.watts.end(), [](Power one) { return one && *one < 0; });
         });
}

// The picture's figures as text.
std::string timeline_table(const pb::Record& record) {
  const Curve curve = make_curve(record, kMostTableRows);
  if (curve.columns == 0) return "";
  std::string out = parts_exceed_node(curve) ? fmt::format("<p class=\"legend\">{}</p>\n", kExceeds) : "";
  out +=
      "<details><summary>Power over time as a table</summary><div class=\"scroll\" "
      "tabindex=\"0\"><table><thead><tr><th class=\"n\">From</th>";
  std::vector<const Layer*> layers;
  if (curve.node) layers.push_back(&*curve.node);
  for (const Layer& layer : curve.layers) layers.push_back(&layer);
  std::vector<ColumnUnits> units(layers.size());
  for (std::size_t j = 0; j < layers.size(); ++j)
    for (std::size_t i = 0; i < curve.columns; ++i) units[j].add({}, {layers[j]->watts[i], {}});
  for (const Layer* layer : layers)
    out += fmt::format("<th class=\"n\">{}{}</th>", for_html(layer->label), layer->estimated ? " (E)" : "");
  out += "</tr></thead><tbody>\n";
  for (std::size_t i = 0; i < curve.columns; ++i) {
    out += "<tr>" + number_cell(i == 0 ? "0" : duration_text(curve.begin(i)));
    for (std::size_t j = 0; j < layers.size(); ++j)
      out += number_cell(power_text({layers[j]->watts[i], {}}, units[j].power()));
    out += "</tr>\n";
  }
  return out + "</tbody></table></div></details>";
}

std::string timeline_card(const pb::Record& record) {
  return "<section class=\"card\"><h2>Power over time</h2><div class=\"scroll\">" + make_timeline_svg(record) +
         "</div>" + timeline_table(record) + "</section>\n";
}

std::string part_row(const PartLine& line, bool first) {
  const std::string dot = fmt::format("<span class=\"dot\" style=\"background:{}\"></span>",
                                      line.domain == "node" ? "#7b8794" : part_words(line.domain).colour);
  return fmt::format(
      "<tr{}><td class=\"name\"><span style=\"padding-left:{:.1f}em\"></span>{}{}</td>{}{}{}{}{}{}<td "
      "class=\"faint\">{}</td>{}</tr>\n",
      first ? " class=\"total\"" : "", 1.2 * line.indent, dot, for_html(line.label), number_cell(line.energy),
      number_cell(line.uncertainty), bar_cell(line), number_cell(line.share), number_cell(line.mean),
      number_cell(line.max), for_html(line.source), kind_cell(line.kind));
}

std::string parts_card(const Summary& summary) {
  std::string out =
      "<section class=\"card\"><h2>Energy by component</h2><div "
      "class=\"scroll\"><table><thead><tr><th>Component</th><th "
      "class=\"n\">Energy</th>"
      "<th class=\"n\">±</th><th></th><th class=\"n\">Share</th><th class=\"n\">Mean power</th><th "
      "class=\"n\">Max power</th><th>Source</th><th>How known</th></tr></thead><tbody>\n";
  for (const PartLine& line : summary.parts) out += part_row(line, &line == &summary.parts[0]);
  if (summary.idle) out += part_row(*summary.idle, false);
  if (!summary.modelled.empty()) out += "<tr class=\"label\"><td colspan=\"9\">Not measured, estimated</td></tr>\n";
  for (const PartLine& line : summary.modelled) out += part_row(line, false);
  return out + fmt::format("</tbody></table></div><p class=\"legend\">± is half the 95 % interval. {}</p></section>\n",
                           summary.legend);
}

std::string devices_card(const Summary& summary) {
  if (summary.devices.empty()) return "";
  std::string out = "<section class=\"card\"><h2>Device utilization</h2><dl class=\"facts\">";
  for (const DeviceLine& line : summary.devices)
    out += fmt::format("<dt>{}</dt><dd>{}</dd>", for_html(line.label), for_html(line.words));
  return out +
         "</dl><p class=\"legend\">Busy is the share of time in which anything ran on a device, not how much of it was "
         "used.</p></section>\n";
}

std::string phase_row(const PhaseLine& line) {
  const std::size_t nested = std::count(line.path.begin(), line.path.end(), '/');
  const std::string head =
      fmt::format("<tr><td class=\"name\"><span style=\"padding-left:{:.1f}em\"></span>{}</td>{}{}",
                  1.2 * static_cast<double>(std::min<std::size_t>(nested, 6)), for_html(line.path),
                  number_cell(line.count), number_cell(line.duration));
  if (!line.resolved) return head + fmt::format("<td colspan=\"6\" class=\"faint\">{}</td></tr>\n", kUnresolved);
  const auto lines_cell = [](const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& one : lines) text += (text.empty() ? "" : "<br>") + for_html(one);
    return fmt::format("<td class=\"n\">{}</td>", text.empty() ? kUnknown : text);
  };
  return head + number_cell(line.mean) + number_cell(line.energy) + number_cell(line.uncertainty) +
         lines_cell(line.work) + lines_cell(line.per_unit) + kind_cell(line.kind) + "</tr>\n";
}

std::string attempts_card(const Summary& summary) {
  if (summary.attempts.empty()) return "";
  std::string out = fmt::format(
      "<section class=\"card\"><h2>The attempts</h2><p>{}</p><div class=\"scroll\"><table><thead><tr>"
      "<th class=\"n\">Attempt</th><th>End</th><th>Start</th><th class=\"n\">Duration</th><th class=\"n\">Nodes</th>"
      "<th class=\"n\">Ranks</th><th class=\"n\">Energy</th><th class=\"n\">±</th><th class=\"n\">Share</th>"
      "<th class=\"n\">Mean power</th><th class=\"n\">Coverage</th><th>How known</th></tr></thead><tbody>\n",
      for_html(summary.attempt_words));
  for (const AttemptLine& line : summary.attempts)
    out +=
        fmt::format("<tr>{}<td>{}</td><td>{}</td>{}{}{}{}{}{}{}{}{}</tr>\n", number_cell(line.number),
                    for_html(line.end), for_html(line.start), number_cell(line.duration), number_cell(line.nodes),
                    number_cell(line.ranks), number_cell(line.energy), number_cell(line.uncertainty),
                    number_cell(line.share), number_cell(line.mean), number_cell(line.coverage), kind_cell(line.kind));
  return out + "</tbody></table></div></section>\n";
}

std::string members_card(const Summary& summary) {
  if (summary.members.empty()) return "";
  std::string out =
      "<section class=\"card\"><h2>The nodes</h2><div class=\"scroll\"><table><thead><tr><th>Node</th><th>Run</th>"
      "<th>Start</th><th class=\"n\">Duration</th><th class=\"n\">Ranks</th><th class=\"n\">Energy</th>"
      "<th class=\"n\">±</th><th class=\"n\">Mean power</th><th class=\"n\">Coverage</th><th>How "
      "known</th></tr></thead><tbody>\n";
  for (const MemberLine& line : summary.members)
    out += fmt::format("<tr><td class=\"name\">{}</td><td>{}</td><td>{}</td>{}{}{}{}{}{}{}</tr>\n", for_html(line.host),
                       for_html(line.id), for_html(line.start), number_cell(line.duration), number_cell(line.ranks),
                       number_cell(line.energy), number_cell(line.uncertainty), number_cell(line.mean),
                       number_cell(line.coverage), kind_cell(line.kind));
  return out + "</tbody></table></div></section>\n";
}

std::string job_card(const Summary& summary) {
  if (!summary.job) return "";
  const JobWords& job = *summary.job;
  std::string out = fmt::format("<section class=\"card\"><h2>Job {}</h2><dl class=\"facts\">", for_html(job.id));
  for (const auto& [key, value] : job.facts()) out += fmt::format("<dt>{}</dt><dd>{}</dd>", key, for_html(value));
  out += "</dl>";
  if (job.steps.empty()) return out + "</section>\n";
  out +=
      "<div class=\"scroll\"><table><thead><tr><th>Step</th><th>Phase</th><th class=\"n\">Duration</th><th "
      "class=\"n\">CPU time</th><th class=\"n\">Mean power</th><th class=\"n\">Energy</th><th class=\"n\">±</th><th "
      "class=\"n\">Share</th><th>How known</th></tr></thead><tbody>\n";
  for (const StepLine& line : job.steps)
    out += fmt::format("<tr><td class=\"name\">{}</td><td>{}</td>{}{}{}{}{}{}{}</tr>\n", for_html(line.id),
                       for_html(line.phase), number_cell(line.duration), number_cell(line.cpu), number_cell(line.mean),
                       number_cell(line.energy), number_cell(line.uncertainty), number_cell(line.share),
                       kind_cell(line.kind));
  return out + "</tbody></table></div></section>\n";
}

std::string phases_card(const Summary& summary) {
  if (summary.phases.empty() && summary.per_unit.empty() && summary.figures.empty()) return "";
  std::string out = "<section class=\"card\"><h2>Phases and work</h2>";
  if (!summary.per_unit.empty() || !summary.figures.empty()) out += "<p class=\"chips\">";
  for (const std::string& one : summary.figures) out += fmt::format("<span>{}</span>", for_html(one));
  for (const std::string& one : summary.per_unit) out += fmt::format("<span>{}</span>", for_html(one));
  if (!summary.per_unit.empty() || !summary.figures.empty()) out += "</p>";
  if (summary.phases.empty()) return out + "</section>\n";
  out +=
      "<div class=\"scroll\"><table><thead><tr><th>Phase</th><th class=\"n\">Count</th><th "
      "class=\"n\">Duration</th><th class=\"n\">Mean power</th>"
      "<th class=\"n\">Energy</th><th class=\"n\">±</th><th class=\"n\">Work</th><th class=\"n\">Per unit of "
      "work</th><th>How known</th></tr></thead><tbody>\n";
  for (const PhaseLine& line : summary.phases) out += phase_row(line);
  return out + "</tbody></table></div></section>\n";
}

std::string footprint_card(const Summary& summary) {
  if (summary.carbon.empty() && summary.cost.empty()) return "";
  std::string out = "<section class=\"card\"><h2>Carbon and cost</h2><dl class=\"facts\">";
  if (!summary.carbon.empty()) out += fmt::format("<dt>Carbon</dt><dd>{}</dd>", for_html(summary.carbon));
  if (!summary.cost.empty()) out += fmt::format("<dt>Cost</dt><dd>{}</dd>", for_html(summary.cost));
  return out + "</dl></section>\n";
}

// ", divided by 0.945, less -1.2 W (rules ...)" of a site's calibration.
std::string calibration_words(const pb::SensorUse& sensor) {
  std::string words;
  if (sensor.has_factor()) words += fmt::format(", divided by {}", plain_text(finite(sensor.factor())));
  if (sensor.has_bias_uw())
    words += fmt::format(", less {} W", plain_text(static_cast<double>(sensor.bias_uw()) / 1e6));
  for (const std::string& rule : sensor.rules()) words += fmt::format(", rule \"{}\"", clean(rule));
  return words;
}

std::string quality_card(const Summary& summary, const pb::Record& record) {
  std::string out = "<section class=\"card\"><h2>Data quality</h2>";
  if (!summary.anomaly_lines.empty()) out += "<ul class=\"found\">\n";
  for (const AnomalyLine& one : summary.anomaly_lines)
    out += fmt::format("<li class=\"{0}\"><b>{0}: {1} {2}</b> {3}</li>\n", name(one.severity), one.count,
                       for_html(one.name), for_html(one.text));
  if (!summary.anomaly_lines.empty()) out += "</ul>\n";
  out += "<dl class=\"facts\">";
  const auto fact = [&out](std::string_view key, const std::string& value) {
    if (!value.empty()) out += fmt::format("<dt>{}</dt><dd>{}</dd>", key, for_html(value));
  };
  fact("Coverage", parted(summary.coverage, "coverage ").second);
  fact("Ranks", summary.ranks);
  fact("Largest uncertainties", summary.uncertainties);
  fact("nodewatt itself used", summary.monitor);
  fact("Software", summary.software);
  for (const pb::SensorUse& sensor : record.sensors())
    fact("Sensor", fmt::format("{}: {}, {}, new value every {}{}", clean(sensor.id()), clean(sensor.source()),
                               sensor.counter() ? "counts energy" : "shows power",
                               duration_text(duration_s(sensor.update_interval_ns())),
                               sensor.gain() > 0 ? fmt::format(", ±{:.3g} % ({}, {})", tolerance_of(sensor) * 100,
                                                               tolerance_words(sensor), clean(sensor.gain_basis()))
                                                 : "") +
                       calibration_words(sensor));
  return out + "</dl></section>\n";
}

// Text to be copied unchanged into a paper or an issue.
std::string copy_block(std::string_view name, std::string_view text) {
  return fmt::format("<details><summary>{}</summary><div class=\"scroll\" tabindex=\"0\"><pre>", name) +
         for_html_lines(text) + "</pre></div></details>\n";
}

std::string paper_card(Records records, bool with_method) {
  const NumberStyle style{Units::automatic, true, false};
  const std::vector<PaperRow> rows = make_paper_rows(records);
  std::string sentences;
  for (const RunGroup& batch : make_run_groups(records)) sentences += make_sentence(batch, "", style) + '\n';
  std::string out = "<section class=\"card\"><h2>For a paper</h2>";
  out += copy_block("Sentence", sentences);
  out += copy_block("LaTeX table", make_latex(rows, provenance_words(records, false)));
  out += copy_block("Markdown table", make_markdown_table(rows, provenance_words(records, true)));
  if (with_method) out += copy_block("Method", make_method(*records[0], style));
  return out + "</section>\n";
}

std::string footer(const pb::Record& record) {
  const pb::Record* data[] = {&record};
  std::string words = provenance_words(data, true);
  const auto add = [&words](const std::string& word) {
    if (!word.empty()) words += ", " + word;
  };
  add(record.uid().empty() ? "" : "run " + clean(record.uid()));
  add(start_rfc3339(record));
  add(clean(record.node().kernel()));
  add(record.has_command()       ? "command " + clean(record.command())
      : record.program().empty() ? ""
                                 : "program " + clean(record.program()));
  for (const pb::Label& label : record.labels()) add(clean(label.key()) + "=" + clean(label.value()));
  return "<footer><p>" + for_html(cut_middle(words, 900)) + "</p></footer>\n";
}

std::string subtitle(const Summary& summary, const pb::Record& record) {
  std::string words = summary.node;
  const std::string start = start_words(record);
  if (start != kUnknown) words += (words.empty() ? "" : " · ") + start;
  return for_html(words);
}

std::string list_card(Records records) {
  std::string out =
      "<section class=\"card\"><h2>Runs</h2><div class=\"scroll\"><table><thead><tr><th>Run</th><th>Name</th><th "
      "class=\"n\">Duration</th>"
      "<th class=\"n\">Energy</th><th class=\"n\">Mean power</th><th>How known</th></tr></thead><tbody>\n";
  const ColumnUnits units = units_of(records);
  for (const pb::Record* record : records)
    out += fmt::format(
        "<tr><td><a href=\"#{}\">{}</a></td><td class=\"name\">{}</td>{}{}{}{}</tr>\n", anchor(*record),
        for_html(short_id(*record)), for_html(title(*record)),
        number_cell(duration_text(duration_s(record->duration_ns()))),
        number_cell(energy_pair_text(energy_amount(record->energy()), units.energy({Units::automatic, true, false}))),
        number_cell(power_text(power_amount(record->energy(), record->duration_ns()), units.power())),
        kind_cell(known_kind(record->energy())));
  return out + "</tbody></table></div></section>\n";
}

}  // namespace

std::string make_run_body(const pb::Record& record) {
  const Summary summary = make_summary(record, {Units::automatic, true, false});
  const pb::Record* data[] = {&record};
  return headline(summary) + (record.members().empty() ? timeline_card(record) : "") + parts_card(summary) +
         attempts_card(summary) + members_card(summary) + job_card(summary) + devices_card(summary) +
         phases_card(summary) + footprint_card(summary) + quality_card(summary, record) + paper_card(data, true) +
         footer(record);
}

std::string make_html(const pb::Record& record) {
  const Summary summary = make_summary(record, {Units::automatic, true, false});
  const std::string head = fmt::format(
      "<header class=\"top\"><span class=\"brand\">nodewatt</span><span class=\"meta\">run "
      "{}</span></header>\n<h1>{}</h1>\n<p class=\"sub\">{}</p>\n",
      for_html(summary.id), for_html(title(record)), subtitle(summary, record));
  return make_page(title(record) + " - nodewatt", head + make_run_body(record));
}

std::string make_html(Records records, std::string_view page_title) {
  std::string body = page_head(fmt::format("{} runs", records.size()), page_title) + list_card(records);
  if (!records.empty()) body += paper_card(records, false);
  if (records.size() > 1) body += make_findings_body(compute_findings(records));
  for (const pb::Record* record : records) {
    const Summary summary = make_summary(*record, {Units::automatic, true, false});
    body += fmt::format("<h2 class=\"run\" id=\"{}\">{} {}</h2>\n<p class=\"sub\">{}</p>\n", anchor(*record),
                        for_html(summary.id), for_html(title(*record)), subtitle(summary, *record));
    body += make_run_body(*record);
  }
  return make_page(page_title, body);
}

}  // namespace nw
