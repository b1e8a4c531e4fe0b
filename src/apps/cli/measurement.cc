#include "apps/cli/measurement.h"

#include <algorithm>

namespace nw::cli {

namespace {
constexpr Nanos kInterruptible = millis(100);
constexpr Nanos kBetweenMarks = millis(5);  // sweeps that marks ask for come no closer than this
}  // namespace

Measurement::Measurement(Host& host, Reader& reader, Account& account, Channel* channel, Journal* journal, Pace pace)
    : host_(host), reader_(reader), account_(account), channel_(channel), journal_(journal), pace_(pace) {}

Measurement::~Measurement() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  if (channel_ != nullptr) channel_->interrupt();
  thread_.join();
}

void Measurement::write_journal(const std::string& frame) {
  if (journal_ == nullptr || journal_->append(frame)) return;
  account_.note(Anomaly::journal_failed);
  journal_ = nullptr;
}

void Measurement::watch(ActivityReader& activities, Usage& usage) {
  activities_ = &activities;
  usage_ = &usage;
  devices_ = std::any_of(activities.plates().begin(), activities.plates().end(),
                         [](const ActivityPlate& plate) { return plate.part.domain != Domain::node; });
}

void Measurement::glance() {
  if (activities_ == nullptr) return;
  activities_->read_all(glances_);
  usage_->add(glances_);
  last_glance_ = host_.now();
}

Nanos Measurement::begin(pb::Record& record) {
  glance();  // ahead of the sweep, so that the command follows that at once
  reader_.read_all(sweep_);
  begin_ = last_sweep_ = host_.now();
  period_ = pace_.period(Nanos{});
  account_.set_period(period_);
  account_.begin(begin_);
  account_.add(sweep_);
  if (usage_ != nullptr) usage_->begin(begin_);
  last_glance_ = begin_;
  if (journal_ != nullptr) {
    write_journal(encode_header(record, reader_.plates(), period_, begin_));
    write_journal(encode_sweep(sweep_, period_));
  }
  return begin_;
}

void Measurement::sweep() {
  reader_.read_all(sweep_);
  last_sweep_ = host_.now();
  if (const Nanos period = pace_.period(last_sweep_ - begin_); period != period_) {
    period_ = period;
    account_.set_period(period);
  }
  account_.add(sweep_);
  if (journal_ != nullptr) write_journal(encode_sweep(sweep_, period_));
}

// True when a phase began or ended, so that a sweep should follow at once.
bool Measurement::take_marks() {
  if (channel_ == nullptr) return false;
  bool edge = false;
  for (const Mark& mark : channel_->take()) {
    edge |= mark.kind == Mark::Kind::begin || mark.kind == Mark::Kind::end;
    account_.add(mark);
    if (journal_ != nullptr) write_journal(encode_mark(mark));
  }
  return edge;
}

void Measurement::start() {
  thread_ = std::thread([this] { loop(); });
}

void Measurement::loop() {
  while (!stopping_) {
    const Nanos due = last_sweep_ + period_, quiet_until = last_sweep_ + kBetweenMarks;
    if (channel_ == nullptr)
      host_.sleep_until(std::min(due, host_.now() + kInterruptible));
    else if (host_.now() < quiet_until)
      channel_->wait(std::min(due, quiet_until), false);
    else
      channel_->wait(due, true);
    if (stopping_) break;
    if (host_.now() < std::min(due, quiet_until)) continue;
    const bool edge = take_marks();
    if (edge || host_.now() >= due) sweep();
    // Not where a mark asked for a sweep: the next may be near. Unless marks come all the time.
    const Nanos patience = edge ? kBetweenGlances + kBetweenGlances : kBetweenGlances;
    if (devices_ && host_.now() - last_glance_ >= patience) glance();
  }
}

void Measurement::stop(Nanos end, const pb::Record& record) {
  stopping_ = true;
  if (channel_ != nullptr) channel_->interrupt();
  if (thread_.joinable()) thread_.join();
  take_marks();
  sweep();
  if (activities_ != nullptr) {
    usage_->end(end);
    activities_->read_times(glances_);
    usage_->add(glances_);
  }
  for (const Nanos until = end + pace_.tail(end - begin_); last_sweep_ < until;) {
    host_.sleep_until(last_sweep_ + Pace::kBurst);
    sweep();
  }
  glance();
  if (journal_ != nullptr) write_journal(encode_end(end, record));
  if (channel_ != nullptr && channel_->lost() > 0) account_.note(Anomaly::phase_lost, channel_->lost());
  account_.end(end);
}

}  // namespace nw::cli
