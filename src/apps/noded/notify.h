// What a service manager wants to hear: sd_notify(3)'s protocol, one datagram to $NOTIFY_SOCKET. Nothing where there is
// none.
#pragma once

namespace nw::noded {

void notify(const char* state);

}  // namespace nw::noded
