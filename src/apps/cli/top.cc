// nodewatt top: the running jobs, refreshed periodically. On a terminal each list overwrites the last one; in a file or
// a pipe they follow each other.
#include "report/top.h"

#include <unistd.h>

#include <ctime>

#include <fmt/format.h>

#include "apps/cli/cli_common.h"
#include "apps/cli/command.h"
#include "apps/cli/daemons.h"
#include "base/parse.h"
#include "record/record.pb.h"

namespace nw::cli {

namespace {
constexpr const char *kHome = "\x1b[H", *kClearRest = "\x1b[J", *kClear = "\x1b[2J";

Asked<std::string> look(Daemons& daemons, const PrintOptions& print) {
  const auto jobs = daemons.list({{"state", "running"}});
  if (!jobs) return tl::make_unexpected(jobs.error());
  const auto nodes = daemons.nodes();
  if (!nodes) return tl::make_unexpected(nodes.error());
  std::vector<const pb::Record*> all;
  for (const pb::Record& one : *jobs) all.push_back(&one);
  if (print.format == "json") return make_top_json(all, *nodes);
  return make_top(all, *nodes, style_for(STDOUT_FILENO, print.units, print.colour, print.precise));
}

// Clears what would remain of a longer line below a shorter one.
std::string over_the_last(const std::string& text) {
  std::string out = kHome;
  for (const char c : text) c == '\n' ? out += "\x1b[K\n" : out += c;
  return out + kClearRest;
}

void pause(double seconds) {
  const auto whole = static_cast<std::time_t>(seconds);
  const timespec wait{whole, static_cast<long>((seconds - static_cast<double>(whole)) * 1e9)};
  ::nanosleep(&wait, nullptr);
}
}  // namespace

int top(const TopOptions& options) {
  const PrintOptions& print = options.print;
  if (print.format != "text" && print.format != "json")
    return error_exit(fmt::format("--format {}: there are text, json", quote(print.format)), 2);
  Daemons daemons(options.sockets);
  const bool over = !options.once && print.format == "text" && print.output.empty() && ::isatty(STDOUT_FILENO) == 1;
  for (bool first = true;; first = false) {
    const auto text = look(daemons, print);
    if (!text) return error_exit(text.error());
    const std::string shown = over ? (first ? kClear : "") + over_the_last(*text) : *text;
    if (const auto done = write_out(print.output, shown, !first); !done) return error_exit(done.error());
    if (options.once) return 0;
    pause(options.period_s);
  }
}

}  // namespace nw::cli
