#include "consumer/rank_group.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>

#include "base/monotonic.h"
#include "consumer/rendezvous.h"

namespace nw {

namespace {
constexpr Nanos kLateStart = seconds(2);  // how long to wait for further ranks after the rank group was founded
constexpr Nanos kNobodyCame = seconds(30);
constexpr Nanos kCleaning = seconds(1);  // time limit at the rendezvous, to remove files
constexpr int kLookMs = 200;             // how often the clock is checked while nothing happens

RankMessage message_of(RankMessage::Kind kind, std::string_view text = {}) {
  RankMessage message;
  message.kind = kind;
  message.set_text(text);
  return message;
}

bool send_text(int socket, RankMessage::Kind kind, std::string_view text) {
  constexpr std::size_t kPiece = sizeof(RankMessage::text) - 1;
  for (; !text.empty(); text.remove_prefix(std::min(kPiece, text.size())))
    if (!send_message(socket, message_of(kind, text.substr(0, kPiece)))) return false;
  return true;
}
}  // namespace

RankGroup::RankGroup(RankGroupFiles files, const std::string& group)
    : files_(std::move(files)), state_(std::make_unique<State>()) {
  state_->group = group;
  state_->founded = monotonic();
}

bool RankGroup::State::anybody() const {
  return std::any_of(ranks.begin(), ranks.end(), [](const Rank& rank) { return rank.admitted; });
}

std::vector<int> RankGroup::descriptors() const {
  return {files_.folder.get(), files_.lock.get(), files_.listener.get()};
}

void RankGroup::accept_ranks(State& state) {
  for (;;) {
    Fd socket(::accept4(files_.listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) return;
    if (is_own_peer(socket.get())) state.ranks.push_back({std::move(socket), std::nullopt, false});
  }
}

// False when it is not accepted: then its connection is closed.
bool RankGroup::connection(State& state, Rank& rank, const RankMessage& hello) {
  if (rank.admitted) return false;
  if (hello.rank != RankMessage::kNoRank) rank.number = hello.rank;
  if (rank.number && !state.seen.insert(*rank.number).second) {
    send_message(rank.socket.get(), message_of(RankMessage::Kind::elsewhere));
    return false;
  }
  if (!send_message(rank.socket.get(), message_of(RankMessage::Kind::welcome, state.group))) return false;
  if (state.ready) send_message(rank.socket.get(), *state.ready);
  rank.admitted = true;
  state.last = Fd();
  const Nanos now = monotonic();
  if (state.sum.ranks++ == 0) state.first = now;
  state.sum.spread = now - state.first;
  if (rank.number) state.sum.lowest = std::min(state.sum.lowest.value_or(*rank.number), *rank.number);
  return true;
}

void RankGroup::note_end(State& state, Rank& rank, const RankMessage& message) {
  RankEnd end;
  (message.code < 0 ? end.signal : end.exit_code) = std::abs(message.code);
  if (message.cpu_us >= 0) end.cpu = Nanos::of(std::min<std::int64_t>(message.cpu_us, INT64_MAX / 1000) * 1000);
  if (!end.cpu) state.sum.cpu.reset();
  if (state.sum.cpu) *state.sum.cpu += *end.cpu;
  if (message.code != 0) {
    ++state.sum.failed;
    if (!state.sum.first_failure) state.sum.first_failure = end;
  }
  state.last = std::move(rank.socket);
}

// False when this rank's connection has ended.
bool RankGroup::hear(State& state, Rank& rank) {
  for (;;) {
    bool again = false;
    const auto message = receive_message(rank.socket.get(), again);
    if (!message && again) return true;
    const bool ended = message && message->kind == RankMessage::Kind::ended && rank.admitted;
    if (message && message->kind == RankMessage::Kind::hello && connection(state, rank, *message)) continue;
    if (ended) note_end(state, rank, *message);
    if (rank.admitted) state.sum.ended = monotonic();
    state.sum.lost += rank.admitted && !ended;
    return false;
  }
}

void RankGroup::hear(State& state) {
  std::erase_if(state.ranks, [&](Rank& rank) { return !hear(state, rank); });
  if (state.anybody()) state.last = Fd();  // a rank that left earlier is released
}

bool RankGroup::is_over(const State& state, std::optional<std::uint32_t> expected, Nanos now) {
  if (state.anybody()) return false;
  if (state.sum.ranks == 0) return now - state.founded > kNobodyCame;
  return state.sum.ranks >= expected.value_or(0) || now - state.founded > kLateStart;
}

void RankGroup::serve(std::optional<std::uint32_t> expected) {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  while (!is_over(state, expected, monotonic())) {
    std::vector<pollfd> polled{{files_.listener.get(), POLLIN, 0}};
    for (const Rank& rank : state.ranks) polled.push_back({rank.socket.get(), POLLIN, 0});
    const int most = state.anybody() ? -1 : kLookMs;
    lock.unlock();
    ::poll(polled.data(), polled.size(), most);
    lock.lock();
    accept_ranks(state);
    hear(state);
  }
  state.over = true;
  state.ranks.clear();
  files_.listener = Fd();
  state.changed.notify_all();
}

void RankGroup::announce(const std::string& channel, bool measures) {
  const std::lock_guard lock(state_->mutex);
  state_->ready = message_of(RankMessage::Kind::ready, channel);
  state_->ready->code = measures ? 1 : 0;
  for (const Rank& rank : state_->ranks)
    if (rank.admitted) send_message(rank.socket.get(), *state_->ready);
}

RankGroupSum RankGroup::wait() {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [this] { return state_->over; });
  return state_->sum;
}

void RankGroup::finish(const RankReport& words) {
  Fd& last = state_->last;
  if (last) {
    const timeval patience{kCleaning.count() / kNanosPerSecond, 0};
    ::setsockopt(last.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    ::fcntl(last.get(), F_SETFL, 0);  // may block now
  }
  if (last && send_text(last.get(), RankMessage::Kind::output, words.output))
    send_text(last.get(), RankMessage::Kind::words, words.error);
  remove_files();
  last = Fd();
}

void RankGroup::remove_files() {
  const auto rendezvous = Rendezvous::open(files_.folder.get(), files_.name, kCleaning);
  if (!rendezvous) return;  // a rank is joining right now, and will find the lock free
  rendezvous->remove(files_.generation);
}

}  // namespace nw
