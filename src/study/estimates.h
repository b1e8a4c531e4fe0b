// Estimates: a run's energy according to the methods that need no sensor, to be compared with what was measured. Each
// is implemented from its published formula; ratings are in hardware.def. None ever enters a measured figure.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "record/record_fwd.h"

namespace nw {

enum class Method : unsigned char {
  tdp,               // rated power of all CPUs and GPUs x time
  tdp_use,           // rated power x utilisation x time
  green_algorithms,  // cores and GPUs at full use, 0.3725 W/GB of memory; PUE 1 here, since what is measured is the
                     // node
  mean_node_power,   // mean power of other runs on such a node x time
  codecarbon,        // CPU at half its rating, memory at 3 W per 8 GB, GPUs as measured
  codecarbon_load,   // CPU at rating x (0.1 + 0.9 load^3)
};
inline constexpr std::array kMethods{
    Method::tdp,        Method::tdp_use,        Method::green_algorithms, Method::mean_node_power,
    Method::codecarbon, Method::codecarbon_load};
std::string_view name(Method method);     // "tdp_time"
std::string_view formula(Method method);  // for display
std::string_view origin(Method method);   // its publication

struct Estimate {
  Method method = Method::tdp;
  std::optional<double> joules;
  std::string missing;          // what would have to be known; empty where joules are known
  std::optional<double> error;  // (estimate - measured) / measured
};

// All methods for one run; `others_w` is the input of mean_node_power: the mean power of other runs on such a node.
std::vector<Estimate> compute_estimates(const pb::Record& record, std::optional<double> others_w);

}  // namespace nw
