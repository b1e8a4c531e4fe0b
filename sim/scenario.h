// Scenario: a node, its load over time, and the sensors that measure it with all their known inaccuracies. Plain
// structs, so that a bench can generate them by the thousand; parse_scenario makes one from TOML (docs/simulator.md
// lists the keys).
//
// Time 0 is the scenario's beginning and `end` its end; before and after, every component idles. Watts and joules are
// doubles here: these are the invented true values, which need not add up to the microjoule.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace nw::sim {

// ---- the node

// What determines a component's power. `none` idles for ever (its power is idle_w); `heat` is that of the other
// components: fans (sim/slow_parts.h).
enum class Load : unsigned char { none, cpu, gpu, dram, heat };

// Power at level u in 0..1: idle + awake (1 - exp(-u/0.01)) + (max - idle - awake) u.
struct Component {
  std::string name;              // unique: "gpu0"
  std::string domain = "other";  // package, dram, gpu, other; anything else is for display
  std::string model, address;    // the vendor library's name for it, and its PCI address
  Load load = Load::none;
  double idle_w = 0;
  double max_w = 0;
  double awake_w = 0;           // drawn as soon as anything at all runs
  Nanos slew{};                 // how long the rising or falling edge of an iteration takes
  Nanos lag{};                  // of fans: time constant with which they follow
  double wander_w = 0;          // standard deviation of slow changes of its own; then no piece of load may be on it
  Nanos wander = seconds(120);  // over which these are correlated
};

struct CurvePoint {
  double load = 0;        // of the rating, 0..1
  double efficiency = 1;  // 0..1
};

// The power supplies as one. The wall power is P / eta(P / rating), P being the DC mean over `smoothing` (the bulk
// capacitor rides through shorter steps). Without a curve nothing is lost.
struct Supply {
  double rating_w = 1000;
  std::vector<CurvePoint> curve;
  Nanos smoothing = millis(20);
};

// What the operating system shows of the node. cpus = 0: no /proc at all.
struct Facts {
  std::uint32_t cpus = 0;
  std::uint32_t sockets = 1;
  std::string vendor;  // as in /proc/cpuinfo; "" on ARM
  std::string model;
  std::uint32_t cpu_family = 0, cpu_model = 0;  // the same; 0: not given
  std::string flags = "fpu";
  double memory_gb = 0;
  std::string host{}, kernel{}, os{};  // its name, the kernel's release, os-release's PRETTY_NAME; "": not given
  std::string gpu_driver{}, cuda{};    // versions: of NVIDIA's or AMD's driver; of the CUDA that it can run, "12.4"
  std::uint32_t threads = 1;           // of each core
};

// ---- its load

// One piece of load. Where pieces overlap on a component, the later one in the list counts.
struct Piece {
  std::string on;  // "cpu", "gpu", "dram", or a component's name
  Nanos from{}, to{};
  double level = 1;  // 0 idle, 1 full

  // An iteration train: of each period the share `duty` is at `level`, the rest at level - depth.
  Nanos period{};
  double duty = 0.5, depth = 0;
  Nanos phase{};  // the first period begins this long before `from`

  Nanos warm_up{};  // power first rises linearly for this long

  // Every `epoch` a dip of length `dip` to dip_level (evaluation, checkpoint), at the epoch's end.
  Nanos epoch{}, dip{};
  double dip_level = 0;

  // Stalls (a data loader that is late) at random times, `stalls_per_hour` on average, each of length `stall`.
  double stalls_per_hour = 0, stall_level = 0;
  Nanos stall{};

  double noise = 0;  // sigma of slow noise, relative to the mean power; at most a third of the lowest power

  std::uint32_t processes = 1;  // that use the component, whether they work or not; counted for GPUs only
};

struct Job {
  std::string name = "job";
  Nanos start{}, end{};
};

// ---- the sensors

enum class Measure : unsigned char { counter, gauge };

struct Instrument {
  std::string name;             // unique
  std::string family;           // the driver that reads it; sim/views.cc lists them
  std::string channel;          // which of the family's channels: "package-0", "gpu0/energy"
  std::vector<std::string> of;  // components, or "dc" (all of them) or "plug", alone
  Measure measure = Measure::counter;

  double unit = 1e-6;                  // J or W of one count of the raw reading
  double quantum = 1e-6;               // J or W of one step of resolution; a counter's register counts these
  std::uint64_t wrap = 0;              // the register runs 0..wrap-1; 0: 64 bits
  double start_j = 0;                  // what the counter held at time 0
  Nanos refresh = millis(1), phase{};  // new values at phase + k refresh
  Nanos jitter{};                      // each of them comes up to this late
  Nanos window{};  // averaging of one value. Gauge: its mean (0: refresh). Counter: part of each refresh (0: all of it)
  Nanos delay{};   // a value appears this long after its time
  Nanos latency = Nanos::of(25'000);  // how long a read takes
  Nanos poll{};                       // how often a slow bus is polled for it; 0: its driver's default
  double gain = 1, offset_w = 0;
  double gain_full = 0,
         full_w = 0;    // the gain from full_w on, and linear from `gain` at 0 W to there; 0: `gain` always
  double noise_w = 0;   // a gauge's own noise, sigma
  double accuracy = 0;  // percent of error that it states itself (Redfish); 0: none
  bool silent = false;  // states nothing of its timing and precision (Redfish)
  Nanos filter{};       // energy filtering: edges blurred by half of such a slice (RAPL: 10 ms)

  bool stamps = false;  // values carry the device's own timestamp
  Nanos clock_offset{};
  double clock_drift_ppm = 0;
  Nanos clock_step = Nanos::of(1);  // the device clock's own resolution

  std::string mirror;    // shows another instrument's counter in its place
  bool missing = false;  // the machine does not have it
  bool denied = false;   // the machine has it, but access is denied
};

struct Fault {
  enum class Kind : unsigned char {
    reset,       // a counter begins again at 0
    freeze,      // from..to the value stands still
    spike,       // from..to (one refresh when to is not given) `amount` J or W is added
    fail,        // from..to reads fail with `error`
    backwards,   // a counter loses `amount` J
    late,        // from..to nothing is read
    clock_step,  // the host's wall clock jumps by `amount` seconds
    suspend,     // from..to the host sleeps: time passes, nothing is read
  };
  Kind kind = Kind::reset;
  std::string sensor;  // "" for all, and for late, clock_step, suspend
  Nanos from{}, to{};  // to 0: for ever, where that makes sense
  double amount = 0;
  ErrorKind error = ErrorKind::failed;
};
std::string_view name(Fault::Kind kind);

struct Scenario {
  std::string name = "scenario";
  std::uint64_t seed = 1;
  Nanos end{};                                       // 0: the last job's end and 10 s
  std::int64_t wall_ns = 1'767'225'600'000'000'000;  // the wall clock at time 0: 2026-01-01 00:00 UTC
  Nanos noise_step = seconds(1);                     // slow noise is constant this long
  Facts facts;
  std::vector<Component> components;
  Supply supply;
  std::vector<Piece> pieces;
  std::vector<Job> jobs;
  std::vector<Instrument> instruments;
  std::vector<Fault> faults;
};

// `origin` names the file in errors: "node.toml:12: sensor.refesh: no such key". Any bytes are safe input.
Result<Scenario> parse_scenario(std::string_view text, const std::string& origin);
Result<Scenario> read_scenario(const std::string& path);

// Checks that a scenario can be simulated; the error names the item that is wrong. Fills in `end`.
Done check_scenario(Scenario& scenario);

// Replaces pieces and the job by one of the named loads, 10 s after the beginning and `length` long.
std::vector<std::string_view> workloads();
Done set_workload(Scenario& scenario, std::string_view workload, Nanos length);
// Moves the ends of the one job, of everything that ends with it and of the scenario, so that the job is `length` long.
Done set_length(Scenario& scenario, Nanos length);

}  // namespace nw::sim
