// SamplingThread: the sampling thread of `run`. Reads all sensors at the period, and at once when a phase begins or
// ends. It reads utilizations once a second, after a sample set that nothing waits for, and at the run's begin and end,
// outside the bursts.
//
// Data is handed over by order, not by locks: the owner feeds the accounting before start() and after stop(), the
// thread in between.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "accounting/journal_frames.h"
#include "accounting/run_accounting.h"
#include "accounting/sampling_schedule.h"
#include "accounting/utilization_summary.h"
#include "consumer/channel.h"
#include "sensor/reader.h"
#include "sensor/utilization.h"
#include "store/journal.h"

namespace nw::cli {

class SamplingThread {
 public:
  // `journal` and `channel` may be null. All must outlive this.
  SamplingThread(Host& host, Reader& reader, RunAccounting& accounting, Channel* channel, Journal* journal,
                 SamplingSchedule schedule);
  ~SamplingThread();

  // Reads these utilizations too, into the summary; call before begin(). Both must outlive this.
  void watch(UtilizationReader& utilizations, UtilizationSummary& utilization_summary);
  // Reads the first sample set; what follows is measured. Returns its time.
  Nanos begin(pb::Record& record);
  void start();  // the thread
  // Stops the thread, takes the last events and the last sample set; the run ended at `end`.
  void stop(Nanos end, const pb::Record& record);

 private:
  void loop();
  void sample_set();
  void read_utilization();
  void take_events(const std::vector<ProgramEvent>& events);
  void tell_programs();
  void write_journal(const std::vector<std::string>& frames);

  Host& host_;
  Reader& reader_;
  RunAccounting& accounting_;
  Channel* channel_;
  Journal* journal_;
  SamplingSchedule schedule_;
  UtilizationReader* utilizations_ = nullptr;
  UtilizationSummary* utilization_summary_ = nullptr;
  bool devices_ = false;  // utilizations besides the CPUs'; CPU time is cumulative, so begin and end are enough for it
  Nanos begin_{}, last_sample_set_{}, last_utilization_sample_{}, last_told_{}, period_{};
  SampleSet sample_set_;
  std::vector<UtilizationSample> utilization_samples_;
  bool edge_ = false;  // a phase began or ended since the last sample set
  std::thread thread_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace nw::cli
