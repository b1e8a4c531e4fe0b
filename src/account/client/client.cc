// The measured program's side of nodewatt.h: finds the channel once, then writes marks into it.
//
// Depends on nothing but the C library (glibc 2.17 will do) and account/channel.h, so that it can be linked into
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

#include "account/channel.h"
#include "account/client/client.h"

namespace nw {
namespace {

std::atomic<ChannelHeader*> channel{nullptr};
enum State : int { kUnknown, kAttaching, kOff, kOn };
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

ChannelHeader* map_channel() {
  const char* path = std::getenv(kChannelVariable);
  if (path == nullptr || *path != '/') return nullptr;
  const int fd = ::open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
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
  ::munmap(map, kChannelSize);
  return nullptr;
}

// The first caller attaches; callers that come meanwhile are not measured yet.
ChannelHeader* attach() {
  int expected = kUnknown;
  if (!state.compare_exchange_strong(expected, kAttaching)) return channel.load(std::memory_order_acquire);
  ChannelHeader* header = map_channel();
  if (header != nullptr) ::pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
  channel.store(header, std::memory_order_release);
  state.store(header != nullptr ? kOn : kOff, std::memory_order_release);
  return header;
}

inline ChannelHeader* listening() {
  const int now = state.load(std::memory_order_acquire);
  if (now == kOff) [[likely]]
    return nullptr;
  if (now == kOn) return channel.load(std::memory_order_acquire);
  return attach();
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

// A phase's id tells who began it and its begin's place in the ring, which no other mark of the run has.
constexpr int kPlaceBits = 40;
constexpr std::uint64_t kNewId = 0;

// Returns the mark's id, 0 when the ring is full.
std::uint64_t write(ChannelHeader* header, const Self& who, Mark::Kind kind, std::uint64_t id, const char* name,
                    const char* unit, double value) {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  auto* slots = reinterpret_cast<ChannelSlot*>(header + 1);
  std::uint64_t position = header->head.load(std::memory_order_relaxed);
  ChannelSlot* slot = nullptr;
  for (;;) {
    const std::uint64_t index = position % kChannelSlots;
    slot = &slots[index];
    const std::uint64_t turn = slot->sequence.load(std::memory_order_acquire) + index;
    if (turn == position) {
      if (header->head.compare_exchange_weak(position, position + 1, std::memory_order_relaxed)) break;
    } else if (turn < position) {
      header->lost.fetch_add(1, std::memory_order_relaxed);
      return 0;
    } else {
      position = header->head.load(std::memory_order_relaxed);
    }
  }
  if (kind == Mark::Kind::begin && id == kNewId)
    id = std::uint64_t{who.pid} << kPlaceBits | (position & ((std::uint64_t{1} << kPlaceBits) - 1));
  slot->at_ns = now.tv_sec * 1'000'000'000 + now.tv_nsec;
  slot->id = id;
  slot->value = value;
  slot->kind = static_cast<std::uint32_t>(kind);
  slot->pid = who.pid;
  slot->tid = who.tid;
  copy_text(slot->name, sizeof slot->name, name);
  copy_text(slot->unit, sizeof slot->unit, unit);
  slot->sequence.store(position + 1 - position % kChannelSlots, std::memory_order_release);
  header->wake.fetch_add(1, std::memory_order_seq_cst);
  if (header->waiting.load(std::memory_order_seq_cst) != 0)
    ::syscall(SYS_futex, &header->wake, FUTEX_WAKE, 1, nullptr, nullptr, 0);
  return id;
}

const char* or_mark(const char* name) { return name == nullptr || *name == '\0' ? "?" : name; }

}  // namespace

void client_mark(const Mark& mark) {
  auto* header = listening();
  if (header != nullptr)
    write(header, {0, mark.pid, mark.tid}, mark.kind, mark.id, mark.name.c_str(), mark.unit.c_str(), mark.value);
}

}  // namespace nw

uint32_t nw_abi_version(void) { return NW_ABI_VERSION; }

int nw_measuring(void) { return nw::listening() != nullptr ? 1 : 0; }

nw_phase_id nw_phase_begin(const char* name) {
  auto* channel = nw::listening();
  if (channel == nullptr) return 0;
  return nw::write(channel, nw::me(), nw::Mark::Kind::begin, nw::kNewId, nw::or_mark(name), "", 0);
}

void nw_phase_end(nw_phase_id id) {
  auto* channel = nw::listening();
  if (channel != nullptr && id >> nw::kPlaceBits == nw::me().pid)  // a forked child unwinds its parent's scopes, too
    nw::write(channel, nw::me(), nw::Mark::Kind::end, id, "", "", 0);
}

void nw_work(const char* name, double count, const char* unit) {
  auto* channel = nw::listening();
  if (channel != nullptr)
    nw::write(channel, nw::me(), nw::Mark::Kind::work, 0, name == nullptr ? "" : name, nw::or_mark(unit), count);
}

void nw_figure(const char* name, double value) {
  auto* channel = nw::listening();
  if (channel != nullptr && std::isfinite(value))
    nw::write(channel, nw::me(), nw::Mark::Kind::figure, 0, nw::or_mark(name), "", value);
}

void nw_setting(const char* key, const char* value) {
  auto* channel = nw::listening();
  if (channel != nullptr)
    nw::write(channel, nw::me(), nw::Mark::Kind::setting, 0, nw::or_mark(value), nw::or_mark(key), 0);
}
