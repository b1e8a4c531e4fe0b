// NodeMonitor: the sensors and utilizations of one node, found once by the drivers and the site's rules, and read
// together.
//
// Everything that measures begins with one: runs, replays and recordings of tapes, the daemon, `sensors`, `doctor` and
// `calibrate`. A tape is a node too. One thread at a time.
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
  // Finds what there is, which may take a second where vendor libraries start. The host must outlive this.
  NodeMonitor(Host& host, Site site, UtilizationScope scope = UtilizationScope::all);
  // Some sensors alone, that somebody has chosen.
  NodeMonitor(Host& host, std::vector<Sensor> chosen);

  Host& host() { return host_; }
  const Site& site() const { return site_; }
  const std::vector<SensorInfo>& infos() const { return reader_.infos(); }
  const std::vector<UtilizationInfo>& utilization_infos() const { return utilizations_.infos(); }
  // What was found beside what is read: diagnostics, software, drivers that may find more.
  const Inventory& inventory() const { return inventory_; }
  // Whether anything at all is measured, not estimated.
  bool measures() const;

  Reader& reader() { return reader_; }
  UtilizationReader& utilizations() { return utilizations_; }
  // Reads all sensors now and then at each period, and hands the samples over; until `take` has enough or the host's
  // time ends, as a tape's does.
  void read_every(Nanos period, const std::function<bool(const SampleSet&)>& take);

  // What has come since, behind what is there.
  void add(Inventory found);
  // Closes what has ids that begin so: it reads as absent until the same is handed in again.
  void close(std::string_view ids);
  void open(ProbeResult again);

 private:
  Host& host_;
  Site site_;
  UtilizationScope scope_;
  Inventory inventory_;  // less its sensors and utilizations, which their readers have
  Reader reader_;
  UtilizationReader utilizations_;
};

}  // namespace nw
