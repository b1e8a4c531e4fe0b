// RankGroup: the ranks of one parallel program on one node, which share one sampler. This is the sampler's side; a
// rank's side is Rendezvous (joining) and RankConnection (rendezvous.h).
//
// Each rank is a `nodewatt run` around its own command. The first to arrive founds the rank group: a separate process
// that samples for all of them (apps/cli/sampler.cc) and is not one of the ranks, so that each rank ends when its
// command does, whatever the others do. A rank joins before it starts its command and leaves when that has ended. The
// rank group is over when its last rank has left or died, which the kernel signals by closing its connection.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/units.h"
#include "consumer/rank_wire.h"

namespace nw {

// How one rank's command ended.
struct RankEnd {
  std::optional<int> exit_code, signal;
  std::optional<Nanos> cpu;  // of the command and its descendants
};

// Totals of a rank group.
struct RankGroupSum {
  std::uint32_t ranks = 0;   // that took part
  std::uint32_t lost = 0;    // whose nodewatt died before its command's end was known
  std::uint32_t failed = 0;  // ended by a signal or with a code other than 0
  std::optional<RankEnd> first_failure;
  std::optional<std::uint32_t> lowest;  // rank
  std::optional<Nanos> cpu = Nanos{};   // of all commands; nothing when one is not known
  Nanos ended;                          // monotonic: when the last left
  Nanos spread;                         // between the first and the last that joined
};

// What the sampler has printed, to be shown by the last rank.
struct RankReport {
  std::string error, output;
  bool operator==(const RankReport&) const = default;
};

// The files of one rank group, in the folder that rendezvous.h describes.
struct RankGroupFiles {
  Fd folder, lock, listener;
  std::string name;
  unsigned generation = 0;
};

class RankGroup {
 public:
  // `group`: the group id that the records of one command's repeats share.
  RankGroup(RankGroupFiles files, const std::string& group);

  // Serves ranks until the rank group is over; in a thread of its own, other functions may be called from others. It
  // waits for the first rank, and in its first seconds for those of `expected` that have not come yet.
  void serve(std::optional<std::uint32_t> expected);
  // The sampler is ready: sent to all ranks, also to those that join later.
  void announce(const std::string& channel, bool measures);
  // Until the rank group is over.
  RankGroupSum wait();
  // After that: sends the sampler's output to the last rank, and removes the rank group's files.
  void finish(const RankReport& words);
  // The descriptors that must stay open in the sampler's process.
  std::vector<int> descriptors() const;

 private:
  struct Rank {
    Fd socket;
    std::optional<std::uint32_t> number;
    bool admitted = false;
  };
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<Rank> ranks;  // connected, and not known to have ended
    std::set<std::uint32_t> seen;
    std::optional<RankMessage> ready;
    std::string group;
    Fd last;  // connection of the last that left, for the sampler's output
    RankGroupSum sum;
    Nanos founded, first;
    bool over = false;
    bool anybody() const;  // connected
  };

  void accept_ranks(State& state);
  void hear(State& state);
  bool hear(State& state, Rank& rank);
  static bool connection(State& state, Rank& rank, const RankMessage& hello);
  static void note_end(State& state, Rank& rank, const RankMessage& message);
  static bool is_over(const State& state, std::optional<std::uint32_t> expected, Nanos now);
  void remove_files();

  RankGroupFiles files_;
  std::unique_ptr<State> state_;
};

}  // namespace nw
