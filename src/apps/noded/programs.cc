#include "apps/noded/programs.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cmath>

#include <fmt/format.h>

#include "base/parse.h"
#include "client/client.h"

namespace nw::noded {

namespace {
constexpr unsigned kPidBits = 22;  // PID_MAX_LIMIT
constexpr std::uint32_t kPidMask = (1U << kPidBits) - 1;
constexpr std::size_t kMostPids = 4096;  // of one program and its forks

std::uint32_t tagged(std::uint64_t pid, std::uint32_t tag) {
  return (static_cast<std::uint32_t>(pid) & kPidMask) | tag << kPidBits;
}

// Ids are unique in one program (client.cc), and with its tag in a step.
std::uint64_t tagged_id(std::uint64_t id, std::uint32_t tag) { return id ^ tag * 0x9E3779B97F4A7C15U; }
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
  auto channel = NW_TRY(Channel::adopt(std::move(handed.files.front())));
  // A program that linked again, while its old connection is still here.
  std::erase_if(programs_, [&](const Program& program) { return program.channel->is_same(*channel); });
  if (programs_.size() >= kMax || count_of(peer.uid) >= kMaxOfOne)
    return fail(ErrorKind::busy, request.verb + ": too many programs report already");
  if (const auto before = positions_.find(channel->cookie()); before != positions_.end())
    channel->skip_until(before->second);
  const bool is_run = request.verb == "run";
  const std::uint32_t tag = static_cast<std::uint32_t>(channel->cookie() * 0x9E3779B97F4A7C15U >> 54U);
  programs_.push_back({std::move(handed.connection), peer, std::move(channel), now, tag});
  Program& program = programs_.back();
  program.is_run = is_run;
  program.here = !request.get("here").empty();
  if (!is_run) program.out.push_back(make_answer({'D', ""}));
  send(program);
  last_event_ = now;
  find_step(programs_.back(), now);
  return programs_.back().step.has_value();
}

void Programs::add_to(std::vector<pollfd>& polled) const {
  for (const Program& program : programs_) {  // of one that is no run its end alone
    const int wanted = (program.is_run && !program.ended ? POLLIN : 0) | (program.out.empty() ? 0 : POLLOUT);
    polled.push_back({program.connection.get(), static_cast<short>(wanted), 0});
  }
}

bool Programs::serve(const std::vector<pollfd>& polled, Nanos now) {
  bool ended = false;
  for (const pollfd& one : polled) {
    if (one.revents == 0) continue;
    for (Program& program : programs_) {
      if (program.connection.get() != one.fd) continue;
      if ((one.revents & POLLIN) != 0 && program.is_run) take_end(program, now);
      if ((one.revents & POLLOUT) != 0) send(program);
      program.gone |= (one.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
      ended |= program.ended == now;
    }
  }
  return ended;
}

// `end at_ns=N`: when the command ended, which was no later than now.
void Programs::take_end(Program& program, Nanos now) {
  char bytes[kMaxRequest + 1];
  const ssize_t size = ::recv(program.connection.get(), bytes, sizeof bytes, MSG_DONTWAIT);
  if (size < 0) return;
  const auto request = parse_request({bytes, static_cast<std::size_t>(size)});
  program.gone |= !request || request->verb != "end" || !program.run;
  if (program.gone) return;
  const auto said = parse_i64(request->get("at_ns"));
  program.ended = now;
  take(program, kChannelSlots);
  accounting_.end_run(*program.run, std::min(said ? Nanos::of(*said) : now, now));
}

void Programs::send(Program& program) {
  while (!program.out.empty()) {
    const std::string& message = program.out.front();
    const ssize_t sent = ::send(program.connection.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
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
  const auto found = find_place(program);
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

std::optional<FoundProcess> Programs::find_place(const Program& program) {
  if (auto found = cgroups_.find_process(program.peer.pid, program.peer.uid)) return found;
  if (!program.here) return trees_.find(program.peer.pid, program.peer.uid);
  auto tree = trees_.add(program.peer.pid, program.peer.uid);
  return tree ? std::optional(std::move(*tree)) : std::nullopt;
}

void Programs::find_steps(Nanos now) {
  for (Program& program : programs_)
    if (!program.step && !program.gone) find_step(program, now);
}

bool Programs::take(Program& program, std::size_t most) {
  bool edge = false;
  for (ProgramEvent& event : program.channel->take(most)) {
    if ((event.id & kOfAShell) == 0) {  // else it is not the program's, and does not end with it
      event.pid = tagged(event.pid, program.tag);
      event.id = tagged_id(event.id, program.tag);
      if (program.pids.size() < kMostPids) program.pids.insert(event.pid);
    }
    edge |= event.kind == ProgramEvent::Kind::begin || event.kind == ProgramEvent::Kind::end;
    last_event_ = std::max(last_event_, looked_);
    accounting_.add(*program.step, event);
    if (program.run) accounting_.add_to_run(*program.run, event);
  }
  note_lost(program);
  return edge && accounting_.is_alone(*program.step);
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
  for (const EnergyAccounting::Reading& reading : readings)
    for (Program& program : programs_) {
      const std::uint64_t id = tagged_id(reading.id, program.tag);  // is its own inverse
      if (program.step == reading.step && reading.energy.value && program.pids.contains(tagged(id >> 40U, program.tag)))
        program.channel->publish(as_told(id, reading.energy, reading.ended));
    }
}

void Programs::write(pb::Checkpoint& out) const {
  for (const Program& program : programs_) {
    pb::CheckpointChannel& channel = *out.add_channels();
    channel.set_cookie(program.channel->cookie());
    channel.set_position(program.channel->position());
  }
}

void Programs::kept() {
  for (Program& program : programs_)
    if (!program.channel->damaged()) program.channel->give_back();
}

void Programs::resume(const pb::Checkpoint& checkpoint) {
  for (const pb::CheckpointChannel& channel : checkpoint.channels())
    positions_.insert_or_assign(channel.cookie(), channel.position());
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
  if (program.channel->damaged())
    accounting_.note(*program.step, Anomaly::channel_damaged);
  else
    take(program, kChannelSlots);
  if (program.run) accounting_.drop_run(*program.run);  // nobody is there to be told
  accounting_.abandon(
      *program.step, [&](std::uint32_t pid) { return program.pids.contains(pid); }, now);
}

bool Programs::take(Nanos now) {
  looked_ = now;
  bool edge = false;
  std::map<std::uint32_t, std::size_t> of;  // programs by user
  for (const Program& program : programs_) ++of[program.peer.uid];
  std::erase_if(programs_, [&](Program& program) {
    const bool there = program.channel->look(now);
    if (there && program.step && !program.gone)
      edge |= take(program, std::max<std::size_t>(kAtOnce / of[program.peer.uid], 1));
    if (there && !program.gone && !program.channel->damaged()) return false;
    finish(program, now);
    return true;
  });
  return edge;
}

}  // namespace nw::noded
