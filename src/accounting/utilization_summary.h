// UtilizationSummary: the utilization of a node's devices during one run, computed from utilization samples.
//
// A share describes the time before its reading: it counts for the time since the previous utilization sample, but
// never for time before the run, so the first one that counts is read one window after the run's begin. Cumulative busy
// time is the difference between begin and end. The number of processes is the maximum seen inside the run: at its very
// begin and end the command does not run. Whatever was not read stays unknown; a run shorter than the window has no
// share.
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

  // Writes into the devices of the record (write_devices), and the node's own share.
  void write(pb::Record& record) const;

 private:
  struct Device {
    std::optional<UtilizationSample> last;              // whatever it reported
    std::optional<UtilizationSample> first_time, time;  // of busy time: first and last that were read
    std::optional<UtilizationSample> interval;          // the start of the present interval
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
