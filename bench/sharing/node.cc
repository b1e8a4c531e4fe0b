// What is published on how costs differ: METRION (arXiv 2512.06806) attributes with hardware counters and errs by 4.2 %
// of CPU energy (CPU workloads) and 16.1 % of DRAM energy (DRAM workloads), on average. Interpreted as the scatter of
// the cost of a unit: mean absolute error / 0.798 is the standard deviation of the share of one of two equal users,
// which is cost / sqrt(2). CPU time and bytes held carry less information than counters, so these are lower bounds;
// nothing published was found for them. The other figures are assumed.
//
// The node: two sockets and their memory with the powers of Xeon 8368/8380 nodes; a board; fans and power supply losses
// in proportion to the power drawn, and so truly caused by whoever draws it, not by reservation. There the true split
// differs from the model of the division; in addition cores clock lower when many are busy, a job works in bursts, and
// a quarter of a job's cores may be hyperthreads of busy ones.
#include "bench/sharing/node.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

namespace nw::sharing {

namespace {
constexpr double kSigmaOfMean = 0.798;  // mean absolute error of a normal distribution over its sigma
const double kPublishedCpu = 0.042 / kSigmaOfMean * std::sqrt(2), kPublishedDram = 0.161 / kSigmaOfMean * std::sqrt(2);

using Random = std::mt19937_64;
double uniform(Random& random, double low, double high) { return std::uniform_real_distribution(low, high)(random); }
double normal(Random& random) { return std::normal_distribution<double>()(random); }

// The deviations of one row's costs, in sigmas.
struct Stray {
  double cpu_time, traffic, at_rest, node, unrelated;
};
Stray draw_stray(Random& random) {
  const auto draw = [&random] { return normal(random); };
  return {draw(), draw(), draw(), draw(), draw()};
}

struct Load {
  std::size_t begin = 0, end = 0;
  double level = 0, period_s = 1, duty = 1, phase_s = 0, wander = 0;
  double held = 0;  // share of its own memory
  double accelerator_w = 0;
};

struct Plant {
  double logical_cpus, memory_bytes;
  double rest_w, core_w, slowing;  // a socket pair when idle; a logical CPU; what it draws less when all are busy
  double memory_rest_w, memory_w;  // all of it held, with the mean activity
  double board_w, by_power;        // fans and losses, by what is drawn
};

Plant draw_plant(Random& random) {
  Plant plant{};
  plant.logical_cpus = std::array{48.0, 76.0, 152.0, 256.0}[static_cast<std::size_t>(uniform(random, 0, 4))];
  plant.memory_bytes = plant.logical_cpus * uniform(random, 2e9, 5e9);
  plant.rest_w = uniform(random, 60, 160);
  plant.core_w = uniform(random, 280, 420) / plant.logical_cpus;
  plant.slowing = uniform(random, 0.1, 0.35);
  plant.memory_rest_w = uniform(random, 12, 24);
  plant.memory_w = uniform(random, 20, 50);
  plant.board_w = uniform(random, 60, 110);
  plant.by_power = uniform(random, 0, 0.1) + uniform(random, 0.04, 0.09);
  return plant;
}

Load draw_load(Random& random, std::size_t seconds) {
  Load load;
  load.begin = static_cast<std::size_t>(uniform(random, 0, 0.4) * static_cast<double>(seconds));
  load.end = static_cast<std::size_t>(uniform(random, 0.6, 1) * static_cast<double>(seconds));
  load.level = uniform(random, 0.2, 1);
  load.period_s = uniform(random, 5, 120);
  load.duty = uniform(random, 0.5, 1);
  load.phase_s = uniform(random, 0, load.period_s);
  load.held = uniform(random, 0.2, 0.95);
  load.accelerator_w = uniform(random, 120, 650);
  return load;
}

// All but a remainder of cores goes to the jobs, in unequal parts; memory mostly follows.
std::vector<Reservation> draw_reservations(Random& random, const NodeOptions& options, double cpus) {
  std::vector<Reservation> jobs(options.jobs);
  std::vector<double> lots;
  double sum = uniform(random, 0, 1) < 0.5 ? 0 : uniform(random, 0.05, 1);
  for (std::size_t j = 0; j < jobs.size(); ++j) sum += lots.emplace_back(uniform(random, 0.15, 1));
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    jobs[j].cpus = std::max(std::floor(lots[j] / sum * cpus), 1.0) / cpus;
    jobs[j].memory = jobs[j].cpus * uniform(random, 0.6, 1);
    jobs[j].accelerators.resize(options.accelerators);
  }
  for (std::size_t a = 0; a < options.accelerators; ++a) {
    const auto owner = static_cast<std::size_t>(uniform(random, 0, static_cast<double>(jobs.size()) + 0.5));
    if (owner < jobs.size()) jobs[owner].accelerators[a] = 1;
  }
  return jobs;
}

// The reserved amount times its cost, over the sum of all rows: idle gets what is not reserved.
template <class ShareOf, class CostOf>
std::vector<double> split_reserved(const std::vector<Reservation>& jobs, const std::vector<bool>& here,
                                   ShareOf share_of, CostOf cost_of) {
  std::vector<double> rows;
  double rest = 1, sum = 0;
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    const double share = here[j] ? share_of(jobs[j]) : 0;
    rest -= share;
    sum += rows.emplace_back(share * cost_of(j));
  }
  sum += rows.emplace_back(std::max(rest, 0.0) * cost_of(jobs.size()));
  for (double& row : rows) row /= sum;
  rows.push_back(0);
  return rows;
}

double share_of_node(const Reservation& job) {
  if (job.accelerators.empty()) return job.cpus;
  double sum = 0;
  for (const double one : job.accelerators) sum += one;
  return (job.cpus + sum / static_cast<double>(job.accelerators.size())) / 2;
}

class Inventor {
 public:
  Inventor(const NodeOptions& options, const Variety& variety)
      : options_(options), variety_(variety), random_(make_random(options)), plant_(draw_plant(random_)) {
    run_.cpus = plant_.logical_cpus;
    run_.jobs = draw_reservations(random_, options, plant_.logical_cpus);
    run_.processor_rest_w = plant_.rest_w;
    run_.memory_rest_w = plant_.memory_rest_w;
    length_ = static_cast<std::size_t>(std::exp(uniform(random_, std::log(30), std::log(600))));
    for (std::size_t j = 0; j < options.jobs; ++j) loads_.push_back(draw_load(random_, length_));
    for (std::size_t row = 0; row < options.jobs + 2; ++row) strays_.push_back(draw_stray(random_));
    system_ = uniform(random_, 0.001, 0.01);
  }

  Run make() && {
    // First there is no job for a while, but the system runs: the minimum that is ever seen.
    run_.lowest_processor_w = plant_.rest_w + system_ * plant_.logical_cpus * watts_of_cpu(system_row(), system_);
    run_.lowest_memory_w = plant_.memory_rest_w + traffic_w(system_row(), kSystemHeld);
    for (std::size_t t = 0; t < length_; ++t) run_.seconds.push_back(make_second(t));
    return std::move(run_);
  }

 private:
  static constexpr double kSystemHeld = 0.02;  // of the memory

  static Random make_random(const NodeOptions& options) {
    std::seed_seq words{options.seed, options.number, std::uint64_t{options.jobs}, std::uint64_t{options.accelerators}};
    return Random(words);
  }
  std::size_t idle_row() const { return options_.jobs; }
  std::size_t system_row() const { return options_.jobs + 1; }

  double watts_of_cpu(std::size_t row, double busy) const {
    return plant_.core_w * (1 - plant_.slowing * busy) * std::exp(variety_.cpu_time * strays_[row].cpu_time);
  }
  double traffic_w(std::size_t row, double held) const {
    const double stray = variety_.traffic * strays_[row].traffic + variety_.unrelated * strays_[row].unrelated;
    return plant_.memory_w * held * std::exp(stray);
  }

  // Share of its cores that a job keeps busy.
  double busy(Load& load, double t) {
    load.wander = 0.9 * load.wander + 0.02 * normal(random_);
    const bool on = std::fmod(t + load.phase_s, load.period_s) < load.duty * load.period_s;
    return std::clamp((on ? load.level : 0.1 * load.level) + load.wander, 0.005, 1.0);
  }

  Second make_second(std::size_t t) {
    Second second;
    const std::size_t rows = options_.jobs + 2;
    second.joules.assign(rows, std::vector<double>(kAccelerators + options_.accelerators));
    second.cpu_s.resize(rows);
    second.held.resize(rows);
    double all = second.cpu_s[system_row()] = system_ * plant_.logical_cpus;
    second.held[system_row()] = kSystemHeld * plant_.memory_bytes;
    for (std::size_t j = 0; j < options_.jobs; ++j) {
      Load& load = loads_[j];
      second.here.push_back(t >= load.begin && t < load.end);
      const double used = busy(load, static_cast<double>(t)) * run_.jobs[j].cpus * plant_.logical_cpus;
      if (!second.here[j]) continue;
      all += second.cpu_s[j] = used;
      second.held[j] = load.held * run_.jobs[j].memory * plant_.memory_bytes;
    }
    add_parts(second, std::min(all / plant_.logical_cpus, 1.0));
    return second;
  }

  void add_parts(Second& second, double all_busy) {
    const auto at_rest = [&](std::size_t row) { return std::exp(variety_.at_rest * strays_[row].at_rest); };
    const auto board = [&](std::size_t row) { return std::exp(variety_.node * strays_[row].node); };
    const auto rest = split_reserved(
        run_.jobs, second.here, [](const Reservation& job) { return job.cpus; }, at_rest);
    const auto kept = split_reserved(
        run_.jobs, second.here, [](const Reservation& job) { return job.memory; }, at_rest);
    const auto node = split_reserved(run_.jobs, second.here, share_of_node, board);
    for (std::size_t row = 0; row < second.joules.size(); ++row) {
      auto& joules = second.joules[row];
      joules[kProcessor] = plant_.rest_w * rest[row] + second.cpu_s[row] * watts_of_cpu(row, all_busy);
      joules[kMemory] = plant_.memory_rest_w * kept[row] + traffic_w(row, second.held[row] / plant_.memory_bytes);
    }
    for (std::size_t a = 0; a < options_.accelerators; ++a) add_accelerator(second, a);
    for (std::size_t row = 0; row < second.joules.size(); ++row) {
      double drawn = 0;
      for (const double one : second.joules[row]) drawn += one;
      second.joules[row][kNode] = plant_.board_w * node[row] + plant_.by_power * drawn;
    }
  }

  void add_accelerator(Second& second, std::size_t which) {
    std::size_t owner = idle_row();
    for (std::size_t j = 0; j < options_.jobs; ++j)
      if (second.here[j] && run_.jobs[j].accelerators[which] > 0) owner = j;
    second.joules[owner][kAccelerators + which] = owner == idle_row() ? 60 : loads_[owner].accelerator_w;
  }

  NodeOptions options_;
  const Variety& variety_;
  Random random_;
  Plant plant_;
  Run run_;
  std::size_t length_ = 0;
  std::vector<Load> loads_;
  std::vector<Stray> strays_;  // by row
  double system_ = 0;          // share of the CPUs that non-job processes keep busy
};

}  // namespace

const std::vector<Variety> kVarieties{
    {"published", kPublishedCpu, kPublishedDram, 0, 0, 0},
    {"assumed", 0.10, 0.25, 0.10, 0.20, 0},
    {"twice", 0.20, 0.50, 0.20, 0.40, 0},
    {"unrelated", 0.10, 0.25, 0.10, 0.20, 1},
};

Run invent(const NodeOptions& options, const Variety& variety) { return Inventor(options, variety).make(); }

}  // namespace nw::sharing
