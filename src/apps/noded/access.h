// Access: what an owner is shown of his job, against the power side channel (CVE-2020-8694: power says what a processor
// computes). Enforced here, where the figures are, and never at the asker's wish.
//
//   on a node of his own   steps of 1 s, values rounded to 1 J and 1 W
//   on a shared node       steps of 10 s, his share alone
// (finest_step() of accounting/job_state.h, by which running jobs are shown as well.)
// What is shorter than the step has no figure; nothing finer than a package or an accelerator is shown; what is rounded
// adds up as it did.
#pragma once

#include <cstdint>

#include "base/units.h"
#include "record/record_fwd.h"

namespace nw::noded {

// The record as its owner may see it.
void round_for_owner(pb::Record& record);

// Who asks, by the kernel's word.
struct Peer {
  std::uint32_t uid = kNobody;
  static constexpr std::uint32_t kNobody = 65534;  // also whom the kernel cannot name here: another user namespace's
};

}  // namespace nw::noded
