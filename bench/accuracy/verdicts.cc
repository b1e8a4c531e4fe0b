// How often variants that are all alike are called different, and how often one that takes 5 % more is found. A line of
// JSON for each place, kind of scatter, number of variants and number of runs.
// usage: accuracy_verdicts FAMILIES SEED [NODES]
//
// A family is k variants of n runs each, judged by compare, advise and findings as they are. Its runs are simulated
// ones of one load, measured by the production code; what differs between real runs is put on top: lognormal factors of
// power and time, together 0.5 to 3 %. NODES: how many nodes and loads are played for each place. FAMILIES: for each
// line.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "bench/accuracy/draws.h"
#include "bench/accuracy/measured.h"
#include "bench/accuracy/pairs.h"
#include "record/record.pb.h"
#include "study/advice.h"
#include "study/findings.h"

namespace {
using namespace nw;
using namespace nw::accuracy;

constexpr std::size_t kVariants[] = {2, 4, 8, 16}, kRuns[] = {1, 2, 3, 5};
constexpr std::size_t kMostVariants = 16, kPlaysOnOne = 24, kPlaysOnMany = 6;
constexpr std::int64_t kLongNs = 60'000'000'000;
constexpr double kLeastSigma = 0.005, kMostSigma = 0.03, kMore = 1.05;

// The plays of one load: one list where all variants run on one node, else one for each of sixteen nodes.
using Plays = std::vector<std::vector<pb::Record>>;

Result<Plays> play(bool on_one, std::uint64_t seed, std::uint64_t number) {
  const auto sides = NW_TRY(invent_alike(on_one ? 1 : kMostVariants, seed, number));
  Random random(seed * 7'368'787 + number * 2 + on_one);
  Plays plays;
  for (const PlayedSide& side : sides) {
    auto& own = plays.emplace_back();
    for (std::size_t i = 0; i < (on_one ? kPlaysOnOne : kPlaysOnMany); ++i) {
      pb::Record record = measure(NW_TRY(sim::make_machine(make_run(side, random(), 0, 0))));
      record.clear_timeline();
      record.set_name("job train");
      record.mutable_node()->set_host(side.host);
      own.push_back(std::move(record));
    }
  }
  return plays;
}

void scale(pb::Energy& energy, double factor) {
  energy.set_energy_uj(std::llround(static_cast<double>(energy.energy_uj()) * factor));
  energy.set_uncertainty_uj(std::llround(static_cast<double>(energy.uncertainty_uj()) * factor));
  energy.set_random_uj(energy.random_uj() * factor);
  energy.set_systematic_uj(energy.systematic_uj() * factor);
  for (auto* terms : {energy.mutable_terms(), energy.mutable_contributors()})
    for (pb::Contributor& term : *terms) term.set_u_uj(term.u_uj() * factor);
}

pb::Record vary(const pb::Record& play, double power, double time) {
  pb::Record run = play;
  run.set_duration_ns(std::llround(static_cast<double>(run.duration_ns()) * time));
  scale(*run.mutable_energy(), power * time);
  for (pb::Component& part : *run.mutable_components()) {
    if (part.energy().has_energy_uj()) scale(*part.mutable_energy(), power * time);
    if (part.has_max_power_uw()) part.set_max_power_uw(std::llround(static_cast<double>(part.max_power_uw()) * power));
  }
  return run;
}

struct Cell {
  bool on_one = false, one_scatter = false;  // all variants on one node; all with the same scatter
  bool is_long = false;                      // a minute and more
  std::size_t k = 0, n = 0;
};

// The runs of one family, those of a variant in a row; the first variant takes `more` times as much.
std::vector<pb::Record> draw_family(const Cell& cell, const Plays& plays, double more, Random& random) {
  std::normal_distribution<double> normal;
  std::vector<pb::Record> runs;
  const double sigma_of_all = log_uniform(random, kLeastSigma, kMostSigma);
  for (std::size_t variant = 0; variant < cell.k; ++variant) {
    const auto& own = plays[cell.on_one ? 0 : variant];
    const double sigma = cell.one_scatter ? sigma_of_all : log_uniform(random, kLeastSigma, kMostSigma);
    const double share = uniform(random, 0, 1);
    for (std::size_t i = 0; i < cell.n; ++i) {
      const double power = std::exp(sigma * std::sqrt(share) * normal(random)) * (variant == 0 ? more : 1);
      const double time = std::exp(sigma * std::sqrt(1 - share) * normal(random));
      pb::Record& run = runs.emplace_back(vary(own[random() % own.size()], power, time));
      run.set_uid(fmt::format("{}-{}", variant, i));
      run.set_group(fmt::format("variant {}", variant));
      run.set_node_type(fmt::format("type {:02}", variant));
    }
  }
  return runs;
}

std::vector<const pb::Record*> pointers(const std::vector<pb::Record>& records) {
  std::vector<const pb::Record*> all;
  for (const pb::Record& one : records) all.push_back(&one);
  return all;
}

bool any_clear(const Comparison& comparison) {
  for (std::size_t a = 0; a < comparison.sides.size(); ++a)
    for (std::size_t b = a + 1; b < comparison.sides.size(); ++b)
      if (comparison.pairs.of(a, b) == Verdict::clear) return true;
  return false;
}

// What judging each pair alone would say: the 95 % interval of some ratio to the least does not include 1.
bool any_alone(const Comparison& comparison) {
  return std::any_of(comparison.sides.begin(), comparison.sides.end(), [](const Side& side) {
    const Amount& ratio = side.energy.quotient;
    return ratio.value && ratio.uncertainty &&
           std::abs(*ratio.value - 1) * std::min(1.0, *ratio.value) > *ratio.uncertainty;
  });
}

bool advice_differs(const std::vector<pb::Record>& records, std::size_t variants) {
  std::vector<Partition> partitions(variants);
  for (std::size_t i = 0; i < variants; ++i)
    partitions[i].name = partitions[i].node_type = fmt::format("type {:02}", i);
  return advise(records[0], pointers(records), partitions, {}).groups > 1;
}

bool finds_anything(const std::vector<pb::Record>& records) {
  const Findings findings = compute_findings(pointers(records));
  const auto& misled = findings.runtime.misled;
  const auto& parts = findings.phases.parts;
  return std::any_of(misled.begin(), misled.end(), [](const auto& one) { return one.verdict == Verdict::clear; }) ||
         std::any_of(parts.begin(), parts.end(), [](const auto& one) { return any_clear(one.comparison); });
}

struct Counts {
  int families = 0, ranked = 0, compare = 0, advise = 0, findings = 0, alone = 0, found = 0;
};

Counts judge(const Cell& cell, const std::vector<const Plays*>& all, int families, Random& random) {
  Counts counts;
  for (; counts.families < families; ++counts.families) {
    const Plays& plays = *all[random() % all.size()];
    const auto alike = draw_family(cell, plays, 1, random);
    const auto comparison = compare(pointers(alike));
    if (!comparison || !comparison->is_ranked) continue;
    ++counts.ranked;
    counts.compare += any_clear(*comparison);
    counts.alone += any_alone(*comparison);
    counts.advise += advice_differs(alike, cell.k);
    counts.findings += finds_anything(alike);
    const auto unlike = draw_family(cell, plays, kMore, random);
    const auto other = compare(pointers(unlike));
    counts.found += other && other->sides[0].above_least == Verdict::clear;
  }
  return counts;
}

std::string line(const Cell& cell, const Counts& counts) {
  return fmt::format(
      R"({{"where":"{}","length":"{}","scatter":"{}","k":{},"n":{},"families":{},"compare":{},"advise":{},"findings":{},"alone":{},"found":{}}})",
      cell.on_one ? "one node" : "a node each", cell.is_long ? "1-30 min" : "1-60 s",
      cell.one_scatter ? "alike" : "each its own", cell.k, cell.n, counts.ranked, counts.compare, counts.advise,
      counts.findings, counts.alone, counts.found);
}

template <class Work>
void in_threads(std::size_t count, Work work) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i)
    threads.emplace_back([&] {
      for (std::size_t at = next++; at < count; at = next++) work(at);
    });
  for (auto& thread : threads) thread.join();
}

std::vector<Plays> play_all(bool on_one, std::size_t nodes, std::uint64_t seed) {
  std::vector<Plays> all;
  std::mutex adding;
  in_threads(nodes, [&](std::size_t number) {
    auto plays = play(on_one, seed, number);
    if (!plays) return;
    const std::lock_guard lock(adding);
    all.push_back(std::move(*plays));
  });
  return all;
}
}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int i, std::uint64_t otherwise) {
    return argc > i ? std::strtoull(argv[i], nullptr, 10) : otherwise;
  };
  const int families = static_cast<int>(number(1, 100));
  const std::uint64_t seed = number(2, 1), nodes = number(3, 40);
  const std::vector<Plays> on_one = play_all(true, nodes, seed), on_many = play_all(false, (nodes + 3) / 4, seed);
  std::vector<Cell> cells;
  for (const std::size_t k : kVariants)
    for (const std::size_t n : kRuns)
      for (const bool one : {true, false})
        for (const bool scatter : {true, false})
          for (const bool is_long : {true, false}) cells.push_back({one, scatter, is_long, k, n});
  std::reverse(cells.begin(), cells.end());  // the longest first
  std::mutex printing;
  in_threads(cells.size(), [&](std::size_t at) {
    Random random(seed * 1'000'003 + at);
    const Cell& cell = cells[at];
    std::vector<const Plays*> plays;
    for (const Plays& one : cell.on_one ? on_one : on_many)
      if ((one[0][0].duration_ns() >= kLongNs) == cell.is_long) plays.push_back(&one);
    if (plays.empty()) return;
    const Counts counts = judge(cell, plays, cell.on_one ? families : families / 4, random);
    const std::lock_guard lock(printing);
    std::puts(line(cells[at], counts).c_str());
  });
}
