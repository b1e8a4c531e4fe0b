#include "record/record.h"

#include <cmath>
#include <set>

#include "base/parse.h"
#include "record/record.pb.h"

namespace nw {

pb::Kind to_record(Provenance kind) { return static_cast<pb::Kind>(static_cast<int>(kind) + 1); }
pb::Boundary to_record(Boundary boundary) { return static_cast<pb::Boundary>(static_cast<int>(boundary) + 1); }

void write_energy(const Energy& energy, pb::Energy& out) {
  out.set_coverage(energy.coverage);
  if (!energy.value) return;  // an unknown energy has no provenance or boundary
  out.set_kind(to_record(energy.kind));
  out.set_boundary(to_record(energy.boundary));
  out.set_energy_uj(energy.value->count());
  out.set_uncertainty_uj(std::llround(energy.uncertainty.expanded() * 1e6));
  out.set_random_uj(energy.uncertainty.random() * 1e6);
  out.set_systematic_uj(energy.uncertainty.systematic() * 1e6);
  out.set_filled_uj(energy.filled.count());
  for (const Term& term : energy.uncertainty.largest(3)) {
    auto* contributor = out.add_contributors();
    contributor->set_name(term.name);
    contributor->set_u_uj(term.joules * 1e6);
    contributor->set_systematic(term.systematic);
    contributor->set_rectangular(term.rectangular);
  }
  for (const Term& term : energy.uncertainty.terms()) {
    if (!term.systematic) continue;
    auto* shared = out.add_terms();
    shared->set_name(term.name);
    shared->set_u_uj(term.joules * 1e6);
    shared->set_systematic(true);
    shared->set_rectangular(term.rectangular);
  }
}

namespace {
// The highest power is that of the intervals that a sensor resolves. They do not tile the run: where they missed so
// much of it that the run's mean is higher, they do not give the maximum; if that is only noise, the mean is used.
std::optional<Watts> as_maximum(std::optional<Watts> most, const Energy& energy, Nanos duration) {
  if (!most || !energy.value || duration <= Nanos{}) return most;
  const Watts mean = *energy.value / duration;
  if (*most >= mean) return most;
  return mean.count() - most->count() <= mean.count() / 100 ? std::optional(mean) : std::nullopt;
}
}  // namespace

void write_component(const Component& component, Nanos duration, pb::Component& out) {
  out.set_domain(std::string(name(component.part.domain)));
  out.set_device(component.part.device);
  out.set_label(component.label);
  write_energy(component.energy, *out.mutable_energy());
  out.mutable_energy()->clear_terms();  // those of the total suffice: totals are compared
  out.set_source(component.source);
  out.set_sensor(component.sensor);
  out.set_depth(component.depth);
  out.set_counted(component.counted);
  if (const auto most = as_maximum(component.max_power, component.energy, duration))
    out.set_max_power_uw(most->count());
}

void write_node_energy(const NodeEnergy& energy, Nanos duration, pb::Record& out) {
  write_energy(energy.total, *out.mutable_energy());
  if (energy.node_estimate) write_energy(*energy.node_estimate, *out.mutable_node_estimate());
  out.set_modelled_fraction(energy.modelled_fraction);
  out.set_boundary_note(energy.boundary_note);
  for (const Component& component : energy.components) write_component(component, duration, *out.add_components());
}

void write_sensor(const SensorInfo& info, pb::SensorUse& out) {
  out.set_id(info.id);
  out.set_source(info.source);
  out.set_counter(info.kind == SensorKind::counter);
  out.set_update_interval_ns(info.update_interval.value.count());
  out.set_longest_lag_ns(info.longest_lag().count());
  out.set_timing_basis(
      std::string(name(std::min({info.update_interval.basis, info.averaging_window.basis, info.delay.basis}))));
  out.set_gain(info.scale_tolerance.relative);
  out.set_gain_shape(info.scale_tolerance.shape == Tolerance::Shape::limit ? "limit" : "sigma");
  out.set_gain_basis(valid_utf8(info.scale_tolerance.basis));
  if (info.factor != 1) out.set_factor(info.factor);
  if (info.bias != Watts{}) out.set_bias_uw(info.bias.count());
  for (const auto& rule : info.rules) out.add_rules(valid_utf8(rule));
}

void write_facility(const Site& site, pb::Record& out) {
  const auto write = [](const Sourced& figure, pb::Sourced& to) {
    to.set_value(figure.value);
    to.set_source(valid_utf8(figure.source));
    to.set_date(valid_utf8(figure.date));
  };
  if (site.pue) write(*site.pue, *out.mutable_facility()->mutable_pue());
  if (site.carbon_g_per_kwh) write(*site.carbon_g_per_kwh, *out.mutable_facility()->mutable_carbon_g_per_kwh());
  if (!site.price_per_kwh) return;
  write(*site.price_per_kwh, *out.mutable_facility()->mutable_price_per_kwh());
  out.mutable_facility()->set_currency(valid_utf8(site.currency));
}

namespace {
void write_cpus(std::string_view cpuinfo, pb::Node& out) {
  std::set<std::string_view> sockets;
  std::uint32_t cpus = 0;
  for (const auto line : split(cpuinfo, '\n')) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const auto key = trim(line.substr(0, colon)), value = trim(line.substr(colon + 1));
    if (key == "processor") ++cpus;
    if (key == "physical id") sockets.insert(value);
    if (key == "model name" && out.cpu_model().empty()) out.set_cpu_model(valid_utf8(value));
    if (key == "flags" && value.find(" hypervisor") != std::string_view::npos) out.set_virtual_machine(true);
  }
  out.set_logical_cpus(cpus);
  out.set_sockets(static_cast<std::uint32_t>(sockets.size()));
}
}  // namespace

void write_node(Host& host, pb::Node& out) {
  if (const auto name = host.read_text("/proc/sys/kernel/hostname")) out.set_host(valid_utf8(trim(*name)));
  if (const auto played = host.read_text(kSimulatedFile)) out.set_played(valid_utf8(trim(*played)));
  if (const auto kernel = host.read_text("/proc/sys/kernel/osrelease")) out.set_kernel(valid_utf8(trim(*kernel)));
  if (const auto cpuinfo = host.read_text("/proc/cpuinfo")) write_cpus(*cpuinfo, out);
  const auto meminfo = host.read_text("/proc/meminfo");
  if (!meminfo) return;
  for (const auto line : split(*meminfo, '\n')) {
    if (!line.starts_with("MemTotal:")) continue;
    if (const auto kib = parse_u64(split(trim(line.substr(9)), ' ')[0])) out.set_memory_bytes(*kib * 1024);
  }
}

namespace {
// "accelerator 3" is one of several accelerators.
std::string without_number(const std::string& label) {
  const auto end = label.find_last_not_of("0123456789");
  return end != label.npos && end + 1 < label.size() && label[end] == ' ' ? label.substr(0, end) : label;
}
}  // namespace

void write_gpus(const std::vector<UtilizationInfo>& devices, const std::vector<SensorInfo>& infos, pb::Node& out) {
  for (const UtilizationInfo& device : devices)
    if (device.part.domain != Domain::node)
      out.add_gpus(valid_utf8(device.model.empty() ? device.label : device.model));
  if (out.gpus_size() > 0) return;
  for (const SensorInfo& info : infos)
    if (info.part.domain == Domain::gpu && info.kind == SensorKind::counter)
      out.add_gpus(valid_utf8(without_number(info.label)));
}

void write_anomalies(const AnomalyCounts& counts, const std::string& sensor,
                     google::protobuf::RepeatedPtrField<pb::AnomalyCount>& out) {
  for (unsigned i = 0; i < kAnomalies.size(); ++i) {
    const auto count = counts.count(static_cast<Anomaly>(i));
    if (count == 0) continue;
    pb::AnomalyCount& one = *out.Add();
    one.set_name(std::string(kAnomalies[i].name));
    one.set_sensor(sensor);
    one.set_count(count);
  }
}

void write_unread(const Inventory& inventory, pb::Record& out) {
  for (const DriverDiagnostic& one : inventory.diagnostics)
    if (!one.diagnostic.sensor.empty())
      write_anomalies(counts_of(Anomaly::unread), one.diagnostic.sensor, *out.mutable_anomalies());
}

AnomalyCounts read_anomalies(const google::protobuf::RepeatedPtrField<pb::AnomalyCount>& in) {
  AnomalyCounts counts;
  for (const pb::AnomalyCount& one : in)
    if (const auto known = anomaly(one.name())) counts.add(*known, one.count());
  return counts;
}

SensorInfo with_valid_text(SensorInfo info) {
  for (std::string* text : {&info.id, &info.source, &info.part.device, &info.label}) *text = valid_utf8(*text);
  return info;
}

namespace {
// PRETTY_NAME="Debian GNU/Linux 12 (bookworm)" of os-release, parsed as a shell would.
std::string pretty_name(std::string_view os_release) {
  constexpr std::string_view kKey = "PRETTY_NAME=";
  for (auto line : split(os_release, '\n')) {
    if (!line.starts_with(kKey)) continue;
    line = trim(line.substr(kKey.size()));
    const bool quoted = line.size() >= 2 && (line[0] == '"' || line[0] == '\'') && line.back() == line[0];
    if (quoted) line = line.substr(1, line.size() - 2);
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i)
      if (line[i] != '\\' || ++i < line.size()) text += line[i];
    return text;
  }
  return "";
}
}  // namespace

void write_software(Host& host, const std::vector<Software>& met, pb::Record& out) {
  constexpr std::size_t kLongest = 200;
  const auto add = [&](const std::string& name, std::string_view version) {
    if (trim(version).empty()) return;
    auto* one = out.add_software();
    one->set_key(valid_utf8(name));
    one->set_value(valid_utf8(trim(version).substr(0, kLongest)));
  };
  for (const char* path : {"/etc/os-release", "/usr/lib/os-release"})
    if (const auto text = host.read_text(path)) {
      add("operating system", pretty_name(*text));
      break;
    }
  add("kernel", out.node().kernel());
  for (const Software& one : met) add(one.name, one.version);
}

void describe_node(NodeMonitor& node, pb::Record& out) {
  write_node(node.host(), *out.mutable_node());
  write_gpus(node.utilization_infos(), node.infos(), *out.mutable_node());
  write_software(node.host(), node.inventory().software, out);
  write_facility(node.site(), out);
  out.set_node_type(valid_utf8(node.site().node_type));
}

}  // namespace nw
