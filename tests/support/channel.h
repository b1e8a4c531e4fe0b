// A channel, and programs that use it in processes of their own: a client attaches once in a process.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>

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

}  // namespace nw::test
