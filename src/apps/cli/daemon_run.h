// DaemonRun: a run that the node's daemon measures for us. We hand it the memory of the channel that the command uses,
// and are sent the record when the command has ended.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/fd.h"
#include "base/result.h"
#include "consumer/channel.h"
#include "consumer/wire.h"
#include "record/record.pb.h"

namespace nw::cli {

class DaemonRun {
 public:
  // Absent when no daemon listens; else why it does not measure this run. What is measured has begun on return.
  // `wanted`: keys of the request `run` (docs/protocol.md) besides `protocol`.
  static Result<std::unique_ptr<DaemonRun>> begin(const std::string& socket, std::map<std::string, std::string> wanted);
  ~DaemonRun();
  DaemonRun(const DaemonRun&) = delete;
  DaemonRun& operator=(const DaemonRun&) = delete;

  // The channel's path, for the command.
  const std::string& channel() const { return channel_->path(); }
  // The command ended at this monotonic time. If the daemon was restarted meanwhile, the record may lack what was
  // before; it has the duration that was measured.
  Result<pb::Record> end(Nanos at);

 private:
  DaemonRun(std::string socket, Request request, std::unique_ptr<Channel> channel)
      : socket_(std::move(socket)), request_(std::move(request)), channel_(std::move(channel)) {}
  Done connect();
  void keep_connected();
  void stop_watching();
  Result<pb::Record> ask_record(Nanos at);

  std::string socket_;
  Request request_;
  std::unique_ptr<Channel> channel_;
  std::mutex mutex_;  // of the connection
  Fd connection_;
  std::thread watching_;
  Fd stop_;  // an eventfd
};

// Where the daemon listens, from NODEWATT_SOCKET or as installed.
std::string daemon_socket();

}  // namespace nw::cli
