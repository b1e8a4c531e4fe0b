// nodewatt advise: what one more run like this one would take on each partition, from stored runs.
#include <unistd.h>

#include "apps/cli/cli_common.h"
#include "apps/cli/command.h"
#include "apps/cli/named_records.h"
#include "apps/cli/partitions.h"
#include "record/record.pb.h"

namespace nw::cli {

int advise(const AdviseOptions& options) {
  const auto partitions = read_partitions(options.partitions);
  if (!partitions) return error_exit(partitions.error().what);
  const auto store = open_store();
  if (!store) return error_exit(store.error());
  Query one;
  one.ids = options.print.ids;
  const auto run = find_named(one);
  if (!run) return error_exit(run.error());
  if (run->empty()) return error_exit("no such run", 3);
  Query like;
  like.name = run->front().name();
  like.limit = 0;
  like.without_timeline = true;
  const auto records = (*store)->find(like);
  if (!records) return error_exit(records.error());

  // From here everything is in memory.
  const pb::Record& asked = run->front();
  std::vector<const pb::Record*> pointers;
  for (const auto& record : *records) pointers.push_back(&record);
  std::optional<double> price = options.price;
  if (!price && asked.facility().has_price_per_kwh()) price = asked.facility().price_per_kwh().value();
  const auto advice = nw::advise(asked, pointers, *partitions, price);
  const PrintOptions& print = options.print;
  const std::string& currency = asked.facility().currency();
  if (print.format != "text" && print.format != "json") return error_exit("--format: there are text and json", 2);
  const std::string text =
      print.format == "json"
          ? make_advice_json(advice, currency)
          : make_advice(advice, currency, style_for(STDOUT_FILENO, print.units, print.colour, print.precise));
  const auto done = write_out(print.output, text);
  return done ? 0 : error_exit(done.error());
}

}  // namespace nw::cli
