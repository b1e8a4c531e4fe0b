#include "apps/cli/slurm_words.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include <fmt/format.h>

#include "base/fd.h"
#include "base/monotonic.h"
#include "base/parse.h"
#include "report/escape.h"
#include "report/table.h"
#include "study/values.h"

namespace nw::cli {

namespace {
constexpr Nanos kLongest = seconds(5);
constexpr std::size_t kMost = 64U << 10U;
constexpr double kSame = 0.02;  // that no reason is asked for

Result<pid_t> start(const char* const* words, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int failed = ::posix_spawnp(&child, words[0], &actions, nullptr, const_cast<char**>(words), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed == ENOENT) return fail(ErrorKind::absent, "there is no sacct here");
  if (failed != 0) return tl::make_unexpected(system_error(failed, "sacct"));
  return child;
}

// Until its end or ours. False: it took too long.
bool read_all(int fd, std::string& all) {
  std::array<char, 4096> part{};
  for (const Nanos deadline = monotonic() + kLongest; all.size() < kMost;) {
    const Nanos left = deadline - monotonic();
    pollfd polled{fd, POLLIN, 0};
    if (left <= Nanos{} || ::poll(&polled, 1, static_cast<int>(left.count() / kMicro) + 1) == 0) return false;
    const auto got = ::read(fd, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    all.append(part.data(), static_cast<std::size_t>(got));
  }
  return true;
}

Result<std::string> run(const char* const* words) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return tl::make_unexpected(system_error(errno, "pipe"));
  const Fd from(ends[0]);
  Result<pid_t> child;
  {
    const Fd to(ends[1]);
    child = start(words, to.get());
  }
  if (!child) return tl::make_unexpected(child.error());
  std::string all;
  const bool ended = read_all(from.get(), all);
  if (!ended) ::kill(*child, SIGKILL);
  int status = 0;
  while (::waitpid(*child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!ended) return fail(ErrorKind::busy, "sacct said nothing within 5 s");
  if (status != 0) return fail(ErrorKind::failed, "sacct failed");
  return all;
}

// One reason, the likeliest; what plug-in Slurm uses it does not say.
std::string reason(double relative, const pb::Record& record) {
  if (record.job().nodes() > 1 && record.members().empty()) return "Slurm's is of all its nodes";
  if (!record.job().exclusive()) return "Slurm gives each job on a shared node all of the node's energy";
  if (known_boundary(record.energy()) == pb::BOUNDARY_PLUG && relative < 0)
    return "Slurm's sensors stand behind the power supplies or see chips alone, these at the plug";
  if (relative < 0) return "Slurm samples now and then, and leaves out what its plug-in does not see";
  return "Slurm counts from another moment, or within another boundary";
}
}  // namespace

Result<SlurmWords> parse_slurm_line(std::string_view output) {
  const std::string_view line = output.substr(0, output.find('\n'));
  const auto cells = split(line, '|');
  if (line.empty()) return fail(ErrorKind::absent, "sacct knows no such job");
  if (cells.size() < 4) return fail(ErrorKind::malformed, "sacct answered " + quote(line));
  SlurmWords words;
  words.state = clean(cells[0]);
  words.exit_code = clean(cells[1]);
  const std::size_t at = cells[0].size() + cells[1].size() + cells[2].size() + 3;  // a name may hold bars
  words.name = clean(line.substr(at));
  if (const auto joules = parse_double(cells[2]); joules && *joules > 0) words.energy_j = *joules;
  return words;
}

Result<SlurmWords> ask_slurm(const pb::Job& job) {
  const std::string id = strip(job.id().empty() ? job.sluid() : job.id());
  if (id.empty() || id.front() == '-') return fail(ErrorKind::absent, "the job has no number");
  const char* words[] = {"sacct", "-n",       "-P",   "-X", "-o", "State,ExitCode,ConsumedEnergyRaw,JobName",
                         "-j",    id.c_str(), nullptr};
  return parse_slurm_line(NW_TRY(run(words)));
}

std::string make_slurm_words(const pb::Record& record, const Result<SlurmWords>& slurm, const TextStyle& style) {
  const auto line = [&style](const std::string& text) {
    const std::string folded = fold(padded("  Slurm", 12), text, style.width) + '\n';
    return style.utf8 ? folded : ascii(folded);
  };
  if (!slurm) return line("not asked: " + slurm.error().what);
  std::string out = line(fmt::format("{} ({}) {}", slurm->state, slurm->exit_code, slurm->name));
  if (!slurm->energy_j) return out + line("ConsumedEnergy unknown: Slurm measures none here");
  const Amount theirs{slurm->energy_j, {}}, part = ratio(theirs, energy_j(record.energy()));
  std::string words = "ConsumedEnergy " + energy_text(theirs, {style.units, style.utf8, false});
  if (part.value) {
    const double relative = *part.value - 1;
    words += fmt::format(", {:+.0f} %", relative * 100);
    if (relative > kSame || relative < -kSame) words += ": " + reason(relative, record);
  }
  return out + line(words);
}

}  // namespace nw::cli
