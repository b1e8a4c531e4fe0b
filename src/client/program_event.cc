// A whole Mark into the channel of the environment. Apart from client.cc, whose users want nothing of the C++ library.
#include "client/client.h"
#include "consumer/channel.h"

namespace nw {

void client_mark(const Mark& mark) {
  if (auto* header = client_channel())
    write_mark(*header, {mark.kind, 0, mark.id, mark.pid, mark.tid, mark.name.c_str(), mark.unit.c_str(), mark.value});
}

}  // namespace nw
