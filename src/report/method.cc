// How the figures of a run were obtained, as a paper's methods section needs it: boundary, every part with its source,
// what is modelled, the uncertainties, and what was not measured.
#include <fmt/format.h>

#include <algorithm>

#include "record/record.pb.h"
#include "report/escape.h"
#include "report/formats.h"
#include "report/provenance.h"
#include "report/summary.h"
#include "report/words.h"

namespace nw {

namespace {

constexpr std::size_t kMostLines = 40;

// Parts of one domain with the same provenance and source.
struct Origin {
  std::string domain;
  std::string source;
  pb::Kind kind = pb::KIND_UNKNOWN;
  bool counted = false;
  int parts = 0;
};

std::vector<Origin> compute_origins(const pb::Record& record, bool utf8) {
  std::vector<Origin> all;
  for (const pb::Component& one : record.components()) {
    const std::string source = component_source(record, one, utf8, false);
    const auto same = std::find_if(all.begin(), all.end(), [&](const Origin& origin) {
      return origin.domain == one.domain() && origin.source == source && origin.kind == known_kind(one.energy()) &&
             origin.counted == one.counted();
    });
    if (same != all.end())
      ++same->parts;
    else if (all.size() < kMostLines)
      all.push_back({one.domain(), source, known_kind(one.energy()), one.counted(), 1});
  }
  return all;
}

std::string origin_line(const Origin& origin) {
  const PartWords& words = part_words(origin.domain);
  std::string name(origin.parts == 1 ? words.one : words.many);
  if (words.domain.empty() && !origin.domain.empty()) name = clean(origin.domain);
  if (origin.parts > 1) name = fmt::format("{} ({})", name, origin.parts);
  const std::string_view kind = kind_name(origin.kind);
  const std::string source = origin.source.empty() ? "source unknown" : origin.source;
  return fmt::format("{}: {}, {}{}.", name, kind.empty() ? "how known: unknown" : kind, source,
                     origin.counted || origin.kind != pb::KIND_ESTIMATED ? "" : "; stands beside the total, not in it");
}

std::string calibration_words(const pb::SensorUse& sensor) {
  std::string words;
  if (sensor.has_factor()) words += fmt::format("readings divided by {}", plain_text(finite(sensor.factor())));
  if (sensor.has_bias_uw())
    words +=
        fmt::format("{}less {} W", words.empty() ? "" : ", ", plain_text(static_cast<double>(sensor.bias_uw()) / 1e6));
  return words.empty() ? words : fmt::format("{}: {}, by the site's calibration.", clean(sensor.id()), words);
}

}  // namespace

std::string make_method(const pb::Record& record, const NumberStyle& style) {
  const Summary summary = make_summary(record, style);
  std::string out = fmt::format("Energy: {}; of {}. Boundary: {}.\n", summary.kind, summary.scope, summary.boundary);
  for (const Origin& origin : compute_origins(record, style.utf8)) out += origin_line(origin) + '\n';
  for (const pb::SensorUse& sensor : record.sensors())
    if (const std::string words = calibration_words(sensor); !words.empty()) out += words + '\n';
  if (!summary.whole_node.empty()) out += fmt::format("Whole node, estimated: {}.\n", summary.whole_node);
  out += fmt::format(
      "{} is half the 95 % interval: terms after JCGM 100, those of one type of sensor taken as fully correlated.\n",
      plus_minus(style.utf8));
  if (!summary.uncertainties.empty()) out += fmt::format("Largest uncertainties: {}.\n", summary.uncertainties);
  out += fmt::format("Quality: {}{}.\n", summary.coverage, summary.no_anomalies);
  for (const AnomalyLine& one : summary.anomaly_lines)
    out += fmt::format("{} {} ({}): {}.\n", one.count, one.name, name(one.severity), one.text);
  if (!summary.monitor.empty()) out += fmt::format("nodewatt itself used {}.\n", summary.monitor);
  return out;
}

}  // namespace nw
