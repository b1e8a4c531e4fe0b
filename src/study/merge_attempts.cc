// Merges the attempts of a restarted job. Energy, work and phases add up like those of nodes; here is what does not:
// machines and their components are the same ones in several attempts, and what the program said of its result is what
// the last attempt said.
#include <algorithm>
#include <list>
#include <map>
#include <set>
#include <tuple>

#include "base/units.h"
#include "record/record.pb.h"
#include "study/attempts.h"
#include "study/energy_sum.h"
#include "study/merge_parts.h"
#include "study/values.h"

namespace nw {

namespace {
struct ComponentSum {
  pb::Component component;
  EnergySum energy;
  bool power_known = true;

  void add(const pb::Component& one, std::int64_t duration_ns) {
    energy.add(one.energy(), duration_ns);
    power_known &= one.has_max_power_uw();
    component.set_max_power_uw(std::max(component.max_power_uw(), one.max_power_uw()));
  }
  pb::Component take() {
    component.clear_energy();
    energy.write(*component.mutable_energy());
    if (!power_known) component.clear_max_power_uw();
    return std::move(component);
  }
};

auto key_of(const pb::Component& one) {
  return std::make_tuple(one.domain(), one.device(), one.sensor(), one.source(), one.depth(), one.counted());
}

// By its own attempt's time; where it is unknown in one of them, so is the mean.
struct DeviceSum {
  pb::Device device;
  double busy = 0, weight = 0;
  bool busy_known = true, busiest_known = true, processes_known = true;

  void add(const pb::Device& one, std::int64_t duration_ns) {
    const auto length = static_cast<double>(std::max<std::int64_t>(duration_ns, 0));
    busy_known &= one.has_busy(), busiest_known &= one.has_busiest(), processes_known &= one.has_processes();
    busy += one.busy() * length, weight += length;
    const double busiest = std::max(device.busiest(), one.busiest());
    const std::uint32_t processes = std::max(device.processes(), one.processes());
    device = one;  // the limit and the allocation are the last ones
    device.set_busiest(busiest), device.set_processes(processes);
  }
  pb::Device take() {
    device.clear_busy();
    if (busy_known && weight > 0) device.set_busy(busy / weight);
    if (!busiest_known) device.clear_busiest();
    if (!processes_known) device.clear_processes();
    return std::move(device);
  }
};

void merge_devices(const Inputs& inputs, pb::Record& out) {
  std::map<std::pair<std::string, std::string>, std::size_t> places;
  std::vector<DeviceSum> sums;
  for (const pb::Record* input : inputs)
    for (pb::Device one : input->devices()) {
      const std::string& host = input->node().host();
      if (input->members().empty() && !one.label().empty() && !host.empty()) one.set_label(host + " " + one.label());
      one.set_device(on_host(*input, one.device()));
      const auto [at, is_new] = places.try_emplace({one.domain(), one.device()}, sums.size());
      if (is_new) sums.emplace_back();
      sums[at->second].add(one, input->duration_ns());
    }
  out.clear_devices();
  for (DeviceSum& sum : sums) *out.add_devices() = sum.take();
}

void drop_repeated_sensors(pb::Record& out) {
  std::set<std::string> seen;
  auto& all = *out.mutable_sensors();
  all.erase(std::remove_if(all.begin(), all.end(), [&](const auto& one) { return !seen.insert(one.id()).second; }),
            all.end());
}

// Ranks, end and result, and how many processors a resource manager gave it.
void take_from_last(const pb::Record& last, pb::Record& out) {
  out.clear_ranks(), out.clear_ranks_failed(), out.clear_rank_first(), out.clear_world_size();
  if (last.has_ranks()) out.set_ranks(last.ranks());
  if (last.has_ranks_failed()) out.set_ranks_failed(last.ranks_failed());
  if (last.has_rank_first()) out.set_rank_first(last.rank_first());
  if (last.has_world_size()) out.set_world_size(last.world_size());
  if (last.has_exit_code()) out.set_exit_code(last.exit_code());
  if (last.has_signal()) out.set_signal(last.signal());
  *out.mutable_figures() = last.figures();
  *out.mutable_labels() = last.labels();
  *out.mutable_settings() = last.settings();
  if (!out.has_job()) return;
  out.mutable_job()->clear_cpus_count(), out.mutable_job()->clear_gpus();
  if (last.job().has_cpus_count()) out.mutable_job()->set_cpus_count(last.job().cpus_count());
  if (last.job().has_gpus()) out.mutable_job()->set_gpus(last.job().gpus());
}

// An attempt after which the job was restarted failed, unless all of it is known to have ended well.
std::optional<bool> compute_failed(const pb::Record& attempt, bool is_last) {
  if (attempt.has_signal() || attempt.exit_code() != 0 || attempt.ranks_failed() > 0) return true;
  if (attempt.has_exit_code() && count_missing_ranks(attempt) == 0) return false;
  return is_last ? std::nullopt : std::optional(true);
}

pb::Attempt make_attempt(const pb::Record& record, std::uint32_t number, bool is_last) {
  pb::Attempt attempt;
  attempt.set_number(number);
  attempt.set_start_unix_ns(record.start_unix_ns());
  attempt.set_duration_ns(record.duration_ns());
  *attempt.mutable_energy() = record.energy();
  if (record.has_exit_code()) attempt.set_exit_code(record.exit_code());
  if (record.has_signal()) attempt.set_signal(record.signal());
  if (const auto failed = compute_failed(record, is_last)) attempt.set_failed(*failed);
  attempt.set_nodes(static_cast<std::uint32_t>(std::max(1, record.members_size())));
  if (record.has_ranks()) attempt.set_ranks(record.ranks());
  if (record.has_world_size()) attempt.set_world_size(record.world_size());
  return attempt;
}

void write_member_numbers(const std::map<std::string, std::uint32_t>& numbers, pb::Record& out) {
  for (pb::Member& member : *out.mutable_members())
    if (const auto at = numbers.find(member.uid()); at != numbers.end()) member.set_attempt(at->second);
  std::stable_sort(out.mutable_members()->begin(), out.mutable_members()->end(),
                   [](const pb::Member& a, const pb::Member& b) { return a.attempt() < b.attempt(); });
}
}  // namespace

std::int64_t sum_durations(const Inputs& inputs) {
  Int128 sum = 0;
  for (const pb::Record* input : inputs) {
    if (input->duration_ns() <= 0) return 0;
    sum += input->duration_ns();
  }
  return saturate(sum);
}

std::uint64_t count_missing_ranks(const pb::Record& record) {
  return record.has_ranks() && record.world_size() > record.ranks() ? record.world_size() - record.ranks() : 0;
}

// Before the last one that is here there were at least as many as its number.
std::uint64_t count_missing_attempts(const pb::Record& record) {
  if (!record.attempts().empty())
    return std::uint64_t{record.attempts().rbegin()->number()} + 1 - static_cast<std::uint64_t>(record.attempts_size());
  const bool is_numbered = record.has_attempt() || record.has_requeue();
  return is_numbered ? restart_count(record)->sum() : 0;
}

void add_up_components(const Inputs& inputs, pb::Record& out) {
  std::list<ComponentSum> sums;
  std::map<decltype(key_of(pb::Component())), std::list<ComponentSum>::iterator> places;
  for (const pb::Record* input : inputs) {
    pb::Record own;
    merge_components({input}, MergeOf::nodes, own);
    auto after = sums.begin();  // a part that is new stays below the one that it is inside
    for (const pb::Component& one : own.components()) {
      auto [at, is_new] = places.try_emplace(key_of(one));
      if (is_new) {
        at->second = sums.emplace(after == sums.begin() && input != inputs.front() ? sums.end() : after);
        at->second->component = one;
      }
      at->second->add(one, input->duration_ns());
      after = std::next(at->second);
    }
  }
  for (ComponentSum& sum : sums) *out.add_components() = sum.take();
}

void merge_attempts(const Inputs& inputs, pb::Record& out) {
  std::map<std::string, std::uint32_t> numbers;  // of each node's record
  std::uint64_t next = 0;
  for (const pb::Record* input : inputs) {
    const auto count = restart_count(*input);
    const auto number =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(std::max(next, count ? count->sum() : 0), UINT32_MAX));
    *out.add_attempts() = make_attempt(*input, number, input == inputs.back());
    numbers[input->uid()] = number;
    for (const pb::Member& member : input->members()) numbers[member.uid()] = number;
    next = std::uint64_t{number} + 1;
  }
  write_member_numbers(numbers, out);
  merge_devices(inputs, out);
  drop_repeated_sensors(out);
  take_from_last(*inputs.back(), out);
}

}  // namespace nw
