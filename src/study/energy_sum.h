// EnergySum: the energy of several nodes from each one's.
//
// Systematic terms of one name move together on all nodes (one sensor type has one error, one model one bias), so they
// add up; everything else adds in quadrature. What is not known of one node makes the sum a part of the whole: its
// coverage says so, and unknown() how often.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/units.h"
#include "record/record_fwd.h"

namespace nw {

class EnergySum {
 public:
  // `weight`: the time that this energy's coverage is a share of.
  void add(const pb::Energy& energy, std::int64_t weight);
  // Of one whose energy is unknown.
  void add_unknown(std::int64_t weight);
  // Without a value when nothing was known.
  void write(pb::Energy& out) const;

  unsigned known() const { return known_; }
  unsigned unknown() const { return unknown_; }
  bool has_mixed_boundaries() const { return lowest_ != highest_; }

 private:
  void add_doubt(const pb::Energy& energy);
  void write_doubt(pb::Energy& out) const;

  unsigned known_ = 0, unknown_ = 0;
  Int128 value_ = 0, filled_ = 0, weight_ = 0;
  double covered_ = 0;
  bool coverage_known_ = true, doubt_known_ = true;
  double random_ = 0;  // squared
  struct Shared {
    double u_uj = 0;  // signed
    bool rectangular = true;
  };
  std::map<std::string, Shared> systematic_;   // "": what a record does not name
  std::map<std::string, double> independent_;  // squared, of those that records name
  double widest_ = 0;                          // interval over combined doubt, the widest of all
  pb::Kind kind_{};
  pb::Boundary lowest_{}, highest_{};
};

}  // namespace nw
