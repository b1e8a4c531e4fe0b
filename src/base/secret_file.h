// Secret file: a small file with credentials, read only if no other user could have read it.
#pragma once

#include <string>

#include "base/result.h"

namespace nw {

// The content of a regular file that is owned by root or the present user and that group and others cannot access (0600
// or stricter; a file open to others may have leaked already and should not be used). denied: with the command that
// fixes it; an error never contains a byte of the content.
Result<std::string> read_secret(const std::string& path);

}  // namespace nw
