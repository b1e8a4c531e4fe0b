#include "study/jobs.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/anomalies.h"
#include "base/units.h"
#include "record/record.pb.h"
#include "study/merge.h"
#include "study/merge_parts.h"
#include "study/values.h"

namespace nw {

namespace {
using Run = std::vector<pb::Record>;  // records of one run of a job, one a node

constexpr std::int64_t kSlack = 120 * kNanosPerSecond;  // by how much clocks, prologs and epilogs of nodes may differ

bool overlap(const pb::Record& a, const pb::Record& b) {
  const auto end = [](const pb::Record& one) { return Int128{one.start_unix_ns()} + one.duration_ns() + kSlack; };
  return a.start_unix_ns() < end(b) && b.start_unix_ns() < end(a);
}

bool same_node(const pb::Record& a, const pb::Record& b) {
  return a.node().host() == b.node().host() &&
         std::equal(a.job().slurmd().begin(), a.job().slurmd().end(), b.job().slurmd().begin(), b.job().slurmd().end());
}

bool belongs(const pb::Record& record, const Run& run) {
  return std::all_of(run.begin(), run.end(), [&](const pb::Record& one) {
    return one.uid() != record.uid() && !same_node(one, record) && overlap(one, record);
  });
}

// Two daemons with one store, or one queried twice.
bool is_known(const pb::Record& record, const std::vector<Run>& runs) {
  for (const Run& run : runs)
    for (const pb::Record& one : run)
      if (!one.uid().empty() && one.uid() == record.uid()) return true;
  return false;
}

void lower(pb::Energy& energy, double part) {
  if (energy.has_coverage()) energy.set_coverage(energy.coverage() * part);
}

void note_missing(pb::Record& record) {
  const unsigned here = measured_nodes(record), all = record.job().nodes();
  if (!record.job().has_nodes() || all <= here) return;
  const double part = static_cast<double>(here) / all;
  lower(*record.mutable_energy(), part);
  for (pb::ByPolicy& other : *record.mutable_job()->mutable_others()) lower(*other.mutable_energy(), part);
  add_anomaly(record, std::string(entry(Anomaly::job_node_missing).name), all - here);
}

void put(std::vector<pb::Record>& out, Run run) {
  MergeOptions how;
  how.allow_mixed = true;  // the job is returned in any case; what does not match is an anomaly
  if (run.size() > 1)
    if (auto merged = merge_records(run, how)) run = {*merged};
  for (pb::Record& record : run) {
    note_missing(record);
    out.push_back(std::move(record));
  }
}
}  // namespace

unsigned measured_nodes(const pb::Record& record) {
  if (record.members_size() == 0) return static_cast<unsigned>(std::max(1, record.job().slurmd_size()));
  return static_cast<unsigned>(std::max(record.members_size(), record.job().slurmd_size()));
}

std::vector<pb::Record> gather_jobs(std::vector<pb::Record> records) {
  const auto newer = [](const pb::Record& a, const pb::Record& b) { return a.start_unix_ns() > b.start_unix_ns(); };
  std::stable_sort(records.begin(), records.end(), newer);
  std::map<std::tuple<std::string, std::string, std::string, unsigned>, std::vector<Run>> jobs;
  std::vector<pb::Record> out;
  for (pb::Record& record : records) {
    const pb::Job& job = record.job();
    if (!record.has_job()) {
      out.push_back(std::move(record));
      continue;
    }
    auto& runs = jobs[{job.manager(), job.cluster(), job.id().empty() ? job.sluid() : job.id(), job.restart()}];
    if (is_known(record, runs)) continue;
    auto fits = std::find_if(runs.begin(), runs.end(), [&](const Run& run) { return belongs(record, run); });
    if (fits == runs.end()) fits = runs.insert(runs.end(), Run());
    fits->push_back(std::move(record));
  }
  for (auto& [key, runs] : jobs)
    for (Run& run : runs) put(out, std::move(run));
  std::stable_sort(out.begin(), out.end(), newer);
  return out;
}

}  // namespace nw
