// Metrics: what nodewattd exports to Prometheus, in OpenMetrics 1.0 text or the older plain form. Pure.
//
// References: the OpenMetrics specification 1.0.0 (a family's lines stand together; a counter's sample ends in _total,
// a unit is the end of its family's name; the text ends with # EOF) and Prometheus' text format 0.0.4. Names and labels
// are in docs/metrics.md.
//
// Scrapers are not authenticated, so nothing here concerns a job, a user or a process: Metrics has no field for such a
// thing. What is unknown is left out, never 0: to Prometheus a missing series is a gap, a zero a counter that
// restarted. Energies are written as decimal microjoules, exactly.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/units.h"
#include "record/record_fwd.h"
#include "sensor/sensor.h"

namespace nw::noded {

struct Metrics {
  struct Energy {
    std::string part, device;  // "gpu" and its UUID; "node" and nothing
    Provenance kind = Provenance::measured;
    Joules total;
    std::string boundary = {};  // of the node: where it was read; empty: not stored in the checkpoint
  };
  struct Attributed {
    std::string to;  // jobs, idle, system, unattributed
    Joules total;
  };
  struct Sensor {
    std::string id;
    bool up = false;
  };
  struct Anomalies {
    std::string sensor;  // empty: of none
    std::string name;
    std::uint64_t count = 0;
  };

  std::string node, version;
  std::vector<Energy> energies;
  std::vector<Attributed> attributed;
  std::vector<Sensor> sensors;
  std::vector<Anomalies> anomalies;
  std::optional<std::uint64_t> jobs_running, jobs_ended;
  std::optional<Joules> not_conserved;
  std::optional<Nanos> cpu;               // of the daemon's own process
  std::optional<std::uint64_t> resident;  // bytes
};

// From a state: its node, its counted parts, the three rows, its anomalies. A part without a provenance has no energy
// and is left out, and so is a row by any other name. Two entries of one series are added up. The sensors are those of
// the last sample set; the daemon's own usage is added by the caller. `by_boundary`: the node's energy
// (EnergyAccounting::by_boundary).
Metrics make_metrics(const pb::NodeState& state, const std::vector<SensorInfo>& infos = {},
                     const SampleSet& sample_set = {}, std::span<const Joules> by_boundary = {});

enum class MetricsFormat : unsigned char { open, plain };
const char* content_type(MetricsFormat form);
std::string make_metrics_text(const Metrics& metrics, MetricsFormat form);
inline std::string make_open_metrics(const Metrics& metrics) { return make_metrics_text(metrics, MetricsFormat::open); }

// Keeps counters from decreasing. A remainder (node less parts) is a difference of sensors that are read slightly
// apart, and a row is a division of it: either can be a few microjoules less than a second ago. Prometheus would take
// that for a restart and count the whole total once more. So each energy series stays at the highest published value,
// from 0 on, until the accounting passes it. The accounting itself is never touched, and while one series is held the
// three rows add up to more than the node's line, by as much.
class Ratchet {
 public:
  void hold(Metrics& metrics);
  // Saved with the accounting and restored from it: to a scraper both processes are one.
  void write(pb::Checkpoint& out) const;
  void resume(const pb::Checkpoint& checkpoint);

 private:
  Joules raise(const std::string& series, Joules total);
  std::map<std::string, Joules> published_;
};

// The published text, fixed between one publish() and the next. Scrapers are untrusted: if the counters were read on
// demand, everybody on the node could observe another user's power as finely as he can ask (CVE-2020-8694). So the
// daemon publishes by its own clock, every kMetricsStep, and a client that asks more often gets the same text again.
inline constexpr Nanos kMetricsStep = seconds(10);
class PublishedMetrics {
 public:
  void publish(Metrics metrics);
  void write(pb::Checkpoint& out) const { ratchet_.write(out); }
  void resume(const pb::Checkpoint& checkpoint) { ratchet_.resume(checkpoint); }
  std::string text(MetricsFormat form) const { return make_metrics_text(published_, form); }

 private:
  Ratchet ratchet_;
  Metrics published_;
};

}  // namespace nw::noded
