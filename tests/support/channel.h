// A channel, and programs that use it in processes of their own: a client attaches once in a process.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/fd.h"
#include "client/client.h"
#include "consumer/channel.h"

namespace nw::test {

// What `program` returned, run in a child with this channel in its environment ("": none).
inline int run_child(const std::string& channel, const std::function<int()>& program) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (channel.empty())
      ::unsetenv(kChannelVariable);
    else
      ::setenv(kChannelVariable, channel.c_str(), 1);
    ::_exit(program());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

inline std::unique_ptr<Channel> make_channel(Channel::Memory memory = Channel::Memory::sealed) {
  return std::move(Channel::create(memory).value());
}

inline constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

inline Fd make_memory(std::size_t size, int seals) {
  Fd memory(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(::posix_fallocate(memory.get(), 0, static_cast<off_t>(size)), 0);
  if (seals != 0) EXPECT_EQ(::fcntl(memory.get(), F_ADD_SEALS, seals), 0);
  return memory;
}

// A channel's memory as a program makes it for the daemon.
struct Made {
  explicit Made(std::uint64_t cookie = 0) : memory(make_memory(kChannelSize, kSeals)) {
    void* map = ::mmap(nullptr, kChannelSize, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
    header = static_cast<ChannelHeader*>(map);
    header->slots = kChannelSlots;
    header->slot_size = sizeof(ChannelSlot);
    header->cookie = cookie;
    header->magic = kChannelMagic;
  }
  Made(const Made&) = delete;
  Made& operator=(const Made&) = delete;
  ~Made() { ::munmap(header, kChannelSize); }
  Fd copy() const { return Fd(::dup(memory.get())); }
  std::unique_ptr<Channel> adopt() const { return std::move(*Channel::adopt(copy())); }
  void write(int count) const {
    for (int i = 0; i < count; ++i)
      write_event(*header, {ProgramEvent::Kind::work, 0, 0, 1, 1, "", "sample", static_cast<double>(i)});
  }
  // So many pages of its slots and counts are given back to the system.
  void punch(std::size_t from, std::size_t pages) const {
    EXPECT_EQ(::fallocate(memory.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(from * 4096),
                          static_cast<off_t>(pages * 4096)),
              0);
  }
  std::int64_t pages() const {
    struct stat info {};
    ::fstat(memory.get(), &info);
    return info.st_blocks / 8;
  }
  Fd memory;
  ChannelHeader* header;
};

}  // namespace nw::test
