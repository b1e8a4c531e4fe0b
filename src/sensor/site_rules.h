// SiteRules: what a site file's rules do to the sensor infos of the sensors that were found.
#pragma once

#include <string_view>
#include <vector>

#include "sensor/driver.h"

namespace nw {

// Whether a rule of this pattern is about this sensor: the driver's name, the sensor's id, or either with "*" for any
// letters.
bool matches(std::string_view pattern, std::string_view driver, std::string_view id);

class SiteRules {
 public:
  explicit SiteRules(const Site& site);

  // Whether a driver is named, as a whole, with use = false: then it is not probed, since a bus may hang on a question.
  bool forbids(std::string_view driver);
  // Every rule that matches, in the file's order. False: the sensor is not to be used.
  bool apply(std::string_view driver, SensorInfo& info);
  // The same for a utilization, of which a rule can say nothing but `use`.
  bool allows(std::string_view driver, std::string_view id);
  // Rules that matched nothing, and those that could not be applied.
  std::vector<Diagnostic> diagnostics();

 private:
  const Site& site_;
  std::vector<bool> matched_;  // one a rule
  std::vector<Diagnostic> diagnostics_;
};

// The unit with every reading divided by `factor`: exactly, with the factor to six decimals (or as many as fit; it
// stands on the sensor info). False, and nothing changed, when it does not fit at all.
bool divide_unit(SensorInfo& info, double factor);

}  // namespace nw
