// nodewatt jobs and nodewatt sacct: the jobs that the node daemons know, as a list, in any text format, or as rows that
// join with Slurm's accounting.
#include <pwd.h>
#include <unistd.h>

#include <chrono>

#include <fmt/format.h>

#include "apps/cli/cli_common.h"
#include "apps/cli/command.h"
#include "apps/cli/daemons.h"
#include "base/parse.h"
#include "base/units.h"
#include "record/record.pb.h"
#include "report/accounting.h"
#include "report/formats.h"
#include "report/job.h"
#include "report/list.h"
#include "store/query_words.h"

namespace nw::cli {

namespace {
using Wanted = std::map<std::string, std::string>;

std::int64_t now_ns() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

// A time in the form of `report --query`, in whole seconds without truncating the range.
Done add_moment(Wanted& wanted, const std::string& key, const std::string& text) {
  if (text.empty()) return {};
  if (text.find_first_of(" ,\"'") != text.npos)
    return fail(ErrorKind::malformed, fmt::format("--{} {}: no time", key, quote(text)));
  const auto query = parse_query(key + "=" + text, now_ns());
  if (!query) return fail(ErrorKind::malformed, "--" + query.error().what);
  const auto moment = key == "since" ? query->since_unix_ns : query->until_unix_ns;
  if (moment) wanted[key] = std::to_string(*moment / kNanosPerSecond);
  return {};
}

Result<std::string> user_number(const std::string& user) {
  if (user == "me") return std::to_string(::getuid());
  if (parse_u64(user)) return user;
  const passwd* entry = ::getpwnam(user.c_str());
  if (entry == nullptr) return fail(ErrorKind::malformed, fmt::format("--user {}: no such user here", quote(user)));
  return std::to_string(entry->pw_uid);
}

Result<Wanted> make_wish(const JobsOptions& options) {
  Wanted wanted;
  NW_CHECK(add_moment(wanted, "since", options.since));
  NW_CHECK(add_moment(wanted, "until", options.until));
  if (!options.state.empty()) wanted["state"] = options.state;
  if (!options.user.empty()) wanted["user"] = NW_TRY(user_number(options.user));
  return wanted;
}

Asked<std::vector<pb::Record>> find(const JobsOptions& options) {
  const auto wanted = make_wish(options);
  if (!wanted) return tl::make_unexpected(Trouble{wanted.error().what, 2});
  return Daemons(options.sockets).list(*wanted);
}

// The first `limit`, or all for 0. What is left out is reported on stderr, since a program may read standard output.
std::vector<const pb::Record*> choose_rows(const std::vector<pb::Record>& records, std::size_t limit) {
  std::vector<const pb::Record*> rows;
  for (const pb::Record& record : records)
    if (limit == 0 || rows.size() < limit) rows.push_back(&record);
  if (rows.size() < records.size()) error_exit(shown_words(rows.size(), records.size()));
  return rows;
}

int write(const std::string& output, const std::string& text) {
  const auto done = write_out(output, text);
  return done ? 0 : error_exit(done.error());
}
}  // namespace

int jobs(const JobsOptions& options) {
  const PrintOptions& print = options.print;
  const ReportFormat* format = find_format(print.format);
  if (format == nullptr || format->output != FormatOutput::text)
    return error_exit(
        fmt::format("--format {}: not of a list of jobs; there are {}", quote(print.format), format_names()), 2);
  const auto records = find(options);
  if (!records) return error_exit(records.error());
  const TextStyle style = style_for(STDOUT_FILENO, print.units, print.colour, print.precise);
  if (print.format == "text") {
    const auto rows = options.limit == 0 ? records->size() : options.limit;
    return write(print.output, make_job_list(choose_rows(*records, 0), style, rows));
  }
  const auto text = format->make(choose_rows(*records, format->sums ? 0 : options.limit), {style, ""});
  return text ? write(print.output, *text) : error_exit(text.error());
}

int sacct(const SacctOptions& options) {
  if (options.help) return write("", make_fields_help());
  const auto fields = choose_fields(options.fields);
  if (!fields) return error_exit(fields.error().what, 2);
  const auto records = find(options.jobs);
  if (!records) return error_exit(records.error());
  return write(
      "", make_accounting(choose_rows(*records, options.jobs.limit), *fields, {options.parsable, !options.no_header}));
}

}  // namespace nw::cli
