// A job begins 130 s after the scenario, so that the means and delays of the slowest meter before it are of a time that
// is simulated. Other work may have run until just before it and may begin soon after, as on a node in use.
#include "bench/accuracy/loads.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace nw::accuracy {

namespace {
using sim::Piece;
using sim::Scenario;

constexpr double kLead = 130, kTrail = 40, kShortestPhase = 1;

Piece piece(const char* on, double level, double from, double to) {
  Piece p;
  p.on = on;
  p.from = of_seconds(from);
  p.to = of_seconds(to);
  p.level = level;
  p.noise = 0.02;
  return p;
}

bool has_gpus(const Scenario& node) {
  return std::any_of(node.components.begin(), node.components.end(),
                     [](const sim::Component& part) { return part.domain == "gpu"; });
}

class Load {
 public:
  Load(Random& random, Scenario& node, double from, double to)
      : random_(random), node_(node), from_(from), to_(to), gpus_(has_gpus(node)) {}

  std::string draw() {
    const double which = uniform(random_, 0, 1);
    add(piece("dram", uniform(random_, 0.05, 0.8), from_, to_));
    if (!gpus_)
      return which < 0.15 ? cpu("loading", 0.03, 0.2) : which < 0.6 ? cpu("iterations", 0.5, 1) : cpu("steady", 0.2, 1);
    if (which < 0.45) return train();
    if (which < 0.65) return infer();
    if (which < 0.75) return locked_in();
    if (which < 0.88) return cpu("loading", 0.1, 0.6);
    return steady();
  }

 private:
  void add(const Piece& p) { node_.pieces.push_back(p); }

  std::string cpu(const char* name, double least, double most) {
    Piece p = piece("cpu", uniform(random_, least, most), from_, to_);
    if (name == std::string_view("iterations")) {
      p.period = of_seconds(log_uniform(random_, 0.05, 20));
      p.duty = uniform(random_, 0.3, 0.9);
      p.depth = p.level * uniform(random_, 0.1, 0.9);
    }
    add(p);
    return name;
  }

  Piece gpu(double least, double most) {
    add(piece("cpu", uniform(random_, 0.02, 0.3), from_, to_));
    Piece p = piece("gpu", uniform(random_, least, most), from_, to_);
    p.duty = uniform(random_, 0.5, 0.95);
    p.depth = p.level * uniform(random_, 0.2, 0.6);
    return p;
  }
  std::string train() {
    Piece p = gpu(0.4, 0.95);
    p.period = of_seconds(log_uniform(random_, 0.02, 2));
    p.warm_up = of_seconds(std::min(2.0, (to_ - from_) / 4));
    p.epoch = of_seconds(uniform(random_, 30, 600));
    p.dip = of_seconds(uniform(random_, 2, 20));
    p.dip_level = 0.1;
    p.stalls_per_hour = uniform(random_, 0, 60);
    p.stall = of_seconds(uniform(random_, 0.2, 3));
    add(p);
    return "training";
  }
  std::string infer() {
    Piece p = gpu(0.3, 0.9);
    p.period = of_seconds(log_uniform(random_, 0.5, 30));
    add(p);
    return "inference";
  }
  std::string locked_in() {
    Piece p = gpu(0.4, 0.95);
    p.period = happens(random_, 0.5) ? millis(100) : millis(101);
    p.noise = 0;
    add(p);
    return "locked in";
  }
  std::string steady() {
    Piece p = gpu(0.2, 0.95);
    p.period = {};
    add(p);
    return "steady";
  }

  Random& random_;
  Scenario& node_;
  double from_, to_;
  bool gpus_;
};

// Cuts [from, to) into up to three sections of a second and more each.
std::vector<double> cut(Random& random, double from, double to) {
  const double length = to - from;
  const int most = length < 2.2 * kShortestPhase ? 1 : length < 3.3 * kShortestPhase ? 2 : 3;
  const int count = most == 3 && happens(random, 0.4) ? 2 : most;
  const double spare = length - count * kShortestPhase;
  std::vector<double> shares;
  for (int i = 0; i + 1 < count; ++i) shares.push_back(uniform(random, 0, spare));
  std::sort(shares.begin(), shares.end());
  std::vector<double> cuts = {from};
  for (int i = 0; i + 1 < count; ++i)
    cuts.push_back(from + (i + 1) * kShortestPhase + shares[static_cast<std::size_t>(i)]);
  cuts.push_back(to);
  return cuts;
}

// Disks and networks work when they will.
void add_bursts(Random& random, Scenario& node, double to) {
  for (const char* name : {"disks", "network"})
    for (double at = uniform(random, 0, 60); at < to;) {
      const double length = log_uniform(random, 0.3, 20);
      node.pieces.push_back(piece(name, uniform(random, 0.2, 1), at, std::min(at + length, to)));
      at += length + log_uniform(random, 2, 120);
    }
}
}  // namespace

PlayedLoad draw_load(Random& random, Scenario& node, double duration_s) {
  const double begin = kLead, end = kLead + duration_s, whole = end + kTrail;
  node.pieces.clear();
  node.end = of_seconds(whole);
  node.jobs = {{"job", of_seconds(begin), of_seconds(end)}};
  if (happens(random, 0.4))
    (void)Load(random, node, uniform(random, 0, 0.8 * kLead), uniform(random, 0.85 * kLead, kLead)).draw();
  PlayedLoad out;
  const auto cuts = cut(random, begin, end);
  std::size_t longest = 0;
  for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
    const std::string workload = Load(random, node, cuts[i], cuts[i + 1]).draw();
    out.phases.push_back({fmt::format("p{}", i), of_seconds(cuts[i]), of_seconds(cuts[i + 1])});
    if (i == 0 || cuts[i + 1] - cuts[i] > cuts[longest + 1] - cuts[longest]) longest = i, out.workload = workload;
  }
  if (const double length = cuts[longest + 1] - cuts[longest]; length > 2.2 * kShortestPhase) {
    const double inside = log_uniform(random, kShortestPhase, 0.9 * length);
    const double at = cuts[longest] + uniform(random, 0, length - inside);
    out.phases.push_back({fmt::format("p{}/inner", longest), of_seconds(at), of_seconds(at + inside)});
  }
  if (cuts.size() == 2) std::erase_if(out.phases, [](const PlayedPhase& phase) { return phase.path == "p0"; });
  if (happens(random, 0.4)) (void)Load(random, node, end + uniform(random, 0, 0.5 * kTrail), whole).draw();
  add_bursts(random, node, whole);
  return out;
}

}  // namespace nw::accuracy
