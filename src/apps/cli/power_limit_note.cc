#include "apps/cli/power_limit_note.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>

#include <fmt/format.h>

#include "base/parse.h"

namespace nw::cli {

namespace {
constexpr std::string_view kMagic = "nodewatt-power-limits 1";
constexpr std::size_t kMostLines = 256, kLongestWord = 96, kLongest = 65'536;
constexpr std::int64_t kMostMw = 10'000'000, kMicroPerMilli = 1000;
constexpr mode_t kDirMode = 0755, kFileMode = 0644;

tl::unexpected<Error> failed_call(const std::string& path) { return tl::make_unexpected(system_error(errno, path)); }

std::string without_slash(std::string root) {
  while (root.ends_with('/')) root.pop_back();
  return root;
}
std::string path_of(const std::string& root) { return without_slash(root) + "/run/nodewatt/power-limits"; }

Done make_dirs(const std::string& root) {
  for (const char* dir : {"/run", "/run/nodewatt"}) {
    const std::string path = without_slash(root) + dir;
    if (::mkdir(path.c_str(), kDirMode) != 0 && errno != EEXIST) return failed_call(path);
  }
  return {};
}

std::string boot_id(const std::string& root) {
  const auto text = make_real_host(root)->read_text("/proc/sys/kernel/random/boot_id");
  return text ? std::string(trim(*text)) : "";
}

bool is_word(std::string_view word) {
  return !word.empty() && word.size() <= kLongestWord &&
         std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isgraph(c) != 0; });
}

// A look at the note in another process holds the lock for a moment; only one that stays is somebody's.
bool lock(int fd) {
  for (int attempt = 0; attempt < 10; ++attempt) {
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK && errno != EINTR) return false;
    ::usleep(1000);
  }
  return false;
}

bool is_at(int fd, const std::string& path) {
  struct stat opened {
  }, named{};
  return ::fstat(fd, &opened) == 0 && ::stat(path.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
         opened.st_dev == named.st_dev;
}

Result<std::string> read_all(int fd, const std::string& path) {
  std::string text(kLongest + 1, '\0');
  const ssize_t n = ::pread(fd, text.data(), text.size(), 0);
  if (n < 0) return failed_call(path);
  text.resize(static_cast<std::size_t>(n));
  return text;
}

std::string list_of(const LimitNote& note) {
  std::string text;
  for (const auto& [uuid, was] : note.lines)
    text += fmt::format("{}{} to {:g} W", text.empty() ? "" : ", ", uuid, to_watts(was));
  return text;
}

std::string restore(const LimitNote& note, const std::string& root, const std::string& path) {
  constexpr std::string_view kLeft = "a killed sweep has left GPU power limits";
  const auto host = make_real_host(root);
  auto limits = open_power_limits(*host);
  const Done done = limits ? put_back(note, **limits) : Done(tl::make_unexpected(limits.error()));
  if (!done)
    return fmt::format("{}, which are to be put back ({}), and could not be: {}. As root: nodewatt doctor", kLeft,
                       list_of(note), done.error().what);
  if (::unlink(path.c_str()) != 0) return fmt::format("{}: {}", path, system_error(errno, "not removed").what);
  return fmt::format("{}: put back ({})", kLeft, list_of(note));
}
}  // namespace

Result<LimitNote> parse_limit_note(std::string_view text) {
  LimitNote note;
  if (text.size() > kLongest) return fail(ErrorKind::malformed, "too long for a note of power limits");
  if (const auto end = text.rfind('\n'); end != text.npos)
    text = text.substr(0, end);
  else
    text = {};
  if (text.empty()) return note;  // its writer died before it had written anything
  const auto lines = split(text, '\n');
  if (lines[0] != kMagic) return fail(ErrorKind::malformed, "no note of power limits");
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto words = split(lines[i], ' ');
    if (i == 1 && words.size() == 2 && words[0] == "boot" && words[1].size() <= kLongestWord) {
      note.boot = words[1];
      continue;
    }
    const auto mw = words.size() == 3 && words[0] == "gpu" ? parse_i64(words[2]) : std::nullopt;
    if (!mw || *mw <= 0 || *mw > kMostMw || !is_word(words[1]) || note.lines.size() >= kMostLines)
      return fail(ErrorKind::malformed, fmt::format("line {} makes no sense", i + 1));
    note.lines.push_back({std::string(words[1]), Watts::of(*mw * kMicroPerMilli)});
  }
  return note;
}

Done put_back(const LimitNote& note, PowerLimits& limits) {
  std::string lost;
  Error error;
  for (const auto& [uuid, was] : note.lines) {
    const auto& gpus = limits.gpus();
    if (std::none_of(gpus.begin(), gpus.end(), [&id = uuid](const GpuLimit& gpu) { return gpu.uuid == id; })) continue;
    if (const auto now = limits.read_limit(uuid); now && *now == was) continue;
    const Done done = limits.set(uuid, was);
    if (done) continue;
    error.kind = done.error().kind;
    error.what += (error.what.empty() ? "" : "; ") + done.error().what;
  }
  if (!error.what.empty()) return tl::make_unexpected(std::move(error));
  return {};
}

Result<NoteFile> NoteFile::create(const std::string& root) {
  NW_CHECK(make_dirs(root));
  const std::string path = path_of(root);
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (!fd) return failed_call(path);
  if (!lock(fd.get()) || !is_at(fd.get(), path))
    return fail(ErrorKind::busy, "another sweep on this machine sets power limits");
  NoteFile note(std::move(fd), path);
  if (const auto old = note.read(); !old || !old->lines.empty())
    return fail(ErrorKind::busy, path + ": limits that a killed sweep left are not yet put back");
  if (::ftruncate(note.fd(), 0) != 0) return failed_call(path);
  NW_CHECK(note.write(fmt::format("{}\nboot {}\n", kMagic, boot_id(root))));
  return note;
}

Done NoteFile::write(std::string_view text) const {
  const ssize_t n = ::write(fd_.get(), text.data(), text.size());
  if (n != static_cast<ssize_t>(text.size()) || ::fdatasync(fd_.get()) != 0) return failed_call(path_);
  return {};
}

Done NoteFile::add(const std::string& uuid, Watts was) {
  if (!is_word(uuid)) return fail(ErrorKind::malformed, quote(uuid) + " is no GPU's UUID");
  return write(fmt::format("gpu {} {}\n", uuid, was.count() / kMicroPerMilli));
}

Result<LimitNote> NoteFile::read() const {
  const std::string text = NW_TRY(read_all(fd_.get(), path_));
  return parse_limit_note(text);
}

Done NoteFile::remove() {
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT) return failed_call(path_);
  return {};
}

std::string restore_left_limits(const std::string& root) {
  const std::string path = path_of(root);
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd || !lock(fd.get()) || !is_at(fd.get(), path)) return "";  // none, or its keepers live
  const auto text = read_all(fd.get(), path);
  const auto note = text ? parse_limit_note(*text) : tl::make_unexpected(text.error());
  if (!note) return fmt::format("{}: {}; no power limit is put back", path, note.error().what);
  const bool restarted = !note->boot.empty() && note->boot != boot_id(root);
  if (!restarted && !note->lines.empty()) return restore(*note, root, path);
  ::unlink(path.c_str());  // nothing was set, or the machine has forgotten it; where we may not, the next one does
  return "";
}

}  // namespace nw::cli
