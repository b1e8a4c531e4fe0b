#include "apps/cli/power_limit_note.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

#include <fmt/format.h>

#include "base/file.h"
#include "base/parse.h"

namespace nw::cli {

namespace {
constexpr std::string_view kMagic = "nodewatt-power-limits 1";
constexpr std::size_t kMostLines = 256, kLongestWord = 96, kLongest = 65'536;
constexpr std::int64_t kMostMw = 10'000'000, kMicroPerMilli = 1000;
constexpr mode_t kDirMode = 0755, kFileMode = 0644, kLockMode = 0600;

tl::unexpected<Error> failed_call(const std::string& path) { return tl::make_unexpected(system_error(errno, path)); }

std::string without_slash(std::string root) {
  while (root.ends_with('/')) root.pop_back();
  return root;
}
std::string path_of(const std::string& root) { return without_slash(root) + "/run/nodewatt/power-limits"; }
std::string lock_path_of(const std::string& root) { return path_of(root) + ".lock"; }

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

// The lock file stays when the note is removed: a lock on a replaced file would protect nothing. A process that only
// checks holds it for a moment; waiting tells it from a real owner.
Result<Fd> take_lock(const std::string& root) {
  const std::string path = lock_path_of(root);
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kLockMode));
  if (!fd) return failed_call(path);
  const Done locked = lock_file(fd.get(), path, Lock::exclusive, kLockLook);
  if (!locked && locked.error().kind == ErrorKind::busy)
    return fail(ErrorKind::busy, "another sweep on this machine sets power limits");
  NW_CHECK(locked);
  return fd;
}

// The folder belongs to the daemon's user, and root would apply what is written there. So a note is trusted only if it
// is owned by root or by this user, in a file that nobody else may write.
Done check_writer(int fd, const std::string& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return failed_call(path);
  const bool ours = info.st_uid == 0 || info.st_uid == ::geteuid();
  if (!S_ISREG(info.st_mode) || !ours || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0 || info.st_nlink != 1)
    return fail(
        ErrorKind::denied,
        fmt::format("written by user {} with mode {:04o}, and believed only from root, in a file that nobody else "
                    "may write: sudo rm {}",
                    info.st_uid, static_cast<unsigned>(info.st_mode) & 07777U, path));
  return {};
}

Result<std::string> read_all(int fd, const std::string& path) {
  std::string text(kLongest + 1, '\0');
  const ssize_t n = ::pread(fd, text.data(), text.size(), 0);
  if (n < 0) return failed_call(path);
  text.resize(static_cast<std::size_t>(n));
  return text;
}

std::string list_of(const std::vector<LimitNote::Line>& lines) {
  std::string text;
  for (const auto& [uuid, was] : lines)
    text += fmt::format("{}{} to {:g} W", text.empty() ? "" : ", ", uuid, to_watts(was));
  return text;
}

std::string text_of(const LimitNote& note) {
  std::string text = fmt::format("{}\nboot {}\n", kMagic, note.boot);
  for (const auto& [uuid, was] : note.lines) text += fmt::format("gpu {} {}\n", uuid, was.count() / kMicroPerMilli);
  return text;
}

Done write_whole(int fd, std::string_view text, const std::string& path) {
  NW_CHECK(write_all(fd, text, path));
  return ::fdatasync(fd) == 0 ? Done() : Done(failed_call(path));
}

Done keep_left(const std::string& path, const LimitNote& left) {
  if (!left.lines.empty()) return replace_file(path, text_of(left), true, kFileMode);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed_call(path);
  return {};
}

constexpr std::string_view kLeft = "a killed sweep has left GPU power limits";

std::string restore(const LimitNote& note, const Root& root, const std::string& path) {
  const auto host = make_real_host(root);
  const auto limits = open_power_limits(*host);
  const PutBack back = limits ? put_back(note, **limits) : PutBack{{}, {}, note.lines, limits.error()};
  if (back.failed.size() == note.lines.size())
    return fmt::format("{}, which are to be put back ({}), and could not be: {}. As root: nodewatt doctor", kLeft,
                       list_of(note.lines), back.error.what);
  const Done kept = keep_left(path, back.left(note.boot));
  std::string text = fmt::format("{}: ", kLeft);
  if (!back.set.empty())
    text += fmt::format("put back ({})", list_of(back.set));
  else if (back.is_whole())
    text += "all are as they were";
  if (const Done done = back.done(); !done)
    text += fmt::format("{}still to be put back: {}. As root, where these GPUs can be seen: nodewatt doctor",
                        back.set.empty() ? "" : "; ", done.error().what);
  return kept ? text : fmt::format("{}; {}", text, kept.error().what);
}

// A note that another process is responsible for, or for which we lack permission.
std::string tell_of(const LimitNote& note, const Error& lock) {
  if (lock.kind == ErrorKind::busy)
    return fmt::format("GPU power limits are in use by a sweep, which will put them back ({})", list_of(note.lines));
  return fmt::format(
      "GPU power limits are in use by a sweep, or left by a killed one ({}): {}. As root: nodewatt doctor",
      list_of(note.lines), lock.what);
}
}  // namespace

Result<LimitNote> parse_limit_note(std::string_view text) {
  LimitNote note;
  if (text.size() > kLongest) return fail(ErrorKind::malformed, "too long for a note of power limits");
  if (const auto end = text.rfind('\n'); end != text.npos)
    text = text.substr(0, end);
  else
    text = {};
  if (text.empty()) return note;  // its writer died before writing anything
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

LimitNote PutBack::left(std::string boot) const {
  LimitNote note{std::move(boot), failed};
  note.lines.insert(note.lines.end(), unseen.begin(), unseen.end());
  return note;
}

Done PutBack::done() const {
  if (is_whole()) return {};
  std::string what = error.what;
  if (!unseen.empty()) what += fmt::format("{}{}, not visible here", what.empty() ? "" : "; ", list_of(unseen));
  return fail(failed.empty() ? ErrorKind::absent : error.kind, what);
}

PutBack put_back(const LimitNote& note, PowerLimits& limits) {
  PutBack back;
  for (const LimitNote::Line& line : note.lines) {
    const auto& gpus = limits.gpus();
    if (std::none_of(gpus.begin(), gpus.end(), [&](const GpuLimit& gpu) { return gpu.uuid == line.uuid; })) {
      back.unseen.push_back(line);
      continue;
    }
    if (const auto now = limits.read_limit(line.uuid); now && *now == line.was) continue;
    const Done done = limits.set(line.uuid, line.was);
    (done ? back.set : back.failed).push_back(line);
    if (done) continue;
    back.error.kind = done.error().kind;
    back.error.what += (back.error.what.empty() ? "" : "; ") + done.error().what;
  }
  return back;
}

Result<NoteFile> NoteFile::create(const std::string& root) {
  NW_CHECK(make_dirs(root));
  Fd lock = NW_TRY(take_lock(root));
  const std::string path = path_of(root);
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (!fd) return failed_call(path);
  if (const Done trusted = check_writer(fd.get(), path); !trusted)
    return fail(ErrorKind::denied, path + ": " + trusted.error().what);
  NoteFile note(std::move(lock), std::move(fd), path);
  const auto old = note.read();
  if (!old || !old->lines.empty())
    return fail(ErrorKind::busy, fmt::format("{}: limits that a killed sweep left are not yet put back ({})", path,
                                             old ? list_of(old->lines) : old.error().what));
  if (::ftruncate(note.fd_.get(), 0) != 0) return failed_call(path);
  NW_CHECK(note.write(text_of({boot_id(root), {}})));
  return note;
}

Done NoteFile::write(std::string_view text) const { return write_whole(fd_.get(), text, path_); }

Done NoteFile::add(const std::string& uuid, Watts was) {
  if (!is_word(uuid)) return fail(ErrorKind::malformed, quote(uuid) + " is no GPU's UUID");
  return write(fmt::format("gpu {} {}\n", uuid, was.count() / kMicroPerMilli));
}

Result<LimitNote> NoteFile::read() const {
  const std::string text = NW_TRY(read_all(fd_.get(), path_));
  return parse_limit_note(text);
}

Done NoteFile::settle(PowerLimits& limits) {
  const LimitNote note = NW_TRY(read());
  const PutBack back = put_back(note, limits);
  NW_CHECK(keep_left(path_, back.left(note.boot)));
  return back.done();
}

Done NoteFile::remove() { return keep_left(path_, {}); }

std::string restore_left_limits(const Root& root) {
  const std::string path = path_of(root);
  const auto open_note = [&] { return Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)); };
  if (!open_note()) return "";
  const auto lock = take_lock(root);
  const Fd fd = open_note();  // read again: what was there before the lock may be gone
  if (!fd) return "";
  const Done trusted = check_writer(fd.get(), path);
  const auto text = trusted ? read_all(fd.get(), path) : Result<std::string>(tl::make_unexpected(trusted.error()));
  const auto note = text ? parse_limit_note(*text) : tl::make_unexpected(text.error());
  if (!note) return fmt::format("{}: {}; no power limit is put back", path, note.error().what);
  const bool restarted = !note->boot.empty() && note->boot != boot_id(root);
  const bool is_left = !restarted && !note->lines.empty();
  if (is_left) return lock ? restore(*note, root, path) : tell_of(*note, lock.error());
  if (lock) ::unlink(path.c_str());  // nothing was set, or a restart has reset it
  return "";
}

}  // namespace nw::cli
