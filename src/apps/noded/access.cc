#include "apps/noded/access.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <string>

#include "accounting/job_state.h"
#include "record/record.h"
#include "record/record.pb.h"

namespace nw::noded {

namespace {
constexpr std::int64_t kGrain = kMicro;  // 1 J, 1 W

std::int64_t rounded(std::int64_t microjoules) {
  const std::int64_t half = microjoules < 0 ? -kGrain / 2 : kGrain / 2;
  return (microjoules + half) / kGrain * kGrain;
}
double rounded(double microjoules) { return std::round(microjoules / kGrain) * kGrain; }

// Rounds figures so that their sum stays right: each gets the increase of the rounded cumulative sum. With a single
// figure this is plain rounding.
class Rounding {
 public:
  std::int64_t operator()(const std::string& part, std::int64_t microjoules) {
    Sums& sums = sums_[part];
    sums.exact += microjoules;
    const std::int64_t given = rounded(sums.exact) - sums.rounded;
    sums.rounded += given;
    return given;
  }

 private:
  struct Sums {
    std::int64_t exact = 0, rounded = 0;
  };
  std::map<std::string, Sums> sums_;
};

// An uncertainty never becomes zero.
void round_energy(pb::Energy& energy, const std::string& part, Rounding& rounding) {
  if (energy.has_energy_uj()) energy.set_energy_uj(rounding(part, energy.energy_uj()));
  if (energy.has_uncertainty_uj())
    energy.set_uncertainty_uj(std::max(kGrain, rounded(std::int64_t{energy.uncertainty_uj()})));
  energy.set_filled_uj(rounded(std::int64_t{energy.filled_uj()}));
  energy.set_random_uj(rounded(energy.random_uj()));
  energy.set_systematic_uj(rounded(energy.systematic_uj()));
  for (auto* list : {energy.mutable_contributors(), energy.mutable_terms()})
    for (pb::Contributor& term : *list) term.set_u_uj(rounded(term.u_uj()));
}

bool is_fine(const pb::Component& component) { return component.domain() == "core" || component.domain() == "uncore"; }

using Components = google::protobuf::RepeatedPtrField<pb::Component>;

// Rounded parts add up to the rounded total again: the remainder, a difference anyway, takes the rounding error. Where
// there is no remainder, the total is set to the sum.
void add_up(pb::Energy& total, Components& components) {
  if (!total.has_energy_uj()) return;
  pb::Component *root = nullptr, *rest = nullptr;
  std::int64_t inside = 0, beside = 0;
  for (pb::Component& component : components) {
    if (component.sensor().empty()) rest = &component;
    if (!component.counted() || !component.energy().has_energy_uj()) continue;
    if (component.domain() != "node")
      (component.depth() == 0 ? beside : inside) += component.energy().energy_uj();
    else if (component.depth() == 0)
      root = &component;
  }
  if (root == nullptr) return total.set_energy_uj(beside);
  root->mutable_energy()->set_energy_uj(total.energy_uj() - beside);
  if (rest != nullptr) rest->mutable_energy()->set_energy_uj(root->energy().energy_uj() - inside);
}

void round_parts(pb::Energy& total, Components& components, Rounding& rounding) {
  components.erase(std::remove_if(components.begin(), components.end(), is_fine), components.end());
  round_energy(total, "", rounding);
  for (pb::Component& component : components) {
    round_energy(*component.mutable_energy(), component.domain() + "/" + component.device() + "/" + component.sensor(),
                 rounding);
    if (component.has_max_power_uw()) component.set_max_power_uw(rounded(std::int64_t{component.max_power_uw()}));
  }
  add_up(total, components);
}

// Phases of one parent are rounded as their running sum is, so that together they have no more than it.
void round_phases(google::protobuf::RepeatedPtrField<pb::Phase>& phases, Nanos finest) {
  std::map<std::string, Rounding> inside;  // by the parent's path
  for (pb::Phase& phase : phases) {
    const auto slash = phase.path().rfind('/');
    Rounding estimate;
    round_parts(*phase.mutable_energy(), *phase.mutable_components(),
                inside[slash == std::string::npos ? "" : phase.path().substr(0, slash)]);
    if (phase.has_node_estimate()) round_energy(*phase.mutable_node_estimate(), "", estimate);
    if (phase.resolved() && phase.duration_ns() >= finest.count()) continue;
    phase.set_resolved(false);
    phase.clear_energy();
    phase.clear_components();
    phase.clear_node_estimate();
  }
}

void round_timeline(pb::Timeline& timeline, Nanos finest) {
  if (timeline.step_ns() < finest.count()) return timeline.Clear();
  for (pb::Series& series : *timeline.mutable_series())
    for (std::int64_t& energy : *series.mutable_energy_uj())
      if (was_read(energy)) energy = rounded(energy);
}
}  // namespace

namespace {
void show(Nanos duration, Nanos finest, pb::Energy& energy, Components& components, Rounding& rounding) {
  round_parts(energy, components, rounding);
  if (duration >= finest) return;
  energy.Clear();
  components.Clear();
}

// Rounded steps add up to the job, too.
void round_job(pb::Job& job, Nanos duration, Nanos finest) {
  Rounding steps;
  for (pb::ByPolicy& other : *job.mutable_others()) {
    Rounding of_policy;
    show(duration, finest, *other.mutable_energy(), *other.mutable_components(), of_policy);
  }
  for (pb::Step& step : *job.mutable_steps()) {
    show(Nanos::of(step.duration_ns()), finest, *step.mutable_energy(), *step.mutable_components(), steps);
    round_phases(*step.mutable_phases(), finest);
  }
  if (job.has_unused_gpu_uj()) job.set_unused_gpu_uj(rounded(std::int64_t{job.unused_gpu_uj()}));
  if (job.has_u_share_uj()) job.set_u_share_uj(rounded(job.u_share_uj()));
  if (duration >= finest) return;
  job.clear_unused_gpu_uj();
  job.clear_u_share_uj();
}
}  // namespace

void round_for_owner(pb::Record& record) {
  const bool exclusive = record.has_measured_by() ? record.measured_by().exclusive() : record.job().exclusive();
  const Nanos finest = finest_step(exclusive), duration = Nanos::of(record.duration_ns());
  round_timeline(*record.mutable_timeline(), finest);
  record.clear_monitor_cpu_s();
  Rounding whole, estimate;
  show(duration, finest, *record.mutable_energy(), *record.mutable_components(), whole);
  if (record.has_node_estimate()) round_energy(*record.mutable_node_estimate(), "", estimate);
  if (duration < finest) record.clear_node_estimate();
  round_phases(*record.mutable_phases(), finest);
  if (record.has_job()) round_job(*record.mutable_job(), duration, finest);
  if (duration < finest && record.state() != "running")
    write_anomalies(counts_of(Anomaly::too_short_for_owner), "", *record.mutable_anomalies());
}

}  // namespace nw::noded
