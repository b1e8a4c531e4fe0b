// TOML by toml++, made safe for foreign text: for a table header cut off by the line's end ("["), version 3.3.0 runs
// into an assertion on what its own code then reports as an error; here it neither aborts nor, with NDEBUG, relies on
// it. No exceptions.
#pragma once

#undef NDEBUG
#define TOML_ASSERT(expr) static_cast<void>(0)
#define TOML_EXCEPTIONS 0
#include "base/toml_library.h"
