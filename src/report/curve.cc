#include "report/curve.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "record/record.h"
#include "record/record.pb.h"
#include "report/escape.h"
#include "report/words.h"

namespace nw {

namespace {

constexpr std::array<std::string_view, 11> kOrder{"gpu",  "module", "psys",   "package", "cpu",  "core",
                                                  "dram", "sysio",  "uncore", "",        "other"};

std::size_t rank(const Layer& layer) {
  const auto at = std::find(kOrder.begin(), kOrder.end(), part_words(layer.domain).domain);
  return static_cast<std::size_t>(at - kOrder.begin()) + (layer.estimated ? kOrder.size() : 0);
}

const pb::Component* component_of(const pb::Record& record, const pb::Series& series) {
  for (const pb::Component& one : record.components())
    if (one.domain() == series.domain() && one.device() == series.device()) return &one;
  return nullptr;
}

// Inside a part that is drawn itself.
bool nested(const pb::Record& record, const pb::Series& series) {
  const pb::Component* component = component_of(record, series);
  const bool has_node = !record.components().empty() && record.components(0).domain() == "node";
  return component != nullptr && component->depth() > (has_node ? 1U : 0U);
}

// How steps of the record are merged into columns of the picture.
struct Merge {
  double step_s;
  double duration_s;
  std::size_t steps;
  std::size_t per_column;
};

Layer make_layer(const pb::Record& record, const pb::Series& series, const Merge& merge) {
  Layer layer{series.domain(), "", series.estimated(), {}};
  const pb::Component* component = component_of(record, series);
  pb::Component bare;
  bare.set_domain(series.domain());
  bare.set_device(series.device());
  layer.label = part_label(component != nullptr ? *component : bare);
  const auto& all = record.components();
  const bool of_many =
      component == nullptr && series.device().empty() &&
      std::count_if(all.begin(), all.end(), [&](const auto& one) { return one.domain() == series.domain(); }) > 1;
  if (of_many && !part_words(series.domain()).domain.empty()) layer.label = part_words(series.domain()).many;
  for (std::size_t first = 0; first < merge.steps; first += merge.per_column) {
    double joules = 0, seconds = 0;
    for (std::size_t i = first; i < std::min(first + merge.per_column, merge.steps); ++i) {
      if (i >= static_cast<std::size_t>(series.energy_uj_size()) || !was_read(series.energy_uj(static_cast<int>(i))))
        continue;
      joules += static_cast<double>(series.energy_uj(static_cast<int>(i))) / 1e6;
      seconds += std::min(merge.step_s, merge.duration_s - static_cast<double>(i) * merge.step_s);
    }
    layer.watts.push_back(seconds > 0 ? Power(joules / seconds) : std::nullopt);
  }
  return layer;
}

// What the node's sensor shows beyond its parts, where the record has no series of its own for it.
void add_rest(Curve& curve) {
  const bool present = std::any_of(curve.layers.begin(), curve.layers.end(),
                                   [](const Layer& layer) { return layer.domain == "other" || layer.estimated; });
  if (!curve.node || curve.layers.empty() || present) return;
  Layer rest{"other", "Rest of node", false, {}};
  for (std::size_t i = 0; i < curve.columns; ++i) {
    Power left = curve.node->watts[i];
    for (const Layer& layer : curve.layers)
      left = left && layer.watts[i] ? Power(*left - *layer.watts[i]) : std::nullopt;
    rest.watts.push_back(left);
  }
  curve.layers.push_back(std::move(rest));
}

void mark_gaps(Curve& curve) {
  curve.gap.assign(curve.columns, false);
  const auto mark = [&curve](const Layer& layer) {
    for (std::size_t i = 0; i < curve.columns; ++i)
      if (!layer.watts[i]) curve.gap[i] = true;
  };
  for (const Layer& layer : curve.layers) mark(layer);
  if (curve.node) mark(*curve.node);
}

}  // namespace

double Curve::end(std::size_t column) const { return std::min(duration_s, static_cast<double>(column + 1) * step_s); }

Curve make_curve(const pb::Record& record, std::size_t most_columns) {
  Curve curve;
  const pb::Timeline& timeline = record.timeline();
  std::size_t steps = 0;
  for (const pb::Series& series : timeline.series()) steps = std::max<std::size_t>(steps, series.energy_uj_size());
  if (timeline.step_ns() <= 0 || steps == 0 || most_columns == 0) return curve;
  const double step = static_cast<double>(timeline.step_ns()) / 1e9;
  const double longest = step * static_cast<double>(steps);
  const double run = duration_s(record.duration_ns()).value_or(longest);
  const Merge merge{step, run > longest - step && run < longest ? run : longest, steps, (steps - 1) / most_columns + 1};
  curve.step_s = step * static_cast<double>(merge.per_column);
  curve.duration_s = merge.duration_s;
  curve.columns = (steps - 1) / merge.per_column + 1;
  for (const pb::Series& series : timeline.series()) {
    if (nested(record, series)) continue;
    Layer layer = make_layer(record, series, merge);
    if (series.as_read())
      curve.readings = std::move(layer.watts);
    else if (layer.domain == "node" && !layer.estimated)
      curve.node = std::move(layer);
    else
      curve.layers.push_back(std::move(layer));
  }
  std::stable_sort(curve.layers.begin(), curve.layers.end(),
                   [](const Layer& a, const Layer& b) { return rank(a) < rank(b); });
  add_rest(curve);
  mark_gaps(curve);
  return curve;
}

Power total(const Curve& curve, std::size_t column) {
  if (curve.node) return curve.node->watts[column];
  const bool measured =
      std::any_of(curve.layers.begin(), curve.layers.end(), [](const Layer& layer) { return !layer.estimated; });
  Power sum;
  for (const Layer& layer : curve.layers) {
    if (measured && layer.estimated) continue;
    if (!layer.watts[column]) return std::nullopt;
    sum = sum.value_or(0) + *layer.watts[column];
  }
  return sum;
}

double height(const Curve& curve, std::size_t column) {
  double sum = 0;
  for (const Layer& layer : curve.layers) sum += std::max(0.0, layer.watts[column].value_or(0));
  return std::max(sum, curve.node ? curve.node->watts[column].value_or(0) : 0);
}

Power highest_total(const Curve& curve) {
  Power highest;
  for (std::size_t i = 0; i < curve.columns; ++i)
    if (const Power one = total(curve, i); one && (!highest || *one > *highest)) highest = one;
  return highest;
}

}  // namespace nw
