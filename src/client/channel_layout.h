// The layout of the channel: the shared memory through which measured programs hand their events to `nodewatt run` or
// to the node's daemon (consumer/channel.h). Standard C++ alone, since it is compiled into programs that know nothing
// of us.
//
// Memory with one header and a ring of slots, mapped by both sides. `nodewatt run` makes it and names it in
// NODEWATT_CHANNEL; for the daemon the program makes it and hands it over (daemon_link.h). Any number of
// writers (threads and processes), one reader. The slot's sequence number decides who may use it (a bounded queue after
// Vyukov): equal to the position, a writer may take it; one more, the reader may; the reader adds the ring's length. A
// writer never waits: when the ring is full its event is lost and counted. The last quarter of the ring is reserved for
// ends: a phase whose begin was stored can always end, however fast events come, so a burst loses whole phases and
// never leaves one open. Work is not lost: what does not fit is summed beside the ring, by thread and unit, since
// losing samples would make the energy per sample too high. The begin or end of a phase wakes the reader by futex only
// while the reader asks for it, and any event does when it fills the ring to the position that the reader set: a burst
// costs at most one system call for each quarter of the ring, and work events between phase boundaries none. The daemon
// asks for no wake-ups: it looks many times a second.
//
// Behind the ring are the readings: what phases were given so far, written by the reader for the program to ask
// (nw_energy). A phase has its place by its id; another one may take it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace nw {

inline constexpr const char* kChannelVariable = "NODEWATT_CHANNEL";
inline constexpr std::uint64_t kChannelMagic = 0x336e616863776eULL;  // "nwchan3"
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
  std::uint64_t cookie;                         // random: by it the program knows its memory again
  alignas(64) std::atomic<std::uint64_t> head;  // next position to write
  alignas(64) std::atomic<std::uint32_t> wake;  // futex word; grows with each event
  std::atomic<std::uint32_t> waiting;           // the reader wants to be woken by the next phase begin or end
  std::atomic<std::uint64_t> lost;
  std::atomic<std::uint64_t> wake_at;      // the position from which on the reader is woken in any case; 0: none
  std::atomic<std::int64_t> looked_at_ns;  // when the daemon looked last; 0: the reader is no daemon
  std::atomic<std::uint32_t> closed;       // the daemon looks no more
};

// Work of one thread that did not fit in the ring.
struct alignas(64) ChannelOverflowCount {
  enum State : std::uint32_t { kFree, kFilling, kReady };
  std::atomic<std::uint32_t> state;
  std::uint32_t pid, tid;
  std::atomic<double> sum;  // since the reader took it last
  char name[48];
  char unit[16];
};
inline constexpr std::size_t kChannelOverflowCounts = 256;

// What one phase was given. `version` is odd while the reader writes.
struct alignas(64) ChannelReading {
  std::atomic<std::uint32_t> version;
  std::atomic<std::uint32_t> kind;  // 1 measured, 2 derived, 3 attributed, 4 estimated
  std::atomic<std::uint64_t> id;    // of the phase; 0: none
  std::atomic<double> energy_j, uncertainty_j;
  std::atomic<std::uint32_t> ended;  // 1: the phase was counted to its end
};
inline constexpr std::size_t kChannelReadings = 1024;
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<double>::is_always_lock_free &&
              sizeof(ChannelSlot) == 128 && sizeof(ChannelHeader) == 192 && sizeof(ChannelOverflowCount) == 128 &&
              sizeof(ChannelReading) == 64);

inline constexpr std::size_t kChannelSize = sizeof(ChannelHeader) + kChannelSlots * sizeof(ChannelSlot) +
                                            kChannelOverflowCounts * sizeof(ChannelOverflowCount) +
                                            kChannelReadings * sizeof(ChannelReading);

inline ChannelSlot* slots_of(ChannelHeader& header) { return reinterpret_cast<ChannelSlot*>(&header + 1); }
inline ChannelOverflowCount* overflow_counts_of(ChannelHeader& header) {
  return reinterpret_cast<ChannelOverflowCount*>(slots_of(header) + kChannelSlots);
}
inline ChannelReading& reading_of(ChannelHeader& header, std::uint64_t id) {
  return reinterpret_cast<ChannelReading*>(overflow_counts_of(header) + kChannelOverflowCounts)[id % kChannelReadings];
}

}  // namespace nw
