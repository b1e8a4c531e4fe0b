// The real machine, or a captured tree below another root.
//
// Repeated file reads are one pread at offset 0 of a descriptor opened once: sysfs and procfs generate their text anew
// at each such read. Below another root files are opened anew each time, since a simulator may replace them by
// renaming. Files are opened O_NONBLOCK and must be regular, so that a FIFO or a device below --root cannot block or
// have side effects; a read takes 256 bytes at most, enough for the first line of /proc/stat and more than any decimal
// 64-bit number.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include <fmt/format.h>

#include "base/bus.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/host.h"
#include "base/http.h"
#include "base/ipmi.h"
#include "base/ipmi_broker_client.h"
#include "base/monotonic.h"
#include "base/parse.h"
#include "base/root.h"
#include "base/snmp.h"

namespace nw {

namespace {
ErrorKind kind_of_errno(int value) { return system_error(value, {}).kind; }

Reading read_number(int fd, const Extract& extract) {
  std::array<char, 256> text;
  const ssize_t n = ::pread(fd, text.data(), text.size(), 0);
  if (n < 0) return Reading::none(kind_of_errno(errno));
  std::string_view read(text.data(), static_cast<std::size_t>(n));
  if (read.size() == text.size())
    read = read.substr(0, read.rfind('\n') + 1);  // whole lines only: half a number would be read as a number too
  std::uint64_t value = 0;
  if (!extract.parse(read, value)) return Reading::none(ErrorKind::malformed);
  return Reading::of(value);
}

class FileSource : public Source {
 public:
  FileSource(Fd fd, const Extract& extract) : fd_(std::move(fd)), extract_(extract) {}
  Reading read() noexcept override { return read_number(fd_.get(), extract_); }

 private:
  Fd fd_;
  Extract extract_;
};

class ReopenedSource : public Source {
 public:
  ReopenedSource(std::string path, const Extract& extract) : path_(std::move(path)), extract_(extract) {}
  Reading read() noexcept override {
    const Fd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    return fd.get() < 0 ? Reading::none(kind_of_errno(errno)) : read_number(fd.get(), extract_);
  }

 private:
  std::string path_;
  Extract extract_;
};

class PerfSource : public Source {
 public:
  explicit PerfSource(Fd fd) : fd_(std::move(fd)) {}
  Reading read() noexcept override {
    std::uint64_t value = 0;
    const ssize_t n = ::read(fd_.get(), &value, sizeof value);
    return n == sizeof value ? Reading::of(value) : Reading::none(n < 0 ? kind_of_errno(errno) : ErrorKind::absent);
  }

 private:
  Fd fd_;
};

// Eight bytes at an offset, as model-specific registers are read.
class RegisterSource : public Source {
 public:
  RegisterSource(Fd fd, std::uint64_t offset) : fd_(std::move(fd)), offset_(offset) {}
  Reading read() noexcept override {
    std::uint64_t value = 0;
    const ssize_t n = ::pread(fd_.get(), &value, sizeof value, static_cast<off_t>(offset_));
    if (n < 0) return Reading::none(kind_of_errno(errno));
    return n == sizeof value ? Reading::of(value) : Reading::none(ErrorKind::malformed);
  }

 private:
  Fd fd_;
  std::uint64_t offset_;
};

class BoundSource : public Source {
 public:
  explicit BoundSource(Host::Count live) : live_(std::move(live)) {}
  Reading read() noexcept override { return live_(); }

 private:
  Host::Count live_;
};

class SharedLibrary : public Library {
 public:
  explicit SharedLibrary(void* handle) : handle_(handle) {}
  ~SharedLibrary() override { ::dlclose(handle_); }
  SharedLibrary(const SharedLibrary&) = delete;
  SharedLibrary& operator=(const SharedLibrary&) = delete;
  void* symbol(const char* name) override { return ::dlsym(handle_, name); }

 private:
  void* handle_;
};

class RealHost : public Host {
 public:
  explicit RealHost(const Root& root) : root_(root.path), runs_libraries_(root.runs_libraries) {
    while (root_.ends_with('/')) root_.pop_back();
  }

  Result<std::string> read_text(const std::string& path) override {
    const Fd fd = NW_TRY(open_regular(path));
    return read_all(fd.get(), root_ + path, kMaxText);
  }

  Result<std::vector<std::string>> list(const std::string& path) override {
    DIR* dir = ::opendir((root_ + path).c_str());
    if (dir == nullptr) return tl::make_unexpected(system_error(errno, root_ + path));
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(dir))
      if (const std::string_view name = entry->d_name; name != "." && name != "..") names.emplace_back(name);
    ::closedir(dir);
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<std::string> read_link(const std::string& path) override {
    std::array<char, 4096> target;
    const ssize_t n = ::readlink((root_ + path).c_str(), target.data(), target.size());
    if (n < 0) return tl::make_unexpected(system_error(errno, root_ + path));
    return std::string(target.data(), static_cast<std::size_t>(n));
  }

  Result<std::unique_ptr<Source>> open_number(const std::string& path, const Extract& extract) override {
    Fd fd = NW_TRY(open_regular(path));
    if (!root_.empty()) return std::make_unique<ReopenedSource>(root_ + path, extract);
    return std::make_unique<FileSource>(std::move(fd), extract);
  }

  // On the machine itself a character device, chosen by the driver; below another root a regular file.
  Result<std::unique_ptr<Source>> open_register(const std::string& path, std::uint64_t offset) override {
    if (!root_.empty()) return std::make_unique<RegisterSource>(NW_TRY(open_regular(path)), offset);
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (fd.get() < 0) return tl::make_unexpected(system_error(errno, path));
    return std::make_unique<RegisterSource>(std::move(fd), offset);
  }

  Result<std::unique_ptr<Source>> open_perf(const PerfEvent& event) override {
    if (!root_.empty())
      return fail(ErrorKind::absent, "perf counters are this kernel's own and not read below --root " + root_);
    perf_event_attr attr{};
    attr.size = sizeof attr;
    attr.type = event.type;
    attr.config = event.config;
    const long fd = ::syscall(SYS_perf_event_open, &attr, -1, static_cast<int>(event.cpu), -1, PERF_FLAG_FD_CLOEXEC);
    if (fd < 0)
      return tl::make_unexpected(system_error(
          errno, fmt::format("perf_event_open(type {}, config {:#x}, cpu {})", event.type, event.config, event.cpu)));
    return std::make_unique<PerfSource>(Fd(static_cast<int>(fd)));
  }

  Result<std::string> ask(const std::string&, const Ask& live) override { return live(); }
  Result<std::unique_ptr<Source>> bind(const std::string&, Count live) override {
    return std::make_unique<BoundSource>(std::move(live));
  }
  Result<std::vector<std::unique_ptr<Source>>> bind_bus(const std::vector<std::string>& keys, BusSchedule schedule,
                                                        Round round) override {
    return make_bus(keys.size(), schedule, std::move(round));
  }

  Result<std::vector<std::unique_ptr<Source>>> open_slow_numbers(const std::vector<std::string>& paths,
                                                                 BusSchedule schedule) override {
    const auto sources = std::make_shared<std::vector<std::unique_ptr<Source>>>();
    for (const std::string& path : paths) sources->push_back(NW_TRY(open_number(path, kWholeNumber)));
    return make_bus(paths.size(), schedule, [sources](std::span<Reading> answers) {
      for (std::size_t i = 0; i < answers.size(); ++i) {
        const Nanos before = monotonic();
        answers[i] = (*sources)[i]->read();
        answers[i].taken = Nanos::of(before.count() + (monotonic() - before).count() / 2);
      }
    });
  }

  Result<std::shared_ptr<Library>> load(const std::vector<std::string>& names) override {
    std::string why;
    for (const auto& candidate : library_paths(names)) {
      if (!root_.empty() && !runs_libraries_)
        return fail(ErrorKind::denied,
                    candidate + ": not opened, since that would run what lies below --root (--root-libraries does)");
      if (void* handle = ::dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL))
        return std::make_shared<SharedLibrary>(handle);
      if (const char* error = ::dlerror()) why = error;
    }
    return fail(ErrorKind::absent, why.empty() ? "no such library below " + root_ : why);
  }
  // Below another root too: servers are named by the site file and are not part of this machine.
  Result<std::shared_ptr<Http>> open_http(const HttpOptions& options) override { return open_real_http(options); }
  Result<std::shared_ptr<Snmp>> open_snmp(const SnmpOptions& options) override { return open_real_snmp(options); }

  // Below another root there is no controller: the device would be this machine's. The broker only serves the usual
  // device.
  Result<std::shared_ptr<Ipmi>> open_ipmi(const std::string& device) override {
    if (!root_.empty()) return fail(ErrorKind::absent, device + ": not opened below --root " + root_);
    return device == "/dev/ipmi0" ? open_ipmi_or_broker(device, kIpmiSocket) : open_real_ipmi(device);
  }

  Nanos now() noexcept override { return clock(CLOCK_MONOTONIC); }
  std::int64_t wall_ns() noexcept override { return clock(CLOCK_REALTIME).count(); }
  bool sleep_until(Nanos when) override {
    const timespec until{when.count() / kNanosPerSecond, when.count() % kNanosPerSecond};
    while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
    }
    return true;
  }

 private:
  static Nanos clock(clockid_t id) noexcept {
    timespec t{};
    ::clock_gettime(id, &t);
    return Nanos::of(t.tv_sec * kNanosPerSecond + t.tv_nsec);
  }

  Result<Fd> open_regular(const std::string& path) const {
    const std::string full = root_ + path;
    Fd fd(::open(full.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (fd.get() < 0) return tl::make_unexpected(system_error(errno, full));
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return tl::make_unexpected(system_error(errno, full));
    if (!S_ISREG(info.st_mode)) return fail(ErrorKind::malformed, full + ": not a regular file");
    return fd;
  }

  // On the machine itself the loader's own search; below another root only that root's library folders.
  std::vector<std::string> library_paths(const std::vector<std::string>& names) const {
    if (root_.empty()) return names;
    std::vector<std::string> paths;
    for (const auto& name : names)
      for (const char* folder :
           {"/usr/lib/x86_64-linux-gnu/", "/usr/lib/aarch64-linux-gnu/", "/usr/lib64/", "/usr/lib/"})
        if (const auto path = root_ + folder + name; ::access(path.c_str(), R_OK) == 0) paths.push_back(path);
    return paths;
  }

  std::string root_;  // "" for the machine itself
  bool runs_libraries_ = false;
};
}  // namespace

const Extract kWholeNumber{"", [](std::string_view text, std::uint64_t& value) {
                             const auto number = parse_u64(text);
                             if (number) value = *number;
                             return number.has_value();
                           }};

std::unique_ptr<Host> make_real_host(const std::string& root) { return std::make_unique<RealHost>(Root{root, false}); }
std::unique_ptr<Host> make_real_host(const Root& root) { return std::make_unique<RealHost>(root); }

}  // namespace nw
