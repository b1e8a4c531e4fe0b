#include "bench/accuracy/measured.h"

#include <algorithm>

#include "accounting/run_accounting.h"
#include "base/host_tape.h"
#include "record/record.h"
#include "record/record.pb.h"
#include "sensor/reader.h"
#include "sim/noise.h"
#include "sim/tape_player.h"

namespace nw::accuracy {

namespace {
// The one place where a machine's history goes into the accounting of a run and comes out of it.
void use_history(RunAccounting& accounting, const History& history) {
  if (const auto* known = std::any_cast<NodeHistory>(&history)) accounting.use(*known, seconds(60));
}
void keep_history(const RunAccounting& accounting, History& history) {
  if (auto known = accounting.history()) history = std::move(*known);
}

constexpr std::uint64_t kLateSampleSets = std::uint64_t{100} << 32;  // a stream beside the simulator's own
constexpr double kLateShare = 1.0 / 40;

std::vector<Nanos> times_of(const SamplingSchedule& schedule, const sim::Job& job) {
  std::vector<Nanos> times;
  Nanos at = job.start;
  for (; at < job.end; at += schedule.period(at - job.start)) times.push_back(at);
  const Nanos last = job.end + schedule.trailing(job.end - job.start);
  for (at = job.end; at <= last; at += SamplingSchedule::kBurst) times.push_back(at);
  return times;
}

// What was due while the thread was late is not made up for. A run begins with its first sample set.
std::vector<Nanos> delayed(const std::vector<Nanos>& times, const Lateness& late) {
  if (late.most_s <= 0) return times;
  std::vector<Nanos> out;
  for (std::size_t i = 0; i < times.size(); ++i) {
    Nanos at = times[i];
    if (i > 0 && sim::uniform(sim::hash(late.seed, kLateSampleSets, 2 * i)) < kLateShare)
      at += Nanos::of(static_cast<std::int64_t>(late.most_s * 1e9 *
                                                sim::uniform(sim::hash(late.seed, kLateSampleSets, 2 * i + 1))));
    if (out.empty() || times[i] > out.back()) out.push_back(at);
  }
  if (out.back() < times.back()) out.push_back(times.back());
  return out;
}

std::vector<SensorInfo> infos_of(const Tape& tape) {
  TapedHost host(tape);
  return Reader(host, make_inventory(host).sensors).infos();
}
}  // namespace

JobTape make_job_tape(const sim::Machine& machine, const Lateness& late) {
  const sim::Job& job = machine.scenario().jobs.front();
  sim::TapeSchedule probe;
  probe.times = {job.start};
  const SamplingSchedule schedule({}, infos_of(sim::make_tape(machine, probe)));
  sim::TapeSchedule played;
  played.times = delayed(times_of(schedule, job), late);
  return {sim::make_tape(machine, played), schedule, job};
}

pb::Record measure(JobTape taped, const MeasureOptions& options) {
  if (options.edit) options.edit(taped.tape);
  const sim::Job& job = taped.job;
  TapedHost host(std::move(taped.tape));
  Inventory inventory = make_inventory(host);
  Reader reader(host, std::move(inventory.sensors));
  RunAccounting accounting(reader.infos(), taped.schedule.period({}));
  if (options.history != nullptr) use_history(accounting, *options.history);
  accounting.begin(job.start);
  SampleSet sample_set;
  auto event = options.events.begin();
  Nanos at;
  do {
    at = host.now();
    accounting.set_period(taped.schedule.period(at - job.start));
    reader.read_all(sample_set);
    for (; event != options.events.end() && event->at <= host.now(); ++event) accounting.add(*event);
    accounting.add(sample_set);
  } while (host.sleep_until(at));
  for (; event != options.events.end(); ++event) accounting.add(*event);
  accounting.end(job.end);
  if (options.history != nullptr) keep_history(accounting, *options.history);
  pb::Record record;
  accounting.write(record);
  return record;
}

pb::Record measure(const sim::Machine& machine, const MeasureOptions& options) {
  return measure(make_job_tape(machine), options);
}

}  // namespace nw::accuracy
