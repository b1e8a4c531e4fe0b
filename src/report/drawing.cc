#include "report/drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "record/record.pb.h"
#include "report/escape.h"

namespace nw {

const char* const kSvgStyle =
    "<style>.nw{--ink:#17212b;--mute:#55616e;--line:#d9dfe6;--paper:#fff;--band:#e9eef4;--band2:#f4f6f9;--warn:#b3261e;"
    "font:12px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;font-variant-numeric:tabular-nums}"
    "@media (prefers-color-scheme:dark){.nw{--ink:#e6ebf0;--mute:#9fabb8;--line:#2f3a46;--paper:#141a21;--band:#26313d;"
    "--band2:#1c252e;--warn:#ff8a80}}"
    "@media print{.nw{--ink:#000;--mute:#444;--line:#ccc;--paper:#fff;--band:#e9eef4;--band2:#f4f6f9;--warn:#b3261e}}"
    ".nw text{fill:#17212b;fill:var(--ink)}.nw .m{fill:#55616e;fill:var(--mute)}"
    ".nw .g{stroke:#d9dfe6;stroke:var(--line);fill:none}"
    ".nw .a{stroke:#fff;stroke:var(--paper);stroke-width:.7}"
    ".nw .r{fill:#17212b;fill:var(--ink);opacity:.75}"
    ".nw .n{stroke:#17212b;stroke:var(--ink);stroke-width:1.6;fill:none;stroke-linejoin:round}"
    ".nw .b{fill:#e9eef4;fill:var(--band);stroke:#fff;stroke:var(--paper)}"
    ".nw .c{fill:#f4f6f9;fill:var(--band2);stroke:#fff;stroke:var(--paper)}"
    ".nw .d{stroke:#55616e;stroke:var(--mute);stroke-dasharray:2 3;opacity:.6;fill:none}"
    ".nw .k{stroke:#55616e;stroke:var(--mute);stroke-width:1}"
    ".nw .o{fill:#fff;fill:var(--paper);fill-opacity:.55;stroke:#b3261e;stroke:var(--warn)}"
    ".nw .w{stroke:#b3261e;stroke:var(--warn);stroke-width:1.4}</style>";

namespace {

constexpr double kNarrowestBand = 2;  // pixels

// Pixels with one decimal, without a trailing ".0".
std::string px(double value) {
  std::string text = fmt::format("{:.1f}", value);
  return text.ends_with(".0") ? text.substr(0, text.size() - 2) : text;
}

int depth_of(std::string_view path) { return static_cast<int>(std::count(path.begin(), path.end(), '/')); }

// Calls `interval(first, last)` for every run of known columns.
template <class Interval>
void for_intervals(const std::vector<Edge>& edges, Interval interval) {
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const std::size_t first = i;
    while (i < edges.size() && edges[i].known) ++i;
    if (i > first) interval(first, i);
  }
}

}  // namespace

double nice_step(double highest, int most) {
  if (!(highest > 0) || !std::isfinite(highest)) return 1;
  const double rough = highest / most;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 2.5, 5.0})
    if (factor * power >= rough * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

double nice_time_step(double seconds, int most) {
  static constexpr std::array kSteps{1.0,   2.0,   5.0,    10.0,   15.0,   30.0,    60.0,    120.0,  300.0,
                                     600.0, 900.0, 1800.0, 3600.0, 7200.0, 10800.0, 21600.0, 43200.0};
  if (seconds / most < kSteps[0]) return nice_step(seconds, most);
  for (const double step : kSteps)
    if (seconds / step <= most) return step;
  return 86400 * std::max(1.0, nice_step(seconds / 86400, most));
}

std::string time_text(double seconds, double step) {
  if (seconds == 0) return "0";
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (seconds < 60) return fmt::format("{:.3g} s", seconds);
  if (step >= 86400) return fmt::format("{}d", whole / 86400);
  if (whole >= 3600)
    return whole / 60 % 60 == 0 ? fmt::format("{}h", whole / 3600)
                                : fmt::format("{}h{:02}m", whole / 3600, whole / 60 % 60);
  return whole % 60 == 0 ? fmt::format("{}m", whole / 60) : fmt::format("{}m{:02}s", whole / 60, whole % 60);
}

std::vector<Band> make_bands(const pb::Record& record, int depth, double width, double duration_s) {
  std::vector<Band> bands;
  if (!(duration_s > 0)) return bands;
  for (const pb::Phase& phase : record.phases()) {
    if (depth_of(phase.path()) != depth) continue;
    const std::string path = clean(phase.path());
    const std::string name = path.substr(path.rfind('/') + 1);
    const std::size_t first = bands.size();
    for (const pb::Span& span : phase.spans()) {
      if (span.begin_ns() < 0 || span.end_ns() < span.begin_ns()) continue;
      const auto at = [&](std::int64_t ns) {
        return std::min(width, static_cast<double>(ns) / 1e9 / duration_s * width);
      };
      const double left = at(span.begin_ns()), right = std::max(at(span.end_ns()), left + 1);
      const bool merge = bands.size() > first &&
                         (left - bands.back().right < 1 &&
                          (right - left < kNarrowestBand || bands.back().right - bands.back().left < kNarrowestBand));
      if (merge)
        bands.back().right = right;
      else
        bands.push_back({left, right, name});
    }
  }
  std::stable_sort(bands.begin(), bands.end(), [](const Band& a, const Band& b) { return a.left < b.left; });
  return bands;
}

std::string area_path(const std::vector<Edge>& edges, const std::vector<double>& borders) {
  std::string path;
  for_intervals(edges, [&](std::size_t first, std::size_t last) {
    path += fmt::format("M{} {}", px(borders[first]), px(edges[first].high));
    for (std::size_t i = first; i < last; ++i) {
      if (i > first && px(edges[i].high) != px(edges[i - 1].high))
        path += fmt::format("H{}V{}", px(borders[i]), px(edges[i].high));
    }
    path += fmt::format("H{}V{}", px(borders[last]), px(edges[last - 1].low));
    for (std::size_t i = last - 1; i > first; --i)
      if (px(edges[i - 1].low) != px(edges[i].low)) path += fmt::format("H{}V{}", px(borders[i]), px(edges[i - 1].low));
    path += fmt::format("H{}Z", px(borders[first]));
  });
  return path;
}

std::string line_path(const std::vector<Edge>& edges, const std::vector<double>& borders) {
  std::string path;
  for_intervals(edges, [&](std::size_t first, std::size_t last) {
    path += fmt::format("M{} {}", px(borders[first]), px(edges[first].high));
    for (std::size_t i = first + 1; i < last; ++i)
      if (px(edges[i].high) != px(edges[i - 1].high)) path += fmt::format("H{}V{}", px(borders[i]), px(edges[i].high));
    path += fmt::format("H{}", px(borders[last]));
  });
  return path;
}

}  // namespace nw
