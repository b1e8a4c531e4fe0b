// The energies of several runs as a picture: one bar for each row of the paper's table, its interval as a whisker, its
// figure after it; rows of one phase are grouped and share one scale. Estimates are hatched.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "record/record.pb.h"
#include "report/drawing.h"
#include "report/escape.h"
#include "report/formats.h"
#include "report/words.h"
#include "report/wrap.h"

namespace nw {

namespace {

constexpr double kWidth = 960, kLeft = 250, kRight = 190, kTop = 12;
constexpr double kPlot = kWidth - kLeft - kRight, kRow = 26, kBar = 14, kHead = 30;
constexpr std::size_t kMostBars = 60;
constexpr int kNameWidth = 38;
constexpr std::size_t kLongestName = 74;  // in the two lines available in a row
constexpr double kLine = 13;

class Bars {
 public:
  Bars(const std::vector<PaperRow>& rows, std::string_view title, std::string_view provenance)
      : title_(title), provenance_(provenance) {
    for (const PaperRow& row : rows) {
      if (std::find(phases_.begin(), phases_.end(), row.phase) == phases_.end()) phases_.push_back(row.phase);
      if (row.energy.value) most_ = std::max(most_.value_or(0), std::abs(*row.energy.value));
    }
    units_ = energy_unit(most_, Units::automatic);
    for (const std::string& phase : phases_) put_phase(rows, phase);
  }

  std::string draw() const {
    return fmt::format(
               "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"nw\" viewBox=\"0 0 {} {:.0f}\" role=\"img\" "
               "aria-label=\"{}\"><title>{}</title><desc>{}</desc>{}"
               "<defs><pattern id=\"nwE\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" "
               "patternTransform=\"rotate(45)\"><path stroke=\"#0072b2\" stroke-width=\"4\" d=\"M0 "
               "0V7\"/></pattern></defs>",
               kWidth, top_ + 8, for_html(title_), for_html(title_), for_html(provenance_), kSvgStyle) +
           body_ + "</svg>\n";
  }

 private:
  void put_phase(const std::vector<PaperRow>& rows, const std::string& phase) {
    double longest = 0;
    for (const PaperRow& row : rows)
      if (row.phase == phase && row.energy.value)
        longest = std::max(longest, *row.energy.value + std::max(0.0, row.energy.interval.value_or(0)));
    if (phases_.size() > 1) {
      body_ += fmt::format("<text x=\"8\" y=\"{:.0f}\" font-weight=\"600\">{}</text>", top_ + 18,
                           for_html(phase.empty() ? "whole run" : phase));
      top_ += kHead;
    }
    for (const PaperRow& row : rows)
      if (row.phase == phase && drawn_++ < kMostBars) put_row(row, longest);
    top_ += phases_.size() > 1 ? 8 : 0;
  }

  void put_row(const PaperRow& row, double longest) {
    const double middle = top_ + kRow / 2;
    const auto at = [longest](double joules) {
      return longest > 0 ? std::clamp(joules / longest, 0.0, 1.0) * kPlot : 0.0;
    };
    const std::vector<std::string> name = wrap(cut_middle(row.label, kLongestName), kNameWidth, false);
    for (std::size_t i = 0; i < name.size(); ++i)
      body_ += fmt::format("<text x=\"{}\" y=\"{:.0f}\" text-anchor=\"end\">{}</text>", kLeft - 10,
                           middle + 4 + kLine * (static_cast<double>(i) - (static_cast<double>(name.size()) - 1) / 2),
                           for_html(name[i]));
    double end = 0;
    if (row.energy.value) {
      end = at(*row.energy.value);
      body_ += fmt::format(
          "<rect x=\"{}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\" rx=\"2\" {}/>", kLeft, middle - kBar / 2, end,
          kBar, row.kind == pb::KIND_ESTIMATED ? "fill=\"url(#nwE)\" stroke=\"#0072b2\"" : "fill=\"#0072b2\"");
      if (const auto uncertainty = row.energy.interval; uncertainty && *uncertainty > 0) {
        const double low = at(*row.energy.value - *uncertainty), high = at(*row.energy.value + *uncertainty);
        body_ += fmt::format("<path class=\"n\" d=\"M{0:.1f} {2:.1f}H{1:.1f}M{0:.1f} {3:.1f}v8M{1:.1f} {3:.1f}v8\"/>",
                             kLeft + low, kLeft + high, middle, middle - 4);
        end = std::max(end, high);
      }
    }
    body_ += fmt::format("<text class=\"m\" x=\"{:.1f}\" y=\"{:.0f}\">{}</text>\n", kLeft + end + 8, middle + 4,
                         for_html(figure_words(row)));
    top_ += kRow;
  }

  // "525 ± 11 Wh, n=3, E"
  std::string figure_words(const PaperRow& row) const {
    return fmt::format("{}, n={}{}", energy_pair_text(row.energy.amount(), {units_, true, false}), row.n,
                       row.kind == pb::KIND_MEASURED ? "" : fmt::format(", {}", kind_mark(row.kind)));
  }

  std::string title_, provenance_, body_;
  std::vector<std::string> phases_;  // in the order of the rows
  std::optional<double> most_;
  Units units_ = Units::J;
  double top_ = kTop;
  std::size_t drawn_ = 0;
};

}  // namespace

std::string make_bars_svg(const std::vector<PaperRow>& rows, std::string_view title, std::string_view provenance) {
  return Bars(rows, title, provenance).draw();
}

}  // namespace nw
