// nodewatt-event: a prolog, an epilog or a site's script reports an event of a job to the daemon.
//
//   nodewatt-event [--socket PATH] [--verbose] begin|end|step|close|open [KEY=VALUE...]
//
// The content comes from Slurm's variables, and from the words, which take precedence. It exits with 0 after at most 50
// ms whatever happens, and prints nothing unless asked to: a job matters more than the exact edges of its energy. No
// option parser and no record code is linked in, since its start-up time is added to every job.
#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "apps/slurm/deliver.h"
#include "apps/slurm/event.h"

namespace nw::slurm {
namespace {
constexpr Nanos kPatience = millis(40);
constexpr suseconds_t kLatest = 48'000;  // us; for unforeseen cases: a machine that swaps, a socket on a dead mount

struct Line {
  std::string socket = kDaemonSocket;
  bool verbose = false;
  std::vector<std::string_view> words;  // the verb first
};

Line parse_line(int argc, char** argv) {
  Line line;
  if (const char* socket = std::getenv("NODEWATT_SOCKET"); socket != nullptr && *socket != 0) line.socket = socket;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--verbose")
      line.verbose = true;
    else if (word == "--socket" && i + 1 < argc)
      line.socket = argv[++i];
    else
      line.words.push_back(word);
  }
  return line;
}

void arm_deadline() {
  std::signal(SIGALRM, [](int) { ::_exit(0); });
  const itimerval time{{0, 0}, {0, kLatest}};
  ::setitimer(ITIMER_REAL, &time, nullptr);
}

Done deliver_line(const Line& line) {
  if (line.words.empty()) return fail(ErrorKind::malformed, "begin, end, step, close or open?");
  const std::span<const std::string_view> words(line.words);
  const Request request =
      NW_TRY(make_event(words.front(), words.subspan(1), [](const char* name) { return std::getenv(name); }));
  return deliver(line.socket, make_request(request), kPatience);
}
}  // namespace
}  // namespace nw::slurm

int main(int argc, char** argv) {
  nw::slurm::arm_deadline();
  const nw::slurm::Line line = nw::slurm::parse_line(argc, argv);
  const nw::Done done = nw::slurm::deliver_line(line);
  if (line.verbose) std::fprintf(stderr, "nodewatt-event: %s\n", done ? "done" : done.error().what.c_str());
  return 0;
}
