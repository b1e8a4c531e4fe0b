// The steps: find the sensors, open what needs privileges, drop the privileges, take over the checkpoint -> then, until
// a signal: wake at a tick, at a job that comes or goes, at a request -> add sensors that have appeared, read all of
// them and the cgroup snapshot (*from here nothing touches hardware*) -> close intervals -> save the checkpoint, store
// the records of jobs that have ended -> answer.
#include "apps/noded/daemon.h"

#include <grp.h>
#include <pwd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "apps/noded/notify.h"
#include "apps/noded/own_use.h"
#include "base/parse.h"
#include "record/checkpoint.pb.h"
#include "record/checkpoint_salvage.h"
#include "record/record.h"
#include "site/site_file.h"
#include "store/paths.h"
#include "store/uid.h"

namespace nw::noded {

namespace {
constexpr Nanos kBetween = millis(5);  // least time between sampling points
// Sampling points beside the ticks, at begins and ends of jobs: many in a burst, few in a storm that would cost all
// jobs CPU time.
constexpr double kEdgesAtOnce = 500, kEdgesASecond = 10;
constexpr Nanos kShortestPeriod = millis(100);  // whatever a step asks for
constexpr Nanos kForGood = seconds(900);        // the checkpoint is appended at least this often
constexpr Nanos kBetweenLooks = seconds(10);    // between scans of the processes on accelerators
constexpr Nanos kFirstRound = seconds(2);       // of slow buses
constexpr Nanos kInterrupt = seconds(1);        // how long to wait for a search for sensors that is running
constexpr std::size_t kMostUnkept = 2000;       // records that wait while the store is full
constexpr std::size_t kMostUnkeptBytes = 8 << 20;

void log(const std::string& what) { std::fprintf(stderr, "nodewattd: %s\n", what.c_str()); }

AccountedNode make_node(NodeMonitor& monitor, const DaemonOptions& options) {
  AccountedNode node;
  node.record.set_version(NODEWATT_VERSION);
  describe_node(monitor, node.record);
  if (!options.slurmd.empty()) node.record.mutable_node()->set_host(valid_utf8(options.slurmd));
  node.devices = monitor.utilization_infos();
  for (const auto& [sensor, figure] : monitor.site().baseline.sensors) node.idle[sensor] = figure.power;
  node.cluster = valid_utf8(options.cluster);
  node.make_uid = [] { return make_uid().value_or(std::string(kUidLength, '0')); };
  return node;
}

Done drop_privileges(const std::string& user) {
  if (user.empty() || ::geteuid() != 0) return {};
  const passwd* entry = ::getpwnam(user.c_str());
  if (entry == nullptr) return fail(ErrorKind::absent, "--user " + user + ": no such user");
  const uid_t uid = entry->pw_uid;
  const gid_t gid = entry->pw_gid;
  if (::initgroups(user.c_str(), gid) != 0 || ::setgid(gid) != 0 || ::setuid(uid) != 0)
    return tl::make_unexpected(system_error(errno, "--user " + user));
  if (uid != 0 && ::setuid(0) == 0) return fail(ErrorKind::failed, "--user " + user + ": rights could not be given up");
  return {};
}

// What is created before privileges are dropped must be writable afterwards.
void chown_to(const std::string& path, const std::string& user) {
  if (user.empty() || ::geteuid() != 0) return;
  if (const passwd* entry = ::getpwnam(user.c_str()); entry != nullptr)
    if (::chown(path.c_str(), entry->pw_uid, entry->pw_gid) != 0) log(system_error(errno, path).what);
}
}  // namespace

void SaidOnce::log(const std::string& what) {
  if (std::exchange(said_, what) != what) noded::log(what);
}

void SaidOnce::clear(const std::string& what) {
  if (!std::exchange(said_, "").empty()) noded::log(what);
}

Daemon::Daemon(const DaemonOptions& options, Site site)
    : options_(options),
      host_(make_real_host(options.root)),
      jobs_(make_real_host()),
      node_(*host_, std::move(site), UtilizationScope::accelerators),
      search_(host_, node_.site(), node_.inventory(), node_.infos(), host_->now()),
      cgroup_scanner_(*jobs_, {options.cgroup, options.slurmd}),
      trees_(*jobs_),
      accounting_(node_.infos(), make_node(node_, options), options.period),
      programs_(accounting_, cgroup_scanner_, trees_),
      edges_(kEdgesASecond, kEdgesAtOnce) {
  const auto boot = jobs_->read_text("/proc/sys/kernel/random/boot_id");
  boot_id_ = boot ? std::string(trim(*boot)) : "";
}

Result<std::unique_ptr<Daemon>> Daemon::start(const DaemonOptions& options) {
  auto site = NW_TRY(find_site(options.config, options.root));
  std::unique_ptr<Daemon> daemon(new Daemon(options, std::move(site)));
  NW_CHECK(daemon->open());
  daemon->resume();
  return daemon;
}

Done Daemon::open() {
  sigset_t ends;
  sigemptyset(&ends);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&ends, signal);
  ::sigprocmask(SIG_BLOCK, &ends, nullptr);
  signals_ = Fd(::signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK));
  NW_CHECK(make_private_dir(options_.state));
  chown_to(options_.state, options_.user);
  socket_server_.emplace(NW_TRY(SocketServer::listen(options_.socket)));
  if (!options_.metrics.empty()) metrics_server_.emplace(NW_TRY(MetricsServer::open(options_.metrics)));
  NW_CHECK(drop_privileges(options_.user));
  checkpoint_file_.emplace(NW_TRY(CheckpointFile::open(options_.state + "/books")));
  const auto left_out = [](const Error& damage) { log("a job's record is left out: " + damage.what); };
  store_ = std::make_unique<DeferredStore>(
      [path = options_.state + "/jobs.db", left_out] { return make_sqlite_store(path, left_out); },
      [this] { return host_->now(); });
  if (const Done opened = store_->opened(); !opened)
    log("ended jobs are kept in memory until their store can be opened: " + opened.error().what);
  options_.admins.insert(::geteuid());
  request_handler_ = std::make_unique<RequestHandler>(accounting_, *store_, options_.admins);
  return {};
}

void Daemon::resume() {
  if (checkpoint_file_->is_unreadable())
    log("no books of " + options_.state + " can be read, new ones are begun; " + keep_aside());
  if (!checkpoint_file_->found()) return;
  pb::Checkpoint checkpoint;
  if (!checkpoint.ParseFromString(*checkpoint_file_->found())) {
    SalvagedCheckpoint saved = salvage_checkpoint(*checkpoint_file_->found());
    log(fmt::format(
        "the checkpoint that was found cannot be read whole: {} of their fields are lost, the rest is used; {}",
        saved.lost, keep_aside()));
    checkpoint = std::move(saved.checkpoint);
  }
  accounting_.resume(checkpoint, boot_id_, host_->now());
  published_metrics_.resume(checkpoint);
  programs_.resume(checkpoint);
  for (const pb::CheckpointJob& job : checkpoint.jobs())
    if (job.record().job().manager() == ProcessTrees::kManager)
      (void)trees_.add(static_cast<std::uint32_t>(parse_u64(job.id()).value_or(0)), job.record().job().uid());
}

std::string Daemon::keep_aside() const {
  const auto path = checkpoint_file_->keep_aside();
  return path ? "they are kept as " + *path : "they are not kept: " + path.error().what;
}

Nanos Daemon::period() const {
  const auto wanted = accounting_.wanted_period();
  return wanted ? std::clamp(*wanted, kShortestPeriod, options_.period) : options_.period;
}

Done Daemon::run() {
  note_missing();
  node_.reader().await_buses(kFirstRound);
  take_sampling_point(true);
  next_tick_ = host_->now() + period();
  notify("READY=1");
  std::vector<pollfd> polled;
  for (;;) {
    const Nanos begin = host_->now();
    polled.assign({{signals_.get(), POLLIN, 0}, {watch_.fd(), POLLIN, 0}});
    socket_server_->add_to(polled, begin);
    programs_.add_to(polled);
    if (metrics_server_) metrics_server_->add_to(polled);
    const Nanos wait = wait_from(begin);
    const timespec time{wait.count() / kNanosPerSecond, wait.count() % kNanosPerSecond};
    if (::ppoll(polled.data(), polled.size(), &time, nullptr) < 0 && errno != EINTR)
      return tl::make_unexpected(system_error(errno, "ppoll"));
    if ((polled[0].revents & POLLIN) != 0) break;
    if ((polled[1].revents & POLLIN) != 0) edge_ |= watch_.drain();
    socket_server_->serve(
        polled,
        [this](const Peer& peer, const Request& request, Handed& handed) { return answer(peer, request, handed); },
        host_->now());
    edge_ |= programs_.serve(polled, host_->now());
    if (metrics_server_)
      metrics_server_->serve(polled, [this](MetricsFormat form) { return published_metrics_.text(form); });
    const Nanos now = host_->now();
    if (now >= next_tick_) {
      adopt_found();
      take_sampling_point(true);
      next_tick_ = std::max(next_tick_ + period(), now);
      notify("WATCHDOG=1");
    } else {
      look_at_programs();
      look_at_edge();
    }
  }
  notify("STOPPING=1");
  take_sampling_point(false);
  write_checkpoint(true);
  return checkpoint_file_->sync();
}

// Until something is to be done that nobody wakes us for.
Nanos Daemon::wait_from(Nanos now) {
  Nanos due = next_tick_;
  if (edge_) due = std::min(due, std::max(last_sampling_point_ + kBetween, edges_.ready(now)));
  if (socket_server_->accepts_from() > now) due = std::min(due, socket_server_->accepts_from());
  if (const auto look = programs_.next_look()) due = std::min(due, *look);
  return std::max(due - now, Nanos{});
}

// A phase that begins or ends causes a sample set, where that shows nobody else's power.
void Daemon::look_at_programs() {
  const auto look = programs_.next_look();
  const Nanos now = host_->now();
  if (!look || now < *look || !programs_.take(now) || !accounting_.wants_sample_set()) return;
  node_.reader().read_all(sample_set_);
  accounting_.add(sample_set_);
}

// Sensors that have appeared are read from the next sampling point on. None are searched for while NVIDIA's library is
// closed.
void Daemon::adopt_found() {
  const Nanos now = host_->now();
  if (auto found = search_.take(now)) {
    for (const Sensor& sensor : found->sensors) log(sensor.info.id + ": has come, and is read from now on");
    node_.add(std::move(*found));
    accounting_.extend(node_.infos(), make_node(node_, options_));
    note_missing();
  }
  if (gpus_held_) search_.look(now);
}

void Daemon::note_missing() const {
  for (const DriverDiagnostic& one : search_.missing())
    log(fmt::format("{} is missing: {}: {}; {}", one.diagnostic.sensor, one.diagnostic.where, one.diagnostic.what,
                    one.diagnostic.refused ? "it is not asked again" : "it is looked for again"));
}

// A sampling point for a job's begin or end, unless one has just been or there were too many.
void Daemon::look_at_edge() {
  const Nanos now = host_->now();
  if (edge_ && now >= last_sampling_point_ + kBetween && edges_.take(now)) take_sampling_point(false);
}

// One sampling point. Sensors first: the cgroup snapshot takes longer, and a job that came a millisecond ago is found
// after them just as well.
void Daemon::take_sampling_point(bool tick) {
  edge_ = false;
  programs_.take(host_->now());
  node_.reader().read_all(sample_set_);
  cgroup_scanner_.take(cgroups_);
  trees_.add_to(cgroups_);
  last_sampling_point_ = host_->now();
  watch_.follow(cgroup_scanner_.directories());
  const bool look = tick && !cgroups_.jobs.empty() && last_sampling_point_ - last_look_ >= kBetweenLooks;
  if (look) look_at_devices();
  // From here nothing touches hardware.
  accounting_.add(sample_set_, cgroups_, jobs_->wall_ns());
  programs_.find_steps(last_sampling_point_);
  programs_.answer_runs([this](const Peer& peer) { return request_handler_->is_admin(peer); }, last_sampling_point_);
  if (tick) accounting_.tick();
  if (tick) programs_.tell(accounting_.take_readings());
  if (tick) keep_ended();
  const bool publish = tick && (last_published_ == Nanos{} || last_sampling_point_ - last_published_ >= kMetricsStep);
  if (publish) publish_metrics();
  const bool changed = accounting_.take_changed();
  if (changed || last_sampling_point_ - last_kept_ >= kForGood)
    write_checkpoint(true);
  else if ((publish || (tick && !cgroups_.jobs.empty())) && last_sampling_point_ >= next_amendment_)
    write_checkpoint(false);
}

void Daemon::look_at_devices() {
  last_look_ = last_sampling_point_;
  if (!gpus_held_) return;
  node_.utilizations().read_all(utilization_samples_);
  accounting_.add(utilization_samples_);
}

// A record leaves the checkpoint only when the store has it; one that was stored twice is kept once, by its uid.
void Daemon::keep_ended() {
  auto& ended = accounting_.ended();
  std::size_t gone = 0;
  for (; gone < ended.size(); ++gone) {
    const auto done = store_->append(ended[gone]);
    if (done) continue;
    unkept_.log("ended jobs wait in memory for their store: " + done.error().what);
    break;
  }
  if (gone == ended.size()) unkept_.clear("ended jobs are kept in their store again");
  std::size_t bytes = 0;
  for (std::size_t i = gone; i < ended.size(); ++i) bytes += ended[i].ByteSizeLong();
  for (; gone < ended.size() && (ended.size() - gone > kMostUnkept || bytes > kMostUnkeptBytes); ++gone) {
    log(fmt::format("{} ended jobs wait for their store, which is too many; given up: job {}", ended.size() - gone,
                    ended[gone].job().id()));
    bytes -= ended[gone].ByteSizeLong();
  }
  ended.erase(ended.begin(), ended.begin() + static_cast<std::ptrdiff_t>(gone));
}

// A large checkpoint is amended more seldom: it takes a fiftieth of the time.
void Daemon::write_checkpoint(bool for_good) {
  const Nanos begin = host_->now();
  pb::Checkpoint checkpoint;
  accounting_.snapshot().write(boot_id_, checkpoint);
  published_metrics_.write(checkpoint);
  programs_.write(checkpoint);
  const std::string bytes = checkpoint.SerializeAsString();
  const Done done = for_good ? checkpoint_file_->append(bytes) : checkpoint_file_->amend(bytes);
  if (for_good) last_kept_ = last_sampling_point_;
  const Nanos now = host_->now();
  next_amendment_ = now + Nanos::of(50 * (now - begin).count());
  if (!done) return unwritten_.log("the checkpoint is not written: " + done.error().what);
  unwritten_.clear("the checkpoint is written again");
  programs_.kept();
}

// A run begins with a sampling point of its own; a program whose job is not known yet waits for one.
std::vector<Answer> Daemon::link(const Peer& peer, const Request& request, Handed& handed) {
  if (node_.infos().empty() || (!request.get("strict").empty() && accounting_.is_modelled()))
    return {make_refusal({ErrorKind::absent, request.verb + ": no sensor of this node can be read"})};
  const auto is_known = programs_.attach(peer, request, handed, host_->now());
  if (!is_known) return {make_refusal(is_known.error())};
  edge_ |= !*is_known || request.verb == "run";
  look_at_edge();
  return {};
}

std::vector<Answer> Daemon::answer(const Peer& peer, const Request& request, Handed& handed) {
  if (request.verb == "attach" || request.verb == "run") return link(peer, request, handed);
  RequestHandler::RequestEffect effect;
  auto answers = request_handler_->answer(peer, request, effect);
  edge_ |= effect.edge;
  if (effect.gpus) set_gpus(*effect.gpus);
  // A prolog that waits for its answer waits for the reading itself: what it starts afterwards comes after that
  // reading.
  look_at_edge();
  return answers;
}

// NVIDIA's library keeps its devices open: to change a driver or MIG's layout, no process may.
void Daemon::set_gpus(bool held) {
  if (held == gpus_held_) return;
  search_.interrupt(kInterrupt, host_->now());
  take_sampling_point(false);  // they are read up to here
  gpus_held_ = held;
  if (!held) {
    node_.close("nvml/");
    return;
  }
  node_.open(probe_nvml(*host_, node_.site()));
  take_sampling_point(false);
}

void Daemon::publish_metrics() {
  pb::NodeState state;
  accounting_.write(state);
  Metrics metrics = make_metrics(state, {}, {}, accounting_.by_boundary());
  for (std::size_t i = 0; i < sample_set_.size(); ++i)
    metrics.sensors.push_back({node_.infos()[i].id, sample_set_[i].status == Status::ok});
  for (const DriverDiagnostic& one : search_.missing()) metrics.sensors.push_back({one.diagnostic.sensor, false});
  metrics.cpu = read_own_cpu();
  metrics.resident = read_own_resident();
  published_metrics_.publish(std::move(metrics));
  last_published_ = last_sampling_point_;
}

}  // namespace nw::noded
