#include "apps/noded/programs.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cmath>

#include <fmt/format.h>

#include "base/monotonic.h"
#include "base/parse.h"
#include "client/client.h"

namespace nw::noded {

namespace {
constexpr unsigned kPidBits = 22;  // PID_MAX_LIMIT
constexpr std::uint32_t kPidMask = (1U << kPidBits) - 1;

std::uint32_t tagged(std::uint64_t pid, std::uint32_t tag) {
  return (static_cast<std::uint32_t>(pid) & kPidMask) | tag << kPidBits;
}

// Ids are unique in one program (client.cc), and with its tag in a step: it lies in the upper bits of the begin's
// position in the ring. Its own inverse.
std::uint64_t tagged_id(std::uint64_t id, std::uint32_t tag) { return id ^ static_cast<std::uint64_t>(tag) << 30U; }
std::uint32_t pid_of(std::uint64_t id) { return static_cast<std::uint32_t>(id >> 40U) & kPidMask; }
}  // namespace

std::size_t Programs::count_of(std::uint32_t uid) const {
  return static_cast<std::size_t>(std::count_if(programs_.begin(), programs_.end(),
                                                [uid](const Program& program) { return program.peer.uid == uid; }));
}

Result<bool> Programs::attach(const Peer& peer, const Request& request, Handed& handed, Nanos now) {
  if (const auto asked = request.get("protocol"); asked != std::to_string(kLinkProtocol))
    return fail(ErrorKind::malformed, fmt::format("{}: this nodewattd speaks protocol {}, not {}; update the older one",
                                                  request.verb, kLinkProtocol, quote(asked)));
  if (handed.files.size() != 1)
    return fail(ErrorKind::malformed, request.verb + ": hand over the memory of one channel");
  Program* program = NW_TRY(find_place(peer, NW_TRY(Channel::adopt(std::move(handed.files.front()))), now));
  const bool is_run = request.verb == "run";
  if (!program->connections.empty() && (is_run || program->is_run))
    return fail(ErrorKind::busy, request.verb + ": this channel is a run's already");
  program->is_run = is_run;
  program->here |= !request.get("here").empty();
  if (program->connections.size() >= kMaxConnections) program->connections.erase(program->connections.begin());
  program->connections.push_back(std::move(handed.connection));
  program->peer = peer;
  if (!is_run) {
    program->out.push_back(make_answer({'D', ""}));
    send(*program);
  }
  last_event_ = now;
  if (!program->step) find_step(*program, now);
  return program->step.has_value();
}

// One whose memory is here already has linked again; else it is new, the last one, and still without a connection.
// Another user's memory is his, whoever has a descriptor of it.
Result<Programs::Program*> Programs::find_place(const Peer& peer, std::unique_ptr<Channel> channel, Nanos now) {
  const auto same = std::find_if(programs_.begin(), programs_.end(),
                                 [&](const Program& program) { return program.channel->is_same(*channel); });
  if (same != programs_.end() && same->peer.uid == peer.uid && !same->gone) return &*same;
  if (same != programs_.end() || programs_.size() >= kMax || count_of(peer.uid) >= kMaxOfOne)
    return fail(ErrorKind::busy, "too many programs report already");
  const std::uint32_t tag = static_cast<std::uint32_t>(channel->cookie() * 0x9E3779B97F4A7C15U >> 54U);
  Program& program = programs_.emplace_back(Program{{}, peer, std::move(channel), now, tag});
  if (const auto before = earlier_.find({peer.uid, program.channel->cookie()}); before != earlier_.end()) {
    program.channel->skip_until(before->second.position);
    program.lost = before->second.lost;
    program.pids = before->second.pids;
  }
  return &program;
}

void Programs::add_to(std::vector<pollfd>& polled) {
  polled_from_ = polled.size();
  for (const Program& program : programs_) {  // of one that is no run its end alone
    const int wanted = (program.is_run && !program.ended ? POLLIN : 0) | (program.out.empty() ? 0 : POLLOUT);
    for (const Connection& connection : program.connections)
      polled.push_back({connection.get(), static_cast<short>(wanted), 0});
  }
  polled_until_ = polled.size();
}

// Its own part of the list alone: a client that has ended elsewhere in it may have had the number of a new connection.
bool Programs::serve(const std::vector<pollfd>& polled, Nanos now) {
  bool ended = false;
  for (std::size_t i = polled_from_; i < std::min(polled_until_, polled.size()); ++i) {
    const short seen = polled[i].revents;
    if (seen == 0) continue;
    for (Program& program : programs_) {
      const auto is_it = [&](const Connection& connection) { return connection.get() == polled[i].fd; };
      if (std::none_of(program.connections.begin(), program.connections.end(), is_it)) continue;
      if ((seen & POLLIN) != 0 && program.is_run) take_end(program, now);
      if ((seen & POLLOUT) != 0) send(program);
      if ((seen & (POLLHUP | POLLERR | POLLNVAL)) != 0) std::erase_if(program.connections, is_it);
      program.gone |= program.connections.empty();
      ended |= program.ended == now;
    }
  }
  return ended;
}

// `end at_ns=N`: when the command ended, which was no later than now.
void Programs::take_end(Program& program, Nanos now) {
  char bytes[kMaxRequest + 1];
  const ssize_t size = ::recv(program.connections.front().get(), bytes, sizeof bytes, MSG_DONTWAIT);
  if (size < 0) return;
  const auto request = parse_request({bytes, static_cast<std::size_t>(size)});
  program.gone |= !request || request->verb != "end" || !program.run;
  if (program.gone) return;
  const auto said = parse_i64(request->get("at_ns"));
  program.ended = now;
  bool edge = false;
  take(program, kChannelSlots, edge);
  accounting_.end_run(*program.run, std::min(said ? Nanos::of(*said) : now, now));
}

void Programs::send(Program& program) {
  while (!program.out.empty() && !program.connections.empty()) {
    const std::string& message = program.out.front();
    const ssize_t sent =
        ::send(program.connections.back().get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) {
      program.gone |= errno != EAGAIN && errno != ENOBUFS;
      return;
    }
    program.out.pop_front();
  }
}

// A run whose sensors are slow is not waited for longer than that.
std::optional<pb::Record> Programs::take_record(const Program& program, Nanos now) {
  if (auto record = accounting_.take_run(*program.run)) return record;
  if (now - *program.ended < kUntilSettled) return std::nullopt;
  EnergyAccounting settled = accounting_.snapshot();
  accounting_.drop_run(*program.run);
  return settled.take_run(*program.run).value_or(pb::Record());
}

void Programs::answer_runs(const std::function<bool(const Peer&)>& is_admin, Nanos now) {
  for (Program& program : programs_) {
    if (!program.ended || !program.run) continue;
    auto record = take_record(program, now);
    if (!record) continue;
    if (!is_admin(program.peer)) round_for_owner(*record);
    program.run.reset();
    for (std::string& message : make_messages({'R', record->SerializeAsString()}))
      program.out.push_back(std::move(message));
    program.out.push_back(make_answer({'D', ""}));
    send(program);
  }
}

std::optional<Nanos> Programs::next_look() const {
  if (programs_.empty()) return std::nullopt;
  const bool gone = std::any_of(programs_.begin(), programs_.end(), [](const Program& one) { return one.gone; });
  return looked_ + (!gone && looked_ - last_event_ > kQuiet ? kBetweenQuietLooks : kBetweenLooks);
}

// One that is in no job, or may not report, is let go.
void Programs::find_step(Program& program, Nanos now) {
  const auto found = find_process(program);
  const auto step = found ? accounting_.find_step(*found) : std::nullopt;
  ++program.tries;
  if (!step || !accounting_.let_report(*step)) {
    const bool is_over = program.is_run ? program.tries > 1 : step || now - program.since >= kUntilSeen;
    if (is_over && program.is_run) {
      program.out.push_back(make_answer(make_refusal({ErrorKind::absent, "run: this process is in no job"})));
      send(program);
    }
    program.gone |= is_over;
    return;
  }
  program.step = step;
  if (!program.is_run) return;
  program.run = accounting_.begin_run(*step, program.channel->cookie(), now);
  program.out.push_back(make_answer({'D', ""}));
  send(program);
}

std::optional<FoundProcess> Programs::find_process(const Program& program) {
  if (auto found = cgroups_.find_process(program.peer.pid, program.peer.uid)) return found;
  if (!program.here) return trees_.find(program.peer.pid, program.peer.uid);
  auto tree = trees_.add(program.peer.pid, program.peer.uid);
  return tree ? std::optional(std::move(*tree)) : std::nullopt;
}

void Programs::find_steps(Nanos now) {
  for (Program& program : programs_)
    if (!program.step && !program.gone) find_step(program, now);
}

bool Programs::Program::has(std::uint32_t pid) const { return std::binary_search(pids.begin(), pids.end(), pid); }

void Programs::Program::note_pid(std::uint32_t pid) {
  const auto place = std::lower_bound(pids.begin(), pids.end(), pid);
  if (pids.size() < kMaxPids && (place == pids.end() || *place != pid)) pids.insert(place, pid);
}

// Returns how many events there were.
std::size_t Programs::take(Program& program, std::size_t most, bool& edge) {
  std::vector<ProgramEvent> events = program.channel->take(most);
  for (ProgramEvent& event : events) {
    if ((event.id & kOfAShell) == 0) {  // else it is not the program's, and does not end with it
      event.pid = tagged(event.pid, program.tag);
      event.id = tagged_id(event.id, program.tag);
      program.note_pid(event.pid);
    }
    edge |= (event.kind == ProgramEvent::Kind::begin || event.kind == ProgramEvent::Kind::end) &&
            accounting_.is_alone(*program.step);
    accounting_.add(*program.step, event);
    if (program.run) accounting_.add_to_run(*program.run, event);
  }
  if (!events.empty()) last_event_ = looked_;
  if (program.gone) program.rest -= std::min(program.rest, most);
  note_lost(program);
  return events.size();
}

bool Programs::take(const std::vector<Program*>& programs, Nanos until) {
  constexpr std::size_t kBetweenClocks = 128;
  bool edge = false, late = false;  // in order of their coming: a shell's calls are programs that follow each other
  for (std::size_t i = 0; i < programs.size() && !late; ++i) {
    Program& program = *programs[(turn_ + i) % programs.size()];
    std::size_t left = std::max<std::size_t>(kAtOnce / programs.size(), 1);
    for (bool more = true; more && left > 0 && !late; late = monotonic() >= until) {
      const std::size_t most = std::min(left, kBetweenClocks);
      more = take(program, most, edge) >= most;
      left -= most;
    }
  }
  late_ |= late;
  return edge;
}

namespace {
// In whole joules, as the owner is shown them everywhere; an uncertainty is never 0.
Channel::Reading as_told(std::uint64_t id, const Energy& energy, bool ended) {
  return {id, kind_of_reading(energy.kind), std::round(to_joules(*energy.value)),
          std::max(1.0, std::round(energy.uncertainty.expanded())), ended};
}
}  // namespace

// An id does not say which program it is of, but only its own has the id's process.
void Programs::tell(const std::vector<EnergyAccounting::Reading>& readings) {
  if (readings.empty()) return;
  std::vector<std::pair<std::uint32_t, std::size_t>> programs;  // by process
  for (std::size_t i = 0; i < programs_.size(); ++i)
    for (const std::uint32_t pid : programs_[i].pids) programs.emplace_back(pid & kPidMask, i);
  std::sort(programs.begin(), programs.end());
  for (const EnergyAccounting::Reading& reading : readings) {
    const std::uint32_t pid = pid_of(reading.id);
    for (auto at = std::lower_bound(programs.begin(), programs.end(), std::pair(pid, std::size_t{0}));
         at != programs.end() && at->first == pid; ++at) {
      Program& program = programs_[at->second];
      if (program.step == reading.step && program.has(tagged(pid, program.tag)) && reading.energy.value)
        program.channel->publish(as_told(tagged_id(reading.id, program.tag), reading.energy, reading.ended));
    }
  }
}

void Programs::write(pb::Checkpoint& out) const {
  for (const Program& program : programs_) {
    pb::CheckpointChannel& channel = *out.add_channels();
    channel.set_cookie(program.channel->cookie());
    channel.set_position(program.channel->position());
    channel.set_uid(program.peer.uid);
    channel.set_lost(program.lost);
    for (const std::uint32_t pid : program.pids) channel.add_pids(pid);
  }
}

void Programs::kept() {
  for (Program& program : programs_)
    if (!program.channel->damaged()) program.channel->give_back();
}

void Programs::resume(const pb::Checkpoint& checkpoint) {
  for (const pb::CheckpointChannel& channel : checkpoint.channels()) {
    Earlier earlier{channel.position(), channel.lost(), {channel.pids().begin(), channel.pids().end()}};
    std::sort(earlier.pids.begin(), earlier.pids.end());
    earlier.pids.resize(std::min(earlier.pids.size(), kMaxPids));
    if (earlier_.size() < kMax) earlier_.insert_or_assign({channel.uid(), channel.cookie()}, std::move(earlier));
  }
}

void Programs::note_lost(Program& program) {
  const std::uint64_t lost = program.channel->lost();
  if (lost > program.lost) accounting_.note(*program.step, Anomaly::phase_lost, lost - program.lost);
  if (lost > program.lost && program.run)
    accounting_.note_in_run(*program.run, Anomaly::phase_lost, lost - program.lost);
  program.lost = std::max(lost, program.lost);
}

// What it has open ends now.
void Programs::finish(Program& program, Nanos now) {
  program.channel->close();
  if (!program.step) return;
  if (program.channel->damaged()) accounting_.note(*program.step, Anomaly::channel_damaged);
  if (program.run) accounting_.drop_run(*program.run);  // nobody is there to be told
  accounting_.abandon(
      *program.step, [&](std::uint32_t pid) { return program.has(pid); }, now);
}

// One that is gone has still to be taken what it reported: no more than that, for somebody may go on writing.
bool Programs::is_over(const Program& program) {
  if (program.channel->damaged()) return true;
  return program.gone && (!program.step || program.rest == 0 || program.channel->is_drained());
}

bool Programs::take(Nanos now) {
  looked_ = now;
  std::map<std::uint32_t, std::vector<Program*>> users;
  for (Program& program : programs_)
    if (program.channel->look(now) && program.step) users[program.peer.uid].push_back(&program);
  bool edge = false;
  std::int64_t left = kMostTime.count(), count = static_cast<std::int64_t>(users.size());
  for (const auto& [uid, programs] : users) {
    const Nanos begin = monotonic();
    edge |= take(programs, begin + Nanos::of(left / count--));
    left = std::max<std::int64_t>(left - (monotonic() - begin).count(), 0);
  }
  turn_ = std::exchange(late_, false) ? turn_ + 1 : 0;
  std::erase_if(programs_, [&](Program& program) {
    if (!is_over(program)) return false;
    finish(program, now);
    return true;
  });
  return edge;
}

}  // namespace nw::noded
