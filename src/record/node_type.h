// Node type: a common name for nodes whose energies are comparable. The site's name for them where it has one, else
// their components: "2x Intel Xeon Platinum 8368, 4x A100-SXM4-40GB".
#pragma once

#include <string>
#include <string_view>

#include "record/record_fwd.h"

namespace nw {

// Foreign text, as in the record. Empty when the record does not describe its node.
std::string node_type(const pb::Record& record);

// "gpu0 NVIDIA A100-SXM4-40GB 0000:07:00.0" is an "A100-SXM4-40GB"; "Intel(R) Xeon(R) Platinum 8368 CPU @ 2.40GHz" an
// "Intel Xeon Platinum 8368".
std::string gpu_model(std::string_view label);
std::string cpu_model(std::string_view model);

}  // namespace nw
