// The story of a rank: come in by the door -> join the crew, or found it -> wait until its sampler has read the sensors
// -> start the command -> leave when it has ended, and print what the sampler says if this was the last to leave.
//
// Whatever fails on the way there, the command runs all the same, unmeasured: a rank that measured alone would count
// the node once more. Every wait has an end, and none depends on another rank's command: the sampler is nobody's rank.
#include "apps/cli/ranks.h"

#include <sys/resource.h>
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
#include "store/uid.h"

namespace nw::cli {

namespace {
constexpr Nanos kAtTheDoor = seconds(20);
constexpr Nanos kUntilReady = seconds(30);   // a node's sensors may take their time to be found
constexpr Nanos kUntilReport = seconds(20);  // the last rank waits so long for the sampler's words

std::optional<std::string> from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// What tells this program from every other of this user on this node. A run inside a measured run is another one.
Result<std::string> compute_key(const Launch& launch) {
  std::string key = launch.job;
  if (key.empty()) {
    const auto host = make_real_host();
    const std::string launcher = NW_TRY(find_launcher(*host, static_cast<std::uint64_t>(::getpid()), launch.told_by));
    key = fmt::format("{}-{}", launch.launcher, launcher);
  }
  return key + " in " + from_environment(kChannelVariable).value_or("");
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
  Rank(const RunOptions& options, const Launch& launch) : options_(options), launch_(launch) {}

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
    auto seat = take_seat();
    if (!seat) say_once("this rank is not measured: " + seat.error().what);
    const Signals signals;
    auto ready = seat ? seat->await_ready(kUntilReady) : tl::make_unexpected(seat.error());
    if (seat && !ready) say_once("this rank's phases are not measured: " + ready.error().what);
    if (options_.strict && !(ready && ready->measures))
      return complain("--strict: no sensor of this node can be read; `nodewatt doctor` says why", kOurFailure);
    const Nanos cpu = children_cpu();
    auto child = Wrapped::start(options_, ready ? ready->channel : "", signals);
    const ChildEnd end = child ? child->wait(signals) : ChildEnd{not_started(child.error()), {}};
    RankEnd said{end.exit_code, end.signal, children_cpu() - cpu};
    if (end.left_some) said.cpu.reset();
    if (seat) leave(*seat, said);
    ended_by_ = end.signal;
    return end.exit_code.value_or(kOurFailure);
  }

  Result<Seat> take_seat() {
    auto door = NW_TRY(Door::enter(shared_folders(), NW_TRY(compute_key(launch_)), kAtTheDoor));
    auto seat = NW_TRY(door.join(launch_.rank, group_));
    if (!seat) {
      NW_CHECK(start_sampler(NW_TRY(door.found(group_)), options_, launch_,
                             [this](pb::Record& record) { describe(record); }));
      seat = NW_TRY(door.join(launch_.rank, group_));
    }
    if (!seat) return fail(ErrorKind::busy, "the sampler does not answer");
    group_ = seat->group();
    return std::move(*seat);
  }

  // What the sampler's record knows beside the measurement.
  void describe(pb::Record& record) const {
    write_launch(launch_, record);
    if (options_.warmup + options_.repeat == 1) return;
    record.set_group(group_);
    record.set_warmup(round_ < options_.warmup);
    if (round_ >= options_.warmup) record.set_repeat(round_ - options_.warmup + 1);
  }

  void leave(const Seat& seat, const RankEnd& end) const {
    const auto words = seat.leave(end, kUntilReport, is_told_to_stop);
    if (words) say(*words);
    if (!words && words.error().kind == ErrorKind::absent)
      say_once("the sampler of this node was killed; the next nodewatt command recovers what it had written");
  }

  static void say(const CrewWords& words) {
    if (!words.output.empty())
      if (const auto done = write_out("-", words.output); !done) complain(done.error().what);
    std::fputs(words.error.c_str(), stderr);
  }

  // One rank of a node speaks for all.
  void say_once(const std::string& what) const {
    if (launch_.local_rank.value_or(0) == 0) complain(what);
  }

  const RunOptions& options_;
  const Launch& launch_;
  std::string group_;
  unsigned round_ = 0;
  std::optional<int> ended_by_;  // signal
};
}  // namespace

Launch find_launch(const RunOptions& options) {
  if (options.rank_alone) return {};
  Launch launch = read_launch(from_environment);
  if (options.group_key.empty()) return launch.is_parallel() ? launch : Launch{};
  if (!launch.is_parallel()) launch = {};
  launch.job = plain_key(options.group_key);
  return launch;
}

bool shares_node(const Launch& launch, const RunOptions& options) {
  return !options.group_key.empty() || (launch.is_parallel() && launch.local_size.value_or(2) > 1);
}

void write_launch(const Launch& launch, pb::Record& record) {
  if (launch.job.empty() && !launch.is_parallel()) return;
  record.set_job_key(launch.job);
  record.set_ranks(1);
  if (launch.size) record.set_world_size(*launch.size);
  if (launch.rank) record.set_rank_first(*launch.rank);
  if (launch.node) record.set_node_rank(*launch.node);
}

int run_rank(const RunOptions& options, const Launch& launch) {
  pb::Record scratch;  // what is wrong with the command line is said by each rank, before anything starts
  if (const auto done = add_labels(options.labels, scratch); !done) return complain(done.error().what, kOurFailure);
  return Rank(options, launch).run();
}

}  // namespace nw::cli
