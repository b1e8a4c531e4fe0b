// Repeats: one figure over several runs of one thing: the mean and its 95 % interval.
//
// What shrinks with repeats is their scatter, with Student's factor for the few there are. What does not shrink is the
// sensors' common error, which every repeat shares: it is added in quadrature, and is left out only where two means of
// the same sensors are compared, because there it moves both alike.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "account/record.pb.h"
#include "study/values.h"

namespace nw {

struct Mean {
  std::size_t n = 0;  // runs whose figure is known
  std::optional<double> value;
  std::optional<double> scatter;   // half-width of the 95 % interval from what differs between runs alone
  std::optional<double> interval;  // and with what they share
  Amount amount() const { return {value, interval}; }
};

// Student's t for a 95 % interval of the mean of n values, n >= 2.
double t_factor(std::size_t n);

// One run's part in a mean: the whole run, or one phase of it.
struct Excerpt {
  const pb::Energy* energy = nullptr;  // null: unknown, or too short to resolve
  std::optional<double> seconds;
  const google::protobuf::RepeatedPtrField<pb::Work>* work = nullptr;
};
Excerpt excerpt(const pb::Record& record, std::string_view phase);

using Excerpts = std::vector<Excerpt>;

Mean compute_energy(const Excerpts& runs);
Mean compute_power(const Excerpts& runs);
Mean compute_duration(const Excerpts& runs);
Mean compute_per_unit(const Excerpts& runs, std::string_view unit);
Mean compute_plain(std::span<const double> values);

// The worst kind among them.
pb::Kind worst_kind(const Excerpts& runs);

}  // namespace nw
