#include "report/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "record/record.pb.h"
#include "report/curve.h"
#include "report/escape.h"
#include "report/number.h"
#include "report/table.h"
#include "report/words.h"

namespace nw {

namespace {

constexpr int kRows = 5;
constexpr int kAxis = 12;  // columns left of the picture
constexpr int kMostColumns = 120;
constexpr std::array<std::string_view, 9> kBlocks{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, 9> kMarks{" ", " ", ".", ".", ":", ":", ":", "#", "#"};

std::string_view eighths(double part, bool utf8) {
  const int level = static_cast<int>(std::lround(std::clamp(part, 0.0, 1.0) * 8));
  return (utf8 ? kBlocks : kMarks)[level];
}

class Picture {
 public:
  Picture(const pb::Record& record, int width, bool utf8)
      : record_(record), curve_(make_curve(record, room(width))), utf8_(utf8) {
    repeat_ = std::max<std::size_t>(1, room(width) / std::max<std::size_t>(curve_.columns, 1));
    columns_ = curve_.columns * repeat_;
    top_ = highest_total(curve_).value_or(0);
  }

  std::string draw() const {
    if (curve_.columns == 0 || top_ <= 0) return "";
    std::string out;
    for (int row = kRows - 1; row >= 0; --row) out += line(row);
    out += fmt::format("  {} {}", padded("0 W", kAxis - 4, true), utf8_ ? "└" : "+");
    for (std::size_t i = 0; i < columns_; ++i) out += utf8_ ? "─" : "-";
    return out + '\n' + times() + phases();
  }

 private:
  static std::size_t room(int width) { return static_cast<std::size_t>(std::clamp(width - kAxis, 20, kMostColumns)); }

  std::string line(int row) const {
    const std::string scale = row == kRows - 1 ? power_text({top_, {}}) : "";
    std::string out = fmt::format("  {} {}", padded(scale, kAxis - 4, true), utf8_ ? "│" : "|");
    for (std::size_t i = 0; i < columns_; ++i) {
      const Power watts = total(curve_, i / repeat_);
      if (!watts)
        out += row == 0 ? "/" : " ";
      else
        out += eighths(*watts / top_ * kRows - row, utf8_);
    }
    return trimmed(std::move(out)) + '\n';
  }

  static std::string trimmed(std::string text) {
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
  }

  // Below the axis: start and end of the time, and whose power it is.
  std::string times() const {
    const bool gaps = std::any_of(curve_.gap.begin(), curve_.gap.end(), [](bool gap) { return gap; });
    const bool estimated =
        std::all_of(curve_.layers.begin(), curve_.layers.end(), [](const Layer& layer) { return layer.estimated; });
    std::string middle = curve_.node ? "node sensor" : estimated ? "estimated" : "measured parts";
    if (gaps) middle += ", / not measured";
    const std::string end = duration_text(curve_.duration_s);
    const int space = static_cast<int>(columns_) - 1 - static_cast<int>(end.size());
    const int before = std::max(2, (space - static_cast<int>(middle.size())) / 2);
    middle = padded(padded("", before) + middle, std::max(space, 0));
    return padded("", kAxis - 1) + "0" + middle + (static_cast<int>(display_width(middle)) > space ? "  " : "") + end +
           '\n';
  }

  // The outermost phases, by name where there is room: "|load|train------|infer".
  std::string phases() const {
    std::vector<std::string> cells(columns_, " ");
    bool any = false;
    for (const pb::Phase& phase : record_.phases()) {
      if (phase.path().find('/') != std::string::npos) continue;
      for (const pb::Span& span : phase.spans()) any = put(cells, ascii(clean(phase.path())), span) || any;
    }
    if (!any) return "";
    std::string out = padded("", kAxis - 1);
    for (const std::string& cell : cells) out += cell;
    return trimmed(std::move(out)) + '\n';
  }

  bool put(std::vector<std::string>& cells, const std::string& name, const pb::Span& span) const {
    if (span.begin_ns() < 0 || span.end_ns() < span.begin_ns()) return false;
    const double column_s = curve_.step_s / static_cast<double>(repeat_);
    const auto column = [&](std::int64_t ns) {
      return std::min(static_cast<double>(columns_), static_cast<double>(ns) / 1e9 / column_s);
    };
    const auto first = static_cast<std::size_t>(column(span.begin_ns()));
    const auto last = static_cast<std::size_t>(std::ceil(column(span.end_ns())));
    if (first >= last) return false;
    for (std::size_t i = first; i < last; ++i) cells[i] = utf8_ ? "╌" : "-";
    cells[first] = utf8_ ? "╷" : "|";
    if (name.size() <= last - first - 1)  // names are not truncated
      for (std::size_t i = 0; i < name.size(); ++i) cells[first + 1 + i] = std::string(1, name[i]);
    return true;
  }

  const pb::Record& record_;
  Curve curve_;
  bool utf8_;
  std::size_t repeat_ = 1;
  std::size_t columns_ = 0;
  double top_ = 0;
};

}  // namespace

std::string make_chart(const pb::Record& record, int width, bool utf8) { return Picture(record, width, utf8).draw(); }

}  // namespace nw
