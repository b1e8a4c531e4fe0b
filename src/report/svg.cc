// The power of a run over time as a picture: parts stacked, the node's own sensor as a line, phases as bands above,
// unmeasured time as a hatched gap. Works alone as a file and inside our pages; follows the reader's light or dark
// theme by itself.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "record/record.pb.h"
#include "report/curve.h"
#include "report/drawing.h"
#include "report/escape.h"
#include "report/provenance.h"
#include "report/report.h"
#include "report/summary.h"
#include "report/words.h"

namespace nw {

namespace {

constexpr double kWidth = 960, kLeft = 70, kRight = 16, kTop = 10;
constexpr double kPlotWidth = kWidth - kLeft - kRight, kPlotHeight = 250;
constexpr double kBandHeight = 22, kLegendHeight = 22;
constexpr double kCharacter = 6.7;  // width of one at 12 px, on the wide side
constexpr double kBandCharacter = 6.2;
constexpr std::size_t kMostColumns = 300;
constexpr int kMostDepths = 2;

// A legend's entry: all parts of one domain with the same provenance.
struct Swatch {
  std::string fill;
  std::string text;
};

class Timeline {
 public:
  explicit Timeline(const pb::Record& record) : record_(record), curve_(make_curve(record, kMostColumns)) {
    for (std::size_t i = 0; i < curve_.columns; ++i) {
      top_ = std::max(top_, height(curve_, i));
      if (i < curve_.readings.size()) top_ = std::max(top_, curve_.readings[i].value_or(0));
      borders_.push_back(x(curve_.begin(i)));
    }
    borders_.push_back(x(curve_.end(curve_.columns == 0 ? 0 : curve_.columns - 1)));
    step_ = nice_step(std::max(top_, 1e-3) * 1.02, 5);
    top_ = std::ceil(std::max(top_, 1e-3) * 1.02 / step_) * step_;
    for (const Layer& layer : curve_.layers)
      exceeds_ = exceeds_ ||
                 std::any_of(layer.watts.begin(), layer.watts.end(), [](Power watts) { return watts && *watts < 0; });
    for (const char c : record.uid())
      if (std::isalnum(static_cast<unsigned char>(c))) prefix_ += c;
    prefix_ = "nw" + prefix_.substr(0, 26);
  }

  std::string draw() {
    if (curve_.columns == 0) return empty();
    plot_top_ = kTop;
    const std::string bands = draw_bands();
    const std::string body = grid() + gaps() + layers() + node_line() + readings() + bands;
    const double legend_top = plot_top_ + kPlotHeight + 46;
    double bottom = 0;
    const std::string legend = draw_legend(legend_top, bottom);
    return open(bottom) + definitions() + body + legend + "</svg>\n";
  }

 private:
  double x(double seconds) const { return kLeft + seconds / curve_.duration_s * kPlotWidth; }
  double y(double watts) const { return plot_top_ + kPlotHeight * (1 - watts / top_); }

  std::string sentence() const {
    const Summary summary = make_summary(record_, {Units::automatic, true, false});
    std::string text = fmt::format("Power of the node over {}: {}. Energy {}, {}.", summary.duration, summary.power,
                                   summary.energy, summary.kind);
    const bool gap = std::any_of(curve_.gap.begin(), curve_.gap.end(), [](bool one) { return one; });
    return text + (gap ? " Part of the time was not measured." : "");
  }

  std::string open(double height) const {
    const std::string label = for_html(sentence());
    const pb::Record* data[] = {&record_};
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"nw\" viewBox=\"0 0 {} {:.0f}\" role=\"img\" "
        "aria-label=\"{}\"><title>{}</title><desc>{}</desc>{}",
        kWidth, height, label, label, for_html(provenance_words(data, true)), kSvgStyle);
  }

  std::string empty() const {
    return open(60) + fmt::format(
                          "<text class=\"m\" x=\"{}\" y=\"34\" text-anchor=\"middle\">This record holds no power over "
                          "time.</text></svg>\n",
                          kWidth / 2);
  }

  std::string hatch(std::string_view name, std::string_view attributes, int gap) const {
    return fmt::format(
        "<pattern id=\"{}{}\" width=\"{}\" height=\"{}\" patternUnits=\"userSpaceOnUse\" "
        "patternTransform=\"rotate(45)\"><path {} d=\"M0 0V{}\"/></pattern>",
        prefix_, name, gap, gap, attributes, gap);
  }

  // Hatches: for gaps, for parts that exceed the node, and one for each estimated domain in its colour.
  std::string definitions() const {
    std::string out = "<defs>" + hatch("gap", "class=\"k\"", 7) + hatch("over", "class=\"w\"", 5);
    std::set<std::string_view> done;
    for (const Layer& layer : curve_.layers) {
      const PartWords& words = part_words(layer.domain);
      if (layer.estimated && done.insert(words.domain).second)
        out +=
            hatch(fmt::format("e{}", words.domain), fmt::format("stroke=\"{}\" stroke-width=\"4\"", words.colour), 7);
    }
    return out + "</defs>";
  }

  std::string draw_bands() {
    std::string out;
    for (int depth = 0; depth < kMostDepths; ++depth) {
      const std::vector<Band> bands = make_bands(record_, depth, kPlotWidth, curve_.duration_s);
      if (bands.empty()) continue;
      for (const Band& band : bands) out += draw_band(band, depth);
      plot_top_ += kBandHeight;
    }
    if (plot_top_ > kTop) plot_top_ += 6;
    for (const Band& band : make_bands(record_, 0, kPlotWidth, curve_.duration_s))
      for (const double edge : {band.left, band.right})
        if (edge > 1 && edge < kPlotWidth - 1)
          out += fmt::format("<path class=\"d\" d=\"M{0:.1f} {1:.0f}V{2:.0f}\"/>", kLeft + edge, plot_top_ - 6,
                             plot_top_ + kPlotHeight);
    return out;
  }

  std::string draw_band(const Band& band, int depth) const {
    const double width = band.right - band.left;
    std::string out = fmt::format(
        "<g><title>{}</title><rect class=\"{}\" x=\"{:.1f}\" y=\"{:.0f}\" width=\"{:.1f}\" height=\"{}\" rx=\"3\"/>",
        for_html(band.name), depth == 0 ? "b" : "c", kLeft + band.left, plot_top_, width, kBandHeight - 3);
    const auto room = static_cast<std::size_t>(std::max(0.0, (width - 3) / kBandCharacter));
    if (room > 0 && room >= display_width(band.name))  // names are not truncated; the title has it
      out += fmt::format("<text x=\"{:.1f}\" y=\"{:.0f}\" text-anchor=\"middle\"{}>{}</text>",
                         kLeft + band.left + width / 2, plot_top_ + 14, depth == 0 ? "" : " class=\"m\"",
                         for_html(band.name));
    return out + "</g>";
  }

  static std::string axis_text(double watts) {
    return std::abs(watts) < 1e4 ? fmt::format("{:.4g} W", watts) : fmt::format("{:.4g} kW", watts / 1e3);
  }

  std::string grid() const {
    std::string out;
    for (double watts = 0; watts <= top_ * 1.0001; watts += step_)
      out += fmt::format(
          "<path class=\"g\" d=\"M{} {:.1f}H{}\"/><text class=\"m\" x=\"{}\" y=\"{:.1f}\" "
          "text-anchor=\"end\">{}</text>",
          kLeft, y(watts), kWidth - kRight, kLeft - 8, y(watts) + 4, axis_text(watts));
    const double step = nice_time_step(curve_.duration_s, 9);
    for (double seconds = 0; seconds <= curve_.duration_s * 1.0001; seconds += step)
      out += fmt::format(
          "<path class=\"g\" d=\"M{0:.1f} {1:.0f}v5\"/><text class=\"m\" x=\"{0:.1f}\" y=\"{2:.0f}\" "
          "text-anchor=\"middle\">{3}</text>",
          x(seconds), plot_top_ + kPlotHeight, plot_top_ + kPlotHeight + 19, time_text(seconds, step));
    return out;
  }

  std::string gaps() const {
    std::vector<Edge> edges;
    for (const bool gap : curve_.gap) edges.push_back({gap, y(0), y(top_)});
    const std::string path = area_path(edges, borders_);
    return path.empty()
               ? ""
               : fmt::format("<path fill=\"url(#{}gap)\" opacity=\".55\" d=\"{}\"><title>not measured</title></path>",
                             prefix_, path);
  }

  // From the bottom up. A part below zero (a remainder that the other parts exceed) is drawn as an excess, in a hatch
  // of its own.
  std::string layers() const {
    std::vector<double> base(curve_.columns, 0);
    std::string out;
    for (const Layer& layer : curve_.layers) {
      std::vector<Edge> above(curve_.columns), below(curve_.columns);
      for (std::size_t i = 0; i < curve_.columns; ++i) {
        if (!layer.watts[i]) continue;
        const double watts = *layer.watts[i];
        (watts < 0 ? below : above)[i] = {true, y(base[i]), y(std::max(0.0, base[i] + watts))};
        base[i] += std::max(0.0, watts);
      }
      out += draw_layer(layer, area_path(above, borders_));
      const std::string excess = area_path(below, borders_);
      if (!excess.empty())
        out += fmt::format(
            "<path class=\"o\" d=\"{1}\"/><path fill=\"url(#{0}over)\" d=\"{1}\"><title>the parts exceed the node's "
            "sensor</title></path>",
            prefix_, excess);
    }
    return out;
  }

  std::string draw_layer(const Layer& layer, const std::string& path) const {
    if (path.empty()) return "";
    const PartWords& words = part_words(layer.domain);
    const std::string name = for_html(layer.label) + (layer.estimated ? ", estimated" : "");
    if (!layer.estimated)
      return fmt::format("<path class=\"a\" fill=\"{}\" d=\"{}\"><title>{}</title></path>", words.colour, path, name);
    return fmt::format(
        "<path fill=\"{0}\" fill-opacity=\".18\" d=\"{1}\"/><path fill=\"url(#{2}e{3})\" fill-opacity=\".6\" "
        "d=\"{1}\"><title>{4}</title></path>",
        words.colour, path, prefix_, words.domain, name);
  }

  std::string node_line() const {
    if (!curve_.node) return "";
    std::vector<Edge> edges;
    for (const Power watts : curve_.node->watts) edges.push_back({watts.has_value(), 0, y(watts.value_or(0))});
    return fmt::format("<path class=\"n\" d=\"{}\"><title>node sensor</title></path>", line_path(edges, borders_));
  }

  // The sensor's own readings, which lag behind the line; of several alike in a row the first.
  std::string readings() const {
    std::string out;
    for (std::size_t i = 0; i < curve_.readings.size(); ++i) {
      const Power watts = curve_.readings[i];
      if (!watts || (i > 0 && curve_.readings[i - 1] == watts)) continue;
      out += fmt::format("<circle class=\"r\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.2\"/>",
                         (x(curve_.begin(i)) + x(curve_.end(i))) / 2, y(*watts));
    }
    return out.empty() ? "" : "<g><title>readings of the node sensor</title>" + out + "</g>";
  }

  std::vector<Swatch> swatches() const {
    std::vector<Swatch> all;
    std::set<std::pair<std::string_view, bool>> done;
    for (const Layer& layer : curve_.layers) {
      const PartWords& words = part_words(layer.domain);
      if (!done.insert({words.domain, layer.estimated}).second) continue;
      const auto alike = std::count_if(curve_.layers.begin(), curve_.layers.end(), [&](const Layer& one) {
        return part_words(one.domain).domain == words.domain && one.estimated == layer.estimated;
      });
      const std::string name = alike > 1 ? fmt::format("{} ({})", words.many, alike) : std::string(words.one);
      if (layer.estimated)
        all.push_back({fmt::format("fill=\"url(#{}e{})\" stroke=\"{}\"", prefix_, words.domain, words.colour),
                       name + ", estimated"});
      else
        all.push_back({fmt::format("fill=\"{}\"", words.colour), name});
    }
    if (std::any_of(curve_.gap.begin(), curve_.gap.end(), [](bool gap) { return gap; }))
      all.push_back({fmt::format("fill=\"url(#{}gap)\" class=\"k\"", prefix_), "not measured"});
    if (exceeds_) all.push_back({fmt::format("fill=\"url(#{}over)\"", prefix_), "parts exceed the node"});
    if (!record_.node().played().empty()) all.push_back({"fill=\"none\"", "SIMULATED, no real machine"});
    return all;
  }

  std::string draw_legend(double top, double& bottom) const {
    std::string out;
    double at = kLeft;
    const auto place = [&](const std::string& text) {
      const double width = 18 + kCharacter * static_cast<double>(text.size()) + 16;
      if (at + width > kWidth - kRight && at > kLeft) at = kLeft, top += kLegendHeight;
      at += width;
      return at - width;
    };
    if (curve_.node) {
      const double left = place("Node sensor");
      out +=
          fmt::format("<path class=\"n\" d=\"M{:.1f} {:.0f}h13\"/><text x=\"{:.1f}\" y=\"{:.0f}\">Node sensor</text>",
                      left, top + 7, left + 19, top + 11);
    }
    for (const Swatch& swatch : swatches()) {
      const double left = place(swatch.text);
      out += fmt::format(
          "<rect x=\"{:.1f}\" y=\"{:.0f}\" width=\"13\" height=\"13\" rx=\"2\" {}/><text x=\"{:.1f}\" "
          "y=\"{:.0f}\">{}</text>",
          left, top, swatch.fill, left + 19, top + 11, swatch.text);
    }
    bottom = top + kLegendHeight;
    return out;
  }

  const pb::Record& record_;
  Curve curve_;
  std::vector<double> borders_;  // x of every column's left side, and of the end
  double top_ = 0;               // W
  double step_ = 1;
  double plot_top_ = kTop;
  std::string prefix_;    // makes the ids of several pictures in one page unique
  bool exceeds_ = false;  // a part is below zero somewhere
};

}  // namespace

std::string make_timeline_svg(const pb::Record& record) { return Timeline(record).draw(); }

}  // namespace nw
