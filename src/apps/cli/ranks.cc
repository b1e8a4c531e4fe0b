// The steps of a rank: find the rendezvous -> join the rank group, or found it -> wait until its sampler has read the
// sensors -> start the command -> leave when it has ended, and print the sampler's output if this was the last to
// leave.
//
// Whatever fails before that, the command still runs, unmeasured: a rank that measured by itself would count the node
// once more. Every wait is bounded, and none depends on another rank's command: the sampler is not one of the ranks.
#include "apps/cli/ranks.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "apps/cli/child.h"
#include "apps/cli/cli_common.h"
#include "apps/cli/instrumented_command.h"
#include "apps/cli/run_monitor.h"
#include "apps/cli/sampler.h"
#include "consumer/channel.h"
#include "consumer/rendezvous.h"
#include "record/record.pb.h"
#include "store/uid.h"

namespace nw::cli {

namespace {
constexpr Nanos kAtTheRendezvous = seconds(20);
constexpr Nanos kUntilReady = seconds(30);   // finding a node's sensors may take time
constexpr Nanos kUntilReport = seconds(20);  // how long the last rank waits for the sampler's output

std::optional<std::string> from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// What distinguishes this program from every other of this user on this node. A run inside a measured run is another
// one.
Result<std::string> compute_key(const LauncherInfo& launcher_info, const RunOptions& options) {
  std::string key = launcher_info.job;
  if (key.empty()) {
    const auto host = make_real_host();
    const std::string launcher =
        NW_TRY(find_launcher(*host, static_cast<std::uint64_t>(::getpid()), launcher_info.source_variable));
    key = fmt::format("{}-{}", launcher_info.launcher, launcher);
  }
  // The sampler of a failed attempt may still wait for its ranks when the next attempt starts.
  if (options.group_key.empty())
    key += fmt::format(" attempt {}.{}", launcher_info.requeue.value_or(0), launcher_info.attempt.value_or(0));
  return key + " in " + from_environment(kChannelVariable).value_or("") + with_host(" on %h");
}

// Another user may have taken our names in the folders that all share. The last resort is the user's own cache, which
// may be the same on several nodes: hence the host in the key.
std::vector<std::string> find_folders() {
  std::vector<std::string> folders = shared_folders();
  std::string cache = from_environment("XDG_CACHE_HOME").value_or("");
  if (const auto home = from_environment("HOME"); cache.empty() && home) cache = *home + "/.cache";
  if (!cache.starts_with('/')) return folders;
  ::mkdir(cache.c_str(), 0700);
  folders.push_back(cache);
  return folders;
}

bool is_told_to_stop() {
  sigset_t pending;
  return ::sigpending(&pending) == 0 && (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1);
}

Nanos children_cpu() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  const auto of = [](const timeval& t) { return Nanos::of(t.tv_sec * kNanosPerSecond + t.tv_usec * 1000); };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

class Rank {
 public:
  Rank(const RunOptions& options, const LauncherInfo& launcher_info) : options_(options), launch_(launcher_info) {}

  int run() {
    const unsigned rounds = options_.warmup + options_.repeat;
    if (rounds > 1) group_ = make_uid().value_or("");
    int code = 0;
    for (round_ = 0; round_ < rounds && code == 0; ++round_) {
      code = run_once();
      if (ended_by_) return end_like({{}, ended_by_});
    }
    return code;
  }

 private:
  int run_once() {
    auto connection = take_seat();
    if (!connection) say_once("this rank is not measured: " + connection.error().what);
    const Signals signals;
    auto ready = connection ? connection->await_ready(kUntilReady) : tl::make_unexpected(connection.error());
    if (connection && !ready) say_once("this rank's phases are not measured: " + ready.error().what);
    if (options_.strict && !(ready && ready->measures))
      return error_exit("--strict: no sensor of this node can be read; `nodewatt doctor` says why", kOurFailure);
    const Nanos cpu = children_cpu();
    auto child = InstrumentedCommand::start(options_, ready ? ready->channel : "", signals);
    const ChildEnd end = child ? child->wait(signals) : ChildEnd{not_started(child.error(), options_), {}};
    RankEnd said{end.exit_code, end.signal, children_cpu() - cpu};
    if (end.left_some) said.cpu.reset();
    if (connection) leave(*connection, said);
    ended_by_ = end.signal;
    return end.exit_code.value_or(kOurFailure);
  }

  Result<RankConnection> take_seat() {
    auto rendezvous =
        NW_TRY(Rendezvous::enter(find_folders(), NW_TRY(compute_key(launch_, options_)), kAtTheRendezvous));
    auto connection = NW_TRY(rendezvous.join(launch_.rank, group_));
    if (!connection) {
      NW_CHECK(start_sampler(NW_TRY(rendezvous.found(group_)), options_, launch_,
                             [this](pb::Record& record) { describe(record); }));
      connection = NW_TRY(rendezvous.join(launch_.rank, group_));
    }
    if (!connection) return fail(ErrorKind::busy, "the sampler does not answer");
    group_ = connection->group();
    return std::move(*connection);
  }

  // The fields of the sampler's record that are known before the measurement.
  void describe(pb::Record& record) const {
    write_launcher_info(launch_, record);
    if (options_.warmup + options_.repeat == 1) return;
    record.set_group(group_);
    record.set_warmup(round_ < options_.warmup);
    if (round_ >= options_.warmup) record.set_repeat(round_ - options_.warmup + 1);
  }

  void leave(const RankConnection& connection, const RankEnd& end) const {
    const auto words = connection.leave(end, kUntilReport, is_told_to_stop);
    if (words) print(*words);
    if (!words && words.error().kind == ErrorKind::absent)
      say_once("the sampler of this node was killed; the next nodewatt command recovers what it had written");
  }

  static void print(const RankReport& words) {
    if (!words.output.empty())
      if (const auto done = write_out("-", words.output); !done) error_exit(done.error().what);
    std::fputs(words.error.c_str(), stderr);
  }

  // One rank of a node prints for all.
  void say_once(const std::string& what) const {
    if (launch_.local_rank.value_or(0) == 0) error_exit(what);
  }

  const RunOptions& options_;
  const LauncherInfo& launch_;
  std::string group_;
  unsigned round_ = 0;
  std::optional<int> ended_by_;  // signal
};
}  // namespace

LauncherInfo find_launcher_info(const RunOptions& options) {
  if (options.rank_alone) return {};
  LauncherInfo launcher_info = read_launcher_info(from_environment);
  if (options.group_key.empty()) return launcher_info.is_parallel() ? launcher_info : LauncherInfo{};
  if (!launcher_info.is_parallel()) {
    const LauncherInfo alone = launcher_info;
    launcher_info = {};
    launcher_info.attempt = alone.attempt, launcher_info.requeue = alone.requeue;
  }
  launcher_info.job = plain_key(options.group_key);
  return launcher_info;
}

bool shares_node(const LauncherInfo& launcher_info, const RunOptions& options) {
  return !options.group_key.empty() || (launcher_info.is_parallel() && launcher_info.local_size.value_or(2) > 1);
}

void write_launcher_info(const LauncherInfo& launcher_info, pb::Record& record) {
  if (launcher_info.job.empty() && !launcher_info.is_parallel()) return;
  record.set_job_key(launcher_info.job);
  record.set_ranks(1);
  if (launcher_info.size) record.set_world_size(*launcher_info.size);
  if (launcher_info.rank) record.set_rank_first(*launcher_info.rank);
  if (launcher_info.node) record.set_node_rank(*launcher_info.node);
  if (launcher_info.attempt) record.set_attempt(*launcher_info.attempt);
  if (launcher_info.requeue) record.set_requeue(*launcher_info.requeue);
  record.set_restart_key(launcher_info.restart_key);
}

int run_rank(const RunOptions& options, const LauncherInfo& launcher_info) {
  pb::Record scratch;  // usage errors are reported by each rank, before anything starts
  if (const auto done = add_labels(options.labels, scratch); !done) return error_exit(done.error().what, kOurFailure);
  return Rank(options, launcher_info).run();
}

}  // namespace nw::cli
