// A program's link to the node's daemon: the program makes the channel's memory and hands it over, and the daemon finds
// by itself in which job the program runs. docs/protocol.md has the messages. C library alone, like client.cc.
#pragma once

#include <cstddef>

namespace nw {

struct ChannelHeader;

// The daemon's socket, unless NODEWATT_SOCKET names another.
inline constexpr const char* kDaemonSocket = "/run/nodewatt/nodewatt.sock";
inline constexpr const char* kSocketVariable = "NODEWATT_SOCKET";
// The version of what is said over a link. The daemon refuses another one by a sentence that names both.
inline constexpr int kLinkProtocol = 1;

// Sends a request, with the descriptor of a channel's memory; `flags` beside MSG_NOSIGNAL. False with errno as
// sendmsg(2).
bool send_memory(int socket, const char* request, std::size_t length, int fd, int flags);

// Whether this process runs in a job of a resource manager, as its environment says.
bool is_in_job();
// Makes a channel and hands it to the daemon; waits for its answer, 50 ms at most. Null when no daemon listens or it
// refuses. No lock is held and no signal handled; the descriptors stay open until the process ends.
// `here`: also outside every job; this process and its descendants are measured then.
ChannelHeader* link_to_daemon(bool here);
// The same memory once more, when the daemon has looked at it no more for a while: it was started anew. Does not wait.
// False when the memory's descriptor was closed by the program: then nobody can be given it.
bool link_again(ChannelHeader& header);

}  // namespace nw
