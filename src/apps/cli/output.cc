#include "apps/cli/output.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <mutex>
#include <system_error>
#include <thread>

#include <fmt/format.h>

#include "apps/cli/child.h"
#include "base/fd.h"
#include "base/result.h"

namespace nw::cli {

namespace {
constexpr std::size_t kChunk = 65'536;
constexpr std::size_t kPipeAtOnce = 4096;   // a pipe that is ready accepts this much without blocking
constexpr int kQuietMs = 100;               // for an output that another process keeps open, without an end
constexpr Nanos kLongestTail = seconds(2);  // and for one that never stops

Nanos monotonic() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return Nanos::of(t.tv_sec * kNanosPerSecond + t.tv_nsec);
}

// Whether both are one open file description: not only the same file, which two descriptions would overwrite.
bool is_one(int a, int b) {
  const pid_t self = ::getpid();
  const long compared = ::syscall(SYS_kcmp, self, self, KCMP_FILE, a, b);
  if (compared >= 0) return compared == 0;
  struct stat first {
  }, second{};  // the kernel cannot tell
  return ::fstat(a, &first) == 0 && ::fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino && ::fcntl(a, F_GETFL) == ::fcntl(b, F_GETFL);
}

struct Ends {
  Fd ours, childs;
};

Result<Ends> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return tl::make_unexpected(system_error(errno, "pipe"));
  return Ends{Fd(ends[0]), Fd(ends[1])};
}

// A pseudo terminal with the size and the modes of `like`, except for the line discipline's changes to output bytes:
// those are left to the real terminal.
Result<Ends> make_terminal(int like) {
  Fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  char name[64];
  if (!master || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0 ||
      ::ptsname_r(master.get(), name, sizeof name) != 0)
    return tl::make_unexpected(system_error(errno, "pseudo terminal"));
  Fd slave(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
  termios modes{};
  if (!slave || ::tcgetattr(like, &modes) != 0) return tl::make_unexpected(system_error(errno, "pseudo terminal"));
  modes.c_oflag &= ~static_cast<tcflag_t>(OPOST);
  modes.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL);
  winsize size{};
  if (::ioctl(like, TIOCGWINSZ, &size) == 0) ::ioctl(slave.get(), TIOCSWINSZ, &size);
  if (::tcsetattr(slave.get(), TCSANOW, &modes) != 0)
    return tl::make_unexpected(system_error(errno, "pseudo terminal"));
  return Ends{std::move(master), std::move(slave)};
}

// Shared by all streams: one line at a time, and the shutdown.
struct Common {
  explicit Common(Output::Watch taker) : watch(std::move(taker)) {}
  Output::Watch watch;
  std::mutex lines;
  std::mutex state;
  std::condition_variable ended;
};
}  // namespace

// One stream: reads what the command writes, and writes it to `to`.
class Output::Stream {
 public:
  // Writes to `to` what the command writes to its descriptor `as`.
  Stream(std::shared_ptr<Common> common, int to, int as, Ends ends, bool terminal)
      : common_(std::move(common)),
        to_(to),
        as_(as),
        also_(as),
        from_(std::move(ends.ours)),
        childs_(std::move(ends.childs)),
        closing_(::eventfd(0, EFD_CLOEXEC)),
        leaving_(::eventfd(0, EFD_CLOEXEC)),
        terminal_(terminal) {
    ::fcntl(from_.get(), F_SETFL, O_NONBLOCK);
    struct stat info {};
    whole_ = ::fstat(to_, &info) == 0 && (S_ISREG(info.st_mode) || S_ISBLK(info.st_mode));
    thread_ = std::thread([this] { run(); });
  }
  ~Stream() {
    begin();
    close();
    leave();
    if (thread_.joinable()) thread_.join();
  }

  void add(int fd) { also_ = fd; }
  void in_child() const {
    ::dup2(childs_.get(), as_);
    if (also_ != as_) ::dup2(childs_.get(), also_);
  }
  void begin() { childs_ = Fd(); }  // only the command keeps the command's end
  void resized() const {
    winsize size{};
    const std::lock_guard lock(common_->state);  // until it ends, the stream is there
    if (terminal_ && !ended_ && ::ioctl(to_, TIOCGWINSZ, &size) == 0) ::ioctl(from_.get(), TIOCSWINSZ, &size);
  }
  void close() const { raise(closing_); }  // all writers have ended
  void leave() const { raise(leaving_); }  // stop waiting for the reader
  std::string lost() const {
    if (lost_errno_ == 0) return "";
    return fmt::format("standard {}: {}", as_ == STDOUT_FILENO ? "output" : "error", std::strerror(lost_errno_));
  }

 private:
  static void raise(const Fd& event) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(event.get(), &one, sizeof one);
  }

  void run() {
    std::array<char, kChunk> buffer;
    Nanos tail_until{};
    while (await_input(tail_until)) {
      const auto got = ::read(from_.get(), buffer.data(), buffer.size());
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (got <= 0) break;  // a pseudo terminal ends with EIO
      const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
      watch(bytes, monotonic());
      const Nanos read_at = monotonic();
      if (!pass_on(bytes)) break;
      if (tail_until != Nanos{})
        tail_until += monotonic() - read_at;  // a slow reader's time does not count against the writer
    }
    watch("", monotonic(), true);
    const std::lock_guard lock(common_->state);
    from_ = Fd();  // processes that still write get an error
    ended_ = true;
    common_->ended.notify_all();
  }

  // False when no more input can come.
  bool await_input(Nanos& tail_until) const {
    pollfd ready[] = {{from_.get(), POLLIN, 0}, {closing_.get(), POLLIN, 0}};
    const bool closing = tail_until != Nanos{};
    const int many = ::poll(ready, closing ? 1 : 2, closing ? kQuietMs : -1);
    if (closing) return many != 0 && monotonic() < tail_until;
    if ((ready[1].revents & POLLIN) != 0) tail_until = monotonic() + kLongestTail;
    return true;
  }

  void watch(std::string_view bytes, Nanos at, bool last = false) {
    const std::lock_guard lock(common_->lines);
    const auto take = [&](const Line& line) { common_->watch(line, line.late ? fed_at_ : at); };
    lines_.feed(bytes, take);
    if (last) lines_.end(take);
    fed_at_ = at;
  }

  // How much to write at once: no more than a ready pipe has room for, and whole lines if there are any.
  std::size_t portion(std::string_view bytes) const {
    if (whole_ || bytes.size() <= kPipeAtOnce) return bytes.size();
    const auto line_end = bytes.substr(0, kPipeAtOnce).rfind('\n');
    return line_end == std::string_view::npos ? kPipeAtOnce : line_end + 1;
  }

  // False when it cannot be written: the reader has gone, or leave() was called.
  bool pass_on(std::string_view bytes) {
    while (!bytes.empty()) {
      pollfd ready[] = {{to_, POLLOUT, 0}, {leaving_.get(), POLLIN, 0}};
      if (::poll(ready, 2, -1) < 0 && errno != EINTR) return false;
      if ((ready[1].revents & POLLIN) != 0) return false;
      if (ready[0].revents == 0) continue;
      const auto done = ::write(to_, bytes.data(), portion(bytes));
      if (done < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (done < 0) {
        if (errno != EPIPE) lost_errno_ = errno;
        return false;
      }
      bytes.remove_prefix(static_cast<std::size_t>(done));
    }
    return true;
  }

  std::shared_ptr<Common> common_;
  int to_, as_, also_;
  Fd from_, childs_, closing_, leaving_;
  bool terminal_, whole_ = false;
  Lines lines_;
  Nanos fed_at_{};
  std::thread thread_;
  bool ended_ = false;  // under Common::state
  int lost_errno_ = 0;  // and this, from then on
  friend class Output;
};

std::unique_ptr<Output> Output::make(Watch watch, std::string& error, int log) {
  std::unique_ptr<Output> output(new Output);
  const auto common = std::make_shared<Common>(std::move(watch));
  const auto add = [&](int to, int as, bool terminal) {
    auto ends = terminal ? make_terminal(to) : make_pipe();
    if (!ends) return error = ends.error().what, void();
    try {
      output->streams_.push_back(std::make_unique<Stream>(common, to, as, std::move(*ends), terminal));
    } catch (const std::system_error& no_thread) {
      error = no_thread.what();
    }
  };
  if (log >= 0) {
    add(log, STDOUT_FILENO, false);
    if (!output->streams_.empty()) output->streams_.front()->add(STDERR_FILENO);
    return output;
  }
  const auto is_open = [](int fd) { return ::fcntl(fd, F_GETFD) == 0; };  // neither closed, nor to be closed
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    if (!is_open(fd)) continue;
    if (fd == STDERR_FILENO && !output->streams_.empty() && is_one(STDOUT_FILENO, fd)) {
      output->streams_.front()->add(fd);
      continue;
    }
    add(fd, fd, ::isatty(fd) == 1);
  }
  return output;
}

Output::~Output() = default;

void Output::in_child() const {
  for (const auto& stream : streams_) stream->in_child();
}
void Output::begin() {
  for (const auto& stream : streams_) stream->begin();
}
void Output::resized() {
  for (const auto& stream : streams_) stream->resized();
}

std::string Output::finish() {
  const sigset_t ending = find_ending_signals();
  for (const auto& stream : streams_) stream->close();
  std::string lost;
  for (const auto& stream : streams_) {
    std::unique_lock lock(stream->common_->state);
    while (!stream->common_->ended.wait_for(lock, std::chrono::milliseconds(20), [&] { return stream->ended_; })) {
      const timespec now{};
      if (::sigtimedwait(&ending, nullptr, &now) < 0) continue;
      for (const auto& one : streams_) one->leave();
    }
    lost += (lost.empty() || stream->lost().empty() ? "" : "; ") + stream->lost();
  }
  return lost;
}

}  // namespace nw::cli
