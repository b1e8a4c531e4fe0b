// Repeats: one figure over several repeated runs: the mean and its 95 % interval.
//
// What shrinks with the number of repeats is what differs between them: their scatter, with Student's factor for small
// numbers, and never less than the random uncertainty that each run states itself. What does not shrink is the sensors'
// common error, which every repeat shares; it is kept term by term, since two means of the same sensors share it too
// (ratio.h).
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "energy/energy.h"
#include "record/record_fwd.h"
#include "study/values.h"

namespace nw {

struct Mean {
  std::size_t n = 0;  // runs whose figure is known
  std::optional<double> value;
  std::optional<double> scatter;   // half-width of the 95 % interval from what differs between runs only
  std::optional<double> interval;  // and including what they share
  double random = 0;               // standard uncertainty of the mean, from what differs between runs
  double freedom = std::numeric_limits<double>::infinity();  // degrees of freedom of `random`
  // The same for a test, from n >= 2 runs and with n - 1 degrees of freedom: the larger of their scatter and what they
  // state. Few runs that happen to agree are no proof of a small scatter.
  double scatter_u = 0;
  Uncertainty shared;         // what they share
  bool is_uncertain = false;  // whether any uncertainty is known at all
  Amount amount() const { return {value, interval}; }
};

// Student's t for a 95 % interval, for this many degrees of freedom (at least 1; interpolated between integers).
double student(double freedom);
// The same for the mean of n values, n >= 2.
double t_factor(std::size_t n);

// One run's part in a mean: the whole run, or one phase of it.
struct Measurement {
  const pb::Energy* energy = nullptr;  // null: unknown, or too short to resolve
  std::optional<double> seconds;
  const google::protobuf::RepeatedPtrField<pb::Work>* work = nullptr;
};
Measurement measurement(const pb::Record& record, std::string_view phase);
// The count of this unit; unknown unless it is above zero.
std::optional<double> work_count(const Measurement& run, std::string_view unit);

using Measurements = std::vector<Measurement>;

Mean compute_energy(const Measurements& runs);
Mean compute_power(const Measurements& runs);
Mean compute_duration(const Measurements& runs);
Mean compute_per_unit(const Measurements& runs, std::string_view unit);
Mean compute_time_per_unit(const Measurements& runs, std::string_view unit);
// Energy x time of each run; per unit of work both are divided by the work first.
Mean compute_delay_product(const Measurements& runs, std::string_view unit);
Mean compute_plain(std::span<const double> values);
std::optional<double> compute_median(std::vector<double> values);

// The worst provenance among them.
pb::Kind worst_kind(const Measurements& runs);

}  // namespace nw
