// The measured program's side of nodewatt.h: finds the channel once, then writes events into it.
//
// Depends on nothing but the C library (glibc 2.17 will do) and channel_layout.h, so that it can be linked into
// anything, and into several libraries of one process. Nothing here blocks, allocates or fails: a channel that is
// absent, foreign or of another version means that nobody measures. A forked child goes on writing to the same ring
// under its own process id.
#include <fcntl.h>
#include <linux/futex.h>
#include <nodewatt/nodewatt.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "client/channel_layout.h"
#include "client/client.h"
#include "client/daemon_link.h"

namespace nw {
namespace {

std::atomic<ChannelHeader*> channel{nullptr};
enum State : int { kUnknown, kOff, kOn };
std::atomic<int> state{kUnknown};
std::atomic<std::uint32_t> forks{0};

struct Self {
  std::uint32_t forks = UINT32_MAX;
  std::uint32_t pid = 0, tid = 0;
};
thread_local Self self;

const Self& me() {
  const auto now = forks.load(std::memory_order_relaxed);
  if (self.forks != now) {
    self.pid = static_cast<std::uint32_t>(::getpid());
    self.tid = static_cast<std::uint32_t>(::syscall(SYS_gettid));
    self.forks = now;
  }
  return self;
}

std::atomic<bool> linking{false}, attaching{false};
constexpr int kWaits = 100;  // of a millisecond

// In a job the daemon is asked. One thread does it, since each link is a place that others cannot have; the rest wait
// for it. A child that was forked meanwhile would wait for ever, and is off after a tenth of a second.
ChannelHeader* link_once() {
  if (!is_in_job()) return nullptr;
  if (!linking.exchange(true, std::memory_order_acq_rel)) return link_to_daemon(false);
  for (int i = 0; i < kWaits && state.load(std::memory_order_acquire) == kUnknown; ++i) {
    const timespec millisecond{0, 1'000'000};
    ::nanosleep(&millisecond, nullptr);
  }
  return nullptr;
}

ChannelHeader* keep(ChannelHeader* own) {
  ChannelHeader* kept = nullptr;
  ::pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
  if (channel.compare_exchange_strong(kept, own, std::memory_order_acq_rel)) kept = own;
  if (kept != own) unmap_channel(own);
  state.store(kOn, std::memory_order_release);
  return kept;
}

// Threads whose first calls meet attach each for itself, so that none waits and none's event is lost; the first mapping
// is kept. A second fork handler does no harm.
ChannelHeader* attach() {
  ChannelHeader* own = map_channel(::secure_getenv(kChannelVariable));
  if (own == nullptr) own = link_once();
  if (own != nullptr) return keep(own);
  int unknown = kUnknown;
  state.compare_exchange_strong(unknown, kOff, std::memory_order_acq_rel);
  return channel.load(std::memory_order_acquire);
}

inline ChannelHeader* listening() {
  const int now = state.load(std::memory_order_acquire);
  if (now == kOff) [[likely]]
    return nullptr;
  if (now == kOn) return channel.load(std::memory_order_acquire);
  return attach();
}

std::int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

// Copies at most size-1 bytes and ends at a whole UTF-8 character.
void copy_text(char* to, std::size_t size, const char* from) {
  std::size_t length = ::strnlen(from, size);
  if (length == size) {
    --length;
    while (length > 0 && (static_cast<unsigned char>(from[length]) & 0xC0) == 0x80) --length;
  }
  std::memcpy(to, from, length);
  std::memset(to + length, 0, size - length);
}

// A phase's id consists of the process that began it and its begin's position in the ring, which is unique in the run.
constexpr int kPlaceBits = 40;
constexpr std::uint64_t kNewId = 0;

// Whether the event at this position would leave the ring's last quarter to the ends of phases.
bool leaves_room(const ChannelSlot* slots, std::uint64_t position) {
  const std::uint64_t ahead = position + kChannelSlotsForEnds, index = ahead % kChannelSlots;
  return slots[index].sequence.load(std::memory_order_relaxed) + index == ahead;
}

// The reader asked to be woken by the next begin or end of a phase, or by this many events. Of several writers one does
// it. Nothing else wakes it: work needs no sample set, and a program may report work a million times.
bool must_wake(ChannelHeader& header, std::uint64_t position, ProgramEvent::Kind kind) {
  const bool edge = kind == ProgramEvent::Kind::begin || kind == ProgramEvent::Kind::end;
  if (edge && header.waiting.load(std::memory_order_seq_cst) != 0) return header.waiting.exchange(0) != 0;
  const std::uint64_t wake_at = header.wake_at.load(std::memory_order_relaxed);
  return wake_at != 0 && position >= wake_at && header.wake_at.exchange(0) != 0;
}

// More than all threads of a machine can come in between; beyond that, somebody has written over the channel.
constexpr int kMostTries = 1 << 16;

// The next position that is free for an event of this kind; false when there is none.
bool take_position(ChannelHeader& header, ProgramEvent::Kind kind, std::uint64_t& position) {
  const ChannelSlot* slots = slots_of(header);
  position = header.head.load(std::memory_order_relaxed);
  for (int tries = 0; tries < kMostTries; ++tries) {
    const std::uint64_t index = position % kChannelSlots;
    const std::uint64_t turn = slots[index].sequence.load(std::memory_order_acquire) + index;
    if (turn == position && (kind == ProgramEvent::Kind::end || leaves_room(slots, position))) {
      if (header.head.compare_exchange_weak(position, position + 1, std::memory_order_relaxed)) return true;
    } else if (turn <= position) {
      return false;
    } else {
      position = header.head.load(std::memory_order_relaxed);
    }
  }
  return false;
}

// Adds work that did not fit in the ring to the overflow count of its thread, phase and unit. A count that another
// thread is just creating is skipped; at worst there are two for one key.
bool heap_up(ChannelHeader& header, const RawProgramEvent& event) {
  if (!(std::isfinite(event.value) && event.value >= 0)) return false;
  ChannelOverflowCount wanted{};
  copy_text(wanted.name, sizeof wanted.name, event.name);
  copy_text(wanted.unit, sizeof wanted.unit, event.unit);
  for (std::size_t i = 0; i < kChannelOverflowCounts; ++i) {
    ChannelOverflowCount& overflow_count = overflow_counts_of(header)[i];
    std::uint32_t found = ChannelOverflowCount::kFree;
    if (overflow_count.state.compare_exchange_strong(found, ChannelOverflowCount::kFilling)) {
      overflow_count.pid = event.pid, overflow_count.tid = event.tid;
      std::memcpy(overflow_count.name, wanted.name, sizeof overflow_count.name);
      std::memcpy(overflow_count.unit, wanted.unit, sizeof overflow_count.unit);
      overflow_count.state.store(found = ChannelOverflowCount::kReady, std::memory_order_release);
    }
    if (found != ChannelOverflowCount::kReady || overflow_count.pid != event.pid || overflow_count.tid != event.tid ||
        std::memcmp(overflow_count.name, wanted.name, sizeof overflow_count.name) != 0 ||
        std::memcmp(overflow_count.unit, wanted.unit, sizeof overflow_count.unit) != 0)
      continue;
    overflow_count.sum.fetch_add(event.value);
    return true;
  }
  return false;
}

const char* or_event(const char* name) { return name == nullptr || *name == '\0' ? "?" : name; }

// Bits of a thread id that the kernel uses (PID_MAX_LIMIT); tracks are distinguished by those above.
constexpr int kTidBits = 22;
constexpr std::uint32_t kApart = std::uint32_t{1} << 31;
static_assert(kClientTracks <= 1U << (31 - kTidBits));

// A daemon looks every second at least. One that looks no more was stopped; it may have been started again.
constexpr std::int64_t kStopped = 3'000'000'000, kBetweenLinks = 5'000'000'000;
std::atomic<std::int64_t> linked_at{0};

void look_for_daemon(ChannelHeader& header, std::int64_t now) {
  const std::int64_t looked = header.looked_at_ns.load(std::memory_order_relaxed);
  if (looked == 0 || (now - looked < kStopped && header.closed.load(std::memory_order_relaxed) == 0)) [[likely]]
    return;
  std::int64_t last = linked_at.load(std::memory_order_relaxed);
  if (now - last < kBetweenLinks || !linked_at.compare_exchange_strong(last, now)) return;
  if (last == 0 && looked == 1) return;  // it has not looked yet
  if (!link_again(header)) state.store(kOff, std::memory_order_release);
}

std::uint64_t write(ChannelHeader* header, ProgramEvent::Kind kind, std::uint64_t id, const char* name,
                    const char* unit, double value) {
  const std::int64_t now = now_ns();
  look_for_daemon(*header, now);
  return write_event(*header, {kind, now, id, me().pid, me().tid, name, unit, value});
}

// What the reader told of one phase.
struct Told {
  std::uint32_t kind;
  double energy, half;
  bool ended;
};

// False when nothing is told of it, or another phase has its place.
bool read_told(std::uint64_t id, Told& told) {
  auto* header = listening();
  if (header == nullptr || id == 0) return false;
  const ChannelReading& reading = reading_of(*header, id);
  for (int tries = 0; tries < 100; ++tries) {
    const std::uint32_t version = reading.version.load(std::memory_order_seq_cst);
    const std::uint64_t whose = reading.id.load(std::memory_order_seq_cst);
    told = {reading.kind.load(std::memory_order_seq_cst), reading.energy_j.load(std::memory_order_seq_cst),
            reading.uncertainty_j.load(std::memory_order_seq_cst), reading.ended.load(std::memory_order_seq_cst) == 1};
    if ((version & 1U) == 0 && reading.version.load(std::memory_order_seq_cst) == version) return whose == id;
  }
  return false;
}

constexpr char kProcess[] = "/proc/";
}  // namespace

ChannelHeader* map_channel(const char* path) {
  if (path == nullptr || *path != '/') return nullptr;
  // Memory without a file has a name below /proc alone, which is a link.
  const int follow = std::strncmp(path, kProcess, sizeof kProcess - 1) == 0 ? 0 : O_NOFOLLOW;
  const int fd = ::open(path, O_RDWR | follow | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return nullptr;
  void* map = MAP_FAILED;
  if (::lseek(fd, 0, SEEK_END) ==
      static_cast<off_t>(kChannelSize))  // fstat would ask for glibc 2.33; pipes cannot seek
    map = ::mmap(nullptr, kChannelSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (map == MAP_FAILED) return nullptr;
  auto* header = static_cast<ChannelHeader*>(map);
  if (header->magic == kChannelMagic && header->slots == kChannelSlots && header->slot_size == sizeof(ChannelSlot))
    return header;
  unmap_channel(header);
  return nullptr;
}

void unmap_channel(ChannelHeader* header) { ::munmap(header, kChannelSize); }

std::uint64_t write_event(ChannelHeader& header, const RawProgramEvent& event) {
  const std::int64_t at = event.at_ns != 0 ? event.at_ns : now_ns();
  std::uint64_t position = 0;
  if (!take_position(header, event.kind, position)) {
    if (event.kind != ProgramEvent::Kind::work || !heap_up(header, event))
      header.lost.fetch_add(1, std::memory_order_relaxed);
    return 0;
  }
  ChannelSlot& slot = slots_of(header)[position % kChannelSlots];
  slot.at_ns = at;
  slot.id = event.id;
  if (event.kind == ProgramEvent::Kind::begin && event.id == kNewId)
    slot.id = std::uint64_t{event.pid} << kPlaceBits | (position & ((std::uint64_t{1} << kPlaceBits) - 1));
  const std::uint64_t id = slot.id;
  slot.value = event.value;
  slot.kind = static_cast<std::uint32_t>(event.kind);
  slot.pid = event.pid;
  slot.tid = event.tid;
  copy_text(slot.name, sizeof slot.name, event.name);
  copy_text(slot.unit, sizeof slot.unit, event.unit);
  std::uint64_t unfilled = position - position % kChannelSlots;  // else the reader gave it up, and counted us as dead
  if (!slot.sequence.compare_exchange_strong(unfilled, unfilled + 1, std::memory_order_release)) return 0;
  header.wake.fetch_add(1, std::memory_order_seq_cst);
  if (must_wake(header, position, event.kind)) ::syscall(SYS_futex, &header.wake, FUTEX_WAKE, 1, nullptr, nullptr, 0);
  return id;
}

ChannelHeader* client_channel() { return listening(); }

std::uint32_t client_forks() { return forks.load(std::memory_order_relaxed); }

std::uint64_t client_begin(std::uint32_t track, const char* name) {
  auto* header = listening();
  if (header == nullptr) return 0;
  return write_event(*header,
                     {ProgramEvent::Kind::begin, 0, kNewId, me().pid, me().tid | track << kTidBits, or_event(name)});
}

std::uint64_t client_begin_apart(const char* name) {
  static std::atomic<std::uint32_t> count{0};
  auto* header = listening();
  if (header == nullptr) return 0;
  const std::uint32_t track = kApart | count.fetch_add(1, std::memory_order_relaxed);
  return write_event(*header, {ProgramEvent::Kind::begin, 0, kNewId, me().pid, track, or_event(name)});
}

}  // namespace nw

uint32_t nw_abi_version(void) { return NW_ABI_VERSION; }

int nw_attach(void) {
  if (nw::listening() != nullptr) return 1;
  if (nw::attaching.exchange(true, std::memory_order_acq_rel)) return 0;  // another thread is at it
  if (auto* own = nw::link_to_daemon(true); own != nullptr) nw::keep(own);
  nw::attaching.store(false, std::memory_order_release);
  return nw::listening() != nullptr ? 1 : 0;
}

int nw_measuring(void) { return nw::listening() != nullptr ? 1 : 0; }

nw_phase_id nw_phase_begin(const char* name) {
  auto* channel = nw::listening();
  if (channel == nullptr) return 0;
  return nw::write(channel, nw::ProgramEvent::Kind::begin, nw::kNewId, nw::or_event(name), "", 0);
}

void nw_phase_end(nw_phase_id id) {
  auto* channel = nw::listening();
  if (channel != nullptr && id >> nw::kPlaceBits == nw::me().pid)  // a forked child unwinds its parent's scopes, too
    nw::write(channel, nw::ProgramEvent::Kind::end, id, "", "", 0);
}

int nw_energy_is_final(nw_phase_id id) {
  nw::Told told;
  return nw::read_told(id, told) && told.ended ? 1 : 0;
}

int nw_energy(nw_phase_id id, double* joules, double* uncertainty) {
  nw::Told told;
  if (joules == nullptr || uncertainty == nullptr || !nw::read_told(id, told) || told.kind < 1 || told.kind > 4)
    return 0;
  *joules = told.energy;
  *uncertainty = told.half;
  return static_cast<int>(told.kind);
}

void nw_work(const char* name, double count, const char* unit) {
  auto* channel = nw::listening();
  if (channel != nullptr)
    nw::write(channel, nw::ProgramEvent::Kind::work, 0, name == nullptr ? "" : name, nw::or_event(unit), count);
}

void nw_figure(const char* name, double value) {
  auto* channel = nw::listening();
  if (channel != nullptr && std::isfinite(value))
    nw::write(channel, nw::ProgramEvent::Kind::figure, 0, nw::or_event(name), "", value);
}

void nw_setting(const char* key, const char* value) {
  auto* channel = nw::listening();
  if (channel != nullptr)
    nw::write(channel, nw::ProgramEvent::Kind::setting, 0, nw::or_event(value), nw::or_event(key), 0);
}
