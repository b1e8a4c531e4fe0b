// Grid: the points of a sweep, which are all combinations of the values of its dimensions; how a point changes the
// command; and the order in which points are measured.
//
// Repeats are blocks: every point once, in a random order of the block's own, then every point again. What drifts over
// the hours of a sweep (temperature, other jobs, the file cache) then affects all points alike and is not mistaken for
// a difference. In a point's number the last dimension varies fastest.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nw::cli {

struct Dimension {
  std::string name;
  std::vector<std::string> values;
  bool operator==(const Dimension&) const = default;
};

// Values between commas; "\," is a comma. `threads` and `batch_size` are whole numbers, a `power_limit` is watts
// ("200W", "200") or default.
Result<Dimension> parse_dimension(std::string name, std::string_view values);

// The dimension whose values nodewatt itself applies.
inline constexpr std::string_view kPowerLimit = "power_limit";
inline constexpr std::string_view kDefaultLimit = "default";

// One run of one point; repeats count from 1.
struct Turn {
  std::size_t point = 0;
  unsigned repeat = 1;
  bool operator==(const Turn&) const = default;
};

class Grid {
 public:
  static constexpr std::size_t kMostTurns = 4000;

  Grid() = default;  // one point without dimensions
  // Refuses what is not a grid: two dimensions of one name, one without values, too many points.
  static Result<Grid> make(std::vector<Dimension> dimensions);

  const std::vector<Dimension>& dimensions() const { return dimensions_; }
  const Dimension* find(std::string_view name) const;
  std::size_t size() const { return size_; }
  const std::string& value(std::size_t point, std::size_t dimension) const;
  // Of the dimension of this name; "" where there is none.
  std::string value(std::size_t point, std::string_view name) const;
  // "threads=4, batch_size=32"
  std::string label(std::size_t point) const;
  // The text with each {name} of a dimension replaced by the point's value. Other braces stay.
  std::string fill(std::string_view text, std::size_t point) const;
  std::vector<std::string> fill(const std::vector<std::string>& texts, std::size_t point) const;

  // Whether the texts distinguish all points: each dimension is used, and no usual placeholder ({threads}) appears that
  // is not a dimension.
  Done check_use(const std::vector<std::string>& texts) const;

 private:
  std::vector<Dimension> dimensions_;
  std::size_t size_ = 1;
};

// The same order for the same seed, whatever the compiler.
std::vector<Turn> shuffle_turns(std::size_t points, unsigned repeats, std::uint64_t seed);

}  // namespace nw::cli
