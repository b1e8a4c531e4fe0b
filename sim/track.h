// Track: one component's power over all time, in closed form.
//
// A list of segments without gaps, each a ramp or an iteration train on top of a level, with slow noise. The train is a
// trapezoid: in each period T it rises from low to high in `rise`, and falls at `duty` in the same time, so that the
// mean is low + (high - low) duty/T whatever the rise. Energies since time 0 are stored at each segment's beginning.
#pragma once

#include <vector>

#include "sim/noise.h"
#include "sim/scenario.h"

namespace nw::sim {

struct Train {
  Nanos origin{}, period{}, duty{}, rise{};  // period 0: none
  bool operator==(const Train&) const = default;
  double level(Nanos t) const;     // 0..1
  double integral(Nanos t) const;  // of the level since the origin, in seconds
};

struct Segment {
  Nanos from{};
  double low = 0;    // W
  double swing = 0;  // W that the train adds
  double slope = 0;  // W/s of a ramp
  double noise = 0;  // W, one sigma
  Train train;
  // Filled in when the track is complete: the energy drawn, and the integrals above, up to `from`.
  double energy = 0, train_before = 0, noise_before = 0;
};

class Track {
 public:
  // Idle for ever.
  Track(const Component& component, SlowNoise noise);
  // `watts` of each step from time 0 on; idle before and after.
  Track(const Component& component, const std::vector<double>& watts, Nanos step);
  // Works on [from, to). `pieces` are laid in order, each over what was there.
  void lay(const Piece& piece, std::uint64_t seed, std::uint64_t index);
  void finish();

  double power(Nanos t) const;
  double energy(Nanos t) const;  // J since time 0, negative before
  const std::vector<Segment>& segments() const { return segments_; }
  const Segment& segment(Nanos t) const;
  const SlowNoise& noise() const { return noise_; }
  double power_at_level(double level) const;

 private:
  void cut(Nanos at);
  void add(Nanos from, Nanos to, Segment segment);
  Segment make_train(const Piece& piece) const;
  double without_noise(const Segment& segment, Nanos t) const;

  Component component_;
  SlowNoise noise_;
  std::vector<Segment> segments_;  // the first begins before all times
};

// The times, in order and not overlapping, at which a piece stalls.
std::vector<Nanos> stalls_of(const Piece& piece, std::uint64_t seed, std::uint64_t index);

}  // namespace nw::sim
