// A sweep as a document: Markdown, and a page with the picture of energy against time.
#include <fmt/format.h>

#include "report/escape.h"
#include "report/page.h"
#include "report/swept.h"

namespace nw {

namespace {

constexpr NumberStyle kStyle{Units::automatic, true, false};

// How the figures were obtained, for other readers.
std::string method_words(const Swept& swept) {
  std::string text = fmt::format("Sweep {}", swept.id.substr(0, 8));
  if (!swept.host.empty()) text += " on " + clean(swept.host);
  return text +
         fmt::format(
             ": {} configurations, {} runs in random order within blocks of all configurations (seed {}). Command: {}",
             swept.points.size(), swept.order.size(), swept.seed, clean(swept.command));
}

constexpr const char* kLegendOfAll =
    "Energy is that of the node as far as it was measured while the command ran. ± is half the 95 % interval, from the "
    "scatter of the runs and the sensors' own error; in what is relative, the error that the runs share has cancelled.";

std::vector<std::string> texts_of(const Row& row) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < row.cells.size(); ++i)
    texts.push_back(row.note_at >= 0 && static_cast<int>(i) == row.note_at ? row.note : row.cells[i].text);
  return texts;
}

}  // namespace

std::string make_swept_markdown(const Swept& swept) {
  const Table table = make_swept_table(swept, kStyle);
  std::string out = "# nodewatt sweep\n\n" + for_markdown(method_words(swept)) + "\n\n", rule;
  for (const Column& column : table.columns)
    out += "| " + for_markdown(column.title) + " ", rule += column.right ? "|---:" : "|:---";
  out += "|\n" + rule + "|\n";
  for (const Row& row : table.rows) {
    for (const std::string& text : texts_of(row)) out += "| " + for_markdown(text) + " ";
    out += "|\n";
  }
  out += '\n';
  for (const std::string& sentence : swept_sentences(swept, kStyle)) out += "- " + for_markdown(sentence) + '\n';
  return out + '\n' + for_markdown(kLegendOfAll) + '\n';
}

std::string make_swept_html(const Swept& swept) {
  const Table table = make_swept_table(swept, kStyle);
  std::string body = fmt::format(
      "<header class=\"top\"><span class=\"brand\">nodewatt</span><span class=\"meta\">sweep</span></header>\n"
      "<h1>nodewatt sweep</h1>\n<p class=\"sub\">{}</p>\n<section class=\"card\"><ul>\n",
      for_html(method_words(swept)));
  for (const std::string& sentence : swept_sentences(swept, kStyle)) body += "<li>" + for_html(sentence) + "</li>\n";
  body += "</ul></section>\n<section class=\"card\"><h2>Configurations</h2><div class=\"scroll\"><table><thead><tr>";
  const auto css = [&](std::size_t i) { return table.columns[i].right ? " class=\"n\"" : ""; };
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    body += fmt::format("<th{}>{}</th>", css(i), for_html(table.columns[i].title));
  body += "</tr></thead><tbody>\n";
  for (const Row& row : table.rows) {
    body += "<tr>";
    const auto texts = texts_of(row);
    for (std::size_t i = 0; i < texts.size(); ++i) body += fmt::format("<td{}>{}</td>", css(i), for_html(texts[i]));
    body += "</tr>\n";
  }
  body += "</tbody></table></div><p class=\"legend\">" + for_html(kLegendOfAll) + "</p></section>\n";
  body += "<section class=\"card\"><h2>Energy against time</h2>\n" + make_pareto_svg(swept.comparison) + "</section>\n";
  return make_page("nodewatt sweep", body);
}

}  // namespace nw
