// nodewatt job: one job, from the daemons of its nodes.
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include <fmt/format.h>

#include "apps/cli/cli_common.h"
#include "apps/cli/command.h"
#include "apps/cli/daemons.h"
#include "apps/cli/slurm_words.h"
#include "base/parse.h"
#include "record/record.pb.h"
#include "report/formats.h"
#include "report/job.h"

namespace nw::cli {

namespace {
// The job named on the command line, or the one in which this runs.
Result<JobName> choose(const std::string& word) {
  if (!word.empty()) return parse_job_name(word);
  const char* own = std::getenv("SLURM_JOB_ID");
  if (own == nullptr || *own == 0)
    return fail(ErrorKind::malformed, "job: name one; only within a job (SLURM_JOB_ID) it can be left out");
  return parse_job_name(own);
}

TextStyle style_of(const PrintOptions& print) {
  TextStyle style = style_for(STDOUT_FILENO, print.units, print.colour, print.precise);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  style.now_unix_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  return style;
}

// The text in the requested format, with Slurm's figures below each job where it is a page for people.
Result<std::string> print_all(const JobOptions& options, const std::vector<pb::Record>& jobs) {
  const ReportFormat& format = *find_format(options.print.format);
  const TextStyle style = style_of(options.print);
  std::string text;
  const bool is_line = options.oneline || options.comment;
  if (format.name != "text" && !is_line) {
    std::vector<const pb::Record*> all;
    for (const pb::Record& one : jobs) all.push_back(&one);
    return format.make(all, {style, ""});
  }
  for (const pb::Record& one : jobs) {
    if (!is_line && !text.empty()) text += '\n';
    if (is_line) {
      text += options.comment ? make_job_comment(one) : make_job_line(one);
    } else if (options.slurm) {
      const auto slurm = ask_slurm(one.job());
      text += make_job_text(one, style, slurm ? slurm->state : "") + make_slurm_words(one, slurm, style);
    } else {
      text += make_job_text(one, style);
    }
  }
  return text;
}
}  // namespace

int job(const JobOptions& options) {
  const ReportFormat* format = find_format(options.print.format);
  if (format == nullptr || format->output != FormatOutput::text)
    return error_exit(
        fmt::format("--format {}: not of a job; there are {}", quote(options.print.format), format_names()), 2);
  const auto name = choose(options.job);
  if (!name) return error_exit(name.error().what, 2);
  const auto jobs = Daemons(options.sockets).find(*name, options.comment);
  if (!jobs) return error_exit(jobs.error());
  const auto text = print_all(options, *jobs);
  if (!text) return usage_error_exit(text.error());
  const auto done = write_out(options.print.output, *text);
  return done ? 0 : error_exit(done.error());
}

}  // namespace nw::cli
