// The key "job" of a record's JSON.
#include <ctime>

#include <fmt/chrono.h>

#include "accounting/stored_words.h"
#include "record/record.pb.h"
#include "report/job.h"
#include "report/json_energy.h"
#include "study/accelerators.h"
#include "study/jobs.h"

namespace nw {

namespace {
using json::Json, json::list, json::make_components, json::make_energy, json::make_phase, json::make_work, json::number,
    json::text;

Json make_step(const pb::Step& step) {
  return {{"step", text(step.id())},
          {"phase", text(step.phase())},
          {"running", step.running()},
          {"begin_s", static_cast<double>(step.begin_ns()) / 1e9},
          {"duration_s", number(duration_s(step.duration_ns()))},
          {"cpu_s", step.has_cpu_s() ? number(step.cpu_s()) : Json(nullptr)},
          {"energy", make_energy(step.energy())},
          {"components", make_components(step.components(), step.duration_ns())},
          {"phases", list(step.phases(), make_phase)},
          {"work", make_work(step.work(), step.energy())}};
}

Json submit_time(const pb::Job& job) {
  constexpr std::int64_t kMost = 9'000'000'000;  // the range of gmtime; the field may contain anything
  if (!job.has_submit_unix_s() || job.submit_unix_s() <= 0 || job.submit_unix_s() > kMost) return nullptr;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", fmt::gmtime(static_cast<std::time_t>(job.submit_unix_s())));
}

template <class Value>
Json known(bool has, Value value) {
  return has ? Json(value) : Json(nullptr);
}
}  // namespace

nlohmann::ordered_json make_job_json(const pb::Record& record) {
  if (!record.has_job()) return nullptr;
  const pb::Job& job = record.job();
  Json out{{"manager", text(job.manager())}, {"cluster", text(job.cluster())}, {"job_id", text(job.id())}};
  out["sluid"] = text(job.sluid());
  out["array_job"] = text(job.array_job());
  out["array_task"] = text(job.array_task());
  out["het_job"] = text(job.het_job());
  out["het_offset"] = text(job.het_offset());
  out["restart"] = job.restart();
  out["uid"] = known(job.has_uid(), job.uid());
  out["user"] = text(job.user());
  out["account"] = text(job.account());
  out["partition"] = text(job.partition());
  out["submit_time"] = submit_time(job);
  out["nodes"] = known(job.has_nodes(), job.nodes());
  out["nodes_measured"] = measured_nodes(record);
  out["slurmd"] = list(job.slurmd(), [](const std::string& name) { return text(name); });
  out["exclusive"] = job.exclusive();
  out["cpus"] = known(job.has_cpus_count(), job.cpus_count());
  out["cpu_share"] = job.has_cpus() ? number(job.cpus()) : Json(nullptr);
  out["gpus"] = known(job.has_gpus(), job.gpus());
  out["memory_share"] = job.has_memory() ? number(job.memory()) : Json(nullptr);
  out["unused_gpu_j"] =
      job.has_unused_gpu_uj() ? number(static_cast<double>(job.unused_gpu_uj()) / 1e6) : Json(nullptr);
  out["unused_gpu_uncertainty_j"] = number(compute_unused_energy(record).uncertainty);
  out["policy"] = text(current_words(job.policy()));
  out["share_u_j"] = job.has_u_share_uj() ? number(job.u_share_uj() / 1e6) : Json(nullptr);
  out["others"] = list(job.others(), [&record](const pb::ByPolicy& one) {
    return Json{{"policy", text(current_words(one.policy()))},
                {"energy", make_energy(one.energy())},
                {"components", make_components(one.components(), record.duration_ns())}};
  });
  out["begin_basis"] = text(job.begin_basis());
  out["end_basis"] = text(job.end_basis());
  out["unmeasured_s"] = job.has_unmeasured_ns() ? number(duration_s(job.unmeasured_ns())) : Json(nullptr);
  out["steps"] = list(job.steps(), make_step);
  return out;
}

}  // namespace nw
