// Attaching to NVTX: puts our functions into its tables of function pointers.
#pragma once

#include "client/nvtx/nvtx_abi.h"

namespace nw::nvtx {

// Set by `nodewatt run --nvtx` beside NVTX_INJECTION64_PATH; see Filter and begin_ranges.
inline constexpr const char* kFilterVariable = "NODEWATT_NVTX";
inline constexpr const char* kDepthVariable = "NODEWATT_NVTX_DEPTH";

// Both return 1 when functions were attached, 0 when not: nobody measures, or the tables are not of a known layout.
int attach(GetExportTable get_table);
int attach_extension(const ModuleInfo* module);

}  // namespace nw::nvtx
