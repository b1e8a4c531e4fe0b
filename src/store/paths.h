// Where nodewatt keeps what it measured, by the XDG Base Directory Specification 0.8: $XDG_DATA_HOME/nodewatt, else
// $HOME/.local/share/nodewatt, else the same below the home directory of the password database. A relative
// $XDG_DATA_HOME counts as unset, as the specification says; a relative or empty $HOME does too. Only make_private_dir
// touches the disk.
#pragma once

#include <string>

#include "base/result.h"

namespace nw {

Result<std::string> data_dir();
Result<std::string> store_path();   // data_dir()/records.db
Result<std::string> journal_dir();  // data_dir()/journal

// Creates the directory and its missing parents, each 0700. One that exists keeps its mode.
Done make_private_dir(const std::string& path);

}  // namespace nw
