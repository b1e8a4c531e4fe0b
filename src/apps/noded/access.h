// Access: what a job's owner is shown, limited against the power side channel (CVE-2020-8694: power reveals what a
// processor computes). Enforced here, at the source of the figures, whatever the client asks for.
//
//   on a node of his own   steps of 1 s, values rounded to 1 J and 1 W
//   on a shared node       steps of 10 s, only his share
// (finest_step() of accounting/job_state.h, which also limits the view of running jobs.) What is shorter than the step
// has no figure; nothing finer than a package or an accelerator is shown; rounded values still add up.
#pragma once

#include <cstdint>

#include "base/units.h"
#include "record/record_fwd.h"

namespace nw::noded {

// The record as its owner may see it.
void round_for_owner(pb::Record& record);

// The client, as identified by the kernel.
struct Peer {
  std::uint32_t uid = kNobody;
  std::uint32_t pid = 0;                           // that connected; it may have ended since
  static constexpr std::uint32_t kNobody = 65534;  // also users that have no uid in this user namespace
};

}  // namespace nw::noded
