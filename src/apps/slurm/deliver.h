// One request to the daemon by a caller that must not wait: a prolog holds a job's launch, an epilog its node.
//
// Waiting for the answer is worth a little, since it comes after the daemon's read: the job then begins at a reading
// and not beside one. But the request stands in the socket's queue as soon as it is sent, and is served whether or not
// anybody waits.
#pragma once

#include <string>

#include "base/result.h"
#include "base/units.h"

namespace nw::slurm {

// Done when the daemon answered D. Busy when the time was over before the request was sent, or before it was answered
// (`what` says which); absent when no daemon is there. Never blocks in a system call.
Done deliver(const std::string& socket, const std::string& request, Nanos patience);

}  // namespace nw::slurm
