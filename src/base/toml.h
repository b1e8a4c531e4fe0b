// TOML by toml++, made safe for foreign text: version 3.3.0 asserts of a table's header what its own code then says as
// an error ("[" and a line's end); here it neither aborts nor, with NDEBUG, assumes it. No exceptions.
#pragma once

#undef NDEBUG
#define TOML_ASSERT(expr) static_cast<void>(0)
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>
