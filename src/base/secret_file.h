// Secret file: a small file with credentials, read only where nobody else could have.
#pragma once

#include <string>

#include "base/result.h"

namespace nw {

// The content of a regular file that root or the present user owns and that neither group nor others may touch (0600 or
// stricter; a key that leaked once should not be leaked by us too). denied: with the command that fixes it; an error
// never holds a byte of the content.
Result<std::string> read_secret(const std::string& path);

}  // namespace nw
