// SiteRules: applies a site file's rules to the SensorInfos of the sensors that were found.
#pragma once

#include <string_view>
#include <vector>

#include "sensor/driver.h"

namespace nw {

// Whether a rule with this pattern applies to this sensor: the driver's name, the sensor's id, or either with "*" for
// any text.
bool matches(std::string_view pattern, std::string_view driver, std::string_view id);

class SiteRules {
 public:
  explicit SiteRules(const Site& site);

  // Whether a whole driver is switched off (use = false): then it is not probed, since a bus may hang on a request.
  bool forbids(std::string_view driver);
  // Applies every rule that matches, in the file's order. False: the sensor is not to be used.
  bool apply(std::string_view driver, SensorInfo& info);
  // The same for a utilization, for which a rule can only set `use`.
  bool allows(std::string_view driver, std::string_view id);
  // Rules that matched nothing, and those that could not be applied.
  std::vector<Diagnostic> diagnostics();

 private:
  const Site& site_;
  std::vector<bool> matched_;  // one a rule
  std::vector<Diagnostic> diagnostics_;
};

// Divides the unit by `factor`: exactly, with the factor to six decimals (or as many as fit; it is kept in the
// SensorInfo). False, and nothing changed, when it does not fit at all.
bool divide_unit(SensorInfo& info, double factor);

}  // namespace nw
