// The printed line of a bench: what the text, Markdown and HTML tables of a bench share.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "report/report.h"
#include "study/repeats.h"

namespace nw {

struct BenchLine {
  std::string application, phase, configuration;
  std::string runtime, power, energy, per_unit, quality;
  std::string runs;  // "3"
  pb::Kind kind{};
  std::string uncertainty;  // relative, "2.1 %"
  std::string boundary;     // what the energy includes; "different" when the repeats differ
  Mean joules;              // for bars
};

std::vector<BenchLine> make_bench_lines(std::span<const BenchRow> rows, const NumberStyle& style);

// What the figures of a bench mean and include, and one more sentence when any is an estimate.
std::string bench_note(const std::vector<BenchLine>& lines);

}  // namespace nw
