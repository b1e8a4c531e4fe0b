// Invented records of Slurm jobs: exclusive, shared, running, of an array, of two nodes out of three, and with
// malicious fields.
#pragma once

#include "support/records.h"

namespace nw::sample {

inline pb::Step& add_step(pb::Record& record, const std::string& id, double begin_s, double duration_s, double joules) {
  pb::Step& step = *record.mutable_job()->add_steps();
  step.set_id(id);
  step.set_begin_ns(std::llround(begin_s * 1e9));
  step.set_duration_ns(std::llround(duration_s * 1e9));
  step.set_cpu_s(duration_s * 12);
  fill(*step.mutable_energy(), joules, 0.03, record.energy().kind(), record.energy().boundary());
  return step;
}

// A run on a node that others shared, which the daemon measured for a user without rights.
inline pb::Record measured_by_a_daemon() {
  pb::Record record = gpu_node();
  pb::MeasuredBy& by = *record.mutable_measured_by();
  by.set_program("nodewattd");
  by.set_policy("usage-based/1");
  by.set_manager("slurm");
  by.set_job("4711");
  by.set_step("0");
  return record;
}

// The GPU node as a whole for one job, one of whose four GPUs stood idle: batch script, training, inference.
inline pb::Record exclusive_job() {
  pb::Record record = gpu_node();
  record.clear_phases();
  record.clear_figures();
  record.clear_work();
  record.set_state("ended");
  record.set_node_type("h100x4");
  pb::Job& job = *record.mutable_job();
  job.set_manager("slurm");
  job.set_cluster("della");
  job.set_id("4711");
  job.set_sluid("sBCDFGHJKM01");
  job.set_uid(1000);
  job.set_user("alice");
  job.set_account("math");
  job.set_partition("gpu");
  job.set_submit_unix_s(1'772'412'000);
  job.set_nodes(1);
  job.set_exclusive(true);
  job.set_cpus(1);
  job.set_cpus_count(256);
  job.set_gpus(4);
  job.set_memory(1);
  job.set_policy("usage-based/1");
  job.set_begin_basis("prolog");
  job.set_end_basis("epilog");
  job.set_unused_gpu_uj(226'100'000'000);
  pb::ByPolicy& other = *job.add_others();
  other.set_policy("reservation-based/1");
  *other.mutable_energy() = record.energy();
  add_step(record, "batch", 0, 724, 91'800);
  add_step(record, "0", 24, 600, 1'680'000).set_phase("train");
  add_step(record, "1", 630, 80, 120'000).mutable_energy()->clear_uncertainty_uj();
  return record;
}

// A quarter of a node that others use too; it runs still.
inline pb::Record shared_job() {
  pb::Record record = exclusive_job();
  record.set_uid("5h4r3d0q7f3k2r8s7t6v5w4x3y");
  record.set_name("tune");
  record.set_state("running");
  record.clear_exit_code();
  record.clear_devices();
  record.clear_facility();
  record.clear_idle();
  record.clear_timeline();
  record.mutable_energy()->clear_contributors();
  record.clear_components();
  fill(*record.mutable_energy(), 402'000, 0.06, pb::KIND_ATTRIBUTED, pb::BOUNDARY_WALL, 0.999);
  add_part(record, "gpu", "GPU-6f1c0", 301'000, 0.1, pb::KIND_MEASURED, "NVML energy counter", 600)
      .set_label("gpu0 NVIDIA H100 SXM5");
  add_part(record, "package", "0", 61'000, 0.15, pb::KIND_ATTRIBUTED, "RAPL package (powercap)", 0);
  add_part(record, "other", "0", 40'000, 0.4, pb::KIND_ATTRIBUTED, "node minus parts", 0);
  pb::Job& job = *record.mutable_job();
  job.set_id("4720");
  job.set_array_job("4718");
  job.set_array_task("2");
  job.clear_sluid();
  job.set_exclusive(false);
  job.set_cpus(0.25);
  job.set_cpus_count(64);
  job.set_gpus(1);
  job.set_memory(0.125);
  job.clear_end_basis();
  job.clear_unused_gpu_uj();
  job.set_u_share_uj(9e9);
  job.clear_steps();
  fill(*job.mutable_others(0)->mutable_energy(), 446'000, 0.05, pb::KIND_ATTRIBUTED, pb::BOUNDARY_WALL);
  add_step(record, "batch", 0, 724, 402'000).set_running(true);
  return record;
}

// One node's part of a job of three.
inline pb::Record job_on(const std::string& host, double joules, int start_s = 0) {
  pb::Record record = exclusive_job();
  record.set_uid(host + "q7f3k2m9q0r8s7t6v5w4x3y2z");
  record.set_start_unix_ns(record.start_unix_ns() + start_s * kSecond);
  record.mutable_node()->set_host(host);
  record.clear_timeline();
  const double factor = joules * 1e6 / static_cast<double>(record.energy().energy_uj());
  for (pb::Component& part : *record.mutable_components())
    part.mutable_energy()->set_energy_uj(std::llround(static_cast<double>(part.energy().energy_uj()) * factor));
  fill(*record.mutable_energy(), joules, 0.02, pb::KIND_MEASURED, pb::BOUNDARY_WALL, 1);
  fill(*record.mutable_job()->mutable_others(0)->mutable_energy(), joules, 0.02, pb::KIND_MEASURED, pb::BOUNDARY_WALL,
       1);
  record.mutable_job()->set_id("4730");
  record.mutable_job()->set_nodes(3);
  record.mutable_job()->clear_steps();
  add_step(record, "0", 1, 700, joules * 0.9);
  return record;
}

inline pb::Record hostile_job() {
  pb::Record record = shared_job();
  const std::string evil = "=cmd()|\x1b[31m<b>\xff\xe2\x80\xae\\input{x}\n|a";
  record.set_name(evil);
  pb::Job& job = *record.mutable_job();
  for (std::string* text : {job.mutable_cluster(), job.mutable_id(), job.mutable_sluid(), job.mutable_user(),
                            job.mutable_account(), job.mutable_partition(), job.mutable_array_job(),
                            job.mutable_array_task(), job.mutable_policy(), job.mutable_begin_basis()})
    *text = evil;
  job.mutable_others(0)->set_policy(evil);
  job.mutable_steps(0)->set_id(evil);
  job.mutable_steps(0)->set_phase(evil);
  job.mutable_steps(0)->set_begin_ns(std::numeric_limits<std::int64_t>::min());
  job.mutable_steps(0)->set_duration_ns(std::numeric_limits<std::int64_t>::max());
  job.set_u_share_uj(std::numeric_limits<double>::quiet_NaN());
  job.set_cpus(-3);
  job.set_memory(std::numeric_limits<double>::infinity());
  job.set_submit_unix_s(std::numeric_limits<std::int64_t>::max());
  job.set_nodes(std::numeric_limits<std::uint32_t>::max());
  job.set_unused_gpu_uj(-5);
  return record;
}

// A job of which only its existence is known.
inline pb::Record bare_job() {
  pb::Record record;
  record.mutable_job();
  return record;
}

inline pb::NodeState node_state(std::int64_t not_conserved_uj = 0) {
  pb::NodeState node;
  node.set_host("g0412");
  node.set_since_unix_ns(1'772'400'000'000'000'000);
  node.set_at_unix_ns(1'772'413'726'250'000'000);
  node.set_policy("usage-based/1");
  node.set_kind(pb::KIND_MEASURED);
  node.set_boundary(pb::BOUNDARY_WALL);
  node.set_jobs_running(2);
  node.set_jobs_ended(17);
  node.set_not_conserved_uj(not_conserved_uj);
  const std::pair<const char*, std::int64_t> rows[] = {{"jobs", 9'000'000'000'001},
                                                       {"idle", 2'000'000'000'000},
                                                       {"system", 500'000'000'000},
                                                       {"node", 11'500'000'000'001}};
  for (const auto& [name, energy] : rows) {
    pb::NodeRow& row = *node.add_rows();
    row.set_name(name);
    row.set_energy_uj(energy);
  }
  pb::NodePart& part = *node.add_parts();
  part.set_domain("node");
  part.set_power_uw(2'612'000'000);
  return node;
}

}  // namespace nw::sample
