// How users name a job: the syntax of `nodewatt job`.
//
//   4711          a job; of an array, all its tasks that are known
//   4700_3  4700_[1-5,8]   tasks of an array          4700+1   a part of a heterogeneous job
//   s0123456789ABC          a SLUID                    ....0  ....batch   a step of any of these
//   slurm-4711.out  slurm-4700_3.out   the file that Slurm writes a job's output to, in any folder
//   252e517d-7722-4f5a-9d39-0a1b2c3d4e5f   a Kubernetes pod, by its uid   ....9ab79ab79ab7   a container of it
//   last          the caller's newest job
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "record/record_fwd.h"

namespace nw::cli {

struct JobName {
  enum class Kind : unsigned char { id, array, het, sluid, last };
  Kind kind = Kind::id;
  std::string id;                    // the number, the SLUID, or a pod's uid
  std::vector<std::uint32_t> tasks;  // of an array: these
  std::string offset;                // of a heterogeneous job: this part
  std::string step;                  // "" is the whole job

  bool operator==(const JobName&) const = default;
};

// Malformed, listing the valid forms, when it is none.
Result<JobName> parse_job_name(std::string_view text);
// Whether this is it. `last` matches any job.
bool is_named(const pb::Job& job, const JobName& name);

}  // namespace nw::cli
