// Sends one request to the daemon for a caller that must not wait: a prolog delays a job's launch, an epilog its node.
// Waiting for the answer is useful, since it comes after the daemon's read: the job then begins exactly at a reading.
// But the request is in the socket's queue as soon as it is sent, and is served whether or not anybody waits.
#pragma once

#include <string>

#include "base/result.h"
#include "base/units.h"

namespace nw::slurm {

// Ok when the daemon answered D. Busy when the time was over before the request was sent, or before it was answered
// (`what` states which); absent when no daemon is there. Never blocks in a system call.
Done deliver(const std::string& socket, const std::string& request, Nanos patience);

}  // namespace nw::slurm
