#include "apps/cli/cli_common.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "accounting/journal_frames.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/parse.h"
#include "record/record.pb.h"
#include "report/escape.h"
#include "site/site_file.h"
#include "store/journal.h"
#include "store/paths.h"
#include "store/uid.h"

namespace nw::cli {

namespace {
std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

bool wants_colour(int fd, const std::string& colour) {
  if (colour != "auto") return colour == "always";
  if (!environment("NO_COLOR").empty()) return false;
  if (!environment("CLICOLOR_FORCE").empty() && environment("CLICOLOR_FORCE") != "0") return true;
  return ::isatty(fd) != 0 && environment("TERM") != "dumb";
}

bool speaks_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (const auto locale = environment(name); !locale.empty())
      return locale.find("UTF-8") != std::string_view::npos || locale.find("utf8") != std::string_view::npos;
  return false;
}

int width_of(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const auto columns = parse_u64(environment("COLUMNS"));
  return columns && *columns >= 20 && *columns <= 1000 ? static_cast<int>(*columns) : 100;
}

// Turns one dead process's journal into a record of the store. The journal is removed only when its record is stored.
Done recover(const std::string& dir, const std::string& uid, Store& store) {
  auto orphaned_journal = NW_TRY(OrphanedJournal::claim(dir, uid));
  FrameReader reader = orphaned_journal.frames();
  auto first = reader.next();
  const FramesEnd& end = reader.end();
  if (!first) {
    // Killed before it had begun. A journal that could not be read, or is from another version, is not removed.
    const bool has_begun_nothing = end.stop == Stop::clean || end.stop == Stop::cut || end.offset > 0;
    if (has_begun_nothing && end.stop != Stop::unreadable) return orphaned_journal.remove();
    return tl::make_unexpected(end.error);
  }
  auto record = rebuild_record_from([&] { return first ? std::exchange(first, std::nullopt) : reader.next(); });
  if (!record) return fail(record.error().kind, orphaned_journal.path() + ": " + record.error().what);
  if (end.stop == Stop::unreadable) return tl::make_unexpected(end.error);  // another time there may be more to read
  NW_TRY(store.append(*record));
  NW_CHECK(orphaned_journal.remove());
  std::fprintf(stderr, "nodewatt: recovered run @%s, whose measurement was killed\n", short_id(uid).c_str());
  return {};
}

Units units_of(const std::string& name) {
  static constexpr std::array<std::pair<std::string_view, Units>, 6> kUnits{{{"J", Units::J},
                                                                             {"kJ", Units::kJ},
                                                                             {"MJ", Units::MJ},
                                                                             {"Wh", Units::Wh},
                                                                             {"kWh", Units::kWh},
                                                                             {"MWh", Units::MWh}}};
  for (const auto& [word, units] : kUnits)
    if (name == word) return units;
  return Units::automatic;
}
}  // namespace

Result<std::unique_ptr<Store>> open_store() {
  auto store = NW_TRY(make_sqlite_store(NW_TRY(store_path()), [](const Error& damage) {
    error_exit("left out: " + damage.what + " (nodewatt check names all that is damaged)");
  }));
  const std::string dir = NW_TRY(journal_dir());
  const auto uids = orphaned_journals(dir);
  if (!uids) return store;
  for (const auto& uid : *uids)
    if (const auto done = recover(dir, uid, *store);
        !done && done.error().kind != ErrorKind::absent && done.error().kind != ErrorKind::busy)
      error_exit("a killed run could not be recovered: " + done.error().what);
  return store;
}

TextStyle style_for(int fd, const std::string& units, const std::string& colour, bool precise) {
  TextStyle style;
  style.width = width_of(fd);
  style.colour = wants_colour(fd, colour);
  style.utf8 = speaks_utf8();
  style.units = units_of(units);
  style.precise = precise;
  return style;
}

// The placeholder cannot be used as the stream would be: writing to it fails as on a closed one.
void hold_closed_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(fd, F_GETFD) < 0)
      (void)::open("/dev/null", (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) |
                                    O_CLOEXEC);  // open() returns the lowest free number: this one
}

Site find_site_or_warn(const std::string& config, const std::string& root) {
  auto site = find_site(config, root);
  if (site) return std::move(*site);
  error_exit("measuring without the site file: " + site.error().what);
  return {};
}

int error_exit(const std::string& what, int code) {
  std::string text;  // may contain foreign text: a name from an imported record
  for (std::size_t at = 0; at <= what.size();) {
    const auto end = std::min(what.find('\n', at), what.size());
    text += (at > 0 ? "\n" : "") + strip(std::string_view(what).substr(at, end - at));
    at = end + 1;
  }
  std::fprintf(stderr, "nodewatt: %s\n", text.c_str());
  return code;
}

int error_exit(const Error& error) { return error_exit(error.what, error.kind == ErrorKind::absent ? 3 : 1); }

int usage_error_exit(const Error& error) {
  return error.kind == ErrorKind::malformed ? error_exit(error.what, 2) : error_exit(error);
}

std::string with_host(std::string path) {
  char host[256] = {};
  if (::gethostname(host, sizeof host - 1) != 0) return path;
  for (std::size_t at = 0; (at = path.find("%h", at)) != std::string::npos; at += std::strlen(host))
    path.replace(at, 2, host);
  return path;
}

std::string host_suffix(const std::string& host) {
  std::string name = host.substr(0, 128);
  std::replace_if(
      name.begin(), name.end(),
      [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '_' && c != '.'; }, '_');
  return name.empty() ? "" : "." + name;
}

Done write_out(const std::string& path, const std::string& text, bool append) {
  if (path.empty() || path == "-") {
    if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return {};
    return tl::make_unexpected(system_error(errno, "standard output"));
  }
  struct stat info {};
  const bool special =
      ::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode);  // a pipe or a device is written to directly
  if (!append && !special) return replace_file(path, text);
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND, 0644));
  if (!fd) return tl::make_unexpected(system_error(errno, path));
  return write_all(fd.get(), text, path);
}

Done add_labels(const std::vector<std::string>& labels, pb::Record& record) {
  for (const auto& label : labels) {
    const auto at = label.find('=');
    if (at == std::string::npos || at == 0)
      return fail(ErrorKind::malformed, "--label " + label + ": not of the form KEY=VALUE");
    auto* entry = record.add_labels();
    entry->set_key(valid_utf8(label.substr(0, at)));
    entry->set_value(valid_utf8(label.substr(at + 1)));
  }
  return {};
}

}  // namespace nw::cli
