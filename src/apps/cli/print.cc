// nodewatt runs: the store's records, as a list or in any text format.
#include <unistd.h>

#include <fmt/format.h>

#include "apps/cli/cli_common.h"
#include "apps/cli/command.h"
#include "base/parse.h"
#include "record/record.pb.h"
#include "report/formats.h"
#include "report/list.h"

namespace nw::cli {

namespace {
struct Listed {
  std::vector<pb::Record> records;
  std::size_t matched = 0;  // including those beyond the limit
};
Result<Listed> find(const Query& query) {
  const auto store = NW_TRY(open_store());
  Listed listed{NW_TRY(store->find(query)), 0};
  listed.matched = listed.records.size();
  if (query.limit > 0 && listed.matched >= query.limit) listed.matched = NW_TRY(store->count(query));
  return listed;
}

std::vector<const pb::Record*> pointers(const std::vector<pb::Record>& records) {
  std::vector<const pb::Record*> result;
  for (const auto& record : records) result.push_back(&record);
  return result;
}

int write(const PrintOptions& options, const std::string& text) {
  const auto done = write_out(options.output, text);
  return done ? 0 : error_exit(done.error());
}

TextStyle style_of(const PrintOptions& options) {
  return style_for(STDOUT_FILENO, options.units, options.colour, options.precise);
}
}  // namespace

int runs(const RunsOptions& options) {
  Query query;
  query.name = options.name;
  query.job = options.job;
  query.limit = options.limit;
  for (const auto& label : options.labels) {
    const auto at = label.find('=');
    if (at == std::string::npos) return error_exit("--label " + label + ": not of the form KEY=VALUE", 2);
    query.labels.emplace_back(label.substr(0, at), label.substr(at + 1));
  }
  const std::string& format = options.print.format;
  const ReportFormat* chosen = find_format(format);
  if (chosen == nullptr || chosen->output != FormatOutput::text)
    return error_exit(fmt::format("--format {}: not of a list of runs; there are {}", quote(format), format_names()),
                      2);
  if (chosen->sums) query.limit = 0;
  const auto listed = find(query);
  if (!listed) return error_exit(listed.error());
  const TextStyle style = style_of(options.print);
  const auto rows = pointers(listed->records);
  if (format == "text") return write(options.print, make_list(rows, style, listed->matched));
  const std::string words = shown_words(rows.size(), listed->matched);
  if (!words.empty()) error_exit(words);  // on stderr, since a program may read standard output
  const auto text = chosen->make(rows, {style, ""});
  return text ? write(options.print, *text) : error_exit(text.error());
}

}  // namespace nw::cli
