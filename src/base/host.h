// Host: access to the machine. The only thing below the apps that touches the operating system.
//
// Everything that comes from outside passes through here as text (at probe time) or as one unsigned integer and its
// times (a repeated read), so that one Tape can hold it and any other Host can answer in its place:
//   real    this machine, or a captured tree below another root        make_real_host
//   memory  a map of files and a clock that tests turn by hand         MemoryHost
//   taping  any host, with everything that it answered written down    TapingHost
//   taped   answers from such a tape, on the tape's clock              TapedHost
// Paths are the machine's own ("/sys/class/..."); where a host's root lies is hidden in it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace nw {

class Http;  // base/http.h
struct HttpOptions;
class Ipmi;  // base/ipmi.h
class Snmp;  // base/snmp.h
struct SnmpOptions;

// What one repeated read returned: a raw integer, or why there is none. No text: reads allocate nothing.
struct Reading {
  std::uint64_t value = 0;
  bool ok = false;
  ErrorKind error = ErrorKind::failed;
  std::optional<Nanos>
      taken;  // when, on the host's clock, where that was earlier: a bus is read by a thread of its own
  std::optional<Nanos> device;  // the device's own time of this value; only differences of it mean anything

  static Reading of(std::uint64_t value, std::optional<Nanos> device = {}) { return {value, true, {}, {}, device}; }
  static Reading none(ErrorKind error) { return {0, false, error, {}, {}}; }
};

// Something opened once and read many times. read() is bounded, allocates nothing and opens nothing.
class Source {
 public:
  virtual ~Source() = default;
  virtual Reading read() noexcept = 0;
};

// How a number is found in a file's text. The name is part of the source's key on a tape.
struct Extract {
  const char* name;
  bool (*parse)(std::string_view text, std::uint64_t& value);
};
extern const Extract kWholeNumber;  // the file is one decimal number

// One counter of the kernel's perf_event interface, system-wide on one CPU.
struct PerfEvent {
  std::uint32_t type = 0;    // /sys/bus/event_source/devices/<pmu>/type
  std::uint64_t config = 0;  // from .../events/<event>
  std::uint32_t cpu = 0;     // from .../cpumask
};

// How often a slow bus (IPMI, Redfish, SNMP) is asked. One round of questions each `period`, twice as seldom after each
// failed round, at most 64 periods apart. A value older than `stale_after` is no value any more.
struct BusSchedule {
  Nanos period{};
  Nanos stale_after{};
};

// A vendor library, opened at run time.
class Library {
 public:
  virtual ~Library() = default;
  virtual void* symbol(const char* name) = 0;  // nullptr when the library has no such function
};

class Host {
 public:
  using Ask = std::function<Result<std::string>()>;
  using Count = std::function<Reading()>;
  using Round = std::function<void(std::span<Reading> answers)>;

  virtual ~Host() = default;

  // Files, at probe time. A text is at most kMaxText bytes: /proc/cpuinfo has 2 kB a thread, and nodes have thousands.
  // A directory's names come sorted.
  static constexpr std::size_t kMaxText = 16 << 20;
  virtual Result<std::string> read_text(const std::string& path) = 0;
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
  virtual Result<std::string> read_link(const std::string& path) = 0;

  // Repeated reads: of a number in a text file, of 8 bytes (little endian) at an offset of a register file
  // (/dev/cpu/0/msr), of a counter of perf_event.
  virtual Result<std::unique_ptr<Source>> open_number(const std::string& path,
                                                      const Extract& extract = kWholeNumber) = 0;
  virtual Result<std::unique_ptr<Source>> open_register(const std::string& path, std::uint64_t offset) = 0;
  virtual Result<std::unique_ptr<Source>> open_perf(const PerfEvent& event) = 0;

  // What is neither file nor counter: a question put to a vendor library, under a key that names it ("nvml:count"). A
  // taped host answers from the tape and never calls `live`. The Source of bind() calls `live` at each read.
  virtual Result<std::string> ask(const std::string& key, const Ask& live) = 0;
  virtual Result<std::unique_ptr<Source>> bind(const std::string& key, Count live) = 0;
  // The same for a bus that is too slow to be read in a sample set: one Source a key, and one thread that calls `round`
  // at the pace. `round` has a deadline of its own on everything that it asks, answers in the order of the keys, and
  // must hold what it uses by shared_ptr, since a bus that hangs is left behind. A Source's read never waits; before
  // the first round and when its value is stale it is `busy`.
  virtual Result<std::vector<std::unique_ptr<Source>>> bind_bus(const std::vector<std::string>& keys,
                                                                BusSchedule schedule, Round round) = 0;

  // Numbers in files that block when they are read, since firmware answers each: one Source a path, all read in turn by
  // a thread of their own, as a bus is. Hosts without such files open them one by one.
  virtual Result<std::vector<std::unique_ptr<Source>>> open_slow_numbers(const std::vector<std::string>& paths,
                                                                         BusSchedule schedule);

  // Access to the machine itself, for `live` closures and rounds only: a tape never sees what passes through them.
  // The first of these libraries that can be opened ("libnvidia-ml.so.1"); the rest are absent unless a host says
  // otherwise.
  virtual Result<std::shared_ptr<Library>> load(const std::vector<std::string>& names) = 0;
  virtual Result<std::shared_ptr<Ipmi>> open_ipmi(const std::string& device);
  virtual Result<std::shared_ptr<Http>> open_http(const HttpOptions& options);
  virtual Result<std::shared_ptr<Snmp>> open_snmp(const SnmpOptions& options);

  // Monotonic time; the wall clock (ns since 1970) for a Record's start alone; and a wait. sleep_until is false when
  // the host has come to its end (a tape that is over).
  virtual Nanos now() noexcept = 0;
  virtual std::int64_t wall_ns() noexcept = 0;
  virtual bool sleep_until(Nanos when) = 0;
};

// The machine that runs this program. Under a root other than "/" files come from there, libraries from that root's own
// library folders alone, and perf counters are absent, since they would be this kernel's.
std::unique_ptr<Host> make_real_host(const std::string& root = "/");

}  // namespace nw
