// nodewatt phase: events from a shell script inside a measured run or a job.
//
//     nodewatt phase begin train; ./train; nodewatt phase work 512 sample; nodewatt phase end train
//
// Each call is a process of its own, while phases nest by thread. So the events carry the calling shell's identity: its
// process id stands for both process and thread, and a phase's id is derived from that and the name, which matches
// begin and end.
#include <nodewatt/nodewatt.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>

#include "apps/cli/cli_common.h"
#include "apps/cli/command.h"
#include "client/client.h"
#include "consumer/channel.h"

namespace nw::cli {

int phase(const PhaseOptions& options) {
  if (nw_measuring() == 0) {
    if (std::getenv(kChannelVariable) == nullptr) return 0;  // nobody measures: no-op, as in the library
    return error_exit(std::string(kChannelVariable) + ": not the channel of a running measurement");
  }
  const auto shell = static_cast<std::uint32_t>(::getppid());
  const std::uint64_t id =
      kOfAShell | std::uint64_t{shell} << 32 | (std::hash<std::string>{}(options.name) & 0xffffffff);
  if (options.verb == "begin") client_event({ProgramEvent::Kind::begin, {}, id, shell, shell, options.name, "", 0});
  if (options.verb == "end") client_event({ProgramEvent::Kind::end, {}, id, shell, shell, "", "", 0});
  if (options.verb == "work")
    client_event({ProgramEvent::Kind::work, {}, id, shell, shell, options.name, options.unit, options.count});
  return 0;
}

}  // namespace nw::cli
