// The steps: detach from the rank that started us -> serve the ranks in a thread -> find the sensors, read them, tell
// the ranks that they may start -> sample until the last has left -> compute the record -> send the report to the last
// rank.
//
// It keeps none of the rank's streams and descriptors (a launcher waits for their ends) and reacts to no signals: those
// that a launcher or a terminal sends to its ranks end their commands, and when the last has ended this process ends
// too.
#include "apps/cli/sampler.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <set>
#include <thread>

#include "apps/cli/child.h"
#include "apps/cli/cli_common.h"
#include "apps/cli/client_monitor.h"
#include "apps/cli/ranks.h"
#include "apps/cli/run_monitor.h"
#include "base/anomalies.h"
#include "base/monotonic.h"
#include "base/parse.h"
#include "record/record.pb.h"
#include "site/site_file.h"

namespace nw::cli {

namespace {
// A rank is often bound to a few CPUs, where its sampler would disturb it.
void use_all_cpus() {
  cpu_set_t all;
  CPU_ZERO(&all);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) CPU_SET(cpu, &all);
  ::sched_setaffinity(0, sizeof all, &all);  // except those that the job's cgroup forbids
}

// What a launcher set for one rank alone does not apply to the node, and some vendor libraries obey it.
void forget_rank() {
  for (const char* name : {"CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL",
                           "ZE_AFFINITY_MASK"})
    ::unsetenv(name);
}

// Closes everything but `kept`, and redirects the standard streams. What is printed from now on is collected in memory,
// for the last rank.
void detach(std::vector<int> kept) {
  const int nothing = ::open("/dev/null", O_RDWR);
  ::dup2(nothing, STDIN_FILENO);
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
    const int words = static_cast<int>(::syscall(SYS_memfd_create, kSamplerName, 0));
    ::dup2(words >= 0 ? words : nothing, stream);
  }
  std::sort(kept.begin(), kept.end());
  int from = STDERR_FILENO + 1;
  const auto close_until = [&from](int end) {  // [from, end)
    if (from < end && ::syscall(SYS_close_range, from, end - 1, 0) != 0)
      for (int fd = from; fd < std::min(end, 65536); ++fd) ::close(fd);  // before Linux 5.9
    from = end + 1;
  };
  for (const int fd : kept) close_until(fd);
  close_until(INT32_MAX - 1);
}

// What was printed on this stream since detach().
std::string take_words(std::FILE* stream) {
  std::fflush(stream);
  std::string words;
  char piece[4096];
  ssize_t size = 0;
  for (off_t at = 0; (size = ::pread(::fileno(stream), piece, sizeof piece, at)) > 0; at += size)
    words.append(piece, static_cast<std::size_t>(size));
  return words;
}

void add_anomaly(pb::Record& record, Anomaly anomaly, std::uint64_t count) {
  auto* added = record.add_anomalies();
  added->set_name(std::string(entry(anomaly).name));
  added->set_count(count);
}

// Slurm may restrict a task by cgroup to its own accelerators; the sampler is in that of the first rank.
void note_hidden_gpus(const RunMonitor& monitor, pb::Record& record) {
  const char* said = std::getenv("SLURM_GPUS_ON_NODE");
  const auto allocated = said == nullptr ? std::nullopt : parse_u64(said);
  std::set<std::string> seen;
  for (const SensorInfo& info : monitor.infos())
    if (info.part.domain == Domain::gpu) seen.insert(info.part.device);
  if (allocated && *allocated > seen.size()) add_anomaly(record, Anomaly::gpu_hidden, *allocated - seen.size());
}

void note_hidden_gpus(const ClientMonitor&, pb::Record&) {}  // the daemon sees all

bool measures(const RunMonitor& monitor) { return monitor.measures(); }
bool measures(const ClientMonitor&) { return true; }

void write_sum(const RankGroupSum& sum, pb::Record& record) {
  record.set_ranks(sum.ranks);
  record.set_ranks_failed(sum.failed);
  if (sum.lowest) record.set_rank_first(*sum.lowest);
  record.set_start_spread_ns(sum.spread.count());
  if (sum.cpu && sum.lost == 0) record.set_child_cpu_s(to_seconds(*sum.cpu));
  if (sum.lost == 0) return;
  add_anomaly(record, Anomaly::rank_lost, sum.lost);
}

// For all ranks: the end of the first that failed; none where a rank was lost; else exit code 0.
ChildEnd end_of(const RankGroupSum& sum) {
  if (sum.first_failure) return {sum.first_failure->exit_code, sum.first_failure->signal};
  if (sum.lost > 0) return {};
  return {0, {}};
}

// A rank group stays for two seconds after its last rank has left, for further ranks, and a meter keeps 64 readings:
// with faster readings it would have dropped the time at which the run finally ended.
constexpr Nanos kShortestPeriod = millis(50);

std::optional<Nanos> period_of(const RunOptions& options) {
  const auto asked = *parse_period(options.period);
  if (!asked || *asked >= kShortestPeriod) return asked;
  error_exit("--period " + options.period + ": the sampler of several ranks reads every 50ms at most");
  return kShortestPeriod;
}

// `monitor`: a RunMonitor or a ClientMonitor.
template <class Monitor>
void sample(Monitor& monitor, RankGroup& rank_group, const RunOptions& options, const TextStyle& style,
            const std::function<void(pb::Record&)>& describe) {
  auto record = monitor.begin_record(options);
  if (!record) {
    error_exit(record.error().what);
    return;
  }
  describe(*record);
  note_hidden_gpus(monitor, *record);
  const RunResult outcome = monitor.measure(
      options, std::move(*record),
      [&](const std::string& channel, const std::function<void()>& begun, pb::Record& its) -> Result<CommandEnd> {
        begun();
        rank_group.announce(channel, measures(monitor));
        const RankGroupSum sum = rank_group.wait();
        write_sum(sum, its);
        return CommandEnd{end_of(sum), sum.ranks > 0 ? sum.ended : monotonic()};
      });
  print_run(options, {outcome.record}, style);
}

void sample(RankGroup& rank_group, const RunOptions& options, const TextStyle& style,
            const std::function<void(pb::Record&)>& describe) {
  if (const auto client = ClientMonitor::make(options, ClientMonitor::OutsideJob::nothing))
    return sample(*client, rank_group, options, style, describe);
  RunMonitor monitor(options.root, period_of(options), find_site_or_warn(options.config, options.root));
  sample(monitor, rank_group, options, style, describe);
}

[[noreturn]] void be_sampler(RankGroup& rank_group, const RunOptions& options, const LauncherInfo& launcher_info,
                             const TextStyle& style, const std::function<void(pb::Record&)>& describe) {
  try {
    ::setsid();
    detach(rank_group.descriptors());
    use_all_cpus();
    forget_rank();
    const Signals none;  // not handled in any thread
    std::thread serving([&] { rank_group.serve(launcher_info.local_size); });
    sample(rank_group, options, style, describe);
    rank_group.wait();
    rank_group.finish({take_words(stderr), take_words(stdout)});
    serving.join();
  } catch (const std::exception&) {  // no thread available: the ranks go on without us
    ::_exit(1);
  }
  ::_exit(0);  // skips what a vendor's library does when it is unloaded
}
}  // namespace

Done start_sampler(RankGroup rank_group, const RunOptions& options, const LauncherInfo& launcher_info,
                   const std::function<void(pb::Record&)>& describe) {
  const TextStyle style = style_for(STDERR_FILENO);
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);  // set by an earlier repeat; Child::start sets it again
  const pid_t between = ::fork();      // ends at once, so that the sampler is not a child of the rank's process
  if (between < 0) return tl::make_unexpected(system_error(errno, "fork"));
  if (between == 0) {
    ::prctl(PR_SET_NAME, kSamplerName);
    const pid_t sampler = ::fork();
    if (sampler == 0) be_sampler(rank_group, options, launcher_info, style, describe);
    ::_exit(sampler < 0 ? 1 : 0);
  }
  int status = 0;
  while (::waitpid(between, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0) return fail(ErrorKind::failed, "the sampler could not be started");
  return {};
}

}  // namespace nw::cli
