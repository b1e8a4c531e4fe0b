#include "study/attempts.h"

#include <algorithm>
#include <set>
#include <string>

#include "base/units.h"
#include "record/record.pb.h"
#include "study/energy_sum.h"
#include "study/values.h"
#include "study/windows.h"

namespace nw {

namespace {
std::int64_t begin_of(const pb::Record& record) { return record.start_unix_ns(); }
std::int64_t end_of(const pb::Record& record) {
  return saturate(Int128{begin_of(record)} + std::max<std::int64_t>(record.duration_ns(), 0));
}

// Below 0: so long lies between them.
std::int64_t overlap_of(const pb::Record& a, const pb::Record& b) {
  return saturate(Int128{std::min(end_of(a), end_of(b))} - std::max(begin_of(a), begin_of(b)));
}

// For half of the shorter one: more than clocks that differ a little make of two attempts in turn.
bool ran_together(const pb::Record& a, const pb::Record& b) {
  const std::int64_t shorter = std::min(end_of(a) - begin_of(a), end_of(b) - begin_of(b));
  return overlap_of(a, b) > 0 && overlap_of(a, b) >= shorter / 2;
}

bool nearly_together(const pb::Record& a, const pb::Record& b) {
  return restart_count(a) == restart_count(b) && overlap_of(a, b) > -compute_allowed_spread({&a, &b});
}

std::set<std::string> hosts_of(const pb::Record& record) {
  std::set<std::string> hosts;
  for (const pb::Member& member : record.members()) hosts.insert(member.host());
  if (hosts.empty()) hosts.insert(record.node().host());
  return hosts;
}

bool share_host(const pb::Record& a, const pb::Record& b) {
  const auto mine = hosts_of(a), its = hosts_of(b);
  return std::any_of(mine.begin(), mine.end(), [&](const auto& host) { return its.contains(host); });
}

// One attempt's program has several nodes on a host only where it numbers them.
bool same_node(const pb::Record& a, const pb::Record& b) {
  const auto number = [](const pb::Record& one) {
    return one.has_node_rank() ? std::optional(one.node_rank()) : std::nullopt;
  };
  const bool is_named = !a.node().host().empty() || !b.node().host().empty();
  return is_named && share_host(a, b) && number(a) == number(b);
}

template <class Together>
bool fit(const Inputs& a, const Inputs& b, Together together) {
  for (const pb::Record* one : a)
    for (const pb::Record* other : b) {
      if (one->job_key() != other->job_key() || same_node(*one, *other)) return false;
      const bool on_one_host = share_host(*one, *other);
      if (on_one_host ? overlap_of(*one, *other) <= 0 : !together(*one, *other)) return false;
    }
  return true;
}

// Puts each of them to the first before it that it fits.
template <class Together>
std::vector<Inputs> join(const std::vector<Inputs>& parts, Together together) {
  std::vector<Inputs> joined;
  for (const Inputs& part : parts) {
    const auto at =
        std::find_if(joined.begin(), joined.end(), [&](const Inputs& one) { return fit(one, part, together); });
    if (at == joined.end())
      joined.push_back(part);
    else
      at->insert(at->end(), part.begin(), part.end());
  }
  return joined;
}

std::int64_t begin_of(const Inputs& attempt) {
  std::int64_t begin = INT64_MAX;
  for (const pb::Record* one : attempt) begin = std::min(begin, one->start_unix_ns());
  return begin;
}

bool same_job(const pb::Record& a, const pb::Record& b) {
  if (!a.job_key().empty() && a.job_key() == b.job_key()) return true;
  return !a.restart_key().empty() && a.restart_key() == b.restart_key();
}

// A script may start several programs, each of which has the job's key.
bool same_program(const pb::Record& a, const pb::Record& b) {
  return a.name() == b.name() && a.program() == b.program();
}
}  // namespace

std::optional<RestartCount> restart_count(const pb::Record& record) {
  if (record.has_attempt() || record.has_requeue()) return RestartCount{record.requeue(), record.attempt()};
  if (record.has_job()) return RestartCount{record.job().restart(), 0};
  return std::nullopt;
}

std::optional<RestartCount> restart_count(const Inputs& attempt) {
  std::optional<RestartCount> most;
  for (const pb::Record* one : attempt) most = std::max(most, restart_count(*one));
  return most;
}

std::vector<Inputs> find_attempts(Inputs records) {
  std::sort(records.begin(), records.end(), [](const pb::Record* a, const pb::Record* b) {
    return std::make_tuple(b->start_unix_ns(), a->uid()) < std::make_tuple(a->start_unix_ns(), b->uid());
  });
  std::vector<Inputs> attempts;
  for (const pb::Record* one : records) attempts.push_back({one});
  attempts = join(attempts, ran_together);
  attempts = join(attempts, nearly_together);
  std::stable_sort(attempts.begin(), attempts.end(),
                   [](const Inputs& a, const Inputs& b) { return begin_of(a) > begin_of(b); });
  return attempts;
}

bool follows(const Inputs& later, const Inputs& earlier) {
  const auto most = restart_count(later), before = restart_count(earlier);
  const pb::Record &a = *later.front(), &b = *earlier.front();
  if (!most || !before || *most < *before || !same_job(a, b) || !same_program(a, b)) return false;
  bool rose = *before < *most, has_met = false;
  for (const pb::Record* one : later)
    for (const pb::Record* other : earlier) {
      if (!share_host(*one, *other)) continue;
      has_met = true;
      const auto mine = restart_count(*one), its = restart_count(*other);
      if (mine && its && *mine < *its) return false;
      rose |= mine && its && *its < *mine;
    }
  return rose && (has_met || a.job_key() == b.job_key());  // a restart key alone may be another program's elsewhere
}

std::vector<Inputs> split_into_attempts(const Inputs& records) {
  std::set<RestartCount> counts;
  bool is_one_job = true;
  for (const pb::Record* one : records) {
    if (const auto count = restart_count(*one)) counts.insert(*count);
    is_one_job &= same_job(*one, *records.front());
  }
  if (counts.size() < 2 || !is_one_job) return {records};
  auto attempts = find_attempts(records);
  std::reverse(attempts.begin(), attempts.end());
  return attempts;
}

bool was_restarted(const pb::Record& record, const Inputs& among) {
  const pb::Record* next = nullptr;
  for (const pb::Record* one : among) {
    if (begin_of(*one) <= begin_of(record) || !same_job(*one, record) || !same_program(*one, record)) continue;
    if (!share_host(*one, record)) continue;
    if (next == nullptr || begin_of(*one) < begin_of(*next)) next = one;
  }
  const auto count = restart_count(record), its = next != nullptr ? restart_count(*next) : std::nullopt;
  return count && its && *count < *its;
}

bool has_failed_attempts(const pb::Record& record) {
  return std::any_of(record.attempts().begin(), record.attempts().end(),
                     [](const pb::Attempt& one) { return one.failed(); });
}

FailedAttempts compute_failed_attempts(const pb::Record& record) {
  FailedAttempts all;
  EnergySum sum;
  bool is_known = !record.attempts().empty();
  for (const pb::Attempt& one : record.attempts()) {
    is_known &= one.has_failed();
    if (!one.failed()) continue;
    ++all.count;
    sum.add(one.energy(), one.duration_ns());
  }
  if (!is_known || sum.unknown() > 0) return all;
  pb::Energy energy;
  sum.write(energy);
  if (all.count == 0) energy.set_energy_uj(0), energy.set_uncertainty_uj(0);
  all.joules = energy_j(energy);
  all.uncertainty = uncertainty_j(energy);
  if (const auto whole = energy_j(record.energy()); whole && *whole > 0 && all.joules)
    all.fraction = *all.joules / *whole;
  return all;
}

}  // namespace nw
