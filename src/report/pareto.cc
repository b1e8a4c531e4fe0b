// Energy against time of the variants of a comparison, with whiskers for their 95 % intervals; the variants that no
// other one beats in both are joined by a line.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "report/compare_words.h"
#include "report/drawing.h"
#include "report/escape.h"
#include "report/report.h"
#include "study/comparison.h"

namespace nw {

namespace {

constexpr double kWidth = 640, kHeight = 380, kLeft = 70, kRight = 28, kTop = 14, kBottom = 48;
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

struct Unit {
  double size;
  std::string_view name;
};
constexpr std::array kEnergies{Unit{1e6, "MJ"}, Unit{1e3, "kJ"}, Unit{1, "J"}, Unit{1e-3, "mJ"}, Unit{1e-6, "µJ"}};
constexpr std::array kTimes{Unit{3600, "h"}, Unit{60, "min"}, Unit{1, "s"}, Unit{1e-3, "ms"}, Unit{1e-6, "µs"}};

// An axis from zero, with round ticks, in the largest unit of which its end has at least two.
struct Axis {
  Unit unit{1, ""};
  double top = 1, step = 1;  // in J or s
  Axis(double highest, std::span<const Unit> units) : unit(units.back()) {
    for (const Unit& one : units)
      if (highest >= 2 * one.size) {
        unit = one;
        break;
      }
    step = nice_step(highest / unit.size * 1.05, 5) * unit.size;
    top = std::ceil(highest * 1.05 / step) * step;
  }
  std::vector<double> ticks() const {
    std::vector<double> all;
    for (int i = 0; i * step <= top * 1.0001; ++i) all.push_back(i * step);
    return all;
  }
  std::string text(double tick) const { return fmt::format("{:g}", std::round(tick / unit.size * 1e6) / 1e6); }
};

// Colours are also set on the elements: renderers of pictures for papers do not support CSS variables.
constexpr std::string_view kGrid = "class=\"g\" fill=\"none\" stroke=\"#d9dfe6\"";
constexpr std::string_view kMute = "class=\"m\" fill=\"#55616e\"";
constexpr std::string_view kFront =
    "class=\"f\" fill=\"none\" stroke=\"#0072b2\" stroke-width=\"1.5\" stroke-dasharray=\"5 4\"";
constexpr std::string_view kWhisker = "class=\"u\" fill=\"none\" stroke=\"#55616e\"";
constexpr std::string_view kFull = "class=\"s\" fill=\"#0072b2\"";
constexpr std::string_view kHollow = "class=\"o\" fill=\"none\" stroke=\"#0072b2\" stroke-width=\"2\"";

class Picture {
 public:
  explicit Picture(const Comparison& all)
      : spots_(make_spots(all)),
        per_(all.per ? " per " + clean(all.per->unit) : ""),
        time_(highest(&Spot::time, &Spot::time_u), kTimes),
        energy_(highest(&Spot::energy, &Spot::energy_u), kEnergies) {}

  std::string draw() const {
    std::string out = open();
    if (spots_.empty())
      return out +
             fmt::format(
                 "<text class=\"m\" fill=\"#55616e\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">Nothing is known to be "
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
    for (const double tick : energy_.ticks())
      out += fmt::format("<path {} d=\"M{} {:.1f}H{}\"/><text {} x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n",
                         kGrid, kLeft, y(tick), kWidth - kRight, kMute, kLeft - 6, y(tick) + 4, energy_.text(tick));
    for (const double tick : time_.ticks())
      out +=
          fmt::format("<path {} d=\"M{:.1f} {}v5\"/><text {} x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
                      kGrid, x(tick), kHeight - kBottom, kMute, x(tick), kHeight - kBottom + 19, time_.text(tick));
    out += fmt::format("<text {} x=\"{}\" y=\"{}\" text-anchor=\"middle\">time{}, {}</text>\n", kMute,
                       (kLeft + kWidth) / 2, kHeight - 8, for_html(per_), time_.unit.name);
    return out + fmt::format(
                     "<text {} transform=\"translate(16 {}) rotate(-90)\" text-anchor=\"middle\">energy{}, {}</text>\n",
                     kMute, (kTop + kHeight - kBottom) / 2, for_html(per_), energy_.unit.name);
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
    return fmt::format("<path {} d=\"{}\"/>\n", kFront, path);
  }

  std::string marks() const {
    std::string out;
    for (const Spot& spot : spots_) {
      const double cx = x(spot.time), cy = y(spot.energy);
      if (spot.energy_u > 0)
        out += fmt::format("<path {} d=\"M{:.1f} {:.1f}V{:.1f}\"/>", kWhisker, cx,
                           y(std::max(spot.energy - spot.energy_u, 0.0)), y(spot.energy + spot.energy_u));
      if (spot.time_u > 0)
        out += fmt::format("<path {} d=\"M{:.1f} {:.1f}H{:.1f}\"/>", kWhisker,
                           x(std::max(spot.time - spot.time_u, 0.0)), cy, x(spot.time + spot.time_u));
      const bool left = cx + kLabelRoom > kWidth && cx > static_cast<double>(display_width(spot.label)) * kCharacter;
      out += fmt::format(
          "<circle {} cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\"/><text x=\"{:.1f}\" y=\"{:.1f}\"{}>{}"
          "</text>\n",
          spot.on_front ? kFull : kHollow, cx, cy, left ? cx - 9 : cx + 9, cy - 7, left ? " text-anchor=\"end\"" : "",
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
