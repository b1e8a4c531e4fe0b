// SensorSearch: probes again for sensors that the first inventory did not find: the sensor of a BMC that boots more
// slowly than its node, an accelerator whose driver is loaded later.
//
// A probe may take seconds, so each search has a thread, at growing intervals; its result waits for take(). Nobody
// waits for a probe that hangs: no other search begins, and at the end its thread is detached.
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
  static constexpr Nanos kFirst = seconds(5), kLongest = seconds(600);  // from one search to the next

  // `known`: the sensors that are read already, those of `first` among them. The host is used from another thread.
  SensorSearch(std::shared_ptr<Host> host, Site site, const Inventory& first, std::vector<SensorInfo> known, Nanos now);
  ~SensorSearch();
  SensorSearch(const SensorSearch&) = delete;
  SensorSearch& operator=(const SensorSearch&) = delete;

  // Starts a search when one is due and none is running.
  void look(Nanos now);
  // What a search found since the last call. Its sensors are known from now on.
  std::optional<Inventory> take(Nanos now);
  // Whether no search is running, or it ended within `patience`.
  bool await(Nanos patience);
  // The same, and what was found is dropped and searched for again: whoever changes an accelerator's driver needs it
  // closed.
  void interrupt(Nanos patience, Nanos now);

  bool is_looking() const { return look_ != nullptr; }
  // Sensors that the machine or its site file announce but that were not found (Diagnostic::sensor), and why.
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
  std::shared_ptr<Look> look_;  // the one that is running
  std::thread thread_;
};

}  // namespace nw
