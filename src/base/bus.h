// Bus: the thread that asks a slow bus at its own pace, and the Sources that hold what it last said.
#pragma once

#include <memory>
#include <vector>

#include "base/host.h"

namespace nw {

// `count` Sources over one thread, which ends with the last of them. A round that hangs holds nobody up: at the end it
// is left behind.
std::vector<std::unique_ptr<Source>> make_bus(std::size_t count, BusPace pace, Host::Round round);

}  // namespace nw
