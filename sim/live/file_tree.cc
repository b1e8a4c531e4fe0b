#include "sim/live/file_tree.h"

#include <cerrno>
#include <ctime>

#include <fmt/format.h>

#ifdef NODEWATT_FUSE
#define FUSE_USE_VERSION 31
#include <fcntl.h>
#include <fuse.h>
#include <fuse_lowlevel.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <set>
#endif

namespace nw::sim {

Nanos monotonic_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return seconds(now.tv_sec) + Nanos::of(now.tv_nsec);
}

#ifndef NODEWATT_FUSE

Result<std::unique_ptr<FileTree>> mount_tree(Mounted, const std::string& dir) {
  return fail(ErrorKind::absent, dir + ": this nodewatt-sim was built without libfuse3 (package libfuse3-dev)");
}

#else

namespace {
int errno_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::absent: return ENOENT;
    case ErrorKind::denied: return EACCES;
    case ErrorKind::busy: return EBUSY;
    case ErrorKind::malformed:
    case ErrorKind::failed: break;
  }
  return EIO;
}

// Everything that has a name in the tree.
struct Tree {
  Mounted mounted;
  std::map<std::string, std::set<std::string>> folders;
  timespec born{};

  explicit Tree(Mounted what) : mounted(std::move(what)) {
    folders["/"];
    for (const auto& [path, text] : mounted.view.files) add(path);
    for (const auto& [path, target] : mounted.view.links) add(path);
    for (const auto& [path, source] : mounted.passed) add(path);
    for (const auto& [path, registers] : mounted.view.registers) add(path);
    ::clock_gettime(CLOCK_REALTIME, &born);
  }
  void add(const std::string& path) {
    for (auto slash = path.rfind('/'), end = path.size(); slash != std::string::npos;
         end = slash, slash = slash == 0 ? std::string::npos : path.rfind('/', slash - 1))
      folders[slash == 0 ? "/" : path.substr(0, slash)].insert(path.substr(slash + 1, end - slash - 1));
  }
  Nanos now() const { return monotonic_now() - mounted.start; }
};

// An open file: a text, held while it is read from its beginning to its end; registers; or a file on the disk.
struct OpenFile {
  const TextAt* text = nullptr;
  std::string held;
  const std::map<std::uint64_t, NumberAt>* registers = nullptr;
  int passed = -1;
};

Tree& tree() { return *static_cast<Tree*>(fuse_get_context()->private_data); }
// FUSE keeps a number for us, which holds our pointer.
OpenFile& open_file(const fuse_file_info* info) {
  return *reinterpret_cast<OpenFile*>(info->fh);  // NOLINT(performance-no-int-to-ptr)
}

void* begin(fuse_conn_info*, fuse_config* config) {
  config->attr_timeout = config->entry_timeout = config->negative_timeout = 0;
  return fuse_get_context()->private_data;
}

int get_attributes(const char* path, struct stat* out, fuse_file_info*) {
  const Tree& all = tree();
  *out = {};
  out->st_nlink = 1;
  out->st_atim = out->st_mtim = out->st_ctim = all.born;
  if (all.folders.contains(path)) {
    out->st_mode = S_IFDIR | 0555;
  } else if (const auto link = all.mounted.view.links.find(path); link != all.mounted.view.links.end()) {
    out->st_mode = S_IFLNK | 0777;
    out->st_size = static_cast<off_t>(link->second.size());
  } else if (const auto passed = all.mounted.passed.find(path); passed != all.mounted.passed.end()) {
    if (::stat(passed->second.c_str(), out) != 0) return -errno;
    out->st_mode = S_IFREG | 0555;
  } else if (all.mounted.view.files.contains(path) || all.mounted.view.registers.contains(path)) {
    out->st_mode = S_IFREG | 0444;
    out->st_size = 4096;  // as sysfs does for every file
  } else {
    return -ENOENT;
  }
  return 0;
}

int read_link(const char* path, char* out, std::size_t size) {
  const auto& links = tree().mounted.view.links;
  const auto link = links.find(path);
  if (link == links.end()) return -EINVAL;
  fmt::format_to_n(out, size - 1, "{}", link->second).out[0] = '\0';
  return 0;
}

int read_folder(const char* path, void* out, fuse_fill_dir_t fill, off_t, fuse_file_info*, fuse_readdir_flags) {
  const auto folder = tree().folders.find(path);
  if (folder == tree().folders.end()) return -ENOENT;
  for (const char* name : {".", ".."}) fill(out, name, nullptr, 0, fuse_fill_dir_flags{});
  for (const auto& name : folder->second) fill(out, name.c_str(), nullptr, 0, fuse_fill_dir_flags{});
  return 0;
}

int open_path(const char* path, fuse_file_info* info) {
  if ((info->flags & O_ACCMODE) != O_RDONLY) return -EACCES;
  auto opened = std::make_unique<OpenFile>();
  const auto& mounted = tree().mounted;
  if (const auto passed = mounted.passed.find(path); passed != mounted.passed.end()) {
    opened->passed = ::open(passed->second.c_str(), O_RDONLY | O_CLOEXEC);
    if (opened->passed < 0) return -errno;
    info->keep_cache = 1;
  } else if (const auto device = mounted.view.registers.find(path); device != mounted.view.registers.end()) {
    for (const auto& [address, read] : device->second)
      if (read(tree().now()).error == ErrorKind::denied) return -EACCES;
    opened->registers = &device->second;
    info->direct_io = 1;
  } else {
    const auto file = mounted.view.files.find(path);
    if (file == mounted.view.files.end()) return -ENOENT;
    const auto text = file->second(tree().now());
    if (!text && (text.error().kind == ErrorKind::denied || text.error().kind == ErrorKind::absent))
      return -errno_of(text.error().kind);
    opened->text = &file->second;
    info->direct_io = 1;
  }
  info->fh = reinterpret_cast<std::uint64_t>(opened.release());
  return 0;
}

// As the kernel's msr driver: the offset is the register, and one that there is not is an I/O error.
int read_register(const OpenFile& file, char* out, std::size_t size, off_t offset) {
  std::uint64_t value = 0;
  if (size < sizeof value) return -EINVAL;
  const auto at = file.registers->find(static_cast<std::uint64_t>(offset));
  if (at == file.registers->end()) return -EIO;
  const Reading reading = at->second(tree().now());
  if (!reading.ok) return -errno_of(reading.error);
  value = reading.value;
  std::memcpy(out, &value, sizeof value);
  return sizeof value;
}

int read_path(const char*, char* out, std::size_t size, off_t offset, fuse_file_info* info) {
  OpenFile& file = open_file(info);
  if (file.registers != nullptr) return read_register(file, out, size, offset);
  if (file.passed >= 0) {
    const auto got = ::pread(file.passed, out, size, offset);
    return got < 0 ? -errno : static_cast<int>(got);
  }
  if (offset == 0 || file.held.empty()) {
    auto text = (*file.text)(tree().now());
    if (!text) return -errno_of(text.error().kind);
    file.held = std::move(*text);
  }
  const auto from = static_cast<std::size_t>(offset);
  return from >= file.held.size() ? 0 : static_cast<int>(file.held.copy(out, size, from));
}

int close_path(const char*, fuse_file_info* info) {
  const std::unique_ptr<OpenFile> opened(&open_file(info));
  if (opened->passed >= 0) ::close(opened->passed);
  return 0;
}

fuse_operations operations() {
  fuse_operations all{};
  all.init = begin;
  all.getattr = get_attributes;
  all.readlink = read_link;
  all.readdir = read_folder;
  all.open = open_path;
  all.read = read_path;
  all.release = close_path;
  return all;
}

class FuseTree : public FileTree {
 public:
  explicit FuseTree(Mounted mounted) : tree_(std::move(mounted)) {}
  FuseTree(const FuseTree&) = delete;
  FuseTree& operator=(const FuseTree&) = delete;
  ~FuseTree() override {
    if (mounted_) fuse_unmount(fuse_);
    if (fuse_ != nullptr) fuse_destroy(fuse_);
  }

  Done mount(const std::string& dir) {
    if (::access("/dev/fuse", R_OK | W_OK) != 0) return tl::make_unexpected(system_error(errno, "FUSE: /dev/fuse"));
    struct stat there {};
    if (::stat(dir.c_str(), &there) != 0 && errno == ENOTCONN)
      ::umount2(dir.c_str(), MNT_DETACH);  // left by a killed process
    // Other users may look if the machine permits it: root always, others by user_allow_other in /etc/fuse.conf.
    if (!try_mount(dir, "default_permissions,fsname=nodewatt-sim,allow_other") &&
        !try_mount(dir, "default_permissions,fsname=nodewatt-sim"))
      return fail(ErrorKind::failed, dir + ": FUSE cannot mount here (fusermount3 is in the package fuse3)");
    return {};
  }

  Done serve(Nanos until, const std::atomic<bool>& stop) override {
    fuse_session* session = fuse_get_session(fuse_);
    fuse_buf buffer{};
    Done done;
    while (!stop && !fuse_session_exited(session)) {
      const Nanos left = until - monotonic_now();
      if (left <= Nanos{}) break;
      pollfd door{fuse_session_fd(session), POLLIN, 0};
      if (::poll(&door, 1, static_cast<int>(std::min(left, millis(100)).count() / kMicro) + 1) <= 0) continue;
      const int got = fuse_session_receive_buf(session, &buffer);
      if (got == -EINTR || got == -EAGAIN) continue;
      if (got < 0) done = tl::make_unexpected(system_error(-got, "FUSE"));
      if (got <= 0) break;
      fuse_session_process_buf(session, &buffer);
    }
    std::free(buffer.mem);
    return done;
  }

 private:
  bool try_mount(const std::string& dir, const std::string& options) {
    std::string name = "nodewatt-sim", dash_o = "-o", list = options;
    char* arguments[] = {name.data(), dash_o.data(), list.data(), nullptr};
    fuse_args args{3, arguments, 0};
    const fuse_operations all = operations();
    if (fuse_ != nullptr) fuse_destroy(fuse_);
    fuse_ = fuse_new(&args, &all, sizeof all, &tree_);
    mounted_ = fuse_ != nullptr && fuse_mount(fuse_, dir.c_str()) == 0;
    fuse_opt_free_args(&args);
    return mounted_;
  }

  Tree tree_;
  fuse* fuse_ = nullptr;
  bool mounted_ = false;
};
}  // namespace

Result<std::unique_ptr<FileTree>> mount_tree(Mounted mounted, const std::string& dir) {
  auto made = std::make_unique<FuseTree>(std::move(mounted));
  NW_CHECK(made->mount(dir));
  return made;
}

#endif

}  // namespace nw::sim
