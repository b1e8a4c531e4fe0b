#include "apps/noded/closer.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <ctime>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/monotonic.h"

namespace nw::noded {

namespace {
constexpr int kInterrupt = SIGALRM;

// Interrupts the thread that made it, again and again between start and stop.
class Interrupter {
 public:
  Interrupter() {
    sigevent how{};
    how.sigev_notify = SIGEV_THREAD_ID;
    how.sigev_signo = kInterrupt;
    how._sigev_un._tid = static_cast<pid_t>(::syscall(SYS_gettid));
    exists_ = ::timer_create(CLOCK_MONOTONIC, &how, &timer_) == 0;
  }
  ~Interrupter() {
    if (exists_) ::timer_delete(timer_);
  }
  Interrupter(const Interrupter&) = delete;
  Interrupter& operator=(const Interrupter&) = delete;
  void start() { set({millis(1), millis(1)}); }
  void stop() { set({}); }

 private:
  void set(std::pair<Nanos, Nanos> times) {
    const auto of = [](Nanos time) { return timespec{0, time.count()}; };
    const itimerspec wanted{of(times.first), of(times.second)};
    if (exists_) ::timer_settime(timer_, 0, &wanted, nullptr);
  }
  timer_t timer_{};
  bool exists_ = false;
};
}  // namespace

struct Closer::Worker {
  mutable std::mutex mutex;
  std::condition_variable come;
  std::deque<std::pair<std::uint32_t, Fd>> queue;  // by user; the first is being closed
  std::optional<Nanos> since;                      // when its close began
  bool over = false;

  std::size_t count(std::uint32_t uid) const {
    const std::lock_guard lock(mutex);
    return static_cast<std::size_t>(
        std::count_if(queue.begin(), queue.end(), [uid](const auto& one) { return one.first == uid; }));
  }
  void run() {
    Interrupter interrupter;
    std::unique_lock lock(mutex);
    for (;;) {
      come.wait(lock, [this] { return over || !queue.empty(); });
      if (queue.empty()) return;
      since = monotonic();
      std::optional<Fd> fd(std::move(queue.front().second));
      lock.unlock();
      interrupter.start();
      fd.reset();
      interrupter.stop();
      lock.lock();
      since.reset();
      queue.pop_front();
    }
  }
  static std::shared_ptr<Worker> start() {
    auto worker = std::make_shared<Worker>();
    std::thread([worker] { worker->run(); }).detach();
    return worker;
  }
};

Closer::Closer() {
  struct sigaction wake {};
  wake.sa_handler = [](int) {};
  ::sigaction(kInterrupt, &wake, nullptr);  // without SA_RESTART
  worker_ = Worker::start();
}

Closer::~Closer() {
  const std::lock_guard lock(worker_->mutex);
  worker_->over = true;
  worker_->come.notify_one();
}

void Closer::close(Fd fd, std::uint32_t uid) {
  const std::lock_guard lock(worker_->mutex);
  worker_->queue.emplace_back(uid, std::move(fd));
  worker_->come.notify_one();
}

bool Closer::may_hand_over(std::uint32_t uid) const {
  const bool hangs =
      std::any_of(hanging_.begin(), hanging_.end(), [uid](const auto& worker) { return worker->count(uid) > 0; });
  return !hangs && hanging_.size() < kMaxHanging && worker_->count(uid) < kMaxOfOne;
}

bool Closer::is_full() const {
  const std::lock_guard lock(worker_->mutex);
  return worker_->queue.size() >= kMaxWaiting;
}

void Closer::look(Nanos now) {
  std::erase_if(hanging_, [](const auto& worker) {
    const std::lock_guard lock(worker->mutex);
    return worker->queue.empty();
  });
  const std::unique_lock lock(worker_->mutex);
  if (!worker_->since || now - *worker_->since < kHangs) return;
  const auto next = Worker::start();
  while (worker_->queue.size() > 1) {
    const std::lock_guard its(next->mutex);
    next->queue.push_front(std::move(worker_->queue.back()));
    worker_->queue.pop_back();
  }
  next->come.notify_one();
  worker_->over = true;
  hanging_.push_back(std::exchange(worker_, next));
}

}  // namespace nw::noded
