// Energy against time of the sides of a comparison, with whiskers of their 95 % intervals; the sides that no other one
// beats in both are joined by a line.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/compare_words.h"
#include "report/drawing.h"
#include "report/escape.h"
#include "report/report.h"
#include "study/comparison.h"

namespace nw {

namespace {

constexpr double kWidth = 640, kHeight = 380, kLeft = 76, kRight = 20, kTop = 14, kBottom = 48;
constexpr double kCharacter = 6.7, kLabelRoom = 170;
constexpr std::size_t kLongestLabel = 28;

struct Spot {
  double time = 0, energy = 0, time_u = 0, energy_u = 0;
  std::string label;
  bool on_front = false;
};

std::vector<Spot> make_spots(const Comparison& all) {
  std::vector<Spot> spots;
  for (const Side& side : all.sides)
    if (side.figure.value && side.pace.value)
      spots.push_back({*side.pace.value, *side.figure.value, side.pace.interval.value_or(0),
                       side.figure.interval.value_or(0), cut_middle(clean(side.who.label), kLongestLabel),
                       side.on_front});
  return spots;
}

// An axis from zero, with round ticks.
struct Axis {
  double top = 1, step = 1;
  explicit Axis(double highest) : step(nice_step(highest * 1.05, 5)) { top = std::ceil(highest * 1.05 / step) * step; }
};

class Picture {
 public:
  explicit Picture(const Comparison& all)
      : spots_(make_spots(all)),
        per_(all.per ? " per " + clean(all.per->unit) : ""),
        time_(highest(&Spot::time, &Spot::time_u)),
        energy_(highest(&Spot::energy, &Spot::energy_u)) {}

  std::string draw() const {
    std::string out = open();
    if (spots_.empty())
      return out + fmt::format(
                       "<text class=\"m\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">Nothing is known to be "
                       "drawn.</text></svg>\n",
                       kWidth / 2, kHeight / 2);
    return out + axes() + front() + marks() + "</svg>\n";
  }

 private:
  double highest(double Spot::*value, double Spot::*u) const {
    double most = 0;
    for (const Spot& spot : spots_) most = std::max(most, spot.*value + spot.*u);
    return most > 0 ? most : 1;
  }
  double x(double seconds) const { return kLeft + seconds / time_.top * (kWidth - kLeft - kRight); }
  double y(double joules) const { return kTop + (1 - joules / energy_.top) * (kHeight - kTop - kBottom); }

  std::string open() const {
    std::string sentence = "Energy against time" + per_ + ".";
    for (const Spot& spot : spots_)
      sentence += fmt::format(" {}: {}, {}.", spot.label, per_item_text({spot.energy, {}}, "", {}),
                              seconds_text({spot.time, {}}));
    const std::string label = for_html(sentence);
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"nwp\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">"
        "<title>{}</title><style>.nwp{{--ink:#17212b;--mute:#55616e;--line:#d9dfe6;--spot:#0072b2;font:12px "
        "system-ui,'DejaVu Sans',sans-serif}}@media (prefers-color-scheme:dark){{.nwp{{--ink:#e6ebf0;--mute:#9fabb8;"
        "--line:#2f3a46;--spot:#56b4e9}}}}.nwp text{{fill:var(--ink)}}.nwp .m{{fill:var(--mute)}}.nwp "
        ".g{{stroke:var(--line);fill:none}}.nwp .f{{stroke:var(--spot);stroke-width:1.5;stroke-dasharray:5 "
        "4;fill:none}}"
        ".nwp .u{{stroke:var(--mute);fill:none}}.nwp .s{{fill:var(--spot)}}.nwp .o{{fill:none;stroke:var(--spot);"
        "stroke-width:2}}</style>\n",
        kWidth, kHeight, label, label);
  }

  std::string axes() const {
    std::string out;
    for (double tick = 0; tick <= energy_.top * 1.0001; tick += energy_.step)
      out += fmt::format(
          "<path class=\"g\" d=\"M{} {:.1f}H{}\"/><text class=\"m\" x=\"{}\" y=\"{:.1f}\" "
          "text-anchor=\"end\">{}</text>\n",
          kLeft, y(tick), kWidth - kRight, kLeft - 6, y(tick) + 4, tick == 0 ? "0" : per_item_text({tick, {}}, "", {}));
    for (double tick = 0; tick <= time_.top * 1.0001; tick += time_.step)
      out += fmt::format(
          "<path class=\"g\" d=\"M{0:.1f} {1}v5\"/><text class=\"m\" x=\"{0:.1f}\" y=\"{2}\" "
          "text-anchor=\"middle\">{3}</text>\n",
          x(tick), kHeight - kBottom, kHeight - kBottom + 19, tick == 0 ? "0" : seconds_text({tick, {}}));
    return out + fmt::format(
                     "<text class=\"m\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">time{}; the vertical axis is "
                     "energy{}</text>\n",
                     (kLeft + kWidth) / 2, kHeight - 8, for_html(per_), for_html(per_));
  }

  std::string front() const {
    std::vector<Spot> best;
    for (const Spot& spot : spots_)
      if (spot.on_front) best.push_back(spot);
    if (best.size() < 2) return "";
    std::sort(best.begin(), best.end(), [](const Spot& a, const Spot& b) { return a.time < b.time; });
    std::string path;
    for (const Spot& spot : best)
      path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x(spot.time), y(spot.energy));
    return "<path class=\"f\" d=\"" + path + "\"/>\n";
  }

  std::string marks() const {
    std::string out;
    for (const Spot& spot : spots_) {
      const double cx = x(spot.time), cy = y(spot.energy);
      if (spot.energy_u > 0)
        out += fmt::format("<path class=\"u\" d=\"M{:.1f} {:.1f}V{:.1f}\"/>", cx,
                           y(std::max(spot.energy - spot.energy_u, 0.0)), y(spot.energy + spot.energy_u));
      if (spot.time_u > 0)
        out += fmt::format("<path class=\"u\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>", x(std::max(spot.time - spot.time_u, 0.0)),
                           cy, x(spot.time + spot.time_u));
      const bool left = cx + kLabelRoom > kWidth && cx > static_cast<double>(display_width(spot.label)) * kCharacter;
      out += fmt::format(
          "<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\"/><text x=\"{:.1f}\" y=\"{:.1f}\"{}>{}"
          "</text>\n",
          spot.on_front ? "s" : "o", cx, cy, left ? cx - 9 : cx + 9, cy - 7, left ? " text-anchor=\"end\"" : "",
          for_html(spot.label));
    }
    return out;
  }

  std::vector<Spot> spots_;
  std::string per_;
  Axis time_, energy_;
};

}  // namespace

std::string make_pareto_svg(const Comparison& comparison) { return Picture(comparison).draw(); }

}  // namespace nw
