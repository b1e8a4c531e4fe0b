// Bus: the thread that asks a slow bus at its own pace, and the Sources that hold what it last said.
#pragma once

#include <memory>
#include <vector>

#include "base/host.h"

namespace nw {

// `count` Sources over one thread, which ends with the last of them. A round that hangs holds nobody up: at the end it
// is left behind.
std::vector<std::unique_ptr<Source>> make_bus(std::size_t count, BusSchedule schedule, Host::Round round);

// What `question` answers, or `busy` where it has none a little after its own deadline: looking up a name knows none.
// It is then left behind, and so must hold what it uses by shared_ptr. `what` is of the error.
using Question = std::function<Result<std::string>()>;
Result<std::string> answer_within(Nanos deadline, const std::string& what, Question question);

}  // namespace nw
