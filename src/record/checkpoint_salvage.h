// What can be read of a daemon's books that cannot be read whole. One field that no parser takes (a text that is no
// UTF-8, written by a version that let it in) must not cost every job on the node its energy.
#pragma once

#include <cstddef>
#include <string_view>

#include "record/checkpoint.pb.h"

namespace nw {

struct SalvagedBooks {
  pb::Checkpoint checkpoint;
  std::size_t lost = 0;  // fields that are not in them
};

SalvagedBooks salvage_books(std::string_view bytes);

}  // namespace nw
