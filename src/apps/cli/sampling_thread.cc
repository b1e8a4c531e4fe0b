#include "apps/cli/sampling_thread.h"

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

void Measurement::write_journal(const std::vector<std::string>& frames) {
  if (journal_ == nullptr || frames.empty() || journal_->append(frames)) return;
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
    write_journal({encode_header(record, reader_.plates(), period_, begin_), encode_sweep(sweep_, period_)});
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
  edge_ = false;
  account_.add(sweep_);
  if (journal_ != nullptr) write_journal({encode_sweep(sweep_, period_)});
}

void Measurement::take_marks(const std::vector<Mark>& marks) {
  std::vector<std::string> frames;
  for (const Mark& mark : marks) {
    edge_ |= mark.kind == Mark::Kind::begin || mark.kind == Mark::Kind::end;
    account_.add(mark);
    if (journal_ != nullptr) frames.push_back(encode_mark(mark));
  }
  write_journal(frames);
}

void Measurement::start() {
  thread_ = std::thread([this] { loop(); });
}

// Marks are taken as soon as they come, or come in a crowd; sweeps that they ask for keep their distance. A sweep that
// no mark asked for needs no quiet after it: that would be a second waking at each.
void Measurement::loop() {
  bool asked = false;
  while (!stopping_) {
    const Nanos due = last_sweep_ + period_, quiet_until = last_sweep_ + kBetweenMarks;
    const bool quiet = edge_ || (asked && host_.now() < quiet_until);
    if (channel_ == nullptr)
      host_.sleep_until(std::min(due, host_.now() + kInterruptible));
    else
      channel_->wait(quiet ? std::min(due, quiet_until) : due, !quiet);
    if (stopping_) break;
    if (channel_ != nullptr) take_marks(channel_->take());
    const Nanos now = host_.now();
    const bool wanted = edge_;
    if (now >= due || (wanted && now >= quiet_until)) {
      asked = wanted;
      sweep();
    }
    // Not where a mark asked for a sweep: the next may be near. Unless marks come all the time.
    const Nanos patience = wanted ? kBetweenGlances + kBetweenGlances : kBetweenGlances;
    if (devices_ && now - last_glance_ >= patience) glance();
  }
}

void Measurement::stop(Nanos end, const pb::Record& record) {
  stopping_ = true;
  if (channel_ != nullptr) channel_->interrupt();
  if (thread_.joinable()) thread_.join();
  if (channel_ != nullptr) take_marks(channel_->take_rest());
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
  if (journal_ != nullptr) write_journal({encode_end(end, record)});
  if (channel_ != nullptr && channel_->lost() > 0) account_.note(Anomaly::phase_lost, channel_->lost());
  account_.end(end);
}

}  // namespace nw::cli
