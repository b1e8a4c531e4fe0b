// Notifies a service manager: sd_notify(3)'s protocol, one datagram to $NOTIFY_SOCKET. Does nothing where that is not
// set.
#pragma once

namespace nw::noded {

void notify(const char* state);

}  // namespace nw::noded
