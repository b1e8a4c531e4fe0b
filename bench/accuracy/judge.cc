// A machine that learns has a quarter of an hour of life before its runs: five other loads of about 150 s each,
// measured by the production code one after the other, each with what those before it taught. Every measured run begins
// with just that, so that a machine's runs are independent of each other.
#include "bench/accuracy/judge.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "bench/accuracy/invent.h"
#include "bench/accuracy/measured.h"
#include "bench/accuracy/methods.h"
#include "record/record.pb.h"
#include "study/comparison.h"

namespace nw::accuracy {

namespace {
constexpr int kLives = 5;
constexpr double kShortestLife = 120, kLongestLife = 180;  // s
constexpr std::uint64_t kFaultEvery =
    4;  // machines of which one more run, of the last band but the long ones, has a fault

double joules_of(std::int64_t uj) { return static_cast<double>(uj) * 1e-6; }

// Each part of a machine has random numbers of its own, so that none changes when another is left out.
Random random_of(const NodeType& type, std::uint64_t number, std::uint64_t seed, std::uint64_t part) {
  std::uint64_t name = 0;
  for (const char* c = type.name; *c != '\0'; ++c) name = name * 131 + static_cast<unsigned char>(*c);
  return Random(((seed * 1'000'003 + number) * 1'000'003 + name) * 101 + part);
}

std::vector<ProgramEvent> events_of(const PlayedLoad& load) {
  using Kind = ProgramEvent::Kind;
  std::vector<ProgramEvent> events;
  for (std::size_t i = 0; i < load.phases.size(); ++i) {
    const PlayedPhase& phase = load.phases[i];
    for (const Kind kind : {Kind::begin, Kind::end}) {
      ProgramEvent event;
      event.kind = kind;
      event.at = kind == Kind::begin ? phase.begin : phase.end;
      event.id = i + 1;
      event.pid = event.tid = 1;
      event.name = phase.path.substr(phase.path.find('/') + 1);
      events.push_back(event);
    }
  }
  std::stable_sort(events.begin(), events.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  return events;
}

// Value, half-width and truth of an energy; "resolved" false where it is unknown. "whole": it is the node's.
std::string figures_of(const pb::Energy& energy, const std::optional<Truth>& truth) {
  if (!energy.has_energy_uj() || energy.kind() == pb::KIND_ESTIMATED) return R"("resolved":false,"whole":false)";
  if (!truth) return R"("error":"no truth for the total")";
  return fmt::format(
      R"("resolved":true,"whole":{},"value_j":{:.6g},"truth_j":{:.6g},"sensed_j":{:.6g},"half_j":{:.6g},"random_j":{:.6g},)"
      R"("coverage":{:.6f},"counters":{},"outside":{})",
      energy.boundary() == pb::BOUNDARY_NODE_DC || energy.boundary() == pb::BOUNDARY_WALL,
      joules_of(energy.energy_uj()), truth->joules, truth->sensed, joules_of(energy.uncertainty_uj()),
      energy.random_uj() * 1e-6, energy.coverage(), truth->counters, truth->outside);
}

std::string phases_of(const sim::Machine& machine, const pb::Record& record, const PlayedLoad& load) {
  std::vector<std::string> out;
  for (const PlayedPhase& played : load.phases) {
    const auto found = std::find_if(record.phases().begin(), record.phases().end(),
                                    [&](const auto& phase) { return phase.path() == played.path; });
    if (found == record.phases().end()) {
      out.push_back(fmt::format(R"({{"path":"{}","error":"missing"}})", played.path));
      continue;
    }
    out.push_back(
        fmt::format(R"({{"path":"{}","duration_s":{:.3f},{}}})", played.path, to_seconds(played.end - played.begin),
                    figures_of(found->energy(), truth_of(machine, record, *found, played.begin, played.end))));
  }
  return fmt::format("{}", fmt::join(out, ","));
}

std::string names_of(const auto& items) {
  std::vector<std::string> names;
  for (const auto& item : items) names.push_back(fmt::format(R"("{}")", item.name()));
  return fmt::format("{}", fmt::join(names, ","));
}

std::string methods_of(const sim::Machine& machine, std::uint64_t number) {
  std::vector<std::string> out;
  for (const auto& [name, one] : estimate(machine, static_cast<double>(number * 7919 % 1000) / 1000))
    out.push_back(fmt::format(R"("{}":[{:.6g},{:.6g}])", name, one.joules, one.should_be));
  return fmt::format("{}", fmt::join(out, ","));
}

// A run as it was measured in one of the ways.
struct Measured {
  const Band* band;
  bool history;
  double truth = 0;
  pb::Record record;
};

class Judge {
 public:
  Judge(const NodeType& type, std::uint64_t number, const Selection& selection)
      : type_(type), number_(number), selection_(selection) {}

  std::vector<std::string> all() {
    Random random = random_of(type_, number_, selection_.seed, 0);
    auto node = make_node(type_, random);
    if (!node) return {failed(node.error())};
    node_ = std::move(*node);
    if (selection_.with_history && type_.learns()) live();
    for (std::size_t b = 0; b < std::size(kBands); ++b)
      if (selection_.bands[b]) run(b, false);
    if (number_ % kFaultEvery == 0 && selection_.bands[kUsualBands - 1]) run(kUsualBands - 1, true);
    compare_runs();
    return std::move(lines_);
  }

 private:
  std::string failed(const Error& error) const {
    return fmt::format(R"({{"type":"{}","number":{},"error":"{}"}})", type_.name, number_, error.what);
  }

  void live() {
    Random random = random_of(type_, number_, selection_.seed, 1);
    for (int i = 0; i < kLives; ++i) {
      PlayedRun life = draw_run(random, node_, kShortestLife, kLongestLife, false);
      const auto machine = sim::make_machine(std::move(life.scenario));
      if (!machine) return lines_.push_back(failed(machine.error()));
      MeasureOptions options;
      options.history = &life_;
      (void)measure(*machine, options);
    }
  }

  void run(std::size_t b, bool with_fault) {
    Random random = random_of(type_, number_, selection_.seed, 2 + 2 * b + (with_fault ? 1 : 0));
    PlayedRun run = draw_run(random, node_, kBands[b].shortest_s, kBands[b].longest_s, with_fault);
    const auto machine = sim::make_machine(std::move(run.scenario));
    if (!machine) return lines_.push_back(failed(machine.error()));
    const JobTape taped = make_job_tape(*machine, {run.late_s, random()});
    for (const bool history : {false, true}) {
      if (history ? !selection_.with_history || !type_.learns() : !selection_.without_history) continue;
      History life = life_;
      MeasureOptions options;
      options.events = events_of(run.load);
      if (history) options.history = &life;
      Measured measured{&kBands[b], history, 0, measure(taped, options)};
      measured.truth = print(*machine, run, measured);
      if (!with_fault && measured.truth > 0) measured_.push_back(std::move(measured));
    }
  }

  // Returns the true energy of the total, 0 where there is none.
  double print(const sim::Machine& machine, const PlayedRun& run, const Measured& measured) {
    const pb::Record& record = measured.record;
    const auto truth = truth_of(machine, record);
    lines_.push_back(fmt::format(
        R"({{"type":"{}","order":{},"number":{},"band":"{}","history":{},"learns":{},"counts":{},)"
        R"("late":{},"fault":"{}","workload":"{}","duration_s":{:.3f},{},"methods":{{{}}},"anomalies":[{}],"terms":[{}],"phases":[{}]}})",
        type_.name, &type_ - node_types().data(), number_, measured.band->name, measured.history, type_.learns(),
        type_.counts(), run.late_s > 0, run.fault, run.load.workload, run.duration_s,
        figures_of(record.energy(), truth), measured.history ? "" : methods_of(machine, number_),
        names_of(record.anomalies()), names_of(record.energy().contributors()), phases_of(machine, record, run.load)));
    return truth && record.energy().has_energy_uj() ? truth->joules : 0;
  }

  // The ratio of two runs of successive bands, by the comparison that users get.
  void compare_runs() {
    for (const Measured& a : measured_)
      for (const Measured& b : measured_)
        if (a.history == b.history && b.band == a.band + 1) compare_two(a, b);
  }

  void compare_two(const Measured& a, const Measured& b) {
    pb::Record one = a.record, other = b.record;
    for (pb::Record* record : {&one, &other}) {
      const char* group = record == &one ? "a" : "b";
      record->set_uid(group);
      record->set_name("job");
      record->set_group(group);
      record->set_repeat(1);
    }
    const pb::Record* const records[] = {&one, &other};
    ComparisonOptions options;
    options.base = "b";
    const auto comparison = compare(records, options);
    const std::string about = fmt::format(R"({{"ratio_of":"{}","number":{},"band":"{}","history":{})", type_.name,
                                          number_, a.band->name, a.history);
    const Ratio* ratio = comparison && comparison->is_ranked ? &comparison->sides[0].energy : nullptr;
    if (ratio == nullptr || !ratio->quotient.value || !ratio->quotient.uncertainty)
      return lines_.push_back(about + R"(,"resolved":false})");
    lines_.push_back(fmt::format(R"({},"resolved":true,"value":{:.8g},"half":{:.8g},"truth":{:.8g}}})", about,
                                 *ratio->quotient.value, *ratio->quotient.uncertainty, a.truth / b.truth));
  }

  const NodeType& type_;
  std::uint64_t number_;
  const Selection& selection_;
  sim::Scenario node_;
  History life_;
  std::vector<Measured> measured_;
  std::vector<std::string> lines_;
};
}  // namespace

std::vector<std::string> judge_machine(const NodeType& type, std::uint64_t number, const Selection& selection) {
  return Judge(type, number, selection).all();
}

}  // namespace nw::accuracy
