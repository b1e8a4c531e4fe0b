// Sensor: something that can be read, and the SensorInfo that states what a reading means.
//
// A SensorInfo is declared by a driver, never guessed from readings: above all whether the sensor is a counter of
// energy or a gauge of power. Everything above this layer works from SensorInfos and samples alone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/domain.h"
#include "base/host.h"
#include "base/units.h"

namespace nw {

enum class SensorKind : unsigned char { counter, gauge };

// How a figure is known. Ordered from best to worst: a sum has the worst provenance of its terms.
enum class Provenance : unsigned char { measured, derived, attributed, estimated };
std::string_view name(Provenance kind);

// A node's controller counts the same hardware under names of its own: "all", "cpu0", "memory0", "accel0". Which GPU
// its accel0 is, is not known, so for each domain either the controller's parts are counted or the others
// (energy/containment.h).
struct Part {
  Domain domain = Domain::node;
  std::string device;  // which one: socket "0", GPU UUID; stable over reboots where the machine allows
  bool operator==(const Part&) const = default;
  auto operator<=>(const Part&) const = default;
};

// How a time in a sensor's timing is known.
enum class TimingBasis : unsigned char { assumed, table, stated, learned };
std::string_view name(TimingBasis basis);

// A time of a sensor's timing, the most that it may be, and how that is known. A time alone is one that the maker or
// the kernel documents.
struct Timing {
  Nanos value{};
  Nanos most{};
  TimingBasis basis = TimingBasis::table;

  Timing() = default;
  Timing(Nanos known) : value(known), most(known) {}  // NOLINT(google-explicit-constructor): a time is a timing
  Timing(Nanos likely, Nanos longest, TimingBasis how) : value(likely), most(std::max(likely, longest)), basis(how) {}
  bool is_exact() const { return value == most; }
};

struct SensorInfo {
  std::string id;      // "rapl_powercap/package-0", unique on this machine
  std::string source;  // for display: "RAPL package (powercap)"
  Part part;
  std::vector<Domain> excludes;  // parts that a node or module sensor does not measure although its kind usually does
  bool is_alias = false;         // its device is another name for hardware that other drivers of the domain measure too
  std::string label;             // for display, when the device is a long name: "gpu0 NVIDIA A100-SXM4-40GB"
  Boundary boundary = Boundary::on_chip;
  SensorKind kind = SensorKind::counter;
  Provenance provenance = Provenance::measured;  // measured, or estimated by the model driver
  std::int64_t unit_num = 1;                     // one count is unit_num/unit_den uJ (counter) or uW (gauge)
  std::int64_t unit_den = 1;
  std::uint64_t wrap = 0;   // counts run 0..wrap-1; 0: 64 bits, never wraps in service
  Timing update_interval;   // a new value appears this often
  Timing averaging_window;  // a gauge is the mean over this time
  Timing delay;             // and shows it this long after that time's end
  Watts max_power{};        // a higher reading is absurd for the part
  Tolerance scale_tolerance;
  Watts offset{};                  // standard uncertainty of a constant offset
  Watts bias{};                    // a constant offset from a calibration; subtracted from every figure
  double factor = 1;               // reading / truth, from a calibration; already included in the unit
  std::vector<std::string> rules;  // patterns of the site's rules that changed this sensor info
  std::string access;              // who may read it: "root, or group by udev rule"

  // One count, in joules or watts.
  double quantum() const { return static_cast<double>(unit_num) / static_cast<double>(unit_den) * 1e-6; }
  // What a gauge's reading says.
  Watts power_of(std::uint64_t raw) const { return Watts::of(mul_div(static_cast<Int128>(raw), unit_num, unit_den)); }
  // The middle of the time that a gauge's new reading is the mean of lies this long ago.
  Nanos age() const { return Nanos::of(averaging_window.value.count() / 2) + delay.value; }
  // The farthest that a reading can be from the power that it shows.
  Nanos longest_lag() const { return update_interval.most + Nanos::of(averaging_window.most.count() / 2) + delay.most; }
  // Whether what a short run took cannot be seen from it: it can be so far behind, or is read so seldom.
  bool is_slow() const { return longest_lag() >= seconds(1); }
  bool is_slow_gauge() const { return kind == SensorKind::gauge && is_slow(); }
};

struct Sensor {
  SensorInfo info;
  std::unique_ptr<Source> source;
};

enum class Status : unsigned char { ok, absent, denied, stale, reset, implausible };
std::string_view name(Status status);

// One reading of one sensor.
struct Sample {
  Nanos before;  // monotonic, around the read
  Nanos after;
  std::optional<Nanos> device_time;
  std::uint64_t raw = 0;
  Status status = Status::absent;
  std::optional<Nanos> taken = {};  // when a bus's thread read it, before the sample set

  Nanos at() const { return taken.value_or(Nanos::of(before.count() + (after.count() - before.count()) / 2)); }
};

// All sensors of a node read once, in the order of the sensor infos.
using SampleSet = std::vector<Sample>;

}  // namespace nw
