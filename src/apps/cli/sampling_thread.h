// Measurement: the sampling thread of `run`. Reads all sensors at the period, and at once when a phase begins or ends.
// Activities it reads once a second, behind a sweep that nobody waits for, and at the run's edges outside the bursts.
//
// Hand-over is by order, not by locks: the owner feeds the account before start() and after stop(), the thread in
// between.
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

class Measurement {
 public:
  // `journal` and `channel` may be nothing. All must outlive this.
  Measurement(Host& host, Reader& reader, Account& account, Channel* channel, Journal* journal, Pace pace);
  ~Measurement();

  // Reads these too, into this; before begin(). Both must outlive this.
  void watch(ActivityReader& activities, Usage& usage);
  // Reads the first sweep; what follows is measured. Returns the moment.
  Nanos begin(pb::Record& record);
  void start();  // the thread
  // Stops the thread, takes the last marks and the last sweep; the run ended at `end`.
  void stop(Nanos end, const pb::Record& record);

 private:
  void loop();
  void sweep();
  void glance();
  void take_marks(const std::vector<Mark>& marks);
  void write_journal(const std::vector<std::string>& frames);

  Host& host_;
  Reader& reader_;
  Account& account_;
  Channel* channel_;
  Journal* journal_;
  Pace pace_;
  ActivityReader* activities_ = nullptr;
  Usage* usage_ = nullptr;
  bool devices_ = false;  // activities of more than the CPUs, whose time adds up: its edges are enough
  Nanos begin_{}, last_sweep_{}, last_glance_{}, period_{};
  Sweep sweep_;
  std::vector<Glance> glances_;
  bool edge_ = false;  // a phase began or ended since the last sweep
  std::thread thread_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace nw::cli
