// Node type: what nodes have in common whose energies may stand for each other. The site's name for them where it has
// one, else what they are made of: "2x Intel Xeon Platinum 8368, 4x A100-SXM4-40GB".
#pragma once

#include <string>
#include <string_view>

#include "record/record_fwd.h"

namespace nw {

// Foreign text, as the record has it. Empty when the record says nothing of its node.
std::string node_type(const pb::Record& record);

// "gpu0 NVIDIA A100-SXM4-40GB 0000:07:00.0" is an "A100-SXM4-40GB"; "Intel(R) Xeon(R) Platinum 8368 CPU @ 2.40GHz" an
// "Intel Xeon Platinum 8368".
std::string gpu_model(std::string_view label);
std::string cpu_model(std::string_view model);

}  // namespace nw
