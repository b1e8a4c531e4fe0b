// nodewatt cite, schema and units: small commands for a paper's author.
#include "report/cite.h"

#include "apps/cli/cli_common.h"
#include "apps/cli/command.h"
#include "apps/cli/named_records.h"
#include "record/record.pb.h"
#include "report/conversion.h"
#include "report/embedded.h"

namespace nw::cli {

int cite(const CiteOptions& options) {
  std::vector<pb::Record> records;
  if (!options.ids.empty()) {
    Query query;
    query.ids = options.ids;
    auto found = find_named(query);
    if (!found) return error_exit(found.error());
    if (found->empty()) return error_exit("no such run", 3);
    records = std::move(*found);
  }
  std::vector<const pb::Record*> all;
  for (const pb::Record& record : records) all.push_back(&record);
  const auto text = make_citations(all, options.format);
  if (!text) return error_exit(text.error().what, 2);
  const auto done = write_out(options.output, *text);
  return done ? 0 : error_exit(done.error());
}

int schema() {
  const auto done = write_out("", kSchemaJson);
  return done ? 0 : error_exit(done.error());
}

int units(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  const auto joules = parse_energy_j(text);
  if (!joules) return error_exit("units: " + joules.error().what, 2);
  const auto done = write_out("", make_conversion(*joules));
  return done ? 0 : error_exit(done.error());
}

}  // namespace nw::cli
