// The measured program's side below nodewatt.h: writes events with a given thread and id. For nodewatt's own commands
// and the libraries that it loads into programs; no std::string crosses the boundary of the latter.
#pragma once

#include <cstdint>

#include "client/program_event.h"

namespace nw {

struct ChannelHeader;

struct RawProgramEvent {
  ProgramEvent::Kind kind;
  std::int64_t at_ns = 0;  // 0: now
  std::uint64_t id = 0;    // 0 in a begin: one is assigned
  std::uint32_t pid = 0, tid = 0;
  const char* name = "";
  const char* unit = "";
  double value = 0;
};

// Set in the ids of events that a command writes for the shell that calls it: the next call is another process.
inline constexpr std::uint64_t kOfAShell = std::uint64_t{1} << 63;

// Returns the event's id; 0 when the ring is full, which is counted.
std::uint64_t write_event(ChannelHeader& header, const RawProgramEvent& event);

// The channel at this path; null when it is none. Whoever maps it unmaps it.
ChannelHeader* map_channel(const char* path);
void unmap_channel(ChannelHeader* header);

// The channel named by the environment; null when nobody measures.
ChannelHeader* client_channel();

// How many forks lie between this process and the first one that used the library.
std::uint32_t client_forks();

// Phases nest by track. Track 0 is the calling thread's own, that of nw_phase_begin; each thread has this many.
inline constexpr std::uint32_t kClientTracks = 500;
std::uint64_t client_begin(std::uint32_t track, const char* name);
// A phase outside all nesting, so that it may overlap with any other.
std::uint64_t client_begin_apart(const char* name);
// All of them end by nw_phase_end.

// Writes the event, timed now, into the channel of the environment; nothing happens when nobody measures.
void client_event(const ProgramEvent& event);

}  // namespace nw
