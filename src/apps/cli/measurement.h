// Measurement: the sampling thread of `run`. Reads all sensors at the period, and at once when a phase begins or ends.
//
// Hand-over is by order, not by locks: the owner feeds the account before start() and after stop(), the thread in
// between.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "account/account.h"
#include "account/channel.h"
#include "account/pace.h"
#include "account/protocol.h"
#include "sensor/reader.h"
#include "store/journal.h"

namespace nw::cli {

class Measurement {
 public:
  // `journal` and `channel` may be nothing. All must outlive this.
  Measurement(Host& host, Reader& reader, Account& account, Channel* channel, Journal* journal, Pace pace);
  ~Measurement();

  // Reads the first sweep; what follows is measured. Returns the moment.
  Nanos begin(pb::Record& record);
  void start();  // the thread
  // Stops the thread, takes the last marks and the last sweep; the run ended at `end`.
  void stop(Nanos end, const pb::Record& record);

 private:
  void loop();
  void sweep();
  void take_marks();
  void write_journal(const std::vector<std::string>& frames);

  Host& host_;
  Reader& reader_;
  Account& account_;
  Channel* channel_;
  Journal* journal_;
  Pace pace_;
  Nanos begin_{}, last_sweep_{}, period_{};
  Sweep sweep_;
  bool edge_ = false;  // a phase began or ended since the last sweep
  std::thread thread_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace nw::cli
