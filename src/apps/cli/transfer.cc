// nodewatt export and import: moves records from one machine to another, in one file.
#include <cstdio>

#include "apps/cli/cli_common.h"
#include "apps/cli/command.h"
#include "record/record.pb.h"
#include "store/privacy.h"
#include "store/transfer.h"

namespace nw::cli {

int export_runs(const TransferOptions& options) {
  const auto store = open_store();
  if (!store) return error_exit(store.error());
  Query query;
  query.ids = options.ids;
  query.limit = 0;
  auto records = (*store)->find(query);
  if (!records) return error_exit(records.error());
  Privacy privacy;
  for (auto& record : *records) {
    if (options.no_timeline) record.clear_timeline();
    if (options.privacy) privacy.apply(record);
  }
  if (const auto done = export_records(options.path, *records); !done) return error_exit(done.error().what);
  std::fprintf(stderr, "nodewatt: %zu records written to %s\n", records->size(), options.path.c_str());
  return 0;
}

int import_runs(const TransferOptions& options) {
  const auto store = open_store();
  if (!store) return error_exit(store.error());
  const auto count = import_records(options.path, **store);
  if (!count) return error_exit(count.error().what);
  std::fprintf(stderr, "nodewatt: %zu records added, %zu were here already\n", count->added, count->present);
  return 0;
}

}  // namespace nw::cli
