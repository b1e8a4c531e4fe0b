// Channel: the shared memory through which measured programs hand their events to `nodewatt run`.
//
// A file of one header and a ring of slots, mapped by both sides; its path is in NODEWATT_CHANNEL. Any number of
// writers (threads and processes), one reader. A slot's sequence says whose turn it is (a bounded queue after Vyukov):
// equal to the position, a writer may take it; one more, the reader may; the reader adds the ring's length. A writer
// never waits: when the ring is full its event is lost and counted. The last quarter of the ring takes ends alone: a
// phase whose begin was taken can end, however fast events come, so that a burst loses phases whole and never leaves
// one open. Work is not lost with them: what finds no room is added up beside the ring, by thread and unit, for a
// sample counted too few would make all others too dear. The begin or end of a phase wakes the reader by futex only
// while the reader asks for it, any event when it fills the ring to the place that the reader named: a burst costs no
// more than a system call each quarter of the ring, and work between the edges none.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "client/program_event.h"

namespace nw {

inline constexpr const char* kChannelVariable = "NODEWATT_CHANNEL";
inline constexpr std::uint64_t kChannelMagic = 0x326e616863776eULL;  // "nwchan2"
inline constexpr std::uint32_t kChannelSlots = 8192;
inline constexpr std::uint32_t kChannelSlotsForEnds = kChannelSlots / 4;
inline constexpr std::uint32_t kChannelWakeThreshold = kChannelSlots / 4;  // so many events wake the reader in any case

struct alignas(64) ChannelSlot {
  std::atomic<std::uint64_t> sequence;
  std::int64_t at_ns;
  std::uint64_t id;
  double value;
  std::uint32_t kind, pid, tid;
  char name[48];
  char unit[16];
};

struct alignas(64) ChannelHeader {
  std::uint64_t magic;
  std::uint32_t slots, slot_size;
  alignas(64) std::atomic<std::uint64_t> head;  // next position to write
  alignas(64) std::atomic<std::uint32_t> wake;  // futex word; grows with each event
  std::atomic<std::uint32_t> waiting;           // the reader wants to be woken by the next edge of a phase
  std::atomic<std::uint64_t> lost;
  std::atomic<std::uint64_t> wake_at;  // the position from which on the reader is to be woken in any case; 0: none
};

// Work of one thread that found no room in the ring.
struct alignas(64) ChannelOverflowCount {
  enum State : std::uint32_t { kFree, kFilling, kReady };
  std::atomic<std::uint32_t> state;
  std::uint32_t pid, tid;
  std::atomic<double> sum;  // since the reader took it last
  char name[48];
  char unit[16];
};
inline constexpr std::size_t kChannelOverflowCounts = 256;
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<double>::is_always_lock_free &&
              sizeof(ChannelSlot) == 128 && sizeof(ChannelHeader) == 192 && sizeof(ChannelOverflowCount) == 128);

inline constexpr std::size_t kChannelSize =
    sizeof(ChannelHeader) + kChannelSlots * sizeof(ChannelSlot) + kChannelOverflowCounts * sizeof(ChannelOverflowCount);

inline ChannelSlot* slots_of(ChannelHeader& header) { return reinterpret_cast<ChannelSlot*>(&header + 1); }
inline ChannelOverflowCount* overflow_counts_of(ChannelHeader& header) {
  return reinterpret_cast<ChannelOverflowCount*>(slots_of(header) + kChannelSlots);
}

// Folders for what processes of one user on one machine share, best first: $XDG_RUNTIME_DIR, /dev/shm, /tmp. Gone at
// reboot, mostly in memory.
std::vector<std::string> shared_folders();

// The reader's side. wait() and interrupt() may be called from different threads; take() by the owner alone.
class Channel {
 public:
  // Creates the file, 0600, in the first of the shared folders that takes it; under sudo it is the user's who called
  // it, in a folder that he can reach. Removes from there the files of channels whose readers were killed: a reader
  // holds a flock on its own while it lives.
  static Result<std::unique_ptr<Channel>> create();
  ~Channel();  // removes the file
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  const std::string& path() const { return path_; }
  // All events written by now, oldest first; up to one that is just being written.
  std::vector<ProgramEvent> take();
  // The same at the end of the run, when nobody waits for one that is being written: it is lost.
  std::vector<ProgramEvent> take_rest();
  // Events that did not fit, or whose writers died while writing.
  std::uint64_t lost() const;
  // Sleeps until `when`, a phase's begin or end (if `for_edges`), a crowd of events or interrupt().
  void wait(Nanos when, bool for_edges);
  void interrupt();

 private:
  Channel(std::string path, Fd file, ChannelHeader* header);
  void take_slots(std::vector<ProgramEvent>& events, Nanos patience);
  void take_overflow_counts(std::vector<ProgramEvent>& events);

  std::string path_;
  Fd file_;  // for its lock
  ChannelHeader* header_;
  std::uint64_t tail_ = 0;
  std::uint64_t skipped_ = 0;
  Nanos stalled_since_{};
  std::atomic<bool> interrupted_ = false;
};

}  // namespace nw
