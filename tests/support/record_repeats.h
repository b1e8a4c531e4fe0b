// Repeats for tests: the GPU node's run again, with every energy so many times larger.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "report/report.h"
#include "support/records.h"

namespace nw::sample {

// Of the group "slow" above 1.2, else of "fast".
inline pb::Record repeated(double factor, int i) {
  pb::Record record = gpu_node();
  record.set_uid("7f3k" + std::to_string(i) + "m9q0r8s7t6v5w4x3y2z1");
  record.set_group(factor > 1.2 ? "slow" : "fast");
  if (factor > 1.2) record.set_name("segmentation train, CPU");
  record.set_repeat(static_cast<std::uint32_t>(i + 1));
  const auto scale = [factor](pb::Energy& energy) {
    energy.set_energy_uj(std::llround(static_cast<double>(energy.energy_uj()) * factor));
  };
  scale(*record.mutable_energy());
  for (pb::Phase& phase : *record.mutable_phases()) scale(*phase.mutable_energy());
  return record;
}

// Records that own themselves, as reports take them.
struct Runs {
  std::vector<pb::Record> records;
  std::vector<const pb::Record*> all;

  explicit Runs(std::vector<pb::Record> own) : records(std::move(own)) {
    for (const pb::Record& one : records) all.push_back(&one);
  }
  Runs(const Runs&) = delete;
  Runs& operator=(const Runs&) = delete;
  operator Records() const { return all; }
};

}  // namespace nw::sample
