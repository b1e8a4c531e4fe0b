// The two functions that libnodewatt-nvtx.so exports.
#include "client/nvtx/attach.h"

extern "C" {
__attribute__((visibility("default"))) int InitializeInjectionNvtx2(nw::nvtx::GetExportTable get_table) {
  return nw::nvtx::attach(get_table);
}
__attribute__((visibility("default"))) int InitializeInjectionNvtxExtension(const nw::nvtx::ModuleInfo* module) {
  return nw::nvtx::attach_extension(module);
}
}
