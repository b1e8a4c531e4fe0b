// Activity: what a device says of what it did, beside its energy: the share of time in which something ran on it, and
// how many processes hold it.
//
// Never an energy and never added to one: it has no nameplate, and no Sweep, Meter or Tally ever sees it. It is read by
// a reader of its own, about once a second and at a run's edges, since a driver may take milliseconds to answer.
//
// Busy says little: of a GPU it is the share of time in which any kernel ran, not how much of the GPU that kernel used.
// It tells a device that did nothing from one that did something, and that is what it is for.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sensor/sensor.h"

namespace nw {

// How often activities are read: a little less than a second, so that sweeps of one a second have one each.
inline constexpr Nanos kBetweenGlances = millis(990);

// How `busy` is told: as a share of the time before, or as busy time that adds up.
enum class Telling : unsigned char { share, time };

struct ActivityPlate {
  std::string id;                 // "nvml/GPU-.../activity", unique on this machine
  std::string source;             // for people: "NVML utilisation"
  Part part;                      // as on the nameplates of the device's sensors; the node's are its CPUs
  std::string label;              // for people, as there
  std::string model;              // "NVIDIA A100-SXM4-40GB"
  std::vector<unsigned> indices;  // the numbers that the vendor's library gives it; a package of two dies has two
  Telling telling = Telling::share;
  std::uint64_t full = 100;          // what is said of a device that is always busy: as a share, or counted in a second
  Nanos window{};                    // a share is the mean over at most this long before it is read
  std::optional<Watts> power_limit;  // in force when the device was found
};

struct Activity {
  ActivityPlate plate;
  std::unique_ptr<Source> busy, processes;  // null where the device does not say
};

// One activity read once. What was not read, or could not be, is a Reading without a value.
struct Glance {
  Nanos at{};
  Reading busy = Reading::none(ErrorKind::absent), processes = Reading::none(ErrorKind::absent);
};

class ActivityReader {
 public:
  ActivityReader(Host& host, std::vector<Activity> activities);

  const std::vector<ActivityPlate>& plates() const { return plates_; }
  // As Reader has them.
  void release(std::string_view ids);
  void hold(std::vector<Activity> activities);
  // Reads all, or those alone that count time, which are cheap; the others keep what they said. Allocates nothing after
  // the first call. A share above 1 and an absurd number of processes are malformed.
  void read_all(std::vector<Glance>& glances) noexcept;
  void read_times(std::vector<Glance>& glances) noexcept;

 private:
  void read(std::size_t i, Glance& glance) noexcept;

  Host& host_;
  std::vector<ActivityPlate> plates_;
  std::vector<std::unique_ptr<Source>> busy_, processes_;
};

// The share of the time between two glances in which the device was busy; of one that tells shares, the later's alone.
// Nothing where it is not known.
std::optional<double> share_between(const ActivityPlate& plate, const Glance& earlier, const Glance& later);

// All CPUs of the node together, by /proc/stat; nothing where that or their number cannot be read.
std::optional<Activity> make_cpu_activity(Host& host);

}  // namespace nw
