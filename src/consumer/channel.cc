#include "consumer/channel.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "base/file.h"
#include "base/monotonic.h"
#include "base/parse.h"

namespace nw {

namespace {
constexpr Nanos kWriterDied = seconds(1);  // a slot taken and not filled for so long never will be

// Allocates the memory now: when a tmpfs is full, the first write to a sparse page would raise SIGBUS, here or in the
// measured program. Returns an errno.
int reserve(int fd) {
  int why = 0;
  while ((why = ::posix_fallocate(fd, 0, kChannelSize)) == EINTR) {
  }
  return why;
}

// Whether this is a channel of ours whose reader is dead. The creator locks it before it has its size.
bool is_orphan(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  std::uint64_t magic = 0;
  return file && ::fstat(file.get(), &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == ::geteuid() &&
         info.st_size == static_cast<off_t>(kChannelSize) &&
         ::pread(file.get(), &magic, sizeof magic, 0) == sizeof magic && magic == kChannelMagic &&
         lock_file(file.get(), path).has_value();
}

void remove_orphans(const std::string& folder) {
  std::error_code over;
  for (std::filesystem::directory_iterator at(folder, over), end; !over && at != end; at.increment(over))
    if (at->path().filename().string().starts_with("nodewatt-") && is_orphan(at->path().string()))
      ::unlink(at->path().c_str());
}

std::uint64_t random_number() {
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != sizeof random) random = static_cast<std::uint64_t>(monotonic().count());
  return random;
}

std::string text_of(const char* bytes, std::size_t size) { return valid_utf8({bytes, ::strnlen(bytes, size)}); }

struct User {
  uid_t uid;
  gid_t gid;
};

// The user who called sudo: the measured program may run as him again (sudo nodewatt ... runuser).
std::optional<User> find_sudo_user() {
  const auto number = [](const char* name) -> std::optional<std::uint64_t> {
    const char* text = std::getenv(name);
    return text == nullptr ? std::nullopt : parse_u64(text);
  };
  constexpr std::uint64_t kNone = ~uid_t{0};
  const auto uid = number("SUDO_UID"), gid = number("SUDO_GID");
  if (::geteuid() != 0 || !uid || !gid || *uid >= kNone || *gid >= kNone) return std::nullopt;
  return User{static_cast<uid_t>(*uid), static_cast<gid_t>(*gid)};
}

bool is_allocated(const struct stat& info) {
  constexpr std::int64_t kBlock = 512;  // of stat(2)
  return info.st_blocks * kBlock >= static_cast<std::int64_t>(kChannelSize);
}

constexpr std::size_t kPage = 4096;
static_assert(kPage % sizeof(ChannelSlot) == 0 && kPage % sizeof(ChannelOverflowCount) == 0);
constexpr std::uint64_t kSlotsOfPage = kPage / sizeof(ChannelSlot);
constexpr std::size_t kCountsOfPage = kPage / sizeof(ChannelOverflowCount);
constexpr std::size_t kAtOnce = 64;  // slots that are read by one call

constexpr std::array kFoldersOfAll = {"/dev/shm", "/tmp"};
}  // namespace

std::vector<std::string> shared_folders() {
  std::vector<std::string> candidates;
  if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"); runtime != nullptr && *runtime == '/')
    candidates.emplace_back(runtime);
  candidates.insert(candidates.end(), kFoldersOfAll.begin(), kFoldersOfAll.end());
  return candidates;
}

Result<std::unique_ptr<Channel>> Channel::create(Memory wanted) {
  if (wanted == Memory::sealed && !find_sudo_user() && ::prctl(PR_GET_DUMPABLE) == 1)
    if (auto sealed = create_sealed()) return sealed;
  return create_file();
}

std::unique_ptr<Channel> Channel::create_sealed() {
  Fd file(::memfd_create("nodewatt", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file || ::fchmod(file.get(), 0600) != 0 || reserve(file.get()) != 0 ||
      ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return nullptr;
  std::string path = fmt::format("/proc/{}/fd/{}", ::getpid(), file.get());
  if (::access(path.c_str(), R_OK | W_OK) != 0) return nullptr;  // no /proc
  void* map = ::mmap(nullptr, kChannelSize, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (map == MAP_FAILED) return nullptr;
  return std::unique_ptr<Channel>(
      new Channel(Memory::sealed, std::move(path), std::move(file), static_cast<ChannelHeader*>(map)));
}

Result<std::unique_ptr<Channel>> Channel::create_file() {
  const std::uint64_t random = random_number();
  Error error{ErrorKind::failed, "no folder for the channel"};
  const auto user = find_sudo_user();
  const std::vector<std::string> of_all(kFoldersOfAll.begin(), kFoldersOfAll.end());
  for (const auto& folder : user ? of_all : shared_folders()) {
    const std::string path = fmt::format("{}/nodewatt-{}-{:016x}", folder, ::getpid(), random);
    Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) {
      error = system_error(errno, path);
      continue;
    }
    if (user) [[maybe_unused]]
      const int given =
          ::fchown(file.get(), user->uid, user->gid);  // else it stays root's, and root's programs can use it
    void* map = MAP_FAILED;
    [[maybe_unused]] const Done locked = lock_file(file.get(), path);  // without locks it is removed later
    remove_orphans(folder);
    int why = reserve(file.get());
    if (why == 0) {
      map = ::mmap(nullptr, kChannelSize, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
      why = errno;
    }
    if (map != MAP_FAILED)
      return std::unique_ptr<Channel>(
          new Channel(Memory::file, path, std::move(file), static_cast<ChannelHeader*>(map)));
    ::unlink(path.c_str());
    error = system_error(why, path);
  }
  return tl::make_unexpected(error);
}

// A fresh file is all zero, but the sequence of slot i has to be i. It is stored as position minus index, so that zero
// is right and untouched pages never become resident in this process.
Channel::Channel(Memory memory, std::string path, Fd file, ChannelHeader* header)
    : memory_(memory), path_(std::move(path)), file_(std::move(file)), header_(header) {
  header_->slots = kChannelSlots;
  header_->slot_size = sizeof(ChannelSlot);
  header_->cookie = random_number();
  std::atomic_thread_fence(std::memory_order_release);
  header_->magic = kChannelMagic;
}

Channel::~Channel() {
  if (memory_ == Memory::file) ::unlink(path_.c_str());
  ::munmap(header_, kChannelSize);
}

Result<std::unique_ptr<Channel>> Channel::adopt(Fd&& memory) {
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW;
  const int seals = ::fcntl(memory.get(), F_GET_SEALS);
  if (seals < 0 || (seals & kSeals) != kSeals) return fail(ErrorKind::malformed, "the channel is no sealed memory");
  struct stat info {};
  const auto has_size = [&] {
    return ::fstat(memory.get(), &info) == 0 && info.st_size == static_cast<off_t>(kChannelSize) && is_allocated(info);
  };
  // Pages behind its end would count as its own, and hide as many holes. Nobody can add any now.
  if (!has_size() || ::ftruncate(memory.get(), static_cast<off_t>(kChannelSize)) != 0 || !has_size())
    return fail(ErrorKind::malformed, fmt::format("the channel is not {} bytes of memory", kChannelSize));
  void* map = ::mmap(nullptr, kChannelSize, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
  if (map == MAP_FAILED) return tl::make_unexpected(system_error(errno, "the channel"));
  std::unique_ptr<Channel> channel(new Channel(std::move(memory), static_cast<ChannelHeader*>(map)));
  const ChannelHeader& header = *channel->header_;
  if (header.magic != kChannelMagic || header.slots != kChannelSlots || header.slot_size != sizeof(ChannelSlot))
    return fail(ErrorKind::malformed, "the channel is of another version of nodewatt");
  channel->inode_ = {info.st_dev, info.st_ino};
  channel->header_->closed.store(0, std::memory_order_relaxed);  // by the one before
  channel->find_tail();
  return channel;
}

Channel::Channel(Fd memory, ChannelHeader* header)
    : memory_(Memory::sealed), file_(std::move(memory)), header_(header), keeps_(true) {}

// Whether adopted memory has no holes. What a program punches right after this, and is written here before the next
// call, is allocated in the name of this process: hence one call a page that is written, and none is read where it is
// mapped.
bool Channel::is_whole() {
  struct stat info {};
  if (keeps_ && !damaged_ && (::fstat(file_.get(), &info) != 0 || !is_allocated(info))) damaged_ = holey_ = true;
  return !damaged_;
}

// As the file has them, since reading a hole there allocates nothing. Returns how many: none beyond the ring's end.
std::size_t Channel::read_slots(std::span<ChannelSlot> into, std::uint64_t position) {
  const std::uint64_t index = position % kChannelSlots;
  const std::size_t count = std::min<std::size_t>(into.size(), kChannelSlots - index),
                    bytes = count * sizeof(ChannelSlot);
  const auto at = static_cast<off_t>(sizeof(ChannelHeader) + index * sizeof(ChannelSlot));
  ssize_t done = 0;
  while ((done = ::pread(file_.get(), into.data(), bytes, at)) < 0 && errno == EINTR) {
  }
  return done == static_cast<ssize_t>(bytes) ? count : 0;
}

// The first event that no reader gave back. A ring from which nobody took yet begins at 0.
void Channel::find_tail() {
  const std::uint64_t head = header_->head.load(std::memory_order_acquire);
  tail_ = head > kChannelSlots ? head - kChannelSlots : 0;
  std::array<ChannelSlot, kAtOnce> slots;
  for (bool found = false; tail_ < head && !found;) {
    const std::size_t count = read_slots({slots.data(), std::min(slots.size(), head - tail_)}, tail_);
    found = count == 0;
    for (std::size_t i = 0; i < count && !found; ++i) {
      const std::uint64_t turn = slots[i].sequence.load(std::memory_order_relaxed) + tail_ % kChannelSlots;
      found = turn <= tail_ + 1;  // written, or being written
      if (!found) ++tail_;
    }
  }
  given_back_ = tail_;
}

bool Channel::look(Nanos now) {
  if (is_whole()) header_->looked_at_ns.store(now.count(), std::memory_order_relaxed);
  return !damaged_;
}

void Channel::close() {
  if (is_whole() || !holey_)
    header_->closed.store(1, std::memory_order_relaxed);
  else
    ::fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                static_cast<off_t>((kChannelSize / kPage + 1) * kPage));
}

bool Channel::is_same(const Channel& other) const { return inode_ == other.inode_; }

void Channel::publish(const Reading& reading) {
  if (!is_whole()) return;
  ChannelReading& place = reading_of(*header_, reading.id);
  place.version.fetch_add(1, std::memory_order_seq_cst);
  place.id.store(reading.id, std::memory_order_seq_cst);
  place.kind.store(reading.kind, std::memory_order_seq_cst);
  place.energy_j.store(reading.energy_j, std::memory_order_seq_cst);
  place.uncertainty_j.store(reading.uncertainty_j, std::memory_order_seq_cst);
  place.ended.store(reading.ended ? 1 : 0, std::memory_order_seq_cst);
  place.version.fetch_add(1, std::memory_order_seq_cst);
}

std::vector<ProgramEvent> Channel::take(std::size_t most) {
  std::vector<ProgramEvent> events;
  take_slots(events, kWriterDied, most);
  take_overflow_counts(events);
  return events;
}

std::vector<ProgramEvent> Channel::take_rest() {
  std::vector<ProgramEvent> events;
  take_slots(events, Nanos{}, SIZE_MAX);
  take_overflow_counts(events);
  return events;
}

// The slots from the tail on that are written. Read twice: behind a sequence number that was seen, all of the event is
// there.
std::size_t Channel::read_written(std::span<ChannelSlot> into) {
  const std::size_t count = read_slots(into, tail_);
  std::size_t written = 0;
  const auto turn = [&](std::size_t i) {
    return into[i].sequence.load(std::memory_order_relaxed) + (tail_ + i) % kChannelSlots;
  };
  while (written < count && turn(written) == tail_ + written + 1) ++written;
  std::atomic_thread_fence(std::memory_order_acquire);
  return written == 0 ? 0 : read_slots(into.first(written), tail_);
}

// The event at the tail is still being written. Gives it up when its writer must have died.
bool Channel::skip_stalled(Nanos patience) {
  const Nanos now = monotonic();
  if (stalled_since_ == Nanos{}) stalled_since_ = now;
  if (now - stalled_since_ < patience) return false;
  stalled_since_ = Nanos{};
  ++skipped_;
  ++tail_;
  return true;
}

namespace {
ProgramEvent event_of(const ChannelSlot& slot, std::int64_t now) {
  const auto kind = slot.kind > static_cast<std::uint32_t>(ProgramEvent::kLastKind)
                        ? ProgramEvent::Kind::work
                        : static_cast<ProgramEvent::Kind>(slot.kind);
  return {kind,
          Nanos::of(std::min(slot.at_ns, now)),
          slot.id,
          slot.pid,
          slot.tid,
          text_of(slot.name, sizeof slot.name),
          text_of(slot.unit, sizeof slot.unit),
          slot.value};
}
}  // namespace

void Channel::take_slots(std::vector<ProgramEvent>& events, Nanos patience, std::size_t most) {
  const std::uint64_t end = header_->head.load(std::memory_order_acquire);  // writers may be faster than we are
  damaged_ |= end - tail_ > kChannelSlots;  // writers take slots that are free, and never go back
  if (damaged_) return;
  const std::int64_t now = monotonic().count();
  std::array<ChannelSlot, kAtOnce> slots;
  while (tail_ < end && most > 0) {
    const std::size_t written = read_written({slots.data(), std::min({slots.size(), end - tail_, most})});
    for (std::size_t i = 0; i < written; ++i) events.push_back(event_of(slots[i], now));
    if (written > 0) stalled_since_ = Nanos{};
    tail_ += written;
    most -= written;
    if (written > 0) continue;
    if (!skip_stalled(patience)) break;
    --most;
  }
  if (!keeps_ || tail_ - given_back_ > kChannelSlots / 2) give_back();
}

void Channel::give_back() {
  const bool some = given_back_ < tail_;
  for (std::uint64_t checked = SIZE_MAX; given_back_ < tail_; ++given_back_) {
    const std::uint64_t index = given_back_ % kChannelSlots;
    if (index / kSlotsOfPage != checked && !is_whole()) return;
    checked = index / kSlotsOfPage;
    slots_of(*header_)[index].sequence.store(given_back_ + kChannelSlots - index, std::memory_order_release);
  }
  // The program's memory shall not count as that of this process.
  if (some && keeps_) ::madvise(header_, kChannelSize, MADV_DONTNEED);
}

void Channel::skip_until(std::uint64_t position) {
  if (position > tail_ && position - tail_ <= kChannelSlots &&
      position <= header_->head.load(std::memory_order_acquire))
    tail_ = position;
}

// What was summed beside the ring is newer than what was in it.
void Channel::take_overflow_counts(std::vector<ProgramEvent>& events) {
  for (std::size_t i = 0; i < kChannelOverflowCounts; ++i) {
    if (i % kCountsOfPage == 0 && !is_whole()) return;
    ChannelOverflowCount& overflow_count = overflow_counts_of(*header_)[i];
    const auto state = overflow_count.state.load(std::memory_order_acquire);
    if (state == ChannelOverflowCount::kFree) return;
    if (state != ChannelOverflowCount::kReady || overflow_count.sum.load(std::memory_order_relaxed) == 0) continue;
    events.push_back({ProgramEvent::Kind::work, monotonic(), 0, overflow_count.pid, overflow_count.tid,
                      text_of(overflow_count.name, sizeof overflow_count.name),
                      text_of(overflow_count.unit, sizeof overflow_count.unit), overflow_count.sum.exchange(0)});
  }
}

std::uint64_t Channel::lost() const { return header_->lost.load(std::memory_order_relaxed) + skipped_; }

namespace {
// `private_word`: of this process alone.
void wait_for_change(const std::atomic<std::uint32_t>& word, std::uint32_t seen, Nanos when, bool private_word) {
  const timespec until{when.count() / kNanosPerSecond, when.count() % kNanosPerSecond};
  const int operation = FUTEX_WAIT_BITSET | (private_word ? FUTEX_PRIVATE_FLAG : 0);
  ::syscall(SYS_futex, &word, operation, seen, &until, nullptr, FUTEX_BITSET_MATCH_ANY);
}
}  // namespace

// A reader that waits for edges and finds any event in the ring takes it: the slot shows its kind.
void Channel::wait(Nanos when, bool for_edges) {
  if (damaged_) return wait_for_change(interrupted_, 0, when, true);
  const std::uint32_t seen = header_->wake.load(std::memory_order_acquire);
  header_->waiting.store(for_edges ? 1 : 0, std::memory_order_seq_cst);
  header_->wake_at.store(tail_ + kChannelWakeThreshold, std::memory_order_seq_cst);
  const std::uint64_t enough = for_edges ? tail_ : tail_ + kChannelWakeThreshold;
  const bool pending = header_->head.load(std::memory_order_seq_cst) > enough;
  if (!pending && interrupted_.load(std::memory_order_seq_cst) == 0) wait_for_change(header_->wake, seen, when, false);
  header_->waiting.store(0, std::memory_order_relaxed);
  header_->wake_at.store(0, std::memory_order_relaxed);
}

void Channel::interrupt() {
  interrupted_.store(1, std::memory_order_seq_cst);
  ::syscall(SYS_futex, &interrupted_, FUTEX_WAKE_PRIVATE, INT32_MAX, nullptr, nullptr, 0);
  header_->wake.fetch_add(1, std::memory_order_seq_cst);
  ::syscall(SYS_futex, &header_->wake, FUTEX_WAKE, INT32_MAX, nullptr, nullptr, 0);
}

}  // namespace nw
