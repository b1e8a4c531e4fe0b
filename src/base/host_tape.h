// The two hosts for tapes: TapingHost records everything that another host answers; TapedHost answers from such a
// recording.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/host.h"
#include "base/tape.h"

namespace nw {

// Answers as `inner` does and writes everything to `tape`. Call begin_sample_set() before each round of reads; reads
// before the first are part of a probe and are not written: a driver records what it found through ask(). Both `inner`
// and `tape` must outlive this and every Source that it opened.
class TapingHost : public Host {
 public:
  TapingHost(Host& inner, TapeWriter& tape);

  void begin_sample_set();

  Result<std::string> read_text(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<std::string> read_link(const std::string& path) override;
  Result<std::unique_ptr<Source>> open_number(const std::string& path, const Extract& extract) override;
  Result<std::unique_ptr<Source>> open_register(const std::string& path, std::uint64_t offset) override;
  Result<std::unique_ptr<Source>> open_perf(const PerfEvent& event) override;
  Result<std::string> ask(const std::string& key, const Ask& live) override;
  Result<std::unique_ptr<Source>> bind(const std::string& key, Count live) override;
  Result<std::vector<std::unique_ptr<Source>>> bind_bus(const std::vector<std::string>& keys, BusSchedule schedule,
                                                        Round round) override;
  Result<std::vector<std::unique_ptr<Source>>> open_slow_numbers(const std::vector<std::string>& paths,
                                                                 BusSchedule schedule) override;
  Result<std::shared_ptr<Library>> load(const std::vector<std::string>& names) override;
  Result<std::shared_ptr<Ipmi>> open_ipmi(const std::string& device) override;
  Result<std::shared_ptr<Http>> open_http(const HttpOptions& options) override;
  Result<std::shared_ptr<Snmp>> open_snmp(const SnmpOptions& options) override;
  Nanos now() noexcept override;
  std::int64_t wall_ns() noexcept override;
  bool sleep_until(Nanos when) override;

  void note_read(std::uint32_t source, const Reading& reading);

 private:
  Result<std::unique_ptr<Source>> note_open(const std::string& key, Result<std::unique_ptr<Source>> opened);
  Result<std::vector<std::unique_ptr<Source>>> note_opens(const std::vector<std::string>& keys,
                                                          Result<std::vector<std::unique_ptr<Source>>> opened);
  void note_fail(std::string_view verb, const std::string& key, const Error& error);

  Host& inner_;
  TapeWriter& tape_;
  Nanos start_;
  Nanos sample_set_{};
  bool swept_ = false;                            // a sample set has begun
  std::map<std::string, std::uint32_t> numbers_;  // of the sources, by key
};

// The tape's clock stands still except for sleep_until, which moves on to the tape's next sample set whatever time was
// asked for, and for the delays of reads inside a sample set. A source that a sample set does not mention keeps its
// previous answer.
class TapedHost : public Host {
 public:
  explicit TapedHost(Tape tape);
  ~TapedHost() override;

  Result<std::string> read_text(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<std::string> read_link(const std::string& path) override;
  Result<std::unique_ptr<Source>> open_number(const std::string& path, const Extract& extract) override;
  Result<std::unique_ptr<Source>> open_register(const std::string& path, std::uint64_t offset) override;
  Result<std::unique_ptr<Source>> open_perf(const PerfEvent& event) override;
  Result<std::string> ask(const std::string& key, const Ask& live) override;
  Result<std::unique_ptr<Source>> bind(const std::string& key, Count live) override;
  Result<std::vector<std::unique_ptr<Source>>> bind_bus(const std::vector<std::string>& keys, BusSchedule schedule,
                                                        Round round) override;
  Result<std::shared_ptr<Library>> load(const std::vector<std::string>& names) override;
  Nanos now() noexcept override;
  std::int64_t wall_ns() noexcept override;
  bool sleep_until(Nanos when) override;

 private:
  struct Player;
  std::shared_ptr<Player> player_;
};

// The keys under which a tape holds the sources of files, registers and perf counters.
std::string source_key(const std::string& path, const Extract& extract);
std::string source_key(const std::string& path, std::uint64_t offset);
std::string source_key(const PerfEvent& event);

}  // namespace nw
