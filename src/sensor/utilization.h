// Utilization: what a device says of what it did, beside its energy: the share of time in which something ran on it,
// and how many processes hold it.
//
// Never an energy and never added to one: it has no sensor info, and no SampleSet, Meter or CumulativeEnergy ever sees
// it. It is read by a reader of its own, about once a second and at a run's edges, since a driver may take milliseconds
// to answer.
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

// How often utilizations are read: a little less than a second, so that sample sets of one a second have one each.
inline constexpr Nanos kUtilizationPeriod = millis(990);

// How `busy` is told: as a share of the time before, or as busy time that adds up.
enum class UtilizationKind : unsigned char { share, time };

// A variable of the environment by which a vendor's runtime, or a container's, shows a program fewer of his devices
// than there are. It lists UUIDs, their beginnings, or numbers; "2.0" is a part of device 2.
struct VisibleDevices {
  std::string variable;         // "CUDA_VISIBLE_DEVICES"
  bool among_shown = false;     // chooses among those that the variables before it show, and not among all
  bool of_container = false;    // its numbers are those of the machine outside a container
  bool numbers_alike = true;    // its numbers are the vendor library's where all devices are of one model,
  std::string order, in_order;  // and, whatever they are, where this variable has this value
};

struct UtilizationInfo {
  std::string id;                 // "nvml/GPU-.../activity", unique on this machine
  std::string source;             // for people: "NVML utilisation"
  Part part;                      // as on the sensor infos of the device's sensors; the node's are its CPUs
  std::string label;              // for people, as there
  std::string model;              // "NVIDIA A100-SXM4-40GB"
  std::vector<unsigned> indices;  // the numbers that the vendor's library gives it; a package of two dies has two
  // Whose a device is, is found by what its driver states here; above the drivers no vendor is known by name.
  std::string vendor;                   // whose devices are numbered together: "NVIDIA"; "": not stated
  std::vector<VisibleDevices> visible;  // of one vendor all the same: of two that are not among_shown the first counts
  std::vector<std::string> device_nodes;  // "195:0", major and minor: who may open one of them may use it
  UtilizationKind kind = UtilizationKind::share;
  std::uint64_t full = 100;          // what is said of a device that is always busy: as a share, or counted in a second
  Nanos averaging_window{};          // a share is the mean over at most this long before it is read
  std::optional<Watts> power_limit;  // in force when the device was found
};

struct Utilization {
  UtilizationInfo info;
  std::unique_ptr<Source> utilization, processes;  // null where the device does not say
};

// One utilization read once. What was not read, or could not be, is a Reading without a value.
struct UtilizationSample {
  Nanos at{};
  Reading utilization = Reading::none(ErrorKind::absent), processes = Reading::none(ErrorKind::absent);
};

class UtilizationReader {
 public:
  UtilizationReader(Host& host, std::vector<Utilization> utilizations);

  const std::vector<UtilizationInfo>& infos() const { return infos_; }
  // As Reader has them.
  void close(std::string_view ids);
  void open(std::vector<Utilization> utilizations);
  void add(std::vector<Utilization> utilizations);  // those that are not there yet
  // Reads all, or those alone that count time, which are cheap; the others keep what they said. Allocates nothing after
  // the first call. A share above 1 and an absurd number of processes are malformed.
  void read_all(std::vector<UtilizationSample>& utilization_samples) noexcept;
  void read_times(std::vector<UtilizationSample>& utilization_samples) noexcept;

 private:
  void read(std::size_t i, UtilizationSample& utilization_sample) noexcept;

  Host& host_;
  std::vector<UtilizationInfo> infos_;
  std::vector<std::unique_ptr<Source>> utilization_, processes_;
};

// The share of the time between two utilization samples in which the device was busy; of one that tells shares, the
// later's alone. Nothing where it is not known.
std::optional<double> share_between(const UtilizationInfo& info, const UtilizationSample& earlier,
                                    const UtilizationSample& later);

// All CPUs of the node together, by /proc/stat; nothing where that or their number cannot be read.
std::optional<Utilization> make_cpu_utilization(Host& host);

// The device nodes through which the kernel lets programs compute on the GPU at this PCI address: "226:128".
std::vector<std::string> find_render_nodes(Host& host, const std::string& pci);

}  // namespace nw
