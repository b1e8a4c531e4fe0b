// Values: the values of a record, extracted in one place for everything that computes or prints: unknown is an empty
// optional, never 0.
//
// Records are also imported, so a field may contain anything: numbers that are not finite, negative durations, enums of
// a later version. All of that is unknown here.
#pragma once

#include <cstdint>
#include <optional>

#include "record/record_fwd.h"

namespace nw {

// A value and the half-width of its 95 % interval, in joules, watts or plain numbers.
struct Amount {
  std::optional<double> value;
  std::optional<double> uncertainty;
};

std::optional<double> finite(double value);
std::optional<double> energy_j(const pb::Energy& energy);
std::optional<double> uncertainty_j(const pb::Energy& energy);
std::optional<double> coverage(const pb::Energy& energy);
// How an energy is known and where it was measured: unknown for an unknown energy, even where older records state
// something.
pb::Kind known_kind(const pb::Energy& energy);
pb::Boundary known_boundary(const pb::Energy& energy);
std::optional<double> mean_power_w(const pb::Energy& energy, std::int64_t duration_ns);
// A maximum in watts is never below the mean over the same time. One that is was taken from too little of that time and
// is unknown, unless it is so close that both are equal.
std::optional<double> as_maximum(double most, std::optional<double> mean);
std::optional<double> max_power_w(const pb::Component& component, std::optional<double> mean);
std::optional<double> duration_s(std::int64_t duration_ns);

Amount energy_amount(const pb::Energy& energy);
Amount power_amount(const pb::Energy& energy, std::int64_t duration_ns);
// As max_power_w(); with the same relative uncertainty as the component's energy.
Amount max_power_amount(const pb::Component& component, std::optional<double> mean);
Amount ratio(Amount amount, std::optional<double> to);  // unknown unless `to` is above zero
// Energy of one unit of work; unknown when the count is not above zero.
Amount per_unit(const pb::Energy& energy, const pb::Work& work);
pb::Kind worse(pb::Kind a, pb::Kind b);

// The utilization of a device: shares of time, 0..1.
std::optional<double> busy(const pb::Device& device);
std::optional<double> busiest(const pb::Device& device);
std::optional<double> power_limit_w(const pb::Device& device);
std::optional<double> cpu_busy(const pb::Record& record);
std::optional<double> child_cpu_s(const pb::Record& record);

}  // namespace nw
