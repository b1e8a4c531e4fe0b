// Bus: a thread that polls a slow bus (IPMI, Redfish, SNMP) at its own rate, and the Sources that keep its latest
// values.
#pragma once

#include <memory>
#include <vector>

#include "base/host.h"

namespace nw {

// `count` Sources served by one thread, which ends with the last of them. Nobody waits for a poll that hangs: its
// thread is detached at the end.
std::vector<std::unique_ptr<Source>> make_bus(std::size_t count, BusSchedule schedule, Host::Round round);

// The result of `question`, or `busy` when it has none shortly after its own deadline (a name lookup has no deadline).
// A question that hangs is detached, so it must hold what it uses by shared_ptr. `what` is the text of the error.
using Question = std::function<Result<std::string>()>;
Result<std::string> answer_within(Nanos deadline, const std::string& what, Question question);

}  // namespace nw
