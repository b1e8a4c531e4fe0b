#include "sensor/search.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <utility>

namespace nw {

namespace {
constexpr Nanos kLeaveAfter = millis(200);
}

struct SensorSearch::Look {
  std::mutex mutex;
  std::condition_variable ended;
  std::optional<Inventory> inventory;

  bool await(Nanos patience) {
    std::unique_lock lock(mutex);
    return ended.wait_for(lock, std::chrono::nanoseconds(patience.count()), [&] { return inventory.has_value(); });
  }
};

SensorSearch::SensorSearch(std::shared_ptr<Host> host, Site site, const Inventory& first, std::vector<SensorInfo> known,
                           Nanos now)
    : host_(std::move(host)),
      site_(std::make_shared<const Site>(std::move(site))),
      known_(std::move(known)),
      due_(now + kFirst) {
  learn(first);
}

SensorSearch::~SensorSearch() {
  if (!thread_.joinable()) return;
  await(kLeaveAfter) ? thread_.join() : thread_.detach();
}

// Sensors of drivers that were not probed again stay missing.
void SensorSearch::learn(const Inventory& inventory) {
  std::erase_if(missing_, [&](const DriverDiagnostic& one) {
    return std::any_of(unfinished_.begin(), unfinished_.end(),
                       [&](const Driver* asked) { return asked->name == one.driver; });
  });
  for (const DriverDiagnostic& one : inventory.diagnostics)
    if (!one.diagnostic.sensor.empty()) missing_.push_back(one);
  unfinished_ = inventory.unfinished;
}

void SensorSearch::look(Nanos now) {
  if (look_ || unfinished_.empty() || now < due_) return;
  const auto begun = std::make_shared<Look>();
  try {
    thread_ = std::thread([look = begun, host = host_, site = site_, drivers = unfinished_, known = known_] {
      Inventory inventory = make_inventory(*host, *site, drivers, known);
      const std::lock_guard lock(look->mutex);
      look->inventory = std::move(inventory);
      look->ended.notify_all();
    });
    look_ = begun;
  } catch (const std::system_error&) {  // no thread available
    due_ = now + distance_;
  }
}

std::optional<Inventory> SensorSearch::take(Nanos now) {
  if (!look_ || !await(Nanos{})) return std::nullopt;
  thread_.join();
  Inventory inventory = std::move(*std::exchange(look_, nullptr)->inventory);
  learn(inventory);
  const bool found = !inventory.sensors.empty();
  distance_ = found ? kFirst : std::min(distance_ + distance_, kLongest);
  due_ = now + distance_;
  for (const Sensor& sensor : inventory.sensors) known_.push_back(sensor.info);
  return found ? std::optional(std::move(inventory)) : std::nullopt;
}

bool SensorSearch::await(Nanos patience) { return !look_ || look_->await(patience); }

void SensorSearch::interrupt(Nanos patience, Nanos now) {
  if (!look_ || !await(patience)) return;
  thread_.join();
  look_.reset();
  due_ = now + kFirst;
}

}  // namespace nw
