// The measured program's side, for nodewatt's own commands: a mark with its thread and id given, not found out.
#pragma once

#include "account/mark.h"

namespace nw {

// Writes the mark, timed now, into the channel of the environment; nothing happens when nobody measures.
void client_mark(const Mark& mark);

}  // namespace nw
