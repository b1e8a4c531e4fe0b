// EnergySum: adds up the energies of several nodes.
//
// Systematic terms of one name are correlated across nodes (one sensor type has one error, one model one bias), so they
// add up linearly; everything else adds in quadrature. Where a node's energy is unknown the sum covers only a part: its
// coverage falls, and unknown() counts these nodes.
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
  void write_term_uncertainty(pb::Energy& out) const;

  unsigned known_ = 0, unknown_ = 0;
  Int128 value_ = 0, filled_ = 0, weight_ = 0;
  double covered_ = 0;
  bool coverage_known_ = true, uncertainty_known_ = true;
  double random_ = 0;  // squared
  struct Shared {
    double u_uj = 0;  // signed
    bool rectangular = true;
  };
  std::map<std::string, Shared> systematic_;   // "": terms that a record does not name
  std::map<std::string, double> independent_;  // squared, of the named ones
  double widest_ = 0;                          // the largest ratio of interval to combined standard uncertainty
  pb::Kind kind_{};
  pb::Boundary lowest_{}, highest_{};
};

}  // namespace nw
