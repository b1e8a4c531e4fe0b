// A round's answers are published under a lock that is held only for a copy, so that a sample set never waits for the
// bus. Each answer is dated to the middle of the round unless the round dated it itself; the same value with the same
// device time is not a new one and keeps its date, so that a device that froze becomes stale.
#include "base/bus.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include <fmt/format.h>

namespace nw {

namespace {
using Clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC, as the real host's
constexpr int kSlowest = 64;              // largest backoff in periods, when every round fails
constexpr auto kLeaveAfter = std::chrono::milliseconds(200);

Nanos now() {
  return Nanos::of(std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count());
}

struct Shared {
  std::mutex mutex;
  std::condition_variable woken;
  bool stopping = false, ended = false;
  std::vector<Reading> answers;
};

bool is_old(const Reading& last, const Reading& answer) {
  return last.ok && answer.ok && answer.device && last.device == answer.device && last.value == answer.value;
}

void run_rounds(const std::shared_ptr<Shared>& shared, BusSchedule schedule, const Host::Round& round) {
  std::vector<Reading> answers(shared->answers.size());
  int wait = 1;
  for (;;) {
    const Nanos before = now();
    std::fill(answers.begin(), answers.end(), Reading::none(ErrorKind::busy));
    round(answers);
    const Nanos middle = Nanos::of(before.count() + (now() - before).count() / 2);
    for (std::size_t i = 0; i < answers.size(); ++i)
      if (!answers[i].taken)
        answers[i].taken = is_old(shared->answers[i], answers[i]) ? shared->answers[i].taken : middle;
    const bool any = std::any_of(answers.begin(), answers.end(), [](const Reading& answer) { return answer.ok; });
    wait = any ? 1 : std::min(2 * wait, kSlowest);
    std::unique_lock lock(shared->mutex);
    shared->answers = answers;
    const auto due = Clock::time_point(std::chrono::nanoseconds(before.count() + wait * schedule.period.count()));
    if (shared->woken.wait_until(lock, due, [&] { return shared->stopping; })) break;
  }
  const std::lock_guard lock(shared->mutex);
  shared->ended = true;
  shared->woken.notify_all();
}

// Ends the thread with the last Source.
class Poller {
 public:
  Poller(std::size_t count, BusSchedule schedule, Host::Round round) : shared_(std::make_shared<Shared>()) {
    shared_->answers.assign(count, Reading::none(ErrorKind::busy));
    thread_ =
        std::thread([shared = shared_, schedule, round = std::move(round)] { run_rounds(shared, schedule, round); });
  }
  ~Poller() {
    std::unique_lock lock(shared_->mutex);
    shared_->stopping = true;
    shared_->woken.notify_all();
    const bool ended = shared_->woken.wait_for(lock, kLeaveAfter, [&] { return shared_->ended; });
    lock.unlock();
    ended ? thread_.join() : thread_.detach();
  }
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  Reading answer(std::size_t index) {
    const std::lock_guard lock(shared_->mutex);
    return shared_->answers[index];
  }

 private:
  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

class BusSource : public Source {
 public:
  BusSource(std::shared_ptr<Poller> poller, std::size_t index, Nanos stale_after)
      : poller_(std::move(poller)), index_(index), stale_after_(stale_after) {}
  Reading read() noexcept override {
    const Reading reading = poller_->answer(index_);
    if (reading.taken && now() - *reading.taken > stale_after_) return Reading::none(ErrorKind::busy);
    return reading;
  }

 private:
  std::shared_ptr<Poller> poller_;
  std::size_t index_;
  Nanos stale_after_;
};
}  // namespace

std::vector<std::unique_ptr<Source>> make_bus(std::size_t count, BusSchedule schedule, Host::Round round) {
  const auto poller = std::make_shared<Poller>(count, schedule, std::move(round));
  std::vector<std::unique_ptr<Source>> sources;
  for (std::size_t i = 0; i < count; ++i)
    sources.push_back(std::make_unique<BusSource>(poller, i, schedule.stale_after));
  return sources;
}

Result<std::string> answer_within(Nanos deadline, const std::string& what, Question question) {
  struct Answer {
    std::mutex mutex;
    std::condition_variable given;
    std::optional<Result<std::string>> text;
  };
  const auto answer = std::make_shared<Answer>();
  std::thread thread([answer, question = std::move(question)] {
    auto text = question();
    const std::lock_guard lock(answer->mutex);
    answer->text = std::move(text);
    answer->given.notify_all();
  });
  std::unique_lock lock(answer->mutex);
  const auto due = Clock::now() + std::chrono::nanoseconds(deadline.count()) + kLeaveAfter;
  const bool given = answer->given.wait_until(lock, due, [&] { return answer->text.has_value(); });
  lock.unlock();
  given ? thread.join() : thread.detach();
  if (given) return std::move(*answer->text);
  return fail(ErrorKind::busy,
              fmt::format("{}: no answer within {} ms (does its name resolve?)", what, deadline.count() / kMicro));
}

}  // namespace nw
