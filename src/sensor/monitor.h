// NodeMonitor: the sensors and utilizations of one node, found once by the drivers and the site's rules, and read
// together.
//
// Every measurement starts with one: runs, replays and recordings of tapes, the daemon, `sensors`, `doctor` and
// `calibrate`. A tape is a node too. Not thread-safe.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "sensor/reader.h"

namespace nw {

// Which utilizations are read: all, or those of accelerators, so that a node without any reads none.
enum class UtilizationScope : unsigned char { all, accelerators };

class NodeMonitor {
 public:
  // Finds what exists, which may take a second where vendor libraries start. The host must outlive this.
  NodeMonitor(Host& host, Site site, UtilizationScope scope = UtilizationScope::all);
  // Only these sensors, chosen by the caller.
  NodeMonitor(Host& host, std::vector<Sensor> chosen);

  Host& host() { return host_; }
  const Site& site() const { return site_; }
  const std::vector<SensorInfo>& infos() const { return reader_.infos(); }
  const std::vector<UtilizationInfo>& utilization_infos() const { return utilizations_.infos(); }
  // What was found beside the sensors that are read: diagnostics, software, drivers that may find more.
  const Inventory& inventory() const { return inventory_; }
  // Whether any sensor is measured, not estimated.
  bool measures() const;

  Reader& reader() { return reader_; }
  UtilizationReader& utilizations() { return utilizations_; }
  // Reads all sensors now and at each period, and passes the samples to `take`, until that returns false or the host's
  // time ends, as a tape's does.
  void read_every(Nanos period, const std::function<bool(const SampleSet&)>& take);

  // Appends sensors and utilizations that have appeared since.
  void add(Inventory found);
  // Closes everything whose id begins with this: it reads as absent until the same id is added again.
  void close(std::string_view ids);
  void open(ProbeResult again);

 private:
  Host& host_;
  Site site_;
  UtilizationScope scope_;
  Inventory inventory_;  // without its sensors and utilizations, which their readers own
  Reader reader_;
  UtilizationReader utilizations_;
};

}  // namespace nw
