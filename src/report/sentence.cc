// One sentence for a paper: what ran, how often, how long, where, and what it used: the figure with its interval, its
// provenance, its boundary and its sensor, without which it means nothing.
#include <fmt/format.h>

#include <algorithm>

#include "record/record.pb.h"
#include "report/escape.h"
#include "report/facility.h"
#include "report/formats.h"
#include "report/provenance.h"
#include "report/words.h"

namespace nw {

namespace {

constexpr std::size_t kMostIds = 4;

// "2.97 +- 0.02 h", as prose has it.
std::string prose(const Digits& digits, std::string_view unit, bool utf8) {
  if (digits.value == kUnknown) return "an unknown amount";
  return digits.uncertainty.empty()
             ? fmt::format("{} {}", digits.value, unit)
             : fmt::format("{} {} {} {}", digits.value, plus_minus(utf8), digits.uncertainty, unit);
}

std::string energy_prose(const Mean& energy, const NumberStyle& style) {
  const Units units = energy_unit(energy.value, style.units);
  return prose(bare_digits(energy.amount(), energy_size(units), style.precise), energy_name(units), style.utf8);
}

std::string time_prose(const Mean& seconds, bool utf8) {
  if (!seconds.value) return "an unknown time";
  if (seconds.n < 2) return duration_text(seconds.value);
  const TimeUnit unit = time_unit(seconds.value);
  return prose(bare_digits(seconds.amount(), unit.seconds), unit.name, utf8);
}

std::string ids_words(const std::vector<const pb::Record*>& runs) {
  std::string words = runs.size() == 1 ? "run " : fmt::format("{} runs, ", runs.size());
  for (std::size_t i = 0; i < std::min(runs.size(), kMostIds); ++i) words += (i == 0 ? "" : " ") + short_id(*runs[i]);
  return words + (runs.size() > kMostIds ? " ..." : "");
}

std::string place_words(const pb::Record& record, const std::string& type) {
  const int nodes = std::max(1, record.members_size());
  if (type.empty()) return nodes == 1 ? "one node" : fmt::format("{} nodes", nodes);
  return nodes == 1 ? fmt::format("one node ({})", type)
                    : fmt::format("{} nodes ({} {})", nodes, record.node_type().empty() ? "together" : "each", type);
}

// "measured: the whole node, at the wall (AC); Redfish PSU, ..."
std::string ground(const RunGroup& batch, const PaperRow& row, bool utf8) {
  std::string words = fmt::format("{}: {}", kind_words(row.kind, is_played(batch.runs)), row.boundary);
  const std::string source = total_source_words(batch.runs, utf8);
  if (!source.empty()) words += "; " + source;
  return words;
}

}  // namespace

std::string make_sentence(const RunGroup& batch, std::string_view phase, const NumberStyle& style) {
  const PaperRow row = make_paper_row(batch, phase);
  std::string words = fmt::format("{}{} ({}) took {} on {} and used {} ({})", row.label,
                                  row.phase.empty() ? "" : ", phase " + row.phase, ids_words(batch.runs),
                                  time_prose(row.seconds, style.utf8), place_words(*batch.runs[0], row.node),
                                  energy_prose(row.energy, style), ground(batch, row, style.utf8));
  if (!row.unit.empty()) words += ", " + per_item_text(row.per_unit.amount(), row.unit, style);
  if (row.gpu_share.value) words += fmt::format(", {} of it in GPUs", percent_text(row.gpu_share));
  words += "; without PUE.";
  const std::string carbon = compute_carbon_words(batch.runs, phase, style);
  return carbon.empty() ? words : words + " Carbon: " + carbon + ".";
}

Result<std::string> make_sentences(Records records, const RenderOptions& style) {
  const NumberStyle numbers{style.text.units, style.text.utf8, style.text.precise};
  std::string out;
  for (const RunGroup& batch : make_run_groups(records)) {
    out += make_sentence(batch, style.phase, numbers) + '\n';
    if (!style.phase.empty()) continue;
    for (const pb::Phase& phase : batch.runs[0]->phases())
      if (phase.resolved() && !phase.path().empty() && phase.path().find('/') == std::string::npos)
        out += make_sentence(batch, phase.path(), numbers) + '\n';
  }
  out += provenance_words(records, numbers.utf8) + '\n';
  return numbers.utf8 ? out : ascii(out);
}

}  // namespace nw
