// nodewatt runs, report and compare: what the store holds, printed.
#include <unistd.h>

#include <fmt/format.h>

#include "apps/cli/command.h"
#include "apps/cli/house.h"

namespace nw::cli {

namespace {
Result<std::vector<pb::Record>> find(const Query& query) { return NW_TRY(open_store())->find(query); }

std::vector<const pb::Record*> pointers(const std::vector<pb::Record>& records) {
  std::vector<const pb::Record*> result;
  for (const auto& record : records) result.push_back(&record);
  return result;
}

template <class Make>
std::string each(const std::vector<pb::Record>& records, Make make) {
  std::string text;
  for (const auto& record : records) text += (text.empty() ? "" : "\n") + make(record);
  return text;
}

}  // namespace

std::string render(const std::string& format, const std::vector<pb::Record>& records, const TextStyle& style) {
  const auto all = pointers(records);
  if (format == "csv") return make_csv(all);
  if (format == "html") return records.size() == 1 ? make_html(records[0]) : make_html(all, "nodewatt runs");
  if (format == "svg") return make_timeline_svg(records[0]);
  if (format == "short") return each(records, [](const auto& record) { return make_short(record); });
  if (format == "json") return each(records, [](const auto& record) { return make_json(record); });
  if (format == "markdown" || format == "md")
    return each(records, [](const auto& record) { return make_markdown(record); });
  return each(records, [&](const auto& record) { return make_text(record, style); });
}

namespace {
int write(const PrintOptions& options, const std::string& text) {
  const auto done = write_out(options.output, text);
  return done ? 0 : complain(done.error());
}

TextStyle style_of(const PrintOptions& options) {
  return style_for(STDOUT_FILENO, options.units, options.colour, options.precise);
}
}  // namespace

int report(const PrintOptions& options) {
  Query query;
  query.ids = options.ids.empty() ? std::vector<std::string>{"last"} : options.ids;
  const auto records = find(query);
  if (!records) return complain(records.error());
  if (records->empty()) return complain("no such run", 3);
  return write(options, render(options.format, *records, style_of(options)));
}

int runs(const RunsOptions& options) {
  Query query;
  query.name = options.name;
  query.job = options.job;
  query.limit = options.limit;
  for (const auto& label : options.labels) {
    const auto at = label.find('=');
    if (at == std::string::npos) return complain("--label " + label + ": not of the form KEY=VALUE", 2);
    query.labels.emplace_back(label.substr(0, at), label.substr(at + 1));
  }
  const auto records = find(query);
  if (!records) return complain(records.error());
  if (options.print.format != "text")
    return write(options.print, render(options.print.format, *records, style_of(options.print)));
  return write(options.print, make_list(pointers(*records), style_of(options.print)));
}

}  // namespace nw::cli
