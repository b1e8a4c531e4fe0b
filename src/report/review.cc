// The questions of a reviewer: everything that a careful reader of a paper wants to know about its energies and that
// these records do not answer, each with what would answer it.
//
// One list of questions; each is put to all the records, or to each batch of repeats, and names those concerned.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/anomalies.h"
#include "record/record.pb.h"
#include "report/escape.h"
#include "report/facility.h"
#include "report/formats.h"
#include "report/provenance.h"
#include "report/table.h"
#include "report/words.h"

namespace nw {

namespace {

constexpr std::size_t kEnoughRuns = 3;
constexpr double kEnoughCoverage = 0.99;
constexpr double kWideInterval = 0.1;
constexpr double kShortForRapl = 10;  // s
constexpr std::size_t kMostNamed = 4;

using Asked = std::optional<ReviewQuestion>;

// "a, b and 3 more" of the batches or runs for which a test is true; empty when there are none.
template <class Items, class Test, class Name>
std::string whom(const Items& items, Test test, Name name) {
  std::string words;
  std::size_t found = 0;
  for (const auto& item : items) {
    if (!test(item)) continue;
    if (found < kMostNamed) words += (found == 0 ? "" : ", ") + name(item);
    ++found;
  }
  return found > kMostNamed ? fmt::format("{} and {} more", words, found - kMostNamed) : words;
}

struct Case {
  Records records;
  std::vector<RunGroup> batches;

  template <class Test>
  std::string runs(Test test) const {
    return whom(records, test, [](const pb::Record* one) { return short_id(*one); });
  }
  template <class Test>
  std::string of_batches(Test test) const {
    return whom(batches, test, [](const RunGroup& one) { return clean(one.label); });
  }
};

Asked ask(const std::string& who, std::string_view name, std::string_view text, std::string_view repair) {
  if (who.empty()) return std::nullopt;
  return ReviewQuestion{std::string(name), fmt::format("{}: {}", text, who), std::string(repair)};
}

// The different values that the runs of a batch have for one thing.
template <class Word>
bool differ(const std::vector<const pb::Record*>& runs, Word word) {
  std::set<std::string> seen;
  for (const pb::Record* run : runs) seen.insert(word(*run));
  return seen.size() > 1;
}

Asked repeats(const Case& all) {
  return ask(all.of_batches([](const RunGroup& one) { return one.runs.size() < kEnoughRuns; }), "no_repeats",
             "How much does it vary? Fewer than three runs", "nodewatt run --repeat 3");
}

Asked boundary(const Case& all) {
  return ask(all.runs([](const pb::Record* one) {
    return known_boundary(one->energy()) < pb::BOUNDARY_NODE_DC && known_kind(one->energy()) != pb::KIND_ESTIMATED;
  }),
             "not_whole_node", "What of the node is not in it? The energy is of parts alone",
             "a sensor of the node (nodewatt doctor), or quote the whole node's estimate beside it");
}

Asked mixed(const Case& all) {
  std::set<std::string> seen;
  for (const pb::Record* one : all.records) seen.insert(boundary_words(*one));
  return ask(seen.size() > 1 ? boundaries_words(all.records) : "", "mixed_boundaries",
             "Are these comparable? Their energies take in different things", "compare what all of them measured");
}

Asked estimated(const Case& all) {
  return ask(all.runs([](const pb::Record* one) { return known_kind(one->energy()) >= pb::KIND_ATTRIBUTED; }),
             "not_measured", "Was this measured? The energy is attributed or estimated",
             "sensors that may be read (nodewatt doctor)");
}

Asked uncovered(const Case& all) {
  return ask(all.runs([](const pb::Record* one) {
    return known_kind(one->energy()) != pb::KIND_ESTIMATED && coverage(one->energy()).value_or(0) < kEnoughCoverage;
  }),
             "coverage", "What happened in the time that was not measured? Coverage below 99 % or unknown",
             "run again, with the sensor repaired");
}

Asked wide(const Case& all) {
  return ask(all.runs([](const pb::Record* one) {
    const auto joules = energy_j(one->energy()), uncertainty = uncertainty_j(one->energy());
    return !joules || !uncertainty || *joules <= 0 || *uncertainty > kWideInterval * *joules;
  }),
             "wide_interval", "How sure is the figure? Its interval is wider than 10 % of it, or unknown",
             "a longer run; a calibrated sensor (nodewatt calibrate against)");
}

Asked assumed(const Case& all) {
  return ask(all.runs([](const pb::Record* one) {
    return std::any_of(one->sensors().begin(), one->sensors().end(),
                       [](const pb::SensorUse& sensor) { return sensor.gain_basis() == "assumed"; });
  }),
             "assumed_tolerance", "Who says how accurate the sensors are? A tolerance is assumed",
             "nodewatt calibrate against METER, or the maker's figure in the site file");
}

Asked idle(const Case& all) {
  return ask(all.runs([](const pb::Record* one) { return one->idle().empty(); }), "idle_unknown",
             "How much of it would the idle node have drawn? No baseline", "nodewatt calibrate idle, then run again");
}

Asked work(const Case& all) {
  const auto none = [](const pb::Record* one) {
    return one->work().empty() && std::all_of(one->phases().begin(), one->phases().end(),
                                              [](const pb::Phase& phase) { return phase.work().empty(); });
  };
  return ask(all.runs(none), "no_work", "Energy for how much work? No unit of it was counted",
             "nw_work in the program, nodewatt.work in Python, nodewatt phase work in a script");
}

Asked carbon(const Case& all) {
  const auto without = [](const pb::Record* one) { return !compute_footprint(*one).carbon_g.value; };
  return ask(all.runs(without), "no_carbon_factor", "How much carbon is that? No factor was given",
             "--carbon G_PER_KWH --carbon-source TEXT, or facility.carbon_g_per_kwh in the site file");
}

Asked carbon_source(const Case& all) {
  return ask(all.runs([](const pb::Record* one) {
    const pb::Sourced& factor = one->facility().carbon_g_per_kwh();
    return compute_footprint(*one).carbon_g.value && (factor.source().empty() || factor.date().empty());
  }),
             "carbon_source", "Whose carbon factor, of when? Its source or date is missing",
             "facility.carbon_g_per_kwh with source and date in the site file");
}

Asked warmup(const Case& all) {
  std::set<std::string> warmed;
  for (const pb::Record* one : all.records)
    if (one->warmup()) warmed.insert(one->group());
  return ask(all.of_batches(
                 [&](const RunGroup& one) { return one.runs.size() > 1 && !warmed.contains(one.runs[0]->group()); }),
             "no_warmup", "Is the first run like the others? No warm-up stands apart from the repeats",
             "nodewatt run --warmup 1 --repeat 3");
}

Asked versions(const Case& all) {
  const auto words = [](const pb::Record& run) {
    std::string text = run.version();
    for (const pb::Label& one : run.software())
      text.append(1, '\n').append(one.key()).append(1, '=').append(one.value());
    return text + '\n' + run.node().kernel();
  };
  return ask(all.of_batches([&](const RunGroup& one) { return differ(one.runs, words); }), "different_software",
             "Did the repeats run on the same software? Versions differ",
             "repeat all of them on one state of the machine");
}

Asked nodes(const Case& all) {
  const auto host = [](const pb::Record& run) { return run.node().host(); };
  return ask(all.of_batches([&](const RunGroup& one) { return differ(one.runs, host); }), "different_nodes",
             "Were the repeats on one node? Hosts differ", "say so: the scatter holds the nodes' differences");
}

Asked failures(const Case& all) {
  return ask(all.runs([](const pb::Record* one) { return has_failed(*one); }), "failed_runs",
             "Were there failed runs? They are in no mean", "say how many there were");
}

bool reads_rapl(const pb::Record& record) {
  return std::any_of(record.sensors().begin(), record.sensors().end(),
                     [](const pb::SensorUse& one) { return one.id().starts_with("rapl"); });
}

Asked filter(const Case& all) {
  return ask(all.runs([](const pb::Record* one) {
    return reads_rapl(*one) && duration_s(one->duration_ns()).value_or(0) < kShortForRapl;
  }),
             "energy_filter",
             "Was the CPU's energy filter on? Short runs by RAPL, and it is not recorded whether it was",
             "nodewatt doctor on that node says it; longer runs are little affected");
}

Asked anomalies(const Case& all) {
  return ask(all.runs([](const pb::Record* one) {
    return std::any_of(one->anomalies().begin(), one->anomalies().end(), [](const pb::AnomalyCount& met) {
      const auto known = anomaly(met.name());
      return met.count() > 0 && (!known || entry(*known).severity != Severity::info);
    });
  }),
             "anomalies", "What went wrong while measuring? Anomalies were met", "nodewatt report ID names them");
}

constexpr std::array kQuestions{&repeats,  &boundary, &mixed,    &estimated, &uncovered,     &wide,
                                &assumed,  &idle,     &work,     &carbon,    &carbon_source, &warmup,
                                &versions, &nodes,    &failures, &filter,    &anomalies};

}  // namespace

std::vector<ReviewQuestion> compute_questions(Records records) {
  const Case all{records, make_run_groups(records)};
  std::vector<ReviewQuestion> questions;
  for (const auto question : kQuestions)
    if (Asked one = question(all)) questions.push_back(std::move(*one));
  return questions;
}

std::string make_review(Records records, const TextStyle& style) {
  const std::vector<ReviewQuestion> questions = compute_questions(records);
  std::string out =
      fold("",
           fmt::format("{} run{}: a reviewer would ask {}", records.size(), records.size() == 1 ? "" : "s",
                       questions.empty()
                           ? "nothing that these records do not answer"
                           : fmt::format("{} thing{}", questions.size(), questions.size() == 1 ? "" : "s")),
           style.width) +
      '\n';
  for (const ReviewQuestion& one : questions) {
    out += fold("  " + padded(one.name, 20), one.text, style.width) + '\n';
    out += fold(padded("", 22) + "Answer: ", one.repair, style.width) + '\n';
  }
  out += "Not in any record, so ask yourself: was the node yours alone? Which runs are not among these?\n";
  out += fold("", provenance_words(records, style.utf8), style.width) + '\n';
  return style.utf8 ? out : ascii(out);
}

}  // namespace nw
