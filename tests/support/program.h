// Program: another program for the time of one test, with its standard input and output in our hands.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace nw::test {

// Whether a program of this name can be started.
inline bool have(const std::string& name) {
  return std::system(("PATH=$PATH:/usr/sbin command -v " + name + " >/dev/null 2>&1").c_str()) == 0;
}

class Program {
 public:
  // Its standard error goes nowhere.
  explicit Program(std::vector<std::string> arguments, const std::vector<std::string>& environment = {}) {
    int in[2], out[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      ::dup2(::open("/dev/null", O_WRONLY | O_CLOEXEC), 2);
      for (const auto& variable : environment) ::putenv(const_cast<char*>(variable.c_str()));
      std::vector<char*> argv;
      for (auto& argument : arguments) argv.push_back(argument.data());
      argv.push_back(nullptr);
      ::execvp(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    input_ = in[1];
    output_ = out[0];
  }
  ~Program() {
    ::close(input_);
    ::close(output_);
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // The next line that it prints, within ten seconds; "" when none comes.
  std::string line() {
    std::string text;
    pollfd ready{output_, POLLIN, 0};
    for (char c = 0; ::poll(&ready, 1, 10'000) == 1 && ::read(output_, &c, 1) == 1 && c != '\n';) text += c;
    return text;
  }

 private:
  pid_t pid_ = -1;
  int input_ = -1, output_ = -1;
};

// What a shell command prints, without its last line end.
inline std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = ::popen(command.c_str(), "r");
  for (int c = 0; pipe != nullptr && (c = std::fgetc(pipe)) != EOF;) text += static_cast<char>(c);
  if (pipe != nullptr) ::pclose(pipe);
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace nw::test
