// The story: find the sensors, open what needs rights, give the rights up, take on the books -> then, until a signal:
// wake at a tick, at a job that comes or goes, at a request -> read all sensors and the cgroup snapshot (*from here
// nothing touches hardware*) -> settle the books -> write them down, keep the records of jobs that have ended ->
// answer.
#include "apps/noded/daemon.h"

#include <grp.h>
#include <pwd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>

#include <fmt/format.h>

#include "apps/noded/notify.h"
#include "apps/noded/own_use.h"
#include "base/parse.h"
#include "record/record.h"
#include "site/site_file.h"
#include "store/paths.h"
#include "store/uid.h"

namespace nw::noded {

namespace {
constexpr Nanos kBetween = millis(5);  // moments come no closer than this
// Moments beside the ticks, for the edges of jobs: many of a burst, few of a storm that would cost all jobs CPU time.
constexpr double kEdgesAtOnce = 500, kEdgesASecond = 10;
constexpr Nanos kShortestPeriod = millis(100);  // whatever a step asks for
constexpr Nanos kForGood = seconds(900);        // the books are written for good at least this often
constexpr Nanos kBetweenLooks = seconds(10);    // at who works on which accelerator
constexpr Nanos kFirstRound = seconds(2);       // of slow buses
constexpr std::size_t kMostUnkept = 2000;       // records that wait for a store that is full

void log(const std::string& what) { std::fprintf(stderr, "nodewattd: %s\n", what.c_str()); }

std::vector<Utilization> take_accelerators(Inventory& inventory) {
  std::erase_if(inventory.utilizations, [](const Utilization& one) { return one.info.part.domain != Domain::gpu; });
  return std::move(inventory.utilizations);
}

pb::Record make_stub(Host& host, const Site& site, const Inventory& inventory, const UtilizationReader& utilizations,
                     const std::vector<SensorInfo>& infos) {
  pb::Record record;
  record.set_version(NODEWATT_VERSION);
  write_node(host, *record.mutable_node());
  write_gpus(utilizations.infos(), infos, *record.mutable_node());
  write_software(host, inventory.software, record);
  write_facility(site, record);
  record.set_node_type(valid_utf8(site.node_type));
  return record;
}

AccountedNode make_node(Host& host, const Site& site, const DaemonOptions& options, const Inventory& inventory,
                        const UtilizationReader& utilizations, const std::vector<SensorInfo>& infos) {
  AccountedNode node;
  node.record = make_stub(host, site, inventory, utilizations, infos);
  if (!options.slurmd.empty()) node.record.mutable_node()->set_host(options.slurmd);
  node.devices = utilizations.infos();
  for (const auto& [sensor, figure] : site.baseline.sensors) node.idle[sensor] = figure.power;
  node.cluster = options.cluster;
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

// What is made before rights are given up must be writable afterwards.
void chown_to(const std::string& path, const std::string& user) {
  if (user.empty() || ::geteuid() != 0) return;
  if (const passwd* entry = ::getpwnam(user.c_str()); entry != nullptr)
    if (::chown(path.c_str(), entry->pw_uid, entry->pw_gid) != 0) log(system_error(errno, path).what);
}
}  // namespace

Daemon::Daemon(const DaemonOptions& options, Site site)
    : options_(options),
      site_(std::move(site)),
      host_(make_real_host(options.root)),
      jobs_(make_real_host()),
      inventory_(make_inventory(*host_, site_)),
      reader_(*host_, std::move(inventory_.sensors)),
      utilizations_(*host_, take_accelerators(inventory_)),
      cgroup_scanner_(*jobs_, {options.cgroup, options.slurmd}),
      accounting_(reader_.infos(), make_node(*host_, site_, options, inventory_, utilizations_, reader_.infos()),
                  options.period),
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
  store_ = NW_TRY(make_sqlite_store(options_.state + "/jobs.db"));
  options_.admins.insert(::geteuid());
  request_handler_ = std::make_unique<RequestHandler>(accounting_, *store_, options_.admins);
  return {};
}

void Daemon::resume() {
  if (!checkpoint_file_->found()) return;
  pb::Checkpoint checkpoint;
  if (!checkpoint.ParseFromString(*checkpoint_file_->found()))
    return log("the checkpoint that was found cannot be read; a new one is begun");
  accounting_.resume(checkpoint, boot_id_, host_->now());
  published_metrics_.resume(checkpoint);
}

Nanos Daemon::period() const {
  const auto wanted = accounting_.wanted_period();
  return wanted ? std::clamp(*wanted, kShortestPeriod, options_.period) : options_.period;
}

Done Daemon::run() {
  reader_.await_buses(kFirstRound);
  take_sampling_point(true);
  next_tick_ = host_->now() + period();
  notify("READY=1");
  std::vector<pollfd> polled;
  for (;;) {
    polled.assign({{signals_.get(), POLLIN, 0}, {watch_.fd(), POLLIN, 0}});
    socket_server_->add_to(polled);
    if (metrics_server_) metrics_server_->add_to(polled);
    const Nanos begin = host_->now();
    const Nanos due =
        edge_ ? std::min(next_tick_, std::max(last_sampling_point_ + kBetween, edges_.ready(begin))) : next_tick_;
    const Nanos wait = std::max(due - begin, Nanos{});
    const timespec time{wait.count() / kNanosPerSecond, wait.count() % kNanosPerSecond};
    if (::ppoll(polled.data(), polled.size(), &time, nullptr) < 0 && errno != EINTR)
      return tl::make_unexpected(system_error(errno, "ppoll"));
    if ((polled[0].revents & POLLIN) != 0) break;
    if ((polled[1].revents & POLLIN) != 0) edge_ |= watch_.drain();
    socket_server_->serve(
        polled, [this](const Peer& peer, const Request& request) { return answer(peer, request); }, host_->now());
    if (metrics_server_)
      metrics_server_->serve(polled, [this](MetricsFormat form) { return published_metrics_.text(form); });
    const Nanos now = host_->now();
    if (now >= next_tick_) {
      take_sampling_point(true);
      next_tick_ = std::max(next_tick_ + period(), now);
      notify("WATCHDOG=1");
    } else {
      look_at_edge();
    }
  }
  notify("STOPPING=1");
  take_sampling_point(false);
  write_checkpoint(true);
  return checkpoint_file_->sync();
}

// A moment for the edge of a job, unless one has just been or there were too many.
void Daemon::look_at_edge() {
  const Nanos now = host_->now();
  if (edge_ && now >= last_sampling_point_ + kBetween && edges_.take(now)) take_sampling_point(false);
}

// One moment. Sensors first: the cgroup snapshot takes longer, and a job that came a millisecond ago is as well seen
// after them.
void Daemon::take_sampling_point(bool tick) {
  edge_ = false;
  reader_.read_all(sample_set_);
  cgroup_scanner_.take(cgroups_);
  last_sampling_point_ = host_->now();
  watch_.follow(cgroup_scanner_.directories());
  const bool look = tick && !cgroups_.jobs.empty() && last_sampling_point_ - last_look_ >= kBetweenLooks;
  if (look) look_at_devices();
  // From here nothing touches hardware.
  accounting_.add(sample_set_, cgroups_, jobs_->wall_ns());
  if (tick) accounting_.tick();
  if (tick) keep_ended();
  const bool publish = tick && (last_published_ == Nanos{} || last_sampling_point_ - last_published_ >= kMetricsStep);
  if (publish) publish_metrics();
  const bool changed = accounting_.take_changed();
  if (changed || last_sampling_point_ - last_kept_ >= kForGood)
    write_checkpoint(true);
  else if (publish || (tick && !cgroups_.jobs.empty()))
    write_checkpoint(false);
}

void Daemon::look_at_devices() {
  last_look_ = last_sampling_point_;
  if (!gpus_held_) return;
  utilizations_.read_all(utilization_samples_);
  accounting_.add(utilization_samples_);
}

// A record leaves the books when the store has it, and no sooner; one that was kept twice is kept once, by its uid.
void Daemon::keep_ended() {
  auto& ended = accounting_.ended();
  std::size_t kept = 0;
  for (; kept < ended.size(); ++kept) {
    const auto done = store_->append(ended[kept]);
    if (done) continue;
    if (trouble_ != done.error().what) log("a job's record waits for the store: " + done.error().what);
    trouble_ = done.error().what;
    break;
  }
  if (kept == 0 && ended.size() <= kMostUnkept) return;
  if (kept > 0) trouble_.clear();
  if (kept == 0)
    log(fmt::format("{} records wait; the oldest is given up: job {}", ended.size(), ended.front().job().id()));
  ended.erase(ended.begin(), ended.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(kept, 1)));
}

void Daemon::write_checkpoint(bool for_good) {
  pb::Checkpoint checkpoint;
  accounting_.snapshot().write(boot_id_, checkpoint);
  published_metrics_.write(checkpoint);
  const std::string bytes = checkpoint.SerializeAsString();
  const Done done = for_good ? checkpoint_file_->append(bytes) : checkpoint_file_->amend(bytes);
  if (for_good) last_kept_ = last_sampling_point_;
  if (!done && trouble_ != done.error().what) log("the checkpoint is not written: " + done.error().what);
  if (!done) trouble_ = done.error().what;
}

std::vector<Answer> Daemon::answer(const Peer& peer, const Request& request) {
  RequestHandler::RequestEffect effect;
  auto answers = request_handler_->answer(peer, request, effect);
  edge_ |= effect.edge;
  if (effect.gpus) set_gpus(*effect.gpus);
  // A prolog that waits for its answer waits for the reading itself: what it starts afterwards is after that edge.
  look_at_edge();
  return answers;
}

// NVIDIA's library holds its devices open: to change a driver or MIG's layout, nobody may.
void Daemon::set_gpus(bool held) {
  if (held == gpus_held_) return;
  take_sampling_point(false);  // up to here they are read
  gpus_held_ = held;
  if (!held) {
    reader_.close("nvml/");
    utilizations_.close("nvml/");
    return;
  }
  ProbeResult again = probe_nvml(*host_, site_);
  reader_.open(std::move(again.sensors));
  utilizations_.open(std::move(again.utilizations));
  take_sampling_point(false);
}

void Daemon::publish_metrics() {
  pb::NodeState state;
  accounting_.write(state);
  Metrics metrics = make_metrics(state);
  for (std::size_t i = 0; i < sample_set_.size(); ++i)
    metrics.sensors.push_back({reader_.infos()[i].id, sample_set_[i].status == Status::ok});
  metrics.cpu = read_own_cpu();
  metrics.resident = read_own_resident();
  published_metrics_.publish(std::move(metrics));
  last_published_ = last_sampling_point_;
}

}  // namespace nw::noded
