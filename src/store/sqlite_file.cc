#include "store/sqlite_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/fd.h"
#include "store/paths.h"

namespace nw {

namespace {
constexpr int kApplication = 0x6e776174;  // "nwat", in the file's header: identifies our databases
constexpr int kBusyTimeoutMs = 5000;
constexpr off_t kLongLog = off_t{1} << 20;
// SQLite's default of 2 MiB would be filled by the first thousand jobs of a daemon that is to stay small; the pages are
// in the kernel's cache anyway.
constexpr const char* kPageCache = "PRAGMA cache_size=-256";  // KiB

// The last two, bcachefs and ZFS, have no name in linux/magic.h.
constexpr std::array<unsigned long, 10> kLocalFileSystems{
    EXT4_SUPER_MAGIC,      XFS_SUPER_MAGIC,  BTRFS_SUPER_MAGIC,    TMPFS_MAGIC, RAMFS_MAGIC,
    OVERLAYFS_SUPER_MAGIC, F2FS_SUPER_MAGIC, REISERFS_SUPER_MAGIC, 0xca451a4e,  0x2fc12fc1};

bool is_on_local_disk(const std::string& path) {
  struct statfs system {};
  if (::statfs(path.c_str(), &system) != 0) return false;
  const auto type = static_cast<unsigned long>(system.f_type) & 0xffffffff;
  return std::find(kLocalFileSystems.begin(), kLocalFileSystems.end(), type) != kLocalFileSystems.end();
}

ErrorKind kind_of(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ErrorKind::busy;
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY: return ErrorKind::denied;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT: return ErrorKind::malformed;
    default: return ErrorKind::failed;
  }
}

bool has_long_log(const std::string& path) {
  struct stat status {};
  return ::stat((path + "-wal").c_str(), &status) == 0 && status.st_size > kLongLog;
}

int read_number(SQLite::Database& database, const char* pragma) {
  return database.execAndGet(std::string("PRAGMA ") + pragma).getInt();
}

// True when the file is still empty. Read in one transaction: another process may be creating the tables.
Result<bool> check_owner(SQLite::Database& database, const std::string& path, int known_version) {
  const SQLite::Transaction snapshot(database);
  const int application = read_number(database, "application_id");
  const int version = file_version(database);
  const bool empty = application == 0 && version == 0 && read_number(database, "schema_version") == 0;
  if (!empty && application != kApplication)
    return fail(ErrorKind::malformed, path + ": a database of another program, not a nodewatt store");
  if (version > known_version)
    return fail(ErrorKind::malformed,
                fmt::format("{}: written by a newer nodewatt (version {} of the store; this one knows {})", path,
                            version, known_version));
  return empty;
}

// A change of the journal mode does not wait for locks as other statements do.
void make_journal_mode(SQLite::Database& database, const char* mode) {
  for (int waited_ms = 0;; waited_ms += 5) {
    try {
      database.execAndGet(fmt::format("PRAGMA journal_mode={}", mode));
      return;
    } catch (const SQLite::Exception& error) {
      if (kind_of(error.getErrorCode()) != ErrorKind::busy || waited_ms >= kBusyTimeoutMs) throw;
    }
    ::usleep(5000);
  }
}

void make_tables(SQLite::Database& database, const char* tables, int version) {
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  if (file_version(database) == version) return;  // another process was first
  database.exec(tables);
  database.exec(fmt::format("PRAGMA application_id={}; PRAGMA user_version={}", kApplication, version));
  transaction.commit();
}

Done prepare(SQLite::Database& database, const std::string& path, const SqliteSchema& schema) {
  sqlite3_db_config(database.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, has_long_log(path) ? 0 : 1, nullptr);
  const bool empty = NW_TRY(check_owner(database, path, schema.version));
  const bool local = is_on_local_disk(path);
  database.exec(kPageCache);
  if (empty || !local) make_journal_mode(database, local ? "WAL" : "DELETE");
  if (local) database.exec("PRAGMA synchronous=NORMAL");
  if (empty)
    make_tables(database, schema.tables, schema.version);
  else if (file_version(database) < schema.version)
    make_tables(database, schema.upgrade, schema.version);
  return {};
}
}  // namespace

int file_version(SQLite::Database& database) { return read_number(database, "user_version"); }

Error error_of(const SQLite::Exception& error, const std::string& path, SQLite::Database* database) {
  // SQLite keeps the errno of some failures only; guarded() set errno to 0 before the work.
  const int last = errno;
  const int kept = database != nullptr ? sqlite3_system_errno(database->getHandle()) : 0;
  const int cause = kept != 0 ? kept : last;
  const auto kind = kind_of(error.getErrorCode());
  const std::string what = path + ": " + error.what();
  return kind == ErrorKind::failed && cause != 0 ? system_error(cause, what) : Error{kind, what};
}

Result<std::unique_ptr<SQLite::Database>> open_sqlite_file(const std::string& path, const SqliteSchema& schema) {
  if (const auto slash = path.find_last_of('/'); slash != std::string::npos && slash > 0)
    NW_CHECK(make_private_dir(path.substr(0, slash)));
  // SQLite would create it readable for all. An existing file is not opened here: closing it would drop the locks that
  // another connection of this process holds on it (fcntl(2)).
  const Fd made(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!made && errno != EEXIST) return tl::make_unexpected(system_error(errno, path));
  std::unique_ptr<SQLite::Database> database;
  NW_CHECK(guarded(path, nullptr, [&]() -> Done {
    database = std::make_unique<SQLite::Database>(path, SQLite::OPEN_READWRITE, kBusyTimeoutMs);
    return {};
  }));
  NW_CHECK(guarded(path, database.get(), [&] { return prepare(*database, path, schema); }));
  return database;
}

Result<std::unique_ptr<SQLite::Database>> open_sqlite_file_to_read(const std::string& path, int version) {
  std::unique_ptr<SQLite::Database> database;
  NW_CHECK(guarded(path, nullptr, [&]() -> Done {
    database = std::make_unique<SQLite::Database>(path, SQLite::OPEN_READONLY, kBusyTimeoutMs);
    return {};
  }));
  const bool empty = NW_TRY(guarded(path, database.get(), [&] { return check_owner(*database, path, version); }));
  if (empty) return fail(ErrorKind::absent, path + ": holds no records yet");
  return database;
}

}  // namespace nw
