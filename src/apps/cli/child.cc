#include "apps/cli/child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <fstream>
#include <iterator>

#include "base/parse.h"

namespace nw::cli {

namespace {
constexpr int kEnding[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
constexpr int kOthers[] = {SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH, SIGCHLD};

std::string read_small(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Whether all children of this process are samplers. False where the kernel does not list children.
bool has_samplers_alone() {
  const std::string children = read_small("/proc/thread-self/children");
  const auto all = split(trim(children), ' ');
  return !trim(children).empty() && std::all_of(all.begin(), all.end(), [](std::string_view pid) {
    return trim(read_small("/proc/" + std::string(pid) + "/comm")) == kSamplerName;
  });
}
}  // namespace

sigset_t find_ending_signals() {
  sigset_t found;
  sigemptyset(&found);
  for (const int signal : kEnding) {
    struct sigaction now {};
    if (sigaction(signal, nullptr, &now) == 0 && now.sa_handler != SIG_IGN) sigaddset(&found, signal);
  }
  return found;
}

Signals::Signals() : ending_(find_ending_signals()) {
  handled_ = ending_;
  for (const int signal : kOthers) sigaddset(&handled_, signal);
  pthread_sigmask(SIG_BLOCK, &handled_, &before_);
  struct sigaction ignore {
  }, standard{};
  ignore.sa_handler = SIG_IGN;
  standard.sa_handler = SIG_DFL;
  sigaction(SIGPIPE, &ignore, &pipe_);
  sigaction(SIGXFSZ, &ignore, &file_size_);  // a file size limit is meant for the command and must not kill us
  sigaction(SIGCHLD, &standard, &child_);    // an inherited SIG_IGN would lose exit codes
}

void Signals::restore() const {
  sigaction(SIGPIPE, &pipe_, nullptr);
  sigaction(SIGXFSZ, &file_size_, nullptr);
  sigaction(SIGCHLD, &child_, nullptr);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

Signals::~Signals() { restore(); }

std::optional<int> Signals::take_ending(Nanos longest) const {
  const timespec wait{longest.count() / kNanosPerSecond, longest.count() % kNanosPerSecond};
  const int signal = ::sigtimedwait(&ending_, nullptr, &wait);
  return signal > 0 ? std::optional(signal) : std::nullopt;
}

std::optional<int> Signals::take_pending() const {
  std::optional<int> last;
  while (const auto signal = take_ending(Nanos{})) last = signal;
  return last;
}

Result<Child> Child::start(const std::vector<std::string>& command, const std::vector<std::string>& variables,
                           const Signals& signals, const std::function<void()>& in_child) {
  std::vector<char*> argv;
  for (const auto& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  int failure[2];  // carries errno of a failed exec; closed by a successful one
  if (::pipe2(failure, O_CLOEXEC) != 0) return tl::make_unexpected(system_error(errno, "pipe"));
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  auto early = signals.take_pending();
  const int pid = ::fork();
  if (pid == 0) {
    signals.restore();
    if (in_child) in_child();
    for (const std::string& variable : variables) ::putenv(const_cast<char*>(variable.c_str()));
    ::execvp(argv[0], argv.data());
    const int why = errno;
    [[maybe_unused]] const auto written = ::write(failure[1], &why, sizeof why);
    ::_exit(127);
  }
  const int fork_errno = errno;
  if (const auto late = signals.take_pending()) early = late;  // what came between the two lines above
  ::close(failure[1]);
  int why = 0;
  ssize_t n = 0;
  if (pid > 0)
    while ((n = ::read(failure[0], &why, sizeof why)) < 0 && errno == EINTR) {
    }
  ::close(failure[0]);
  if (pid < 0) return tl::make_unexpected(system_error(fork_errno, "fork"));
  if (n != sizeof why) {
    if (early) ::kill(pid, *early);
    return Child(pid, early);
  }
  ::waitpid(pid, nullptr, 0);
  auto error = system_error(why, command[0]);
  error.kind = why == ENOENT ? ErrorKind::absent : ErrorKind::failed;
  return tl::make_unexpected(error);
}

// Reaps all children that have ended. False when there are none left to wait for.
bool Child::reap(ChildEnd& end) {
  for (;;) {
    int status = 0;
    const int pid = ::waitpid(-1, &status, WNOHANG);
    if (pid < 0 && errno == EINTR) continue;
    if (pid <= 0) return pid == 0 && !(ended_ && has_samplers_alone());
    if (pid != pid_) continue;
    ended_ = true;
    if (WIFEXITED(status)) end.exit_code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  }
}

// Forwards a signal, or ends the waiting.
bool Child::take_signal(int signal, const siginfo_t& info, ChildEnd& end) const {
  if (signal < 0 || signal == SIGCHLD) return true;
  if (std::find(std::begin(kEnding), std::end(kEnding), signal) != std::end(kEnding)) end.told = signal;
  if (ended_ && (signal == SIGINT || signal == SIGTERM)) return false;
  if (!ended_ && info.si_code != SI_KERNEL) ::kill(pid_, signal);
  return true;
}

ChildEnd Child::wait(const Signals& signals, const std::function<void()>& resized) {
  ChildEnd end;
  end.told = told_early_;
  while (reap(end)) {
    siginfo_t info{};
    const int signal = ::sigwaitinfo(&signals.handled(), &info);
    if (signal == SIGWINCH && resized) {
      if (info.si_pid == ::getpid()) continue;
      resized();
      // The terminal's whole foreground group got the signal already, before the new size was set on the command's
      // terminal. One sent by a process goes to the command alone: two nodewatt processes in one group would otherwise
      // signal each other for ever.
      if (info.si_code == SI_KERNEL)
        ::kill(0, SIGWINCH);
      else if (!ended_)
        ::kill(pid_, SIGWINCH);
      continue;
    }
    if (take_signal(signal, info, end)) continue;
    end.left_some = true;
    break;
  }
  return end;
}

bool Child::poll(Nanos when, const Signals& signals, ChildEnd& end) {
  if (!end.told) end.told = told_early_;
  while (reap(end)) {
    timespec t{};
    ::clock_gettime(CLOCK_MONOTONIC, &t);
    const std::int64_t left = when.count() - (t.tv_sec * kNanosPerSecond + t.tv_nsec);
    if (left <= 0) return true;
    const timespec wait{left / kNanosPerSecond, left % kNanosPerSecond};
    siginfo_t info{};
    if (!take_signal(::sigtimedwait(&signals.handled(), &info, &wait), info, end)) return false;
  }
  return false;
}

int end_like(const ChildEnd& end) {
  if (end.signal) {
    const rlimit no_core{0, 0};  // the child's core dump is the useful one
    ::setrlimit(RLIMIT_CORE, &no_core);
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    sigaction(*end.signal, &standard, nullptr);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, *end.signal);
    pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
    ::raise(*end.signal);
    return 128 + *end.signal;  // a signal that does not end a process
  }
  return end.exit_code.value_or(125);
}

}  // namespace nw::cli
