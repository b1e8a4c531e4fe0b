// A file of partitions for `nodewatt advise`:
//
//     [[partition]]
//     name = "gpu"                        # Slurm's
//    node_type = "*A100*"                # as `nodewatt runs` and `compare --by node-type` name it; * and ? match
//     options = "--nodes=1 --exclusive"   # further options of sbatch
//    gpus = 4                            # requested where the workload used accelerators
//     price_per_node_hour = 2.4
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "study/advice.h"

namespace nw::cli {

// `origin` names the text in errors. Any bytes are safe to give.
Result<std::vector<Partition>> parse_partitions(std::string_view text, const std::string& origin);
Result<std::vector<Partition>> read_partitions(const std::string& path);

}  // namespace nw::cli
