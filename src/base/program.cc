#include "base/program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include <fmt/format.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/monotonic.h"

namespace nw {

namespace {
using Deadline = std::optional<Nanos>;

// In a memory file, read from its beginning: with a pipe both sides could block.
Result<Fd> make_input(std::string_view text, const std::string& name) {
  if (text.empty()) {
    Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!null) return tl::make_unexpected(system_error(errno, "/dev/null"));
    return null;
  }
  Fd fd(::memfd_create("nodewatt-input", MFD_CLOEXEC));
  if (!fd) return tl::make_unexpected(system_error(errno, name + ": memfd_create"));
  NW_CHECK(write_all(fd.get(), text, name + ": its input"));
  ::lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

Result<pid_t> start(const std::vector<std::string>& words, int input, int output, Errors errors) {
  std::vector<char*> pointers;
  for (const auto& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  if (errors == Errors::dropped) posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int failed = ::posix_spawnp(&child, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return tl::make_unexpected(system_error(failed, words[0]));
  return child;
}

// False when the deadline passed before there was input.
bool await(int fd, Deadline deadline) {
  for (;;) {
    pollfd polled{fd, POLLIN, 0};
    const Nanos left = deadline ? *deadline - monotonic() : Nanos{};
    if (deadline && left <= Nanos{}) return false;
    const int ready = ::poll(&polled, 1, deadline ? static_cast<int>(left.count() / kMicro) + 1 : -1);
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;
  }
}

Result<std::string> read_output(int fd, const std::string& name, Deadline deadline, std::size_t most) {
  std::string all;
  for (std::array<char, 65536> part;;) {
    if (!await(fd, deadline)) return fail(ErrorKind::busy, name + ": not done in the time that it has");
    const std::size_t got = NW_TRY(read_some(fd, part.data(), part.size(), name));
    if (got == 0) return all;
    all.append(part.data(), got);
    if (all.size() > most) return fail(ErrorKind::malformed, fmt::format("{}: prints over {} bytes", name, most));
  }
}

// Waits for its end: a program may close its output earlier. Without pidfd (kernels before 5.3) the wait is unbounded.
Done await_end(pid_t child, const std::string& name, Deadline deadline) {
  const Fd end(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  if (end && !await(end.get(), deadline)) return fail(ErrorKind::busy, name + ": not done in the time that it has");
  return {};
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}
}  // namespace

Result<std::string> run_program(const std::vector<std::string>& words, std::string_view input, Errors errors,
                                ProgramLimits limits) {
  const std::string& name = words[0];
  const Deadline deadline = limits.patience ? Deadline(monotonic() + *limits.patience) : std::nullopt;
  const Fd from_text = NW_TRY(make_input(input, name));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return tl::make_unexpected(system_error(errno, name + ": pipe"));
  const Fd from(ends[0]);
  Fd to(ends[1]);
  const pid_t child = NW_TRY(start(words, from_text.get(), to.get(), errors));
  to = Fd();  // only the program keeps it open now
  auto output = read_output(from.get(), name, deadline, limits.output);
  const Done ended = output ? await_end(child, name, deadline) : Done();
  if (!output || !ended) ::kill(child, SIGKILL);
  const int status = wait_for(child);
  NW_CHECK(ended);
  if (output && status != 0) {
    const std::string how = WIFSIGNALED(status) ? fmt::format("ended by signal {}", WTERMSIG(status))
                                                : fmt::format("ended with code {}", WEXITSTATUS(status));
    return fail(ErrorKind::failed, name + ": " + how);
  }
  return output;
}

}  // namespace nw
