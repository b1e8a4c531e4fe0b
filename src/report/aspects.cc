// The aspects of the EE HPC WG's power measurement methodology
// (https://github.com/EEHPCWG/PowerMeasurementMethodology), one by one: the highest level that this record could reach
// in each, and what is missing for more.
//
// A level applies to a whole system and its submission, which one record of one node cannot be; so this is a worksheet
// for authors and reviewers, never a claim. Whatever a record does not contain counts as not reached.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "record/record.pb.h"
#include "report/escape.h"
#include "report/formats.h"
#include "report/provenance.h"
#include "report/table.h"
#include "report/words.h"

namespace nw {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr double kShortestCore = 60;     // s
constexpr double kMostUncovered = 10;    // s, five at each end
constexpr int kFewestReadings = 10;      // in the core phase
constexpr double kEnoughPower = 40'000;  // W
constexpr std::size_t kEnoughNodes = 15;

struct Aspect {
  std::string_view name;
  int level = 0;  // 0: none
  std::string why;
};

// The sensors behind the run's energy.
std::vector<const pb::SensorUse*> total_sensors(const pb::Record& record) {
  std::vector<const pb::SensorUse*> all;
  const bool node = !record.components().empty() && record.components(0).domain() == "node";
  for (const pb::Component& part : record.components()) {
    if (!part.counted() || part.depth() > 0) continue;
    for (const pb::SensorUse& sensor : record.sensors())
      if (sensor.id() == part.sensor() || (sensor.source() == part.source() && !part.source().empty())) {
        all.push_back(&sensor);
        break;
      }
    if (node) break;
  }
  return all;
}

bool measured(const pb::Record& record) {
  return known_kind(record.energy()) != pb::KIND_ESTIMATED && known_kind(record.energy()) != pb::KIND_UNKNOWN;
}

Aspect granularity(const pb::Record& record) {
  Aspect out{"1a granularity", 0, "no sensor of the total is known"};
  if (!measured(record)) return out;
  int least = 3;
  const auto sensors = total_sensors(record);
  for (const pb::SensorUse* sensor : sensors) {
    const std::string name = clean(sensor->source());
    const int level = sensor->counter()                                                             ? 3
                      : sensor->update_interval_ns() > 0 && sensor->update_interval_ns() <= kSecond ? 2
                                                                                                    : 0;
    if (level > least || (level == least && out.level == least && out.level > 0)) continue;
    least = level;
    out.level = level;
    out.why = level == 3   ? name + " integrates energy itself"
              : level == 2 ? name + " shows power each second or faster; level 3 asks for integrated energy"
                           : fmt::format("{} shows power each {}; one reading a second is asked", name,
                                         duration_text(duration_s(sensor->update_interval_ns())));
  }
  return out;
}

Aspect timing(const pb::Record& record) {
  const auto seconds = duration_s(record.duration_ns()), covered = coverage(record.energy());
  Aspect out{"1b timing", 0, "duration or coverage unknown"};
  if (!measured(record) || !seconds || !covered) return out;
  const double missing = (1 - *covered) * *seconds;
  if (*seconds < kShortestCore) {
    out.why = fmt::format("the run took {}; a core phase of a minute is the least", duration_text(seconds));
  } else if (missing <= kMostUncovered && *covered > 0.9) {
    out.level = 3;
    out.why = missing <= 0 ? "the full run was measured" : fmt::format("the full run but {}", duration_text(missing));
  } else {
    out.level = *covered > 0.5 ? 1 : 0;
    out.why = fmt::format("{} of the run were not measured", duration_text(missing));
  }
  return out;
}

Aspect reported(const pb::Record& record) {
  Aspect out{"1c what is reported", 0, "no mean power is known"};
  if (!mean_power_w(record.energy(), record.duration_ns())) return out;
  int steps = 0;
  for (const pb::Series& series : record.timeline().series()) steps = std::max(steps, series.energy_uj_size());
  const bool idle = std::any_of(record.idle().begin(), record.idle().end(),
                                [](const pb::Idle& one) { return one.domain() == "node"; });
  if (steps < kFewestReadings || !idle) {
    out.level = 1;
    out.why = !idle ? "the mean; level 2 asks for the idle power too (nodewatt calibrate idle)"
                    : fmt::format("the mean, but {} readings in it; ten are asked", steps);
  } else {
    out.level = 3;
    out.why = "mean, energy, at least ten energies within, idle power";
  }
  return out;
}

Aspect fraction(const pb::Record& record) {
  Aspect out{"2 machine fraction", 0, ""};
  const auto nodes = static_cast<std::size_t>(std::max(1, record.members_size()));
  const auto watts = mean_power_w(record.energy(), record.duration_ns());
  if (nodes >= kEnoughNodes || (watts && *watts >= kEnoughPower)) {
    out.level = 1;
    out.why = fmt::format("{} node{}; how many the system has is not recorded, and level 3 asks for all", nodes,
                          nodes == 1 ? "" : "s");
  } else {
    out.why =
        fmt::format("{} node{}: enough only if that is the whole system; else 15 nodes, 40 kW or a tenth are asked",
                    nodes, nodes == 1 ? "" : "s");
  }
  return out;
}

Aspect subsystems(const pb::Record& record) {
  Aspect out{"3 subsystems", 0, ""};
  if (known_boundary(record.energy()) >= pb::BOUNDARY_NODE_DC && measured(record))
    out.why =
        "the node is measured whole; the network outside it is neither measured nor estimated, and level 1 asks for it";
  else
    out.why = (measured(record) ? "not the whole node: " : "not measured: ") + boundary_words(record);
  return out;
}

Aspect location(const pb::Record& record) {
  Aspect out{"4 point of measurement", 0, ""};
  if (!measured(record)) {
    out.why = "nothing was measured";
  } else if (known_boundary(record.energy()) == pb::BOUNDARY_WALL) {
    out.level = 3;
    out.why = "upstream of the node's power supplies";
  } else if (known_boundary(record.energy()) == pb::BOUNDARY_NODE_DC) {
    out.why = "node DC, after the power supplies: level 1 asks for their loss, from the maker's data at least";
  } else {
    out.why = "on chips or boards, behind every conversion";
  }
  return out;
}

Aspect meter(const pb::Record& record) {
  Aspect out{"4b meter", 0, "the tolerance of the total's sensor is not known"};
  const auto sensors = total_sensors(record);
  double worst = 0;
  const pb::SensorUse* which = nullptr;
  for (const pb::SensorUse* sensor : sensors)
    if (const auto gain = finite(sensor->gain()); gain && *gain > worst) worst = *gain, which = sensor;
  if (which == nullptr || !measured(record)) return out;
  const std::string basis = clean(which->gain_basis());
  const std::string figure =
      fmt::format("{}: {:.3g} % ({}, {})", clean(which->source()), worst * 100,
                  which->gain_shape() == "sigma" ? "standard uncertainty" : clean(which->gain_shape()),
                  basis.empty() ? "no basis" : basis);
  if (basis.empty() || basis.find("assumed") != std::string::npos) {
    out.why = figure + ": nobody answers for it; a maker's or a calibration's figure is asked";
    return out;
  }
  out.level = worst <= 0.01 ? 3 : worst <= 0.02 ? 2 : worst <= 0.05 ? 1 : 0;
  out.why = figure + "; 5, 2 and 1 % are asked";
  return out;
}

std::string level_words(int level) { return level == 0 ? "none" : fmt::format("level {}", level); }

std::string make_sheet(const pb::Record& record, const TextStyle& style) {
  const std::array<Aspect, 7> all{granularity(record), timing(record),   reported(record), fraction(record),
                                  subsystems(record),  location(record), meter(record)};
  std::string out = fold("",
                         fmt::format("Run {}{}{}, aspects of the EE HPC WG methodology: what each would reach at most",
                                     short_id(record), record.name().empty() ? "" : " ", clean(record.name())),
                         style.width) +
                    '\n';
  const int least = std::min_element(all.begin(), all.end(), [](const Aspect& a, const Aspect& b) {
                      return a.level < b.level;
                    })->level;
  std::string limits;
  for (const Aspect& one : all) {
    out += fold("  " + padded(one.name, 24) + padded(level_words(one.level), 9), one.why, style.width) + '\n';
    if (one.level == least) limits += (limits.empty() ? "" : "; ") + std::string(one.name);
  }
  return out +
         fold("",
              fmt::format("As a whole it would reach at most: {}, limited by {}. This is no claim of a level: "
                          "levels are of a system and its submission, this is one record.",
                          level_words(least), limits),
              style.width) +
         '\n';
}

}  // namespace

Result<std::string> make_aspects(Records records, const RenderOptions& style) {
  std::string out;
  for (const pb::Record* record : records) out += (out.empty() ? "" : "\n") + make_sheet(*record, style.text);
  out += "\n" + fold("", provenance_words(records, style.text.utf8), style.text.width) + '\n';
  return style.text.utf8 ? out : ascii(out);
}

}  // namespace nw
