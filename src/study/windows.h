// Windows: when each node of one run was measured, by its own clock, and whether those clocks can be trusted.
//
// The ranks of a program begin and end together, except for the time that a launcher takes to start them. A node that
// was early or late in its begin, its end and its phases alike, by more than that, has a different clock from the rest,
// or did not take part in the same run. Nothing is ever shifted because of that: energies do not depend on a wall
// clock.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "record/record_fwd.h"

namespace nw {

struct Window {
  std::string host;
  std::int64_t begin_ns = 0, end_ns = 0;  // since 1970
  std::vector<const pb::Phase*> phases;   // of a record that holds this window alone
};

std::vector<Window> windows_of(const pb::Record& record);

// How far the nodes' starts may be apart, according to their records.
std::int64_t compute_allowed_spread(const std::vector<const pb::Record*>& records);

// How many windows are away from most of the others.
unsigned count_apart(const std::vector<Window>& windows, std::int64_t allowed_ns);

// The longest time between the first begin and the last end in which no window was open.
std::int64_t longest_gap(std::vector<Window> windows);

// Whether two windows of one host overlap; `host` is then its name.
bool has_overlap(const std::vector<Window>& windows, std::string& host);

}  // namespace nw
