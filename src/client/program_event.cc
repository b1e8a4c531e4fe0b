// Writes a whole event to the channel of the environment. Separate from client.cc, which must not use the C++ library.
#include "client/client.h"

#include "client/channel_layout.h"

namespace nw {

void client_event(const ProgramEvent& event) {
  if (auto* header = client_channel())
    write_event(*header,
                {event.kind, 0, event.id, event.pid, event.tid, event.name.c_str(), event.unit.c_str(), event.value});
}

}  // namespace nw
