// UtilizationSummary: what the devices of a node did during one run, summed up from utilization samples.
//
// A share that is read tells of the time before it: it counts for the time since the utilization sample before, but
// never for the time before the run, so that the first that counts is read one window after the run's begin. Busy time
// that adds up is the difference between the edges. Processes are the most that were seen inside the run: at its edges
// the command is not there yet, or no more. Whatever was not seen stays unknown; a run that is shorter than the window
// has no share.
#pragma once

#include <optional>
#include <vector>

#include "record/record_fwd.h"
#include "sensor/utilization.h"

namespace nw {

class UtilizationSummary {
 public:
  explicit UtilizationSummary(std::vector<UtilizationInfo> infos);

  // The run began at `at`; what was added before was read ahead of it.
  void begin(Nanos at);
  void add(const std::vector<UtilizationSample>& utilization_samples);
  // The run ended at `at`; what is added from now on was read after it.
  void end(Nanos at);

  // Into the devices of the record (write_devices), and the node's own share.
  void write(pb::Record& record) const;

 private:
  struct Device {
    std::optional<UtilizationSample> last;              // whatever it said
    std::optional<UtilizationSample> first_time, time;  // of busy time: first and last that were read
    std::optional<UtilizationSample> interval;          // and where the present interval began
    double busy_s = 0, seen_s = 0;                      // of shares
    std::optional<double> busiest;
    std::optional<std::uint32_t> processes;
  };
  void add_share(const UtilizationInfo& info, const UtilizationSample& utilization_sample, Device& device) const;
  void add_time(const UtilizationInfo& info, const UtilizationSample& utilization_sample, Device& device) const;
  std::optional<double> busy(std::size_t i) const;

  std::vector<UtilizationInfo> infos_;
  std::vector<Device> devices_;
  std::optional<Nanos> begin_, end_;
};

// The devices themselves, as far as they are known before anything was read: the node's CPUs are no device.
void write_devices(const std::vector<UtilizationInfo>& infos, pb::Record& record);

}  // namespace nw
