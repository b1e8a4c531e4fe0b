// What runs on this machine have taught about the node's own sensor, in a file of the user's data directory: one a
// host, since a home directory is often shared by the nodes of a cluster. A file that is damaged, of another firmware,
// from the future or older than a month is not used.
#pragma once

#include <string>

#include "accounting/run_accounting.h"
#include "base/host.h"

namespace nw::cli {

// Before the first sample set.
void use_history(RunAccounting& accounting, Host& host);
// After the end. A history that cannot be written is none the next time.
void keep_history(const RunAccounting& accounting, Host& host);

}  // namespace nw::cli
