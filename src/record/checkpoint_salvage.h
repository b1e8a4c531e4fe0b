// Recovers what can be read of a damaged checkpoint. One field that no parser accepts (a text that is not UTF-8,
// written by a version that let it in) must not cost every job on the node its energy.
#pragma once

#include <cstddef>
#include <string_view>

#include "record/checkpoint.pb.h"

namespace nw {

struct SalvagedCheckpoint {
  pb::Checkpoint checkpoint;
  std::size_t lost = 0;  // fields that could not be recovered
};

SalvagedCheckpoint salvage_checkpoint(std::string_view bytes);

}  // namespace nw
