// Curve: the power of a run over time, ready to be drawn: one layer for each part directly below the node, in a fixed
// order, and the node's own sensor apart, as a line over the stack. Steps are merged until they fit the picture.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "record/record_fwd.h"

namespace nw {

using Power = std::optional<double>;  // W; nothing: not measured

struct Layer {
  std::string domain;
  std::string label;
  bool estimated = false;
  std::vector<Power> watts;  // one for each column
};

struct Curve {
  double step_s = 0;      // of one column
  double duration_s = 0;  // the last column may be shorter
  std::size_t columns = 0;
  std::vector<Layer> layers;  // bottom first, estimated ones last
  std::optional<Layer> node;
  std::vector<Power> readings;  // of the node's own sensor, where `node` is resolved by its parts; else none
  std::vector<bool> gap;        // something that is measured elsewhere is unknown here

  double begin(std::size_t column) const { return static_cast<double>(column) * step_s; }
  double end(std::size_t column) const;
};

// No columns where the record holds no timeline.
Curve make_curve(const pb::Record& record, std::size_t most_columns);

// Power of the node as far as it was measured; of the estimates when nothing was. Unknown in a gap.
Power total(const Curve& curve, std::size_t column);
// The node's sensor or the whole stack, whichever is higher; only known parts count.
double height(const Curve& curve, std::size_t column);
Power highest_total(const Curve& curve);

}  // namespace nw
