// The file of the SQLite store: its ownership, how it is opened, what a power cut can lose.
//
// Durability. On a local disk: a write-ahead log with synchronous=NORMAL, and no checkpoint when the database is
// closed. An append is then write(2) to the log and no fsync. The checkpoint's fsyncs, each as slow as the disk, happen
// once in some dozens of runs: when the last user closes a database that had over 1 MiB of log when it was opened.
// (SQLite's automatic checkpoint alone does not suffice: whoever opens a log first does not know how much of it was
// checkpointed, and a log that is never reused grows with every run.) A killed process loses nothing that append()
// returned for. A power cut can lose the runs since the last checkpoint, whole ones; the database stays consistent. The
// log, PATH-wal, is part of the database: copying PATH alone loses the newest runs, `nodewatt export` does not.
//
// A write-ahead log needs memory shared by all its users, which a network file system does not provide between hosts.
// On every file system not known to be local (home directories of clusters: NFS, Lustre, GPFS) a rollback journal with
// synchronous=FULL is used: slower, and a power cut loses nothing.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <cerrno>
#include <exception>
#include <memory>
#include <string>

#include "base/result.h"

namespace nw {

struct SqliteSchema {
  const char* tables;   // runs once, on an empty file, in one transaction
  const char* upgrade;  // likewise, on a file of the version before
  int version;          // the file's user_version from then on
};

// Opened and checked; created, mode 0600, with its tables, when missing. Malformed when the file is no database,
// another program's, or of a later version.
Result<std::unique_ptr<SQLite::Database>> open_sqlite_file(const std::string& path, const SqliteSchema& schema);

// The same for an existing file, read-only: nothing is created or changed. Absent when there is none.
Result<std::unique_ptr<SQLite::Database>> open_sqlite_file_to_read(const std::string& path, int version);

// The file's user_version. Throws the library's exceptions.
int file_version(SQLite::Database& database);

// The exception as an Error that names the file and, where a system call failed, its cause. The database may be null.
Error error_of(const SQLite::Exception& error, const std::string& path, SQLite::Database* database);

// Turns the library's exceptions into errors. `work` returns a Result.
template <class Work>
auto guarded(const std::string& path, SQLite::Database* database, Work work) -> decltype(work()) {
  errno = 0;
  try {
    return work();
  } catch (const SQLite::Exception& error) {
    return tl::make_unexpected(error_of(error, path, database));
  } catch (const std::exception& error) {
    return fail(ErrorKind::failed, path + ": " + error.what());
  }
}

}  // namespace nw
