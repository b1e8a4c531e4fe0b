#include "apps/cli/apart.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "apps/cli/child.h"

namespace nw::cli {

namespace {
bool has_children() {
  siginfo_t none{};
  return ::waitid(P_ALL, 0, &none, WEXITED | WNOHANG | WNOWAIT) == 0;
}

// Waits for that process. Other children that end meanwhile are left unreaped: they are not ours to wait for.
ChildEnd await(int pid, const sigset_t& handled) {
  for (;;) {
    int status = 0;
    const int found = ::waitpid(pid, &status, WNOHANG);
    if (found < 0 && errno != EINTR) return {};
    if (found == pid && WIFSIGNALED(status)) return {{}, WTERMSIG(status)};
    if (found == pid) return {WEXITSTATUS(status), {}};
    siginfo_t info{};
    const int signal = ::sigwaitinfo(&handled, &info);
    if (signal > 0 && signal != SIGCHLD && info.si_code != SI_KERNEL) ::kill(pid, signal);
  }
}
}  // namespace

std::optional<int> measure_apart() {
  if (!has_children()) return std::nullopt;
  sigset_t handled = find_ending_signals(), before;
  for (const int signal : {SIGUSR1, SIGUSR2, SIGALRM, SIGCHLD}) sigaddset(&handled, signal);
  ::pthread_sigmask(SIG_BLOCK, &handled, &before);
  struct sigaction standard {
  }, inherited{};
  standard.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &standard, &inherited);  // an inherited SIG_IGN would lose the exit code
  const int pid = ::fork();
  if (pid > 0) return end_like(await(pid, handled));
  ::sigaction(SIGCHLD, &inherited, nullptr);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return std::nullopt;  // also when no more processes can be created: starting the command will report that
}

}  // namespace nw::cli
