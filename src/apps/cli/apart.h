// Apart: gives the measured command a process without other children. After `daemon & exec nodewatt run ...` nodewatt
// is the parent of a process that it did not start: that one, and what it leaves behind, would be waited for and
// counted as the command's. Only the kernel's parent relation can tell them apart, so in that case nodewatt measures in
// a child of its own.
#pragma once

#include <optional>

namespace nw::cli {

// Call before there is any thread. Returns nothing in the process that is to measure: this one where it has no
// children, else a new one. In the process that keeps the children it forwards signals to the new one, waits, and
// returns its exit status.
std::optional<int> measure_apart();

}  // namespace nw::cli
