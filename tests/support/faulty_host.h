// FaultyHost: a host whose call number N fails, or every call from N on. Probes and repeated reads count alike, in the
// order made.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/host.h"

namespace nw::test {

struct Fault {
  std::uint64_t call = 0;    // the first call that fails, from 1; 0: none
  std::uint64_t length = 1;  // how many calls in a row fail
  ErrorKind kind = ErrorKind::failed;
};

// Shared with the sources, which may outlive the host.
struct FaultCounter {
  Fault fault;
  std::uint64_t calls = 0;
  bool hit() { return ++calls, fault.call != 0 && calls >= fault.call && calls - fault.call < fault.length; }
};

class FaultySource : public Source {
 public:
  FaultySource(std::shared_ptr<FaultCounter> counter, std::unique_ptr<Source> inner)
      : counter_(std::move(counter)), inner_(std::move(inner)) {}
  // The inner source is read all the same: a taped one moves its clock.
  Reading read() noexcept override {
    const Reading reading = inner_->read();
    return counter_->hit() ? Reading::none(counter_->fault.kind) : reading;
  }

 private:
  std::shared_ptr<FaultCounter> counter_;
  std::unique_ptr<Source> inner_;
};

class FaultyHost : public Host {
 public:
  FaultyHost(Host& inner, Fault fault) : inner_(inner), counter_(std::make_shared<FaultCounter>()) {
    counter_->fault = fault;
  }

  std::uint64_t calls() const { return counter_->calls; }

  Result<std::string> read_text(const std::string& path) override {
    if (counter_->hit()) return fault(path);
    return inner_.read_text(path);
  }
  Result<std::vector<std::string>> list(const std::string& path) override {
    if (counter_->hit()) return fault(path);
    return inner_.list(path);
  }
  Result<std::string> read_link(const std::string& path) override {
    if (counter_->hit()) return fault(path);
    return inner_.read_link(path);
  }
  Result<std::unique_ptr<Source>> open_number(const std::string& path, const Extract& extract) override {
    if (counter_->hit()) return fault(path);
    return wrap(inner_.open_number(path, extract));
  }
  Result<std::unique_ptr<Source>> open_register(const std::string& path, std::uint64_t offset) override {
    if (counter_->hit()) return fault(path);
    return wrap(inner_.open_register(path, offset));
  }
  Result<std::unique_ptr<Source>> open_perf(const PerfEvent& event) override {
    if (counter_->hit()) return fault("perf");
    return wrap(inner_.open_perf(event));
  }
  Result<std::string> ask(const std::string& key, const Ask& live) override {
    if (counter_->hit()) return fault(key);
    return inner_.ask(key, live);
  }
  Result<std::unique_ptr<Source>> bind(const std::string& key, Count live) override {
    if (counter_->hit()) return fault(key);
    return wrap(inner_.bind(key, std::move(live)));
  }
  Result<std::vector<std::unique_ptr<Source>>> bind_bus(const std::vector<std::string>& keys, BusSchedule schedule,
                                                        Round round) override {
    if (counter_->hit()) return fault(keys.empty() ? "" : keys.front());
    auto opened = inner_.bind_bus(keys, schedule, std::move(round));
    if (!opened) return opened;
    for (auto& source : *opened) source = std::make_unique<FaultySource>(counter_, std::move(source));
    return opened;
  }
  Result<std::shared_ptr<Library>> load(const std::vector<std::string>& names) override { return inner_.load(names); }
  Nanos now() noexcept override { return inner_.now(); }
  std::int64_t wall_ns() noexcept override { return inner_.wall_ns(); }
  bool sleep_until(Nanos when) override { return inner_.sleep_until(when); }

 private:
  tl::unexpected<Error> fault(const std::string& where) const {
    return fail(counter_->fault.kind, where + ": made to fail");
  }
  Result<std::unique_ptr<Source>> wrap(Result<std::unique_ptr<Source>> opened) {
    if (!opened) return opened;
    return std::make_unique<FaultySource>(counter_, std::move(*opened));
  }

  Host& inner_;
  std::shared_ptr<FaultCounter> counter_;
};

}  // namespace nw::test
