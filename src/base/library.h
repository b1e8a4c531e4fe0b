// Opening a library that the machine may or may not have. It stays open until the program ends: libcurl and libnetsnmp
// (and OpenSSL below both) register things that must not be unmapped.
#pragma once

#include <dlfcn.h>

#include <string>
#include <vector>

#include "base/result.h"

namespace nw {

// The first of `names` that can be opened. absent: what is missing, and the Debian package that contains it.
inline Result<void*> open_library(const std::vector<std::string>& names, const std::string& package) {
  for (const auto& name : names)
    if (void* handle = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)) return handle;
  return fail(ErrorKind::absent, names.front() + " is not on this machine: apt install " + package);
}

// Sets `function` to the library's function of that name; false when it has none.
template <class Function>
bool resolve(void* library, Function*& function, const char* name) {
  function = reinterpret_cast<Function*>(::dlsym(library, name));
  return function != nullptr;
}

}  // namespace nw
