// The default name of a run: for a script its own name, not that of the interpreter that runs it.
//
// "python3 train.py" is train.py, "python -m pkg.mod" pkg.mod, "mpirun -n 4 python train.py" train.py. A launcher is
// named by the script that it starts where that can be found without knowing all its options, else by itself.
#pragma once

#include <span>
#include <string>

namespace nw::cli {

// Without the directories before it. `command` is not empty.
std::string program_name(std::span<const std::string> command);

}  // namespace nw::cli
