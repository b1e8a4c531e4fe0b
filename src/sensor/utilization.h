// Utilization: what a device reports about its activity, beside its energy: the share of time in which something ran on
// it, and how many processes use it.
//
// Never an energy and never added to one: it has no SensorInfo, and no SampleSet, Meter or CumulativeEnergy contains
// it. It has a reader of its own, about once a second and at a run's begin and end, since a driver may take
// milliseconds to answer.
//
// Utilization is coarse: for a GPU it is the share of time in which any kernel ran, not how much of the GPU that kernel
// used. Its purpose is to tell an idle device from one in use.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sensor/sensor.h"

namespace nw {

// How often utilizations are read: a little less than a second, so that with one sample set a second each has one.
inline constexpr Nanos kUtilizationPeriod = millis(990);

// How a device reports utilization: as a share of the time before, or as cumulative busy time.
enum class UtilizationKind : unsigned char { share, time };

// An environment variable by which a vendor's runtime, or a container's, shows a program fewer devices than there are.
// It lists UUIDs, their beginnings, or numbers; "2.0" is a part of device 2.
struct VisibleDevices {
  std::string variable;         // "CUDA_VISIBLE_DEVICES"
  bool among_shown = false;     // selects among those that the variables before it show, not among all
  bool of_container = false;    // its numbers are those of the machine outside the container
  bool numbers_alike = true;    // its numbers are the vendor library's if all devices are of one model,
  std::string order, in_order;  // and also if they are not, when this variable has this value
};

struct UtilizationInfo {
  std::string id;      // "nvml/GPU-.../activity", unique on this machine
  std::string source;  // for display: "NVML utilisation"
  Part part;           // as on the sensor infos of the device's sensors; the node's utilization is that of its CPUs
  std::string label;   // for display, as there
  std::string model;   // "NVIDIA A100-SXM4-40GB"
  std::vector<unsigned> indices;  // its numbers in the vendor's library; a package of two dies has two
  // Used to find out whose a device is, from what its driver declares; above the drivers no vendor is known by name.
  std::string vendor;  // whose devices are numbered together: "NVIDIA"; "": not stated
  std::vector<VisibleDevices>
      visible;  // the same for all devices of one vendor: of two that are not among_shown the first counts
  std::vector<std::string>
      device_nodes;  // "195:0", major and minor: a process that may open one of them may use the device
  UtilizationKind kind = UtilizationKind::share;
  std::uint64_t full = 100;          // the value for an always busy device: as a share, or counted per second
  Nanos averaging_window{};          // a share is the mean over at most this long before it is read
  std::optional<Watts> power_limit;  // in force when the device was found
};

struct Utilization {
  UtilizationInfo info;
  std::unique_ptr<Source> utilization, processes;  // null where the device does not report it
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
  // See Reader.
  void close(std::string_view ids);
  void open(std::vector<Utilization> utilizations);
  void add(std::vector<Utilization> utilizations);  // those that are not there yet
  // read_all reads all; read_times only those that count time, which is cheap: the others keep their values. Allocates
  // nothing after the first call. A share above 1 and an absurd number of processes are malformed.
  void read_all(std::vector<UtilizationSample>& utilization_samples) noexcept;
  void read_times(std::vector<UtilizationSample>& utilization_samples) noexcept;

 private:
  void read(std::size_t i, UtilizationSample& utilization_sample) noexcept;

  Host& host_;
  std::vector<UtilizationInfo> infos_;
  std::vector<std::unique_ptr<Source>> utilization_, processes_;
};

// The share of the time between two utilization samples in which the device was busy; for one that reports shares, the
// later one's. Nothing where it is not known.
std::optional<double> share_between(const UtilizationInfo& info, const UtilizationSample& earlier,
                                    const UtilizationSample& later);

// All CPUs of the node together, by /proc/stat; nothing where that or their number cannot be read.
std::optional<Utilization> make_cpu_utilization(Host& host);

// The device nodes through which the kernel lets programs compute on the GPU at this PCI address: "226:128".
std::vector<std::string> find_render_nodes(Host& host, const std::string& pci);

}  // namespace nw
