// For the tests of this layer: a directory that is removed after the test, children that end in a given way, records to
// store.
#pragma once

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "record/record.pb.h"
#include "store/uid.h"

namespace nw {

class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "nodewatt-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    dir_ = name;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::permissions(dir_, std::filesystem::perms::owner_all, ignored);
    std::filesystem::remove_all(dir_, ignored);
  }
  const std::string& dir() const { return dir_; }
  std::string operator/(const std::string& name) const { return dir_ + "/" + name; }

 private:
  std::string dir_;
};

inline std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void spill(const std::string& path, std::string_view bytes) { std::ofstream(path, std::ios::binary) << bytes; }

inline unsigned mode_of(const std::string& path) {
  return static_cast<unsigned>(std::filesystem::status(path).permissions());
}

// A child process that runs `work`, which returns its exit code. There must be no other thread.
template <class Work>
pid_t start_child(Work work) {
  const auto pid = ::fork();
  if (pid == 0) ::_exit(work());
  return pid;
}

// Its exit code, or minus the signal that ended it.
inline int wait_child(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

template <class Work>
int in_child(Work work) {
  return wait_child(start_child(work));
}

// From here on no file of this process can grow beyond `bytes`: acts like a full disk.
inline void fill_disk_at(std::uint64_t bytes) {
  ::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{bytes, bytes};
  if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(90);
}

// From here on this process runs as user nobody. Permissions do not restrict root.
inline void become_nobody() {
  constexpr unsigned kNobody = 65534;
  if (::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) ::_exit(91);
}

inline pb::Record make_record(const std::string& name, std::int64_t start_unix_ns) {
  pb::Record record;
  record.set_uid(make_uid().value());
  record.set_name(name);
  record.set_start_unix_ns(start_unix_ns);
  record.mutable_energy()->set_energy_uj(start_unix_ns * 3);
  return record;
}

}  // namespace nw
