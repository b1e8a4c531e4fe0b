// Drawing: the geometry of a timeline in the picture, and the few SVG elements that it is made of.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "record/record_fwd.h"
#include "report/curve.h"

namespace nw {

// The style of our pictures, in an element of its own: follows the reader's light or dark theme by CSS variables. Each
// declaration with a variable is preceded by one with the light colour, for renderers without variables (librsvg,
// Inkscape), which drop what they cannot parse.
extern const char* const kSvgStyle;

// Ticks of an axis: round steps, at most `most` of them up to `highest`.
double nice_step(double highest, int most);
double nice_time_step(double seconds, int most);
std::string time_text(double seconds, double step);  // "0", "30 s", "2m", "1h30m"

// A bar over the plot: one instance of a phase, or several too close to be distinguished.
struct Band {
  double left, right;
  std::string name;
};

// Bands of the phases at this nesting depth (0: outermost), from left to right, in the order of the record.
std::vector<Band> make_bands(const pb::Record& record, int depth, double width, double duration_s);

// The outline of one layer between two heights in every column, in intervals without a gap. `low` and `high` are in
// pixels.
struct Edge {
  bool known = false;
  double low = 0, high = 0;
};
std::string area_path(const std::vector<Edge>& edges, const std::vector<double>& borders);
std::string line_path(const std::vector<Edge>& edges, const std::vector<double>& borders);  // along `high`

}  // namespace nw
