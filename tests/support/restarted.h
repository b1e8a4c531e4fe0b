// A record of a restarted job, for the tests of reports.
#pragma once

#include "support/records.h"

namespace nw::sample {

// A torchrun job, merged: two attempts failed, of one of them no energy is known, and of the last one a rank has no
// record.
inline pb::Record restarted() {
  pb::Record record = bare("rest4rt0q7f3k2r8s7t6v5w4x3y", "train", 300);
  record.set_state("merged");
  record.mutable_node()->set_host("n1,n2,n3");
  fill(*record.mutable_energy(), 600'000, 0.02, pb::KIND_MEASURED, pb::BOUNDARY_WALL);
  record.set_boundary_note("the whole node, at the wall (AC)");
  record.set_job_key("torchrun-myjob.n1.29500");
  record.set_restart_key("torchrun-myjob");
  record.set_ranks(1);
  record.set_world_size(2);
  record.clear_exit_code();
  const double joules[] = {180'000, 0, 420'000};
  for (std::uint32_t number = 0; number < 3; ++number) {
    pb::Attempt& attempt = *record.add_attempts();
    attempt.set_number(number);
    attempt.set_start_unix_ns(record.start_unix_ns() + 120 * number * kSecond);
    attempt.set_duration_ns(100 * kSecond);
    attempt.set_nodes(number < 2 ? 2 : 1);
    attempt.set_world_size(2);
    attempt.set_ranks(number < 2 ? 2 : 1);
    if (number == 1) attempt.set_signal(9);
    if (number != 1) fill(*attempt.mutable_energy(), joules[number], 0.02, pb::KIND_MEASURED, pb::BOUNDARY_WALL);
    if (number < 2) attempt.set_failed(true);
    pb::Member& member = *record.add_members();
    member.set_uid("n" + std::to_string(number) + "3k2m9q0r8s7t6v5w4x3y2z1ab");
    member.set_host("n" + std::to_string(number + 1));
    member.set_attempt(number);
    member.set_start_unix_ns(attempt.start_unix_ns());
    member.set_duration_ns(attempt.duration_ns());
    *member.mutable_energy() = attempt.energy();
  }
  record.mutable_attempts(0)->set_exit_code(1);
  return record;
}

}  // namespace nw::sample
