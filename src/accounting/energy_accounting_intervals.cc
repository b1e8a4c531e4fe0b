// The sums: a stretch's energies between its edges, divided among those who were here.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "accounting/energy_accounting.h"

namespace nw {

namespace {
constexpr unsigned kPatience = 30;      // moments that a stretch waits for its slowest sensor
constexpr Nanos kSteady = millis(900);  // a stretch this long says what power was
constexpr double kStepDoubt = 0.2;      // standard uncertainty of w (1 - w): a tenth of a half, as for jobs

// Whole into parts by weight, exactly: each gets what the running sum of weights has passed.
std::vector<Joules> divide_by(Joules whole, const std::vector<Nanos>& weights) {
  Int128 all = 0, passed = 0;
  for (const Nanos weight : weights) all += weight.count();
  const bool equal = all == 0;
  if (equal) all = static_cast<Int128>(weights.size());
  std::vector<Joules> parts;
  Joules given;
  for (const Nanos weight : weights) {
    passed += equal ? 1 : weight.count();
    const Joules until = Joules::of(mul_div(passed, whole.count(), all));
    parts.push_back(until - given);
    given = until;
  }
  return parts;
}
}  // namespace

// One stretch's energies. `parts` are what is divided, each with the meter it is of, or kRest.
struct Ledger::Settled {
  static constexpr std::size_t kRest = SIZE_MAX;
  Nanos time;
  std::vector<Tally> tallies;
  std::vector<double> begin_variance, end_variance;
  std::vector<Stretch> parts;
  std::vector<std::size_t> meter_of;
  Joules total, rest;
};

bool Ledger::find_edges(const Pending& stretch, bool force, std::vector<Meter::Edge>& edges) const {
  edges.resize(meters_.size());
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    const Meter& meter = meters_[i];
    const bool answers = i < sweep_.size() && (sweep_[i].status == Status::ok || sweep_[i].status == Status::stale);
    const bool patient = !force && answers && meter.alive() && stretch.waited < kPatience;
    if (patient && meter.known_until() < stretch.end) return false;
    std::optional<Meter::Edge> edge;
    if (stretch.begins && meter.known_until() > stretch.end)
      edge = meter.edge_after(stretch.end);
    else if (stretch.ends)
      edge = meter.edge_before(stretch.end);
    else
      edge = Meter::Edge{meter.at(stretch.end), meter.edge_variance(stretch.end)};
    if (!edge && patient) return false;
    edges[i] = edge ? *edge : Meter::Edge{meter.at(stretch.end), meter.edge_variance(stretch.end)};
  }
  return true;
}

void Ledger::settle(bool force) {
  std::vector<bool> alive;
  for (const Meter& meter : meters_) alive.push_back(meter.alive());
  if (last_ && alive != alive_) {
    alive_ = alive;
    layout_ = make_layout(meters_, *last_);
  }
  std::vector<Meter::Edge> edges;
  while (!pending_.empty() && (force || !is_undecided(pending_.front())) &&
         find_edges(pending_.front(), force, edges)) {
    decide(pending_.front());
    settle(pending_.front(), edges);
    pending_.pop_front();
  }
  finish();
}

Ledger::Settled Ledger::make_settled(const Pending& stretch, const std::vector<Meter::Edge>& edges) const {
  Settled settled{stretch.end - stretch.begin, {}, {}, {}, {}, {}, {}, {}};
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    const Nameplate& plate = meters_[i].plate();
    Tally tally = edges[i].tally - edges_[i].tally;
    if (meters_[i].alive()) tally.energy -= plate.bias * settled.time;
    settled.tallies.push_back(tally);
    settled.begin_variance.push_back(edges_[i].variance);
    settled.end_variance.push_back(edges[i].variance);
    if (plate.part.domain == Domain::node) continue;
    Stretch part{rule_of(plate.part.domain), 0, tally.energy, {}};
    if (part.rule == Rule::device)
      part.device = static_cast<std::size_t>(std::find(device_names_.begin(), device_names_.end(), plate.part.device) -
                                             device_names_.begin());
    const auto idle = node_.idle.find(plate.id);
    if (idle != node_.idle.end())
      part.idle = idle->second * settled.time;
    else if (lowest_[i])
      part.idle = *lowest_[i] * settled.time;
    else if (least_[i])
      part.idle_most = *least_[i] * settled.time;
    settled.parts.push_back(part);
    settled.meter_of.push_back(i);
  }
  for (const std::size_t part : layout_.beside) settled.total += settled.tallies[part].energy;
  if (!layout_.root) return settled;
  settled.rest = settled.tallies[*layout_.root].energy;
  settled.total += settled.rest;
  for (const std::size_t part : layout_.inside) settled.rest -= settled.tallies[part].energy;
  settled.parts.push_back({Rule::node, 0, settled.rest, {}});
  settled.meter_of.push_back(Settled::kRest);
  return settled;
}

// One consumer's share into its book. The node's own sensor gets what its parts and its rest got; a second one of the
// node the same share as the first.
void Ledger::book(Book& book, const Settled& settled, const Share& share) const {
  Joules root, total;
  std::array<double, 4> by_rule{};
  for (std::size_t k = 0; k < settled.parts.size(); ++k) {
    const std::size_t meter = settled.meter_of[k];
    const double doubt = std::sqrt(share.variance[k]);
    if (meter != Settled::kRest) give(book.lines[meter], settled.tallies[meter], share.energy[k], doubt);
    if (meter == Settled::kRest || holds(layout_.inside, meter)) {
      root += share.energy[k];
      by_rule[static_cast<std::size_t>(settled.parts[k].rule)] += doubt;
    } else if (holds(layout_.beside, meter)) {
      total += share.energy[k];
    }
  }
  const double doubt = std::sqrt(std::inner_product(by_rule.begin(), by_rule.end(), by_rule.begin(), 0.0));
  if (layout_.root) {
    give(book.lines[*layout_.root], settled.tallies[*layout_.root], root, doubt);
    total += root;
  }
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    if (meters_[i].plate().part.domain != Domain::node || i == layout_.root) continue;
    const Joules all = settled.tallies[i].energy;
    const Joules given = total == settled.total ? all
                         : settled.total == Joules{}
                             ? Joules{}
                             : Joules::of(mul_div(all.count(), total.count(), Int128{settled.total.count()}));
    give(book.lines[i], settled.tallies[i], given, doubt);
  }
  book.total += total;
  book.duration += settled.time;
}

void Ledger::settle(const Pending& stretch, const std::vector<Meter::Edge>& edges) {
  const Settled settled = make_settled(stretch, edges);
  note_lowest(stretch, settled);
  std::vector<Claim> claims;
  for (const Entry& entry : stretch.entries) claims.push_back(entry.claim);
  std::vector<std::vector<Share>> shares(stretch.entries.size());  // of each job, one a policy
  for (std::size_t p = 0; p < std::size(kPolicies); ++p) {
    Division division = divide(kPolicies[p], settled.parts, claims, stretch.outside);
    for (std::size_t j = 0; j < shares.size(); ++j) shares[j].push_back(std::move(division.jobs[j]));
    book(idle_[p], settled, division.idle);
    book(system_[p], settled, division.system);
  }
  for (std::size_t j = 0; j < shares.size(); ++j) book_job(stretch, settled, stretch.entries[j], shares[j]);
  node_energy_ += settled.total;
  rest_ += settled.rest;
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    parts_[i] += settled.tallies[i].energy;
    if (settled.time >= kSteady) power_[i] = settled.tallies[i].energy / settled.time;
  }
  edges_ = edges;
  settled_at_ = stretch.end;
}

void Ledger::book_job(const Pending& stretch, const Settled& settled, const Entry& entry,
                      const std::vector<Share>& shares) {
  OpenJob& job = jobs_.at(entry.job);
  const bool first = job.own.by_policy.front().duration == Nanos{};
  for (std::size_t p = 0; p < shares.size(); ++p) {
    Book part(meters_.size());
    book(part, settled, shares[p]);
    for (std::size_t i = 0; i < meters_.size(); ++i) {
      const double whole = to_joules(part.lines[i].whole);
      const double share = whole == 0 ? 0 : to_joules(part.lines[i].given.energy) / whole;
      if (first) part.lines[i].edges += share * share * settled.begin_variance[i];
      if (stretch.end == job.end) part.lines[i].edges += share * share * settled.end_variance[i];
    }
    job.own.by_policy[p].add(part);
    if (p == 0) draw(job, part);
  }
  job.own.until = stretch.end;
  book_steps(job, entry, settled, shares.front());
}

// What of a job's share is shown over time, by the first policy.
void Ledger::draw(OpenJob& job, const Book& part) const {
  const Nanos finest = finest_step(!job.shared);
  JobTimeline::Energies energies;
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    job.own.peaks[i].add(part.lines[i].given.energy, part.duration, finest);
    const Domain domain = meters_[i].plate().part.domain;
    if (layout_.is_counted(i) && !is_of_others(part.lines[i], domain)) energies[domain] += part.lines[i].given.energy;
  }
  job.own.timeline.add(energies, part.duration, finest);
}

// A job's share, among its steps by the CPU time that each used: what they did not use counts alike for all.
void Ledger::book_steps(OpenJob& job, const Entry& entry, const Settled& settled, const Share& share) const {
  if (entry.steps.empty()) return book(job.own.loose, settled, share);
  std::vector<Nanos> weights;
  Nanos all{};
  for (const auto& [id, used] : entry.steps) {
    weights.push_back(used);
    all += used;
  }
  std::vector<Share> parts(entry.steps.size(), Share{std::vector<Joules>(share.energy.size()), share.variance});
  for (std::size_t k = 0; k < share.energy.size(); ++k) {
    const auto divided = divide_by(share.energy[k], weights);
    for (std::size_t s = 0; s < divided.size(); ++s) {
      parts[s].energy[k] = divided[s];
      const double w =
          all > Nanos{} ? to_seconds(weights[s]) / to_seconds(all) : 1.0 / static_cast<double>(weights.size());
      const double own = kStepDoubt * w * (1 - w) * to_joules(share.energy[k]);
      parts[s].variance[k] = share.variance[k] * w * w + own * own;
    }
  }
  for (std::size_t s = 0; s < parts.size(); ++s) book(job.own.steps.at(entry.steps[s].first).book, settled, parts[s]);
}

// What the parts draw with nobody here is their idle power, as long as no calibration says it better; it is no more
// than they were ever seen to draw.
void Ledger::note_lowest(const Pending& stretch, const Settled& settled) {
  if (settled.time < kSteady) return;
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    const Watts power = settled.tallies[i].energy / settled.time;
    if (!meters_[i].alive() || power <= Watts{}) continue;
    least_[i] = std::min(least_[i].value_or(power), power);
    if (stretch.entries.empty()) lowest_[i] = std::min(lowest_[i].value_or(power), power);
  }
}

void Ledger::finish() {
  for (auto at = jobs_.begin(); at != jobs_.end();) {
    OpenJob& job = at->second;
    const bool awaited = std::any_of(pending_.begin(), pending_.end(), [&](const Pending& pending) {
      return std::any_of(pending.entries.begin(), pending.entries.end(),
                         [&](const Entry& e) { return e.job == at->first; });
    });
    if (!job.end || awaited) {
      ++at;
      continue;
    }
    ended_.push_back(make_record(job, job.own));
    ended_energy_ += job.own.by_policy.front().total;
    ++ended_jobs_;
    at = jobs_.erase(at);
  }
}

Joules Ledger::not_conserved() const {
  Joules left = node_energy_ - ended_energy_ - idle_.front().total - system_.front().total;
  for (const auto& [serial, job] : jobs_) left -= job.own.by_policy.front().total;
  return left;
}

Ledger Ledger::forced() const {
  Ledger copy = *this;
  if (!copy.pending_.empty()) copy.settle(true);
  return copy;
}

bool Ledger::take_changed() { return std::exchange(changed_, false); }

void Ledger::tick() {
  for (auto& [serial, job] : jobs_)
    if (job.own.until - job.published.until + kEarly >= finest_step(!job.shared)) job.published = job.own;
}

}  // namespace nw
