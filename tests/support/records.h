// Records for tests: each an invented machine with figures that a reader can check by hand.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "record/record.pb.h"
#include "support/record_devices.h"

namespace nw::sample {

inline constexpr std::int64_t kSecond = 1'000'000'000;

inline void fill(pb::Energy& energy, double joules, double relative, pb::Kind kind, pb::Boundary boundary,
                 double coverage = 1) {
  energy.set_energy_uj(std::llround(joules * 1e6));
  const double sigma = std::abs(joules) * relative / 2 * 1e6;
  energy.set_uncertainty_uj(std::llround(2 * sigma));
  energy.set_random_uj(sigma * 0.2);
  energy.set_systematic_uj(sigma * 0.9798);
  energy.set_coverage(coverage);
  energy.set_kind(kind);
  energy.set_boundary(boundary);
}

inline pb::Component& add_part(pb::Record& record, const std::string& domain, const std::string& device, double joules,
                               double relative, pb::Kind kind, const std::string& source, double max_w) {
  pb::Component& part = *record.add_components();
  part.set_domain(domain);
  part.set_device(device);
  part.set_source(source);
  part.set_counted(true);
  fill(*part.mutable_energy(), joules, relative, kind, domain == "gpu" ? pb::BOUNDARY_BOARD : pb::BOUNDARY_ON_CHIP);
  if (kind == pb::KIND_MEASURED) part.set_sensor(domain + "/" + device);
  if (max_w > 0) part.set_max_power_uw(std::llround(max_w * 1e6));
  return part;
}

inline pb::Phase& add_phase(pb::Record& record, const std::string& path, double begin_s, double end_s, double joules,
                            double relative) {
  pb::Phase& phase = *record.add_phases();
  phase.set_path(path);
  phase.set_count(1);
  phase.set_duration_ns(std::llround((end_s - begin_s) * 1e9));
  phase.set_resolved(true);
  fill(*phase.mutable_energy(), joules, relative, record.energy().kind(), record.energy().boundary());
  pb::Span& span = *phase.add_spans();
  span.set_begin_ns(std::llround(begin_s * 1e9));
  span.set_end_ns(std::llround(end_s * 1e9));
  return phase;
}

template <class Holder>
void add_work(Holder& holder, const std::string& unit, double count) {
  pb::Work& work = *holder.add_work();
  work.set_unit(unit);
  work.set_count(count);
}

// Power in watts at each step, from a function of the step's number; NaN is unknown.
template <class Watts>
void add_series(pb::Record& record, const std::string& domain, const std::string& device, int steps, bool estimated,
                Watts watts) {
  pb::Series& series = *record.mutable_timeline()->add_series();
  series.set_domain(domain);
  series.set_device(device);
  series.set_estimated(estimated);
  const double step_s = static_cast<double>(record.timeline().step_ns()) / 1e9;
  for (int i = 0; i < steps; ++i) {
    const double w = watts(i);
    series.add_energy_uj(std::isnan(w) ? -1 : std::llround(w * step_s * 1e6));
  }
}

inline void add_anomaly(pb::Record& record, const std::string& name, const std::string& sensor, std::uint64_t count) {
  pb::AnomalyCount& one = *record.add_anomalies();
  one.set_name(name);
  one.set_sensor(sensor);
  one.set_count(count);
}

inline void add_contributor(pb::Energy& energy, const std::string& name, double joules, bool systematic) {
  pb::Contributor& one = *energy.add_contributors();
  one.set_name(name);
  one.set_u_uj(joules * 1e6);
  one.set_systematic(systematic);
}

inline void add_figure(pb::Record& record, const std::string& name, double value) {
  pb::Figure& figure = *record.add_figures();
  figure.set_name(name);
  figure.set_value(value);
}

inline pb::Record bare(const std::string& uid, const std::string& name, std::int64_t seconds) {
  pb::Record record;
  record.set_uid(uid);
  record.set_name(name);
  record.set_program("python");
  record.set_start_unix_ns(1'772'413'002'250'000'000);
  record.set_utc_offset_s(3600);
  record.set_duration_ns(seconds * kSecond);
  record.set_exit_code(0);
  record.set_state("finished");
  record.set_version("0.1.0");
  record.set_monitor_cpu_s(0.41);
  return record;
}

inline void add_sensor(pb::Record& record, const std::string& id, const std::string& source, bool counter,
                       double gain) {
  pb::SensorUse& sensor = *record.add_sensors();
  sensor.set_id(id);
  sensor.set_source(source);
  sensor.set_counter(counter);
  sensor.set_update_interval_ns(counter ? 1'000'000 : 5 * kSecond);
  sensor.set_gain(gain);
  sensor.set_gain_shape("limit");
  sensor.set_gain_basis("assumed");
}

inline void set_factor(pb::Sourced& figure, double value, const std::string& source, const std::string& date) {
  figure.set_value(value);
  figure.set_source(source);
  figure.set_date(date);
}

// (1) A GPU node with its own meter at the wall: everything measured, the rest derived. Load, three epochs, inference.
inline pb::Record gpu_node() {
  pb::Record record = bare("7f3k2m9q0r8s7t6v5w4x3y2z1a", "segmentation train", 724);
  pb::Node& node = *record.mutable_node();
  node.set_host("g0412");
  node.set_cpu_model("AMD EPYC 9554");
  node.set_logical_cpus(256);
  node.set_sockets(2);
  node.set_memory_bytes(805'306'368'000);
  for (int i = 0; i < 4; ++i) node.add_gpus("NVIDIA H100 SXM5");
  node.set_kernel("6.1.0-18-amd64");
  fill(*record.mutable_energy(), 1'891'800, 0.02, pb::KIND_MEASURED, pb::BOUNDARY_WALL, 0.999);
  add_contributor(*record.mutable_energy(), "Redfish gain", 17'200, true);
  add_contributor(*record.mutable_energy(), "Redfish sampling", 6'100, false);
  add_contributor(*record.mutable_energy(), "Redfish start and end", 2'050, false);
  record.set_boundary_note("the whole node, at the wall (AC)");
  add_part(record, "node", "0", 1'891'800, 0.02, pb::KIND_MEASURED, "Redfish PSU", 2981)
      .mutable_energy()
      ->set_boundary(pb::BOUNDARY_WALL);
  const double gpus[] = {355'700, 353'500, 357'100, 226'100};
  for (int i = 0; i < 4; ++i) {
    pb::Component& gpu = add_part(record, "gpu", "GPU-6f1c" + std::to_string(i), gpus[i], 0.1, pb::KIND_MEASURED,
                                  "NVML energy counter", 600 + 2 * i);
    gpu.set_label("gpu" + std::to_string(i) + " NVIDIA H100 SXM5");
    gpu.set_depth(1);
  }
  add_part(record, "package", "0", 115'600, 0.05, pb::KIND_MEASURED, "RAPL package (powercap)", 202).set_depth(1);
  add_part(record, "package", "1", 114'800, 0.05, pb::KIND_MEASURED, "RAPL package (powercap)", 200).set_depth(1);
  add_part(record, "dram", "0", 45'000, 0.1, pb::KIND_MEASURED, "RAPL DRAM (powercap)", 71).set_depth(1);
  add_part(record, "other", "0", 324'000, 0.29, pb::KIND_DERIVED, "node minus parts", 0).set_depth(1);
  add_phase(record, "load", 0, 24, 26'400, 0.05);
  pb::Phase& train = add_phase(record, "train", 24, 624, 1'680'000, 0.02);
  add_work(train, "sample", 3'600'000);
  pb::Phase& epoch = add_phase(record, "train/epoch", 26, 222, 1'668'000, 0.02);
  epoch.set_count(3);
  epoch.set_duration_ns(594 * kSecond);
  for (int i = 1; i < 3; ++i) {
    pb::Span& span = *epoch.add_spans();
    span.set_begin_ns((26 + 200 * i) * kSecond);
    span.set_end_ns((222 + 200 * i) * kSecond);
  }
  add_work(epoch, "epoch", 3);
  add_work(epoch, "sample", 3'600'000);
  pb::Phase& infer = add_phase(record, "infer", 640, 716, 148'200, 0.03);
  add_work(infer, "volume", 512);
  add_work(record, "job", 1);
  add_figure(record, "dice", 0.7312);
  add_figure(record, "voxels", 7'109'137);
  record.mutable_timeline()->set_step_ns(4 * kSecond);
  const auto busy = [](int i) {
    return i < 6 ? 0.15 : i < 156 ? ((i - 6) % 50 < 2 ? 0.35 : 1.0) : i < 160 ? 0.3 : i < 179 ? 0.8 : 0.12;
  };
  for (int g = 0; g < 4; ++g)
    add_series(record, "gpu", "GPU-6f1c" + std::to_string(g), 181, false,
               [&](int i) { return (g == 3 ? 345.0 : 545.0) * busy(i) + 8 * std::sin(i * 0.9 + g); });
  for (int p = 0; p < 2; ++p)
    add_series(record, "package", std::to_string(p), 181, false,
               [&](int i) { return 110 + 55 * busy(i) + 4 * std::sin(i * 1.7 + p); });
  add_series(record, "dram", "0", 181, false, [&](int i) { return 40 + 25 * busy(i); });
  add_series(record, "node", "0", 181, false, [&](int i) { return 620 + 2270 * busy(i) + 9 * std::sin(i * 0.4); });
  add_sensor(record, "redfish/psu", "Redfish PSU", false, 0.02);
  add_sensor(record, "nvml/GPU-6f1c0", "NVML energy counter", true, 0.05);
  add_sensor(record, "rapl_powercap/package-0", "RAPL package (powercap)", true, 0.05);
  record.mutable_sensors(0)->set_factor(0.985);
  record.mutable_sensors(0)->set_bias_uw(-1'200'000);
  record.mutable_sensors(0)->add_rules("redfish/*");
  set_factor(*record.mutable_facility()->mutable_pue(), 1.3, "building meter, mean of the year", "2026-01");
  set_factor(*record.mutable_facility()->mutable_price_per_kwh(), 0.21, "contract", "2026-01");
  set_factor(*record.mutable_facility()->mutable_carbon_g_per_kwh(), 380, "national mix", "2025-12");
  record.mutable_facility()->set_currency("EUR");
  pb::Label& label = *record.add_labels();
  label.set_key("batch");
  label.set_value("32");
  add_gpu_node_devices(record);
  return record;
}

// (2) Two packages and their memory measured; what is left of the node can only be modelled.
inline pb::Record cpu_node() {
  pb::Record record = bare("c0m9q7f3k2r8s7t6v5w4x3y2z1", "", 42);
  record.mutable_node()->set_host("cn17");
  record.mutable_node()->set_cpu_model("Intel Xeon Gold 6338");
  record.mutable_node()->set_sockets(2);
  record.mutable_node()->set_logical_cpus(128);
  fill(*record.mutable_energy(), 15'540, 0.06, pb::KIND_MEASURED, pb::BOUNDARY_ON_CHIP);
  add_contributor(*record.mutable_energy(), "RAPL package gain", 400, true);
  add_contributor(*record.mutable_energy(), "RAPL DRAM gain", 140, true);
  record.set_boundary_note("CPU packages and memory alone, not the whole node");
  add_part(record, "package", "0", 6'720, 0.06, pb::KIND_MEASURED, "RAPL package (powercap)", 205);
  pb::Component& core = add_part(record, "core", "0", 5'100, 0.06, pb::KIND_MEASURED, "RAPL core (powercap)", 160);
  core.set_depth(1);
  core.set_counted(false);
  add_part(record, "package", "1", 6'300, 0.06, pb::KIND_MEASURED, "RAPL package (powercap)", 201);
  add_part(record, "dram", "0", 1'310, 0.1, pb::KIND_MEASURED, "RAPL DRAM (powercap)", 34);
  add_part(record, "dram", "1", 1'210, 0.1, pb::KIND_MEASURED, "RAPL DRAM (powercap)", 33);
  pb::Component& rest = add_part(record, "other", "0", 4'410, 0.5, pb::KIND_ESTIMATED, "model of utilisation", 0);
  rest.set_counted(false);
  fill(*record.mutable_node_estimate(), 19'950, 0.125, pb::KIND_ESTIMATED, pb::BOUNDARY_NODE_DC);
  record.set_modelled_fraction(0.221);
  pb::Phase& infer = add_phase(record, "infer", 1, 41, 15'100, 0.06);
  add_work(infer, "forecast", 4'000);
  pb::Phase& tiny = add_phase(record, "infer/step", 1, 1.002, 1, 1);
  tiny.set_resolved(false);
  tiny.clear_energy();
  add_figure(record, "mase", 0.81);
  add_anomaly(record, "wrap", "rapl_powercap/package-0", 1);
  record.mutable_timeline()->set_step_ns(kSecond);
  for (int p = 0; p < 2; ++p)
    add_series(record, "package", std::to_string(p), 42, false,
               [&](int i) { return 155.0 - 5 * p + 30 * std::sin(i * 0.3); });
  for (int p = 0; p < 2; ++p)
    add_series(record, "dram", std::to_string(p), 42, false, [&](int i) { return 30.0 + p + 2 * std::sin(i * 0.3); });
  add_series(record, "other", "0", 42, true, [&](int) { return 105.0; });
  set_factor(*record.mutable_facility()->mutable_carbon_g_per_kwh(), 41, "supplier", "2026-02");
  record.set_cpu_busy(0.873);
  record.set_child_cpu_s(4690.5);
  for (const char* sensor : {"package/0", "package/1", "dram/0"})
    add_idle(record, sensor, "package", 40, 0.3);  // not dram/1
  return record;
}

// (3) A virtual machine without a sensor: all of it is modelled.
inline pb::Record no_sensor() {
  pb::Record record = bare("e5t1m8te7f3k2r8s7t6v5w4x3y", "forecast infer", 9);
  record.set_duration_ns(8'420'000'000);
  record.mutable_node()->set_host("vm-3");
  record.mutable_node()->set_cpu_model("QEMU Virtual CPU");
  record.mutable_node()->set_virtual_machine(true);
  fill(*record.mutable_energy(), 1'052, 0.45, pb::KIND_ESTIMATED, pb::BOUNDARY_NODE_DC, 0);
  add_contributor(*record.mutable_energy(), "model of packages", 190, true);
  record.set_boundary_note("the whole node, estimated from utilisation");
  record.set_modelled_fraction(1);
  add_part(record, "package", "0", 640, 0.5, pb::KIND_ESTIMATED, "model of utilisation", 0);
  add_part(record, "dram", "0", 92, 0.5, pb::KIND_ESTIMATED, "model of utilisation", 0);
  add_part(record, "other", "0", 320, 0.5, pb::KIND_ESTIMATED, "model of utilisation", 0);
  pb::Phase& infer = add_phase(record, "infer", 0.4, 8.2, 980, 0.45);
  infer.mutable_energy()->set_coverage(0);
  add_work(infer, "forecast", 640);
  add_anomaly(record, "no_sensor", "", 1);
  record.mutable_timeline()->set_step_ns(kSecond / 2);
  add_series(record, "package", "0", 17, true, [](int i) { return 60 + 20 * std::sin(i * 0.5); });
  add_series(record, "dram", "0", 17, true, [](int) { return 11.0; });
  add_series(record, "other", "0", 17, true, [](int) { return 38.0; });
  return record;
}

// (4) Names that attack the place they are printed in.
inline pb::Record hostile() {
  pb::Record record = cpu_node();
  record.set_uid("=h0st1le\"<b>0123456789abcd");
  record.set_name("\x1b[31mred\x1b[0m <script>alert(1)</script> \xe2\x80\xae evil | `code` \xff\xfe");
  record.set_program("=cmd|' /C calc'!A0");
  record.mutable_node()->set_host(
      "host\r\n\x07\xc2\x9b"
      "31m,\"quoted\"");
  record.mutable_node()->set_cpu_model(std::string(1000, 'x') + "&<>");
  record.mutable_components(0)->set_label(
      "@SUM(A1:A9) \\input{x} $x$ [l](javascript:alert(1)) \xe6\xb8\xac\xe5\xae\x9a");
  record.mutable_components(3)->set_domain("<img src=x onerror=alert(1)>");
  record.mutable_phases(0)->set_path("-2+3\t<svg onload=alert(1)>");
  record.mutable_phases(0)->mutable_work(0)->set_unit("\"><iframe>\n");
  record.mutable_figures(0)->set_name("</style><b>");
  record.set_boundary_note("</title><script>");
  record.set_command("rm -rf \x1b]0;owned\x07 'x'");
  pb::Label& label = *record.add_labels();
  label.set_key("+k\"\n");
  label.set_value("\xed\xa0\x80");
  add_anomaly(record, "from_the_future\x1b", "s\xc3", 2);
  record.set_state("\x1b[2Jfinished");
  set_factor(*record.mutable_facility()->mutable_carbon_g_per_kwh(), 1, "<b>|\x1b[31m", "</dd>");
  set_factor(*record.mutable_facility()->mutable_price_per_kwh(), 1, "`x`", "");
  record.mutable_facility()->set_currency("<i>\xff");
  add_hostile_devices(record);
  return record;
}

// (5) Nothing known at all, and the same with numbers that are none.
inline pb::Record nothing() { return pb::Record(); }

inline pb::Record nonsense() {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto least = std::numeric_limits<std::int64_t>::min();
  pb::Record record = nothing();
  record.set_uid("0n");
  record.set_start_unix_ns(least);
  record.set_utc_offset_s(std::numeric_limits<std::int32_t>::min());
  record.set_duration_ns(least);
  record.set_signal(9);
  record.set_monitor_cpu_s(nan);
  record.mutable_energy()->set_energy_uj(least);
  record.mutable_energy()->set_uncertainty_uj(least);
  record.mutable_energy()->set_coverage(nan);
  record.mutable_energy()->set_random_uj(nan);
  add_contributor(*record.mutable_energy(), "", nan, false);
  record.mutable_node_estimate();
  record.set_modelled_fraction(std::numeric_limits<double>::infinity());
  record.add_components()->set_depth(std::numeric_limits<std::uint32_t>::max());
  record.mutable_components(0)->mutable_energy()->set_kind(static_cast<pb::Kind>(77));
  record.mutable_components(0)->mutable_energy()->set_boundary(static_cast<pb::Boundary>(-3));
  pb::Component& huge = add_part(record, "package", "0", 9e12, 1e-12, pb::KIND_MEASURED, "", 1e9);
  huge.mutable_energy()->set_energy_uj(std::numeric_limits<std::int64_t>::max());
  add_part(record, "package", "1", 1e-6, 1e6, pb::KIND_MEASURED, "", 1e-6)
      .mutable_energy()
      ->set_energy_uj(std::numeric_limits<std::int64_t>::max());
  pb::Phase& phase = add_phase(record, "", 0, 1, 1, 1);
  phase.set_duration_ns(least);
  phase.mutable_spans(0)->set_begin_ns(least);
  phase.mutable_spans(0)->set_end_ns(std::numeric_limits<std::int64_t>::max());
  add_work(phase, "", nan);
  add_work(phase, "u", -1);
  add_work(phase, "u", 1e300);
  add_work(phase, "u", 1e-300);
  add_figure(record, "", nan);
  record.mutable_timeline()->set_step_ns(1);
  add_series(record, "x", "", 3, false, [&](int) { return nan; });
  record.mutable_timeline()->mutable_series(0)->add_energy_uj(std::numeric_limits<std::int64_t>::max());
  record.mutable_timeline()->mutable_series(0)->add_energy_uj(least);
  set_factor(*record.mutable_facility()->mutable_pue(), nan, "", "");
  set_factor(*record.mutable_facility()->mutable_carbon_g_per_kwh(), -1, "", "");
  set_factor(*record.mutable_facility()->mutable_price_per_kwh(), 1e300, "", "");
  add_nonsense_devices(record);
  return record;
}

// (6) A node whose meter had no values for a while and whose parts add up to more than it reads; killed and recovered.
inline pb::Record gaps() {
  pb::Record record = bare("g4psm9q7f3k2r8s7t6v5w4x3y2", "gaps", 120);
  record.clear_exit_code();
  record.set_signal(9);
  record.set_state("recovered");
  record.mutable_node()->set_host("n1");
  fill(*record.mutable_energy(), 30'000, 0.05, pb::KIND_MEASURED, pb::BOUNDARY_NODE_DC, 0.85);
  record.mutable_energy()->set_filled_uj(4'400'000'000);
  record.set_boundary_note("the whole node, node DC");
  add_part(record, "node", "0", 30'000, 0.05, pb::KIND_MEASURED, "hwmon power_meter", 300);
  add_part(record, "package", "0", 31'200, 0.05, pb::KIND_MEASURED, "RAPL package (perf)", 290).set_depth(1);
  pb::Component& unresponsive = add_part(record, "dram", "0", 0, 0, pb::KIND_MEASURED, "RAPL DRAM (perf)", 0);
  unresponsive.set_depth(1);
  unresponsive.set_counted(false);
  unresponsive.mutable_energy()->clear_energy_uj();
  unresponsive.mutable_energy()->set_coverage(0);
  add_part(record, "other", "0", -1'200, 1.6, pb::KIND_DERIVED, "node minus parts", 0).set_depth(1);
  add_anomaly(record, "reset", "rapl_perf/package-0", 3);
  add_anomaly(record, "gap", "hwmon/power_meter", 1);
  add_anomaly(record, "dead", "rapl_perf/dram-0", 1);
  add_anomaly(record, "negative_rest", "", 1);
  add_anomaly(record, "recovered", "", 1);
  add_anomaly(record, "late", "hwmon/power_meter", 4);
  add_anomaly(record, "late", "rapl_perf/package-0", 2);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  record.mutable_timeline()->set_step_ns(kSecond);
  add_series(record, "node", "0", 120, false,
             [&](int i) { return i >= 50 && i < 68 ? nan : 250.0 + (i > 80 ? 20 : 0); });
  add_series(record, "package", "0", 120, false, [&](int i) {
    return i >= 90 && i < 94 ? nan : i > 30 && i < 90 ? 275.0 : 200;
  });
  return record;
}

// (7) Two of the three nodes of an MPI run, merged: the second's sensors gave no values, the third has no record.
inline pb::Record merged() {
  pb::Record record = gpu_node();
  record.set_uid("m3rge0q7f3k2r8s7t6v5w4x3y2");
  record.set_state("merged");
  record.clear_timeline();
  record.mutable_node()->set_host("n1,n2");
  record.set_job_key("slurm-1234.0");
  record.set_ranks(16);
  record.set_world_size(24);
  record.set_rank_first(0);
  record.set_ranks_failed(1);
  record.set_start_spread_ns(kSecond / 4);
  for (pb::Component& part : *record.mutable_components()) part.set_device("n1/" + part.device());
  for (const char* host : {"n1", "n2"}) {
    pb::Member& member = *record.add_members();
    member.set_uid(host + std::string("3k2m9q0r8s7t6v5w4x3y2z1a"));
    member.set_host(host);
    member.set_start_unix_ns(record.start_unix_ns() + kSecond);
    member.set_duration_ns(700 * kSecond);
    member.set_ranks(8);
    if (member.host() == "n1") *member.mutable_energy() = record.energy();
  }
  record.mutable_members(1)->set_host("=n2|<b>\x1b[31m");
  record.mutable_energy()->set_coverage(0.5);
  add_anomaly(record, "member_unknown", "", 1);
  add_anomaly(record, "member_missing", "", 8);
  return record;
}

}  // namespace nw::sample
