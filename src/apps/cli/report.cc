// nodewatt report: runs of the store in the requested format, or what a reviewer would ask about them.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "apps/cli/cli_common.h"
#include "apps/cli/command.h"
#include "apps/cli/named_records.h"
#include "apps/cli/png.h"
#include "base/parse.h"
#include "record/record.pb.h"
#include "report/formats.h"
#include "report/provenance.h"
#include "store/query_words.h"

namespace nw::cli {

namespace {

Result<const ReportFormat*> choose_form(const std::string& name) {
  const ReportFormat* format = find_format(name);
  if (format != nullptr) return format;
  return fail(ErrorKind::malformed, fmt::format("--format {}: there are {}", quote(name), format_names()));
}

Result<Query> make_query(const ReportOptions& options) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  Query query = NW_TRY(parse_query(options.query, std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()));
  query.ids = options.print.ids;
  if (query.ids.empty() && options.query.empty()) query.ids = {std::string(kLast)};
  return query;
}

Result<std::vector<pb::Record>> find(const Query& query, const Factors& factors) {
  auto records = NW_TRY(find_named(query));
  if (records.empty()) return fail(ErrorKind::absent, "no such run");
  for (pb::Record& record : records) apply(factors, record);
  return records;
}

// The phase must exist in one of the runs, and be supported by the format.
Done check_phase(const ReportFormat& format, Records records, const std::string& path) {
  if (path.empty()) return {};
  if (!format.by_phase) return fail(ErrorKind::malformed, fmt::format("--phase: {} prints all phases", format.name));
  std::set<std::string> known;
  for (const pb::Record* record : records)
    for (const pb::Phase& phase : record->phases()) known.insert(phase.path());
  if (known.contains(path)) return {};
  std::string names;
  for (const std::string& one : known) names += (names.empty() ? "" : ", ") + quote(one);
  return fail(ErrorKind::malformed, fmt::format("--phase {}: {}", quote(path),
                                                names.empty() ? "the runs have no phases" : "there are " + names));
}

// All files of the crate, under a temporary name until they are complete.
Done write_crate(const std::string& path, const CrateFiles& files) {
  if (path.empty() || path == "-") return fail(ErrorKind::malformed, "rocrate: a folder of files; name it by -o DIR");
  const std::string partial = fmt::format("{}.{}.part", path, ::getpid());
  std::error_code ignored;
  const auto give_up = [&](Error error) {
    std::filesystem::remove_all(partial, ignored);
    return tl::make_unexpected(std::move(error));
  };
  if (::mkdir(partial.c_str(), 0777) != 0) return tl::make_unexpected(system_error(errno, partial));
  for (const auto& [name, content] : files)
    if (const auto done = write_out(partial + "/" + name, content); !done) return give_up(done.error());
  if (::rename(partial.c_str(), path.c_str()) != 0) return give_up(system_error(errno, path));
  return {};
}

Done print(const ReportFormat& format, Records records, const ReportOptions& options) {
  const PrintOptions& o = options.print;
  if (format.output == FormatOutput::folder) {
    const CrateFiles files = NW_TRY(make_crate(records));
    return write_crate(o.output, files);
  }
  if (format.output == FormatOutput::png) NW_CHECK(check_no_terminal(o.output));
  std::string text =
      NW_TRY(format.make(records, {style_for(STDOUT_FILENO, o.units, o.colour, o.precise), options.phase}));
  if (format.output == FormatOutput::png) text = NW_TRY(render_png(text, provenance_words(records, true)));
  return write_out(o.output, text);
}

int review(Records records, const ReportOptions& options) {
  const PrintOptions& o = options.print;
  const auto done = write_out(o.output, make_review(records, style_for(STDOUT_FILENO, o.units, o.colour, o.precise)));
  if (!done) return error_exit(done.error());
  return options.strict && !compute_questions(records).empty() ? 4 : 0;
}

}  // namespace

int report(const ReportOptions& options) {
  if (options.print.format == "help") {
    const auto done = write_out(options.print.output, make_format_list());
    return done ? 0 : error_exit(done.error());
  }
  const auto format = choose_form(options.print.format);
  if (!format) return usage_error_exit(format.error());
  const auto query = make_query(options);
  if (!query) return error_exit("--query: " + query.error().what, 2);
  const auto records = find(*query, options.factors);
  if (!records) return error_exit(records.error());
  std::vector<const pb::Record*> all;
  for (const pb::Record& record : *records) all.push_back(&record);
  if (options.check) return review(all, options);
  if (const auto fits = check_phase(**format, all, options.phase); !fits) return usage_error_exit(fits.error());
  const auto done = print(**format, all, options);
  return done ? 0 : usage_error_exit(done.error());
}

}  // namespace nw::cli
