// How NVTX and we find each other: its tables of function pointers get ours put in.
#pragma once

#include "client/nvtx/nvtx_abi.h"

namespace nw::nvtx {

// What `nodewatt run --nvtx` sets beside NVTX_INJECTION64_PATH; see Filter and begin_ranges.
inline constexpr const char* kFilterVariable = "NODEWATT_NVTX";
inline constexpr const char* kDepthVariable = "NODEWATT_NVTX_DEPTH";

// Both give 1 when we have taken something, 0 when we have not: nobody measures, or the tables are not what we know.
int attach(GetExportTable get_table);
int attach_extension(const ModuleInfo* module);

}  // namespace nw::nvtx
