// MemoryHost: a machine made of a map of files and a clock that is set by hand. For tests; it calls nothing of the
// operating system.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/host.h"

namespace nw {

class MemoryHost : public Host {
 public:
  MemoryHost();
  ~MemoryHost() override;

  // Sources opened before keep seeing the newest content; a removed file reads as absent.
  void set_file(const std::string& path, std::string content);
  void set_error(const std::string& path, ErrorKind kind);  // opening and reading it fails
  void remove_file(const std::string& path);
  void set_link(const std::string& path, const std::string& target);
  void set_register(const std::string& path, std::uint64_t offset, std::uint64_t value);
  void set_perf(const PerfEvent& event, std::uint64_t value);
  void set_perf_error(const PerfEvent& event, ErrorKind kind);
  void set_answer(const std::string& key, std::string answer);  // for ask(); other keys are asked live
  void set_libraries(bool allowed);                             // load() opens real libraries; default: none exist
  void advance(Nanos time);
  void set_wall_ns(std::int64_t wall_ns);

  Result<std::string> read_text(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<std::string> read_link(const std::string& path) override;
  Result<std::unique_ptr<Source>> open_number(const std::string& path, const Extract& extract) override;
  Result<std::unique_ptr<Source>> open_register(const std::string& path, std::uint64_t offset) override;
  Result<std::unique_ptr<Source>> open_perf(const PerfEvent& event) override;
  Result<std::string> ask(const std::string& key, const Ask& live) override;
  Result<std::unique_ptr<Source>> bind(const std::string& key, Count live) override;
  // No thread: the first Source's read makes a round, on this host's clock.
  Result<std::vector<std::unique_ptr<Source>>> bind_bus(const std::vector<std::string>& keys, BusSchedule schedule,
                                                        Round round) override;
  Result<std::shared_ptr<Library>> load(const std::vector<std::string>& names) override;
  Nanos now() noexcept override;
  std::int64_t wall_ns() noexcept override;
  bool sleep_until(Nanos when) override;  // turns the clock

 private:
  Result<std::unique_ptr<Source>> open_counter(const std::string& key);
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace nw
