// Nearest: which known words an unknown one may have been meant for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nw::cli {

// The number of letters left out, added, changed or exchanged with their neighbour (optimal string alignment).
std::size_t compute_distance(std::string_view a, std::string_view b);

// Those that begin with the word, else the nearest within a third of its letters; none where nothing is near.
std::vector<std::string> find_nearest(std::string_view word, const std::vector<std::string>& known);

// "; did you mean run or runs?", or nothing.
std::string nearest_words(std::string_view word, const std::vector<std::string>& known);

}  // namespace nw::cli
