#include "apps/noded/metrics.h"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "accounting/energy_accounting.h"
#include "base/parse.h"
#include "record/checkpoint.pb.h"
#include "record/record.h"

namespace nw::noded {

namespace {
constexpr std::string_view kRows[] = {"jobs", "idle", "system", "unattributed"};

std::optional<Provenance> kind_of(pb::Kind kind) {
  switch (kind) {
    case pb::KIND_MEASURED: return Provenance::measured;
    case pb::KIND_DERIVED: return Provenance::derived;
    case pb::KIND_ATTRIBUTED: return Provenance::attributed;
    case pb::KIND_ESTIMATED: return Provenance::estimated;
    default: return std::nullopt;
  }
}

void add_energy(std::vector<Metrics::Energy>& energies, Metrics::Energy energy) {
  const auto same = std::find_if(energies.begin(), energies.end(), [&](const Metrics::Energy& other) {
    return other.part == energy.part && other.device == energy.device && other.kind == energy.kind &&
           other.boundary == energy.boundary;
  });
  if (same != energies.end())
    same->total += energy.total;
  else
    energies.push_back(std::move(energy));
}

void add_anomalies(std::vector<Metrics::Anomalies>& anomalies, const pb::AnomalyCount& count) {
  const auto same = std::find_if(anomalies.begin(), anomalies.end(), [&](const Metrics::Anomalies& other) {
    return other.sensor == count.sensor() && other.name == count.name();
  });
  if (same != anomalies.end())
    same->count += count.count();
  else
    anomalies.push_back({count.sensor(), count.name(), count.count()});
}

// The node's energy by where it was read, and what only models gave apart from it, since a sensor of the node may
// appear while accounting is running. What older checkpoints hold without that stays a series of its own.
void add_node(const pb::NodeState& state, std::span<const Joules> by_boundary, Provenance kind, Joules total,
              Metrics& metrics) {
  constexpr std::size_t kBoundaries = EnergyAccounting::kBoundaries;
  const bool only_models = kind == Provenance::estimated;
  for (std::size_t i = 0; i < by_boundary.size() && i < 2 * kBoundaries; ++i) {
    const auto boundary = static_cast<Boundary>(i % kBoundaries);
    const bool modelled = i >= kBoundaries;
    const Joules energy = by_boundary[i];
    total -= energy;
    const Provenance its = modelled ? Provenance::estimated : only_models ? Provenance::measured : kind;
    if (energy != Joules{} || (to_record(boundary) == state.boundary() && modelled == only_models))
      metrics.energies.push_back({"node", "", its, energy, std::string(name(boundary))});
  }
  if (total != Joules{} || by_boundary.empty()) metrics.energies.push_back({"node", "", kind, total, {}});
}

// A whole number divided by a thousand or a million, with every digit.
std::string decimal(std::int64_t count, std::int64_t unit, int digits) {
  const auto magnitude = count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
  const auto per = static_cast<std::uint64_t>(unit);
  return fmt::format("{}{}.{:0{}}", count < 0 ? "-" : "", magnitude / per, magnitude % per, digits);
}
std::string decimal(Joules energy) { return decimal(energy.count(), kMicro, 6); }
std::string decimal(Nanos time) { return decimal(time.count(), kNanosPerSecond, 9); }

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : valid_utf8(text)) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out;
}

struct Family {
  std::string_view name, type, unit, help;
};

// The text under construction, one family after the other. A family's comment lines come with its first sample: without
// samples it is left out.
class Text {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  explicit Text(MetricsFormat form) : form_(form) {}

  void begin(const Family& family) { family_ = family, begun_ = false; }

  void add(Labels labels, const std::string& value) {
    if (!begun_) add_head();
    begun_ = true;
    text_ += family_.name;
    text_ += suffix();
    char before = '{';
    for (const auto& [label, content] : labels) {
      if (content.empty()) continue;  // to Prometheus an empty label is a missing one
      text_ += fmt::format("{}{}=\"{}\"", std::exchange(before, ','), label, escape(content));
    }
    text_ += before == '{' ? " " : "} ";
    text_ += value;
    text_ += '\n';
  }

  std::string end() {
    if (form_ == MetricsFormat::open) text_ += "# EOF\n";
    return std::move(text_);
  }

 private:
  std::string_view suffix() const {
    return family_.type == "counter" ? "_total" : family_.type == "info" ? "_info" : "";
  }

  // The plain form has no units and no type `info`, and calls a counter by the name of its sample.
  void add_head() {
    const bool open = form_ == MetricsFormat::open;
    const std::string name = fmt::format("{}{}", family_.name, open ? "" : suffix());
    text_ += fmt::format("# TYPE {} {}\n", name, !open && family_.type == "info" ? "gauge" : family_.type);
    if (open && !family_.unit.empty()) text_ += fmt::format("# UNIT {} {}\n", name, family_.unit);
    text_ += fmt::format("# HELP {} {}\n", name, family_.help);
  }

  MetricsFormat form_;
  Family family_;
  bool begun_ = false;
  std::string text_;
};

void add_energies(Text& text, const Metrics& metrics) {
  text.begin({"nodewatt_energy_joules", "counter", "joules",
              "Energy of the node (part=\"node\") and of each part that its sum is made of."});
  for (const auto& energy : metrics.energies)
    text.add({{"node", metrics.node},
              {"part", energy.part},
              {"device", energy.device},
              {"kind", name(energy.kind)},
              {"boundary", energy.boundary}},
             decimal(energy.total));
  text.begin({"nodewatt_attributed_energy_joules", "counter", "joules",
              "What the node's energy went to: jobs, CPUs and devices that no job had, or what ran outside jobs."});
  for (const auto& row : metrics.attributed) text.add({{"node", metrics.node}, {"to", row.to}}, decimal(row.total));
  text.begin({"nodewatt_conservation_error_microjoules", "gauge", "microjoules",
              "The node's energy less what it went to; anything but 0 is a bug."});
  if (metrics.not_conserved) text.add({{"node", metrics.node}}, fmt::to_string(metrics.not_conserved->count()));
}

void add_jobs(Text& text, const Metrics& metrics) {
  text.begin({"nodewatt_jobs_running", "gauge", "", "Jobs on this node now."});
  if (metrics.jobs_running) text.add({{"node", metrics.node}}, fmt::to_string(*metrics.jobs_running));
  text.begin({"nodewatt_jobs_ended", "counter", "", "Jobs that ended on this node since its counters began."});
  if (metrics.jobs_ended) text.add({{"node", metrics.node}}, fmt::to_string(*metrics.jobs_ended));
}

void add_sensors(Text& text, const Metrics& metrics) {
  text.begin({"nodewatt_sensor_up", "gauge", "", "Whether the sensor's last reading could be used."});
  for (const auto& sensor : metrics.sensors)
    text.add({{"node", metrics.node}, {"sensor", sensor.id}}, sensor.up ? "1" : "0");
  text.begin({"nodewatt_sensor_anomalies", "counter", "", "What was wrong with readings, how often."});
  for (const auto& count : metrics.anomalies)
    text.add({{"node", metrics.node}, {"sensor", count.sensor}, {"anomaly", count.name}}, fmt::to_string(count.count));
}

void add_daemon(Text& text, const Metrics& metrics) {
  text.begin({"nodewatt_daemon_cpu_seconds", "counter", "seconds", "CPU time of nodewattd itself."});
  if (metrics.cpu) text.add({{"node", metrics.node}}, decimal(*metrics.cpu));
  text.begin({"nodewatt_daemon_resident_bytes", "gauge", "bytes", "Memory of nodewattd itself."});
  if (metrics.resident) text.add({{"node", metrics.node}}, fmt::to_string(*metrics.resident));
  text.begin({"nodewatt_build", "info", "", "The version of nodewattd."});
  if (!metrics.version.empty()) text.add({{"version", metrics.version}}, "1");
}
}  // namespace

Metrics make_metrics(const pb::NodeState& state, const std::vector<SensorInfo>& infos, const SampleSet& sample_set,
                     std::span<const Joules> by_boundary) {
  Metrics metrics;
  metrics.node = state.host();
  metrics.version = state.version();
  metrics.jobs_running = state.jobs_running();
  metrics.jobs_ended = state.jobs_ended();
  metrics.not_conserved = Joules::of(state.not_conserved_uj());
  const auto kind = kind_of(state.kind());
  for (const pb::NodeRow& row : state.rows()) {
    const Joules total = Joules::of(row.energy_uj());
    if (row.name() == "node" && kind) add_node(state, by_boundary, *kind, total, metrics);
    if (kind && std::find(std::begin(kRows), std::end(kRows), row.name()) != std::end(kRows))
      metrics.attributed.push_back({row.name(), total});
  }
  for (const pb::NodePart& part : state.parts())
    if (const auto of = kind_of(part.kind()); of && part.counted() && part.domain() != "node")
      add_energy(metrics.energies, {part.domain(), part.device(), *of, Joules::of(part.energy_uj()), {}});
  for (const pb::AnomalyCount& count : state.anomalies()) add_anomalies(metrics.anomalies, count);
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < infos.size() && i < sample_set.size(); ++i)
    if (seen.insert(infos[i].id).second) metrics.sensors.push_back({infos[i].id, sample_set[i].status == Status::ok});
  return metrics;
}

const char* content_type(MetricsFormat form) {
  return form == MetricsFormat::open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                     : "text/plain; version=0.0.4; charset=utf-8";
}

std::string make_metrics_text(const Metrics& metrics, MetricsFormat form) {
  Text text(form);
  add_energies(text, metrics);
  add_jobs(text, metrics);
  add_sensors(text, metrics);
  add_daemon(text, metrics);
  return text.end();
}

void Ratchet::hold(Metrics& metrics) {
  const auto series = [](std::initializer_list<std::string_view> words) {
    std::string key;
    for (const std::string_view word : words) key.append(word) += '\0';
    return key;
  };
  for (auto& energy : metrics.energies)
    energy.total = raise(series({energy.part, energy.device, name(energy.kind), energy.boundary}), energy.total);
  for (auto& row : metrics.attributed) row.total = raise(series({row.to}), row.total);
}

void Ratchet::write(pb::Checkpoint& out) const {
  for (const auto& [series, energy] : published_) {
    pb::Published& one = *out.add_published();
    one.set_series(series);
    one.set_energy_uj(energy.count());
  }
}

void Ratchet::resume(const pb::Checkpoint& checkpoint) {
  for (const pb::Published& one : checkpoint.published()) raise(one.series(), Joules::of(one.energy_uj()));
}

void PublishedMetrics::publish(Metrics metrics) {
  ratchet_.hold(metrics);
  published_ = std::move(metrics);
}

Joules Ratchet::raise(const std::string& series, Joules total) {
  Joules& published = published_[series];
  return published = std::max(published, total);
}

}  // namespace nw::noded
