// Nodes of several types have totals that include the same where both have a controller that counts behind the power
// supplies, where both only have a meter at the wall, and where the parts are all there is. Repeats of one job differ
// by 0.3 to 3 %; each variant draws its own value.
#include "bench/accuracy/pairs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "bench/accuracy/draws.h"
#include "sim/presets.h"

namespace nw::accuracy {

namespace {
constexpr double kShortest = 1, kLongest = 1800;  // s
constexpr double kLeastSigma = 0.003, kMostSigma = 0.03;
constexpr double kSameLoad = 0.4;  // of the pairs
constexpr double kPartsAlone = 0.33;

enum class Total : unsigned char { as_it_is, plug, parts };

struct Alike {
  Total total;
  std::vector<const char*> types;
};
const std::vector<Alike>& alike() {
  static const std::vector<Alike> all = {
      {Total::as_it_is, {"horeka_blue", "horeka_green", "mi300a"}},
      {Total::plug, {"horeka_blue", "horeka_green", "hgx_h100"}},
      {Total::parts, {"horeka_blue", "horeka_green", "hgx_h100"}},
  };
  return all;
}
constexpr std::array kTypes = {"horeka_blue", "horeka_green", "hgx_h100", "mi300a", "gh200"};

Result<PlayedSide> make_side(const char* type, Total total, const char* host, Random& random) {
  PlayedSide side;
  side.node = NW_TRY(sim::find_scenario(type));
  side.node_type = type;
  side.host = host;
  side.node.name = host;
  Random any = random;
  draw_sensors(random, any, side.node);
  if (total == Total::parts) without_node_sensors(side.node);
  if (total == Total::plug)
    for (auto& sensor : side.node.instruments)
      if (sensor.of.size() == 1 && sensor.of[0] == "dc") sensor.missing = true;
  return side;
}

void draw_load(Random& random, PlayedSide& side, double duration_s) {
  side.duration_s = duration_s;
  side.workload = draw_workload(random, side.node, duration_s);
  const double sigma = log_uniform(random, kLeastSigma, kMostSigma), share = uniform(random, 0, 1);
  side.power_sigma = sigma * std::sqrt(share);
  side.time_sigma = sigma * std::sqrt(1 - share);
}

void take_load(const PlayedSide& from, PlayedSide& to) {
  to.node.pieces = from.node.pieces;
  to.node.jobs = from.node.jobs;
  to.node.end = from.node.end;
  to.workload = from.workload;
  to.duration_s = from.duration_s;
  to.power_sigma = from.power_sigma;
  to.time_sigma = from.time_sigma;
}

Result<Pair> draw_nodes(Where where, Random& random) {
  Pair pair;
  pair.where = where;
  const Alike& like = alike()[random() % alike().size()];
  const bool parts = uniform(random, 0, 1) < kPartsAlone;
  const std::size_t first = random() % like.types.size(), step = 1 + random() % (like.types.size() - 1);
  const char* one = kTypes[random() % kTypes.size()];
  const bool two_types = where == Where::two_types;
  const Total total = two_types ? like.total : parts ? Total::parts : Total::as_it_is;
  pair.a = NW_TRY(make_side(two_types ? like.types[first] : one, total, "n1", random));
  pair.b = pair.a;
  if (where == Where::one_node) return pair;
  pair.b = NW_TRY(make_side(two_types ? like.types[(first + step) % like.types.size()] : one, total, "n2", random));
  return pair;
}
}  // namespace

std::string_view name(Where where) {
  constexpr std::string_view kNames[] = {"one node", "two nodes of a type", "two node types"};
  return kNames[static_cast<unsigned>(where)];
}

Result<Pair> invent_pair(Where where, std::uint64_t seed, std::uint64_t number) {
  Random random((seed * 1'000'003 + number) * 3 + static_cast<std::uint64_t>(where));
  Pair pair = NW_TRY(draw_nodes(where, random));
  const double duration = log_uniform(random, kShortest, kLongest);
  draw_load(random, pair.a, duration);
  pair.is_same_load = uniform(random, 0, 1) < kSameLoad;
  if (pair.is_same_load)
    take_load(pair.a, pair.b);
  else
    draw_load(random, pair.b, std::clamp(duration * log_uniform(random, 0.5, 2), kShortest, kLongest));
  return pair;
}

Result<std::vector<PlayedSide>> invent_alike(std::size_t nodes, std::uint64_t seed, std::uint64_t number) {
  Random random((seed * 1'000'003 + number) * 5 + nodes);
  const char* type = kTypes[random() % kTypes.size()];
  std::vector<PlayedSide> sides;
  for (std::size_t i = 0; i < nodes; ++i)
    sides.push_back(NW_TRY(make_side(type, Total::as_it_is, ("n" + std::to_string(i)).c_str(), random)));
  draw_load(random, sides[0], log_uniform(random, kShortest, kLongest));
  for (std::size_t i = 1; i < nodes; ++i) take_load(sides[0], sides[i]);
  return sides;
}

sim::Scenario make_run(const PlayedSide& side, std::uint64_t seed, double power, double time) {
  sim::Scenario run = side.node;
  Random random(seed);
  run.seed = random();
  const double factor = std::exp(side.power_sigma * power);
  const Nanos start = run.jobs.front().start;
  for (sim::Piece& piece : run.pieces) {
    if (piece.from < start) continue;
    const double level = std::min(piece.level * factor, 1.0);
    piece.depth *= level / piece.level;
    piece.level = level;
  }
  (void)sim::set_length(run, of_seconds(side.duration_s * std::exp(side.time_sigma * time)));
  for (auto& sensor : run.instruments) {
    sensor.phase = of_seconds(uniform(random, 0, to_seconds(sensor.refresh)));
    sensor.start_j *= uniform(random, 0.2, 1.8);
  }
  return run;
}

}  // namespace nw::accuracy
