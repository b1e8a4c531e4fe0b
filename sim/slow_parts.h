// Parts whose power no piece of load sets: fans, which follow the heat of the others late, and parts whose power
// wanders by itself. Their power is constant over a step of noise.
//
// Fans (Load::heat): the heat is a first-order lag, of the component's `lag`, of the power of all parts that are no
// fans; fans turn in proportion to how much of the way from idle to full it is, and take power by its cube.
#pragma once

#include <vector>

#include "sim/track.h"

namespace nw::sim {

inline bool is_slow(const Component& component) { return component.load == Load::heat || component.wander_w > 0; }

// `others`: the tracks of all components that are not slow, in any order.
Track make_slow_track(const Scenario& scenario, std::size_t component, const std::vector<const Track*>& others);

}  // namespace nw::sim
