// Reader: owns the sensors of a node and reads them all.
#pragma once

#include <string>
#include <vector>

#include "sensor/driver.h"

namespace nw {

struct DriverFinding {
  std::string_view driver;
  Finding finding;
};

// All that a machine offers: the sensors and activities of every driver and the CPUs', and everything that exists and
// cannot be read.
struct Survey {
  std::vector<Sensor> sensors;
  std::vector<DriverFinding> findings;
  std::vector<Activity> activities;
  std::vector<Software> software;
};
// Runs every driver's probe once, and applies the site's rules: what they change stands on the nameplates, and what is
// wrong with them is a finding of the driver "site". May take a second where vendor libraries start.
Survey make_survey(Host& host, const Site& site = {});

class Reader {
 public:
  Reader(Host& host, std::vector<Sensor> sensors);

  const std::vector<Nameplate>& plates() const { return plates_; }
  // Waits until each bus has answered for the first time, at most so long; at once where there is no bus. Not for
  // tapes, whose clock is their sweeps.
  void await_buses(Nanos patience);
  // Closes the sensors whose ids begin so: they read as absent until sensors of the same ids are handed in again.
  void release(std::string_view ids);
  void hold(std::vector<Sensor> sensors);
  // Reads every sensor once, back to back, into the sweep. Allocates nothing after the first call.
  void read_all(Sweep& sweep) noexcept;

 private:
  Host& host_;
  std::vector<Nameplate> plates_;
  std::vector<std::unique_ptr<Source>> sources_;
};

}  // namespace nw
