// SensorSearch: looks again for what a survey did not find: the sensor of a BMC that boots more slowly than its node,
// an accelerator whose driver is loaded later.
//
// A probe may take seconds, so each look has a thread, at growing distances; what it found waits for take(). A probe
// that hangs holds nobody up: no other look begins, and at the end it is left behind.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "sensor/reader.h"

namespace nw {

class SensorSearch {
 public:
  static constexpr Nanos kFirst = seconds(5), kLongest = seconds(600);  // from one look to the next

  // `known`: what the survey gave, and is read already. The host is asked from another thread.
  SensorSearch(std::shared_ptr<Host> host, Site site, const Inventory& first, std::vector<SensorInfo> known, Nanos now);
  ~SensorSearch();
  SensorSearch(const SensorSearch&) = delete;
  SensorSearch& operator=(const SensorSearch&) = delete;

  // Begins a look when one is due and none is on its way.
  void look(Nanos now);
  // What a look found since the last call. Its sensors are known from now on.
  std::optional<Inventory> take(Nanos now);
  // Whether no look is on its way, or no longer, after waiting at most so long.
  bool await(Nanos patience);
  // The same, and what was found is given up and looked for again: whoever changes an accelerator's driver needs it
  // closed.
  void interrupt(Nanos patience, Nanos now);

  bool is_looking() const { return look_ != nullptr; }
  // Sensors that the machine or its site file promise and that are not there (Diagnostic::sensor), and why.
  const std::vector<DriverDiagnostic>& missing() const { return missing_; }

 private:
  struct Look;
  void learn(const Inventory& inventory);

  std::shared_ptr<Host> host_;
  std::shared_ptr<const Site> site_;
  std::vector<SensorInfo> known_;
  std::vector<const Driver*> unfinished_;
  std::vector<DriverDiagnostic> missing_;
  Nanos due_{}, distance_ = kFirst;
  std::shared_ptr<Look> look_;  // on its way
  std::thread thread_;
};

}  // namespace nw
