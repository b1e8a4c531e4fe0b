// One line of JSON for each pair of variants and number of repeats: the ratio from the comparison, and the true one.
// usage: accuracy_ratios PAIRS SEED [FIRST]
//
// For single runs the true value is the ratio of what these runs took; for repeats that of the means of the
// distributions, since that is what repeating estimates. These means are averages over many further runs of each
// variant, evenly spread over its factors of power and time, whose energies are the simulator's own. Repeats of 1, 2, 3
// and 5 are the first of the same runs.
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "bench/accuracy/draws.h"
#include "bench/accuracy/measured.h"
#include "bench/accuracy/pairs.h"
#include "record/record.pb.h"
#include "study/comparison.h"

namespace {
using namespace nw;
using namespace nw::accuracy;

constexpr int kRepeats[] = {1, 2, 3, 5};
constexpr int kMostRepeats = 5, kPopulation = 128;

// The quantile of the standard normal distribution (bisection of the error function).
double normal_at(double share) {
  double low = -8, high = 8;
  for (int i = 0; i < 50; ++i) {
    const double middle = (low + high) / 2;
    (0.5 * std::erfc(-middle / std::sqrt(2.0)) < share ? low : high) = middle;
  }
  return (low + high) / 2;
}

// The van der Corput sequence in base two: evenly spread whatever its length.
double mirrored(unsigned n) {
  double out = 0;
  for (double digit = 0.5; n > 0; n >>= 1U, digit /= 2) out += digit * (n & 1U);
  return out;
}

struct Played {
  std::vector<pb::Record> records;
  std::vector<double> truths;  // of the records
  double mean = 0;             // of the distribution
};

std::optional<double> joules_of(sim::Scenario scenario, const pb::Record& record) {
  const auto machine = sim::make_machine(std::move(scenario));
  if (!machine) return {};
  const auto truth = truth_of(*machine, record);
  return truth ? std::optional(truth->joules) : std::nullopt;
}

Result<Played> play(const PlayedSide& side, const std::string& group, Random& random) {
  Played out;
  std::normal_distribution<double> normal;
  for (int i = 0; i < kMostRepeats; ++i) {
    const double power = normal(random), time = normal(random);
    const auto machine = NW_TRY(sim::make_machine(make_run(side, random(), power, time)));
    pb::Record record = measure(machine);
    const auto truth = truth_of(machine, record);
    if (!truth) return fail(ErrorKind::absent, "no measured total");
    record.set_uid(fmt::format("{}{}", group, i));
    record.set_name("job");
    record.set_group(group);
    record.set_repeat(static_cast<std::uint32_t>(i + 1));
    record.mutable_node()->set_host(side.host);
    out.records.push_back(std::move(record));
    out.truths.push_back(truth->joules);
  }
  for (unsigned i = 0; i < kPopulation; ++i) {
    const double power = normal_at((i + 0.5) / kPopulation), time = normal_at(mirrored(i) + 0.5 / kPopulation);
    const auto joules = joules_of(make_run(side, random(), power, time), out.records[0]);
    if (!joules) return fail(ErrorKind::absent, "no measured total");
    out.mean += *joules / kPopulation;
  }
  return out;
}

std::string judge(const Pair& pair, const Played& a, const Played& b, int n) {
  std::vector<const pb::Record*> records;
  for (const Played* side : {&a, &b})
    for (int i = 0; i < n; ++i) records.push_back(&side->records[static_cast<std::size_t>(i)]);
  ComparisonOptions wish;
  wish.base = "b";
  const auto comparison = compare(records, wish);
  const std::string about = fmt::format(
      R"("where":"{}","n":{},"nodes":["{}","{}"],"workloads":["{}","{}"],"same_load":{},"duration_s":{:.3f})",
      name(pair.where), n, pair.a.node_type, pair.b.node_type, pair.a.workload, pair.b.workload, pair.is_same_load,
      pair.a.duration_s);
  if (!comparison) return fmt::format(R"({{{},"error":"{}"}})", about, comparison.error().what);
  const Ratio& ratio = comparison->sides[0].energy;
  const bool is_clear = comparison->sides[0].verdict == Verdict::clear;
  if (!comparison->is_ranked || !ratio.quotient.value || !ratio.quotient.uncertainty)
    return fmt::format(R"({{{},"skipped":"not ranked"}})", about);
  const double truth = n == 1 ? a.truths[0] / b.truths[0] : a.mean / b.mean;
  return fmt::format(R"({{{},"ratio":{:.8g},"half":{:.8g},"truth":{:.8g},"clear":{}}})", about, *ratio.quotient.value,
                     *ratio.quotient.uncertainty, truth, is_clear);
}

std::vector<std::string> judge(Where where, std::uint64_t seed, std::uint64_t number) {
  const auto failed = [&](const Error& error) {
    return std::vector{fmt::format(R"({{"where":"{}","number":{},"error":"{}"}})", name(where), number, error.what)};
  };
  const auto pair = invent_pair(where, seed, number);
  if (!pair) return failed(pair.error());
  Random random(seed * 7'368'787 + number * 3 + static_cast<std::uint64_t>(where));
  const auto a = play(pair->a, "a", random);
  if (!a) return failed(a.error());
  const auto b = play(pair->b, "b", random);
  if (!b) return failed(b.error());
  std::vector<std::string> lines;
  for (const int n : kRepeats) lines.push_back(judge(*pair, *a, *b, n));
  return lines;
}
}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int i, std::uint64_t otherwise) {
    return argc > i ? std::strtoull(argv[i], nullptr, 10) : otherwise;
  };
  const std::uint64_t pairs = number(1, 100), seed = number(2, 1), first = number(3, 0);
  std::atomic<std::uint64_t> next = first;
  std::mutex printing;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i)
    threads.emplace_back([&] {
      for (std::uint64_t n = next++; n < first + pairs; n = next++) {
        const auto lines = judge(static_cast<Where>(n % 3), seed, n);
        const std::lock_guard lock(printing);
        for (const std::string& line : lines) std::puts(line.c_str());
      }
    });
  for (auto& thread : threads) thread.join();
}
