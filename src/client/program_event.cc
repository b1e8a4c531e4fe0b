// A whole event into the channel of the environment. Apart from client.cc, whose users want nothing of the C++ library.
#include "client/client.h"

#include "client/channel_layout.h"

namespace nw {

void client_event(const ProgramEvent& event) {
  if (auto* header = client_channel())
    write_event(*header,
                {event.kind, 0, event.id, event.pid, event.tid, event.name.c_str(), event.unit.c_str(), event.value});
}

}  // namespace nw
