// One measured run of a command: what `run` and `bench` share.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "account/record.pb.h"
#include "apps/cli/child.h"
#include "apps/cli/command.h"
#include "sensor/reader.h"

namespace nw::cli {

struct Outcome {
  pb::Record record;
  ChildEnd end;
  std::optional<Error> not_started;
};

// The sensors of this node, found once, and any number of measured runs.
class Session {
 public:
  Session(const std::string& root, std::optional<Nanos> period, Site site);

  // Whether anything at all is measured, not estimated.
  bool measures() const;
  const std::vector<Nameplate>& plates() const { return reader_.plates(); }
  // For watching the node between two runs.
  Host& host() { return *host_; }
  Reader& reader() { return reader_; }
  const Signals& signals() const { return signals_; }
  // What is known of a record before anything was measured.
  Result<pb::Record> begin_record(const RunOptions& options) const;
  // Runs the command to its end; the record is in the user's store afterwards (or a complaint was printed).
  Outcome run(const RunOptions& options, pb::Record record);

 private:
  Signals signals_;  // first: vendor libraries may start threads
  std::unique_ptr<Host> host_;
  Site site_;
  Survey survey_;  // less its sensors and activities, which their readers have
  Reader reader_;
  ActivityReader activities_;
  std::optional<Nanos> period_;
};

// The period of --period; nothing for "".
Result<std::optional<Nanos>> parse_period(const std::string& text);

}  // namespace nw::cli
