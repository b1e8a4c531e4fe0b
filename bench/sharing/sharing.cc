// Shared nodes whose true split is known, divided by nw::divide() from what a daemon observes: energies with the
// sensors' gains, CPU time read once a second in ticks, reservations, bytes held. One line of JSON for each job, then
// one with properties of the division itself. bench/sharing/report evaluates them.
// usage: sharing NODES SEED
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "accounting/attribute.h"
#include "bench/sharing/node.h"
#include "energy/energy.h"

namespace {
using namespace nw;
using namespace nw::sharing;

// What is known of the idle power: measured by a calibration, the minimum seen without jobs, or only the minimum seen
// so far.
constexpr std::array<const char*, 3> kRests{"calibrated", "lowest", "unknown"};
constexpr double kTick = 0.01;  // s, of CPU time
// Limits of gain by part: RAPL package and DRAM, the node's own sensor, accelerators.
constexpr std::array<double, 4> kGains{0.05, 0.10, 0.03, 0.05};

// What one job was given, by part; accelerators are one.
struct Given {
  std::array<double, 4> joules{}, truth{};
  std::array<double, 4> u{};        // of the division; standard uncertainties added up over the intervals
  std::array<double, 4> squares{};  // variances added up, as if the errors of intervals were independent
  std::array<double, 4> sensed{};   // the sensitivity of its energy to each gain
};

class Daemon {
 public:
  Daemon(const Run& run, std::string_view rest, bool perfect, std::uint64_t seed) : run_(run), random_(seed) {
    std::uniform_real_distribution<double> gain(-1, 1);
    for (std::size_t g = 0; g < kGains.size(); ++g) gains_[g] = 1 + (perfect ? 0 : kGains[g]) * gain(random_);
    const double scatter = 1 + 0.02 * std::normal_distribution<double>()(random_);
    if (rest == "calibrated") rest_w_ = {run.processor_rest_w * scatter, run.memory_rest_w * scatter};
    if (rest == "lowest") rest_w_ = {run.lowest_processor_w, run.lowest_memory_w};
    given_.resize(run.jobs.size());
    ticks_.resize(run.jobs.size() + 2);
  }

  std::vector<Given> divide_all() {
    for (const Second& second : run_.seconds) settle(second);
    return std::move(given_);
  }
  Int128 not_conserved() const { return not_conserved_; }

 private:
  static Joules uj(double joules) { return Joules::of(std::llround(joules * 1e6)); }

  std::vector<PartEnergy> sense(const Second& second) {
    std::vector<double> sums(second.joules.front().size());
    for (const auto& row : second.joules)
      for (std::size_t part = 0; part < sums.size(); ++part) sums[part] += row[part];
    double whole = 0;
    for (const double sum : sums) whole += sum;
    std::vector<PartEnergy> parts{
        {DivisionKey::processor, 0, uj(sums[kProcessor] * gains_[kProcessor]), uj(rest_w_[0] * gains_[kProcessor])},
        {DivisionKey::memory, 0, uj(sums[kMemory] * gains_[kMemory]), uj(rest_w_[1] * gains_[kMemory])},
        {DivisionKey::node, 0, uj(whole * gains_[kNode]), {}}};
    for (std::size_t a = kAccelerators; a < sums.size(); ++a)
      parts.push_back({DivisionKey::device, a - kAccelerators, uj(sums[a] * gains_[kAccelerators]), {}});
    for (const std::size_t part : {kProcessor, kMemory})
      parts[part].idle_most = least_[part] = std::min(least_[part], parts[part].energy);
    for (std::size_t part = 0; part < parts.size(); ++part)
      if (part != kNode) parts[kNode].energy -= parts[part].energy;
    return parts;
  }

  // A count of ticks, read some time after it was counted.
  Nanos read_cpu(std::size_t row, double used) {
    Counter& counter = ticks_[row];
    counter.true_s += used;
    const double off = std::uniform_real_distribution<double>(-kTick, kTick)(random_);
    const double reading = std::max(counter.read_s, std::floor((counter.true_s + off) / kTick) * kTick);
    const double since = reading - counter.read_s;
    counter.read_s = reading;
    return Nanos::of(std::llround(since * 1e9));
  }

  void settle(const Second& second) {
    const auto parts = sense(second);
    std::vector<ResourceUse> resource_uses;
    std::vector<std::size_t> jobs;
    for (std::size_t j = 0; j < run_.jobs.size(); ++j) {
      if (!second.here[j]) continue;
      const Reservation& own = run_.jobs[j];
      resource_uses.push_back(
          {own.cpus, own.memory, own.accelerators, read_cpu(j, second.cpu_s[j]), second.held[j], false});
      jobs.push_back(j);
    }
    const std::size_t system = run_.jobs.size() + 1;
    const Attribution division = divide(Policy::usage_based, parts, resource_uses,
                                        {read_cpu(system, second.cpu_s[system]), second.held[system]});
    check(division, parts);
    for (std::size_t i = 0; i < jobs.size(); ++i) add(given_[jobs[i]], second, jobs[i], parts, division.jobs[i]);
  }

  void add(Given& given, const Second& second, std::size_t job, const std::vector<PartEnergy>& parts,
           const Share& share) {
    double measured = 0;
    for (const PartEnergy& part : parts) measured += to_joules(part.energy);
    const double node_share = to_joules(share.energy[kNode]) / std::max(to_joules(parts[kNode].energy), 1e-9);
    for (std::size_t part = 0; part < parts.size(); ++part) {
      const std::size_t to = std::min(part, std::size_t{kAccelerators});
      given.joules[to] += to_joules(share.energy[part]);
      given.truth[to] += second.joules[job][part];
      given.u[to] += std::sqrt(share.variance[part]);
      given.squares[to] += share.variance[part];
      if (part == kNode) continue;
      // A part that reads high takes that from the node's remainder, of which the job has its share too.
      given.sensed[to] += to_joules(share.energy[part]) - node_share * to_joules(parts[part].energy);
    }
    given.sensed[kNode] += node_share * measured;
  }

  void check(const Attribution& division, const std::vector<PartEnergy>& parts) {
    for (std::size_t part = 0; part < parts.size(); ++part) {
      Int128 left = Int128{parts[part].energy.count()} - division.idle.energy[part].count() -
                    division.system.energy[part].count();
      for (const Share& job : division.jobs) left -= job.energy[part].count();
      not_conserved_ += left < 0 ? -left : left;
    }
  }

  struct Counter {
    double true_s = 0, read_s = 0;
  };
  const Run& run_;
  std::mt19937_64 random_;
  std::array<double, 4> gains_{};
  std::array<double, 2> rest_w_{};
  std::array<Joules, 2> least_{Joules::of(INT64_MAX), Joules::of(INT64_MAX)};
  std::vector<Given> given_;
  std::vector<Counter> ticks_;
  Int128 not_conserved_ = 0;
};

std::string list(const std::array<double, 4>& values) {
  return fmt::format("[{:.6g},{:.6g},{:.6g},{:.6g}]", values[0], values[1], values[2], values[3]);
}

// Half the width of the 95 % interval of the job's whole energy, as production states it.
double half_width(const Given& given, const std::array<double, 4>& divisions, bool perfect) {
  Uncertainty uncertainty;
  for (std::size_t part = 0; part < divisions.size(); ++part)
    uncertainty.add({fmt::format("division {}", part), divisions[part], true, false});
  for (std::size_t g = 0; g < kGains.size() && !perfect; ++g)
    uncertainty.add({fmt::format("gain {}", g), std::abs(given.sensed[g]) * kGains[g] / std::sqrt(3.0), true, true});
  return uncertainty.expanded();
}

struct Question {
  const Variety& variety;
  const char* rest;
  bool perfect;
};

Int128 judge(const NodeOptions& options, const Question& question) {
  const Run run = invent(options, question.variety);
  Daemon daemon(run, question.rest, question.perfect, options.seed * 1'000'003 + options.number);
  for (const Given& its : daemon.divide_all()) {
    std::array<double, 4> anew{};
    for (std::size_t part = 0; part < anew.size(); ++part) anew[part] = std::sqrt(its.squares[part]);
    fmt::print(
        R"({{"jobs":{},"accelerators":{},"truth":"{}","rest":"{}","perfect":{},"value_j":{},"true_j":{},"u_j":{},)"
        R"("half_j":{:.6g},"half_anew_j":{:.6g}}})"
        "\n",
        options.jobs, options.accelerators, question.variety.name, question.rest, question.perfect, list(its.joules),
        list(its.truth), list(its.u), half_width(its, its.u, question.perfect),
        half_width(its, anew, question.perfect));
  }
  return daemon.not_conserved();
}

// Ten jobs on a node of two sockets with their memory, six accelerators, the rest, and something beside it.
double time_division() {
  std::vector<PartEnergy> parts{{DivisionKey::processor, 0, joules(200), joules(40)},
                                {DivisionKey::processor, 0, joules(190), joules(40)},
                                {DivisionKey::memory, 0, joules(20), joules(8)},
                                {DivisionKey::memory, 0, joules(21), joules(8)},
                                {DivisionKey::node, 0, joules(120), {}},
                                {DivisionKey::node, 0, joules(15), {}}};
  for (std::size_t a = 0; a < 6; ++a) parts.push_back({DivisionKey::device, a, joules(300), {}});
  std::vector<ResourceUse> resource_uses(10);
  for (std::size_t j = 0; j < resource_uses.size(); ++j) {
    resource_uses[j] = {0.1, 0.1, std::vector<double>(6), seconds(static_cast<std::int64_t>(j) + 1), 1e9, false};
    resource_uses[j].devices[j % 6] = j < 2 ? 1 : 0.5;
  }
  std::vector<double> times;
  for (int i = 0; i < 2001; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const Attribution division = divide(Policy::usage_based, parts, resource_uses, {seconds(1), 1e9});
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
    times.push_back(took.count() + 0 * static_cast<double>(division.jobs.size()));
  }
  std::nth_element(times.begin(), times.begin() + 1000, times.end());
  return times[1000];
}
}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int i, std::uint64_t otherwise) {
    return argc > i ? std::strtoull(argv[i], nullptr, 10) : otherwise;
  };
  const std::uint64_t nodes = number(1, 500), seed = number(2, 1);
  Int128 not_conserved = 0;
  const auto ask = [&](const Question& question) {
    for (const std::size_t jobs : {2, 3, 4})
      for (const std::size_t accelerators : {0, 4})
        for (std::uint64_t n = 0; n < nodes; ++n) not_conserved += judge({seed, n, jobs, accelerators}, question);
  };
  for (const Variety& variety : kVarieties)
    for (const char* rest : kRests)
      for (const bool perfect : {false, true}) ask({variety, rest, perfect});
  fmt::print("{{\"not_conserved_uj\":{},\"divide_us\":{:.3f}}}\n", saturate(not_conserved), time_division());
}
