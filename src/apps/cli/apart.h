// Apart: a measured command has no siblings. `daemon & exec nodewatt run ...` makes nodewatt the parent of a process
// that it did not start: it, and what it leaves behind, would be waited for and counted as the command's. Who can tell
// them apart is the kernel alone, by who is whose parent, so that nodewatt then measures in a child of its own.
#pragma once

#include <optional>

namespace nw::cli {

// Call before there is any thread. Nothing in the process that is to measure: this one where it has no children, else a
// new one. In the one that they stay with, the new one's end as this one's own, its signals handed on meanwhile.
std::optional<int> measure_apart();

}  // namespace nw::cli
