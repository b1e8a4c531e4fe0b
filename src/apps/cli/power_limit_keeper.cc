#include "apps/cli/power_limit_keeper.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>

#include <fmt/format.h>

#include "apps/cli/cli_common.h"
#include "base/parse.h"

namespace nw::cli {

namespace {
constexpr const char* kName = "nodewatt-limits";
constexpr std::size_t kLongest = 131'072;  // the list of 256 GPUs
constexpr int kPatienceS = 30;             // time limit for a driver that does not answer

// One datagram; nothing when the other side has ended.
std::optional<std::string> receive(int socket) {
  std::string text(kLongest, '\0');
  ssize_t n = 0;
  while ((n = ::recv(socket, text.data(), text.size(), 0)) < 0 && errno == EINTR) {
  }
  if (n <= 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(n));
  return text;
}

bool send_text(int socket, std::string_view text) {
  return ::send(socket, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

// An answer is "ok" and the result, or the kind and text of an error.
std::string refusal(const Error& error) { return fmt::format("{} {}", name(error.kind), error.what); }
std::string answer_of(const Done& done) { return done ? "ok " : refusal(done.error()); }
std::string answer_of(const Result<Watts>& watts) {
  return watts ? fmt::format("ok {}", watts->count()) : refusal(watts.error());
}
Result<std::string> unpack(const std::string& answer) {
  const auto space = std::min(answer.find(' '), answer.size() - 1);
  const std::string word = answer.substr(0, space), rest = answer.substr(space + 1);
  if (word == "ok") return rest;
  return fail(error_kind(word), rest);
}

std::string list_of(const std::vector<GpuLimit>& gpus) {
  std::string text;
  for (const GpuLimit& gpu : gpus)
    text += fmt::format("{} {} {} {} {} {} {}\n", gpu.uuid, gpu.index, gpu.least.count(), gpu.most.count(),
                        gpu.standard.count(), gpu.now.count(), gpu.name);
  return text;
}

std::vector<GpuLimit> parse_list(std::string_view text) {
  std::vector<GpuLimit> gpus;
  for (const auto line : split(text, '\n')) {
    const auto words = split(line, ' ');
    if (words.size() < 7) continue;
    const auto watts = [&](std::size_t at) { return Watts::of(parse_i64(words[at]).value_or(0)); };
    gpus.push_back({std::string(words[0]),
                    std::string(line.substr(static_cast<std::size_t>(words[6].data() - line.data()))),
                    static_cast<unsigned>(parse_u64(words[1]).value_or(0)), watts(2), watts(3), watts(4), watts(5)});
  }
  return gpus;
}

// Runs in the other process.
class Keeper {
 public:
  Keeper(const Root& root, NoteFile& note, int socket)
      : host_(make_real_host(root)), note_(note), socket_(socket), limits_(open_power_limits(*host_)) {}

  void serve() {
    send_text(socket_, limits_ ? "ok " + list_of((*limits_)->gpus()) : refusal(limits_.error()));
    while (const auto question = receive(socket_)) send_text(socket_, answer(split(*question, ' ')));
    const Done done = end();
    if (!send_text(socket_, answer_of(done)) && !done)  // the other side has gone
      error_exit("GPU power limits were not put back: " + done.error().what + ". As root: nodewatt doctor");
  }

 private:
  std::string answer(const std::vector<std::string_view>& words) {
    if (!limits_) return refusal(limits_.error());
    const std::string uuid(words.size() > 1 ? words[1] : "");
    PowerLimits& limits = **limits_;
    if (words[0] == "read") return answer_of(limits.read_limit(uuid));
    if (words[0] == "enforced") return answer_of(limits.read_enforced(uuid));
    const auto now = limits.read_limit(uuid);
    if (!now) return answer_of(now);
    if (words[0] == "try") return answer_of(limits.set(uuid, *now));
    const auto wanted = words.size() == 3 && words[0] == "set" ? parse_i64(words[2]) : std::nullopt;
    if (!wanted) return refusal({ErrorKind::malformed, "no such question"});
    return answer_of(set(uuid, *now, Watts::of(*wanted)));
  }

  Done set(const std::string& uuid, Watts now, Watts wanted) {
    if (std::find(noted_.begin(), noted_.end(), uuid) == noted_.end()) {
      NW_CHECK(note_.add(uuid, now));
      noted_.push_back(uuid);
    }
    return (*limits_)->set(uuid, wanted);
  }

  // The note is removed when all is restored; else it stays for another nodewatt.
  Done end() { return limits_ ? note_.settle(**limits_) : note_.remove(); }

  std::unique_ptr<Host> host_;
  NoteFile& note_;
  int socket_;
  Result<std::unique_ptr<PowerLimits>> limits_;
  std::vector<std::string> noted_;
};

// Whatever ends a terminal's or a session's programs does not end this one; nor, where permitted, does the OOM killer.
void settle_down(int socket, const NoteFile& note) {
  ::setsid();
  ::prctl(PR_SET_NAME, kName);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM, SIGTSTP, SIGTTOU})
    ::sigaction(signal, &ignore, nullptr);
  if (const Fd score(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)); score) [[maybe_unused]]
    const auto written = ::write(score.get(), "-1000", 5);
  if (const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC)); null)
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO}) ::dup2(null.get(), fd);
  std::array kept{socket, note.fds()[0], note.fds()[1]};  // it keeps nothing else of ours open
  std::sort(kept.begin(), kept.end());
  unsigned first = STDERR_FILENO + 1;
  for (const int fd : kept) {
    const auto next = static_cast<unsigned>(fd);
    if (first < next) ::close_range(first, next - 1, 0);
    first = next + 1;
  }
  ::close_range(first, ~0U, 0);
}

// Forks twice, so that the keeper's parent is not us.
Done fork_keeper(const Root& root, NoteFile& note, int socket) {
  const pid_t between = ::fork();
  if (between < 0) return tl::make_unexpected(system_error(errno, "fork"));
  if (between == 0) {
    const pid_t keeper = ::fork();
    if (keeper == 0) {
      settle_down(socket, note);
      Keeper(root, note, socket).serve();
    }
    ::_exit(keeper < 0 ? 1 : 0);
  }
  int status = 0;
  while (::waitpid(between, &status, 0) < 0 && errno == EINTR) {
  }
  return status == 0 ? Done() : fail(ErrorKind::failed, "the process that keeps power limits could not be started");
}
}  // namespace

LimitKeeper::LimitKeeper(Root root, NoteFile note, Fd socket)
    : root_(std::move(root)), note_(std::move(note)), socket_(std::move(socket)) {}

Result<std::unique_ptr<LimitKeeper>> LimitKeeper::start(const Root& root) {
  NoteFile note = NW_TRY(NoteFile::create(root));
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return tl::make_unexpected(system_error(errno, "socket"));
  Fd ours(ends[0]), theirs(ends[1]);
  const timeval patience{kPatienceS, 0};
  ::setsockopt(ours.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::unique_ptr<LimitKeeper> keeper(new LimitKeeper(root, std::move(note), std::move(ours)));
  if (const Done done = fork_keeper(root, keeper->note_, theirs.get()); !done) {
    keeper->released_ = true;
    (void)keeper->note_.remove();
    return tl::make_unexpected(done.error());
  }
  theirs = Fd();
  const auto hello = receive(keeper->socket_.get());
  if (!hello) return fail(ErrorKind::failed, "the process that keeps power limits does not answer");
  const std::string list = NW_TRY(unpack(*hello));
  keeper->gpus_ = parse_list(list);
  return keeper;
}

LimitKeeper::~LimitKeeper() {
  if (const Done done = release(); !done)
    error_exit("GPU power limits were not put back: " + done.error().what + ". As root: nodewatt doctor");
}

Result<std::string> LimitKeeper::ask(const std::string& question) {
  if (!send_text(socket_.get(), question))
    return fail(ErrorKind::failed, "the process that keeps power limits is gone");
  const auto answer = receive(socket_.get());
  if (!answer) return fail(ErrorKind::failed, "the process that keeps power limits does not answer");
  return unpack(*answer);
}

Done LimitKeeper::try_out(const std::string& uuid) {
  NW_TRY(ask("try " + uuid));
  return {};
}

Done LimitKeeper::set(const std::string& uuid, Watts limit) {
  NW_TRY(ask(fmt::format("set {} {}", uuid, limit.count())));
  return {};
}

namespace {
Result<Watts> parse_watts(const Result<std::string>& answer) {
  const std::string text = NW_TRY(answer);
  const auto uw = parse_i64(text);
  return uw ? Result<Watts>(Watts::of(*uw)) : fail(ErrorKind::malformed, "no power: " + quote(text));
}
}  // namespace

Result<Watts> LimitKeeper::read_limit(const std::string& uuid) { return parse_watts(ask("read " + uuid)); }
Result<Watts> LimitKeeper::read_enforced(const std::string& uuid) { return parse_watts(ask("enforced " + uuid)); }

Done LimitKeeper::release() {
  if (released_) return {};
  released_ = true;
  ::shutdown(socket_.get(), SHUT_WR);
  std::optional<std::string> answer;
  while (const auto one = receive(socket_.get())) answer = one;  // the last one: an earlier answer may have come late
  if (!answer) return put_back_ourselves();
  NW_TRY(unpack(*answer));
  return {};
}

// The keeper is dead, or does not answer any more.
Done LimitKeeper::put_back_ourselves() {
  const LimitNote note = NW_TRY(note_.read());
  if (note.lines.empty()) return note_.remove();
  const auto host = make_real_host(root_);
  const auto limits = NW_TRY(open_power_limits(*host));
  return note_.settle(*limits);
}

}  // namespace nw::cli
