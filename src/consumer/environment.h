// Environment: a process's environment variables, passed in, so that nothing below the apps reads globals.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace nw {

// The value of a variable; nothing when it is not set.
using Environment = std::function<std::optional<std::string>(const char* name)>;

}  // namespace nw
