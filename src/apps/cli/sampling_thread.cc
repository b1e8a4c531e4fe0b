#include "apps/cli/sampling_thread.h"

#include <algorithm>

namespace nw::cli {

namespace {
constexpr Nanos kInterruptible = millis(100);
constexpr Nanos kBetweenReadings = seconds(1);      // of what open phases were given so far
constexpr Nanos kBetweenProgramEvents = millis(5);  // least distance of sample sets caused by events
}  // namespace

SamplingThread::SamplingThread(Host& host, Reader& reader, RunAccounting& accounting, Channel* channel,
                               Journal* journal, SamplingSchedule schedule)
    : host_(host),
      reader_(reader),
      accounting_(accounting),
      channel_(channel),
      journal_(journal),
      schedule_(schedule) {}

SamplingThread::~SamplingThread() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  if (channel_ != nullptr) channel_->interrupt();
  thread_.join();
}

void SamplingThread::write_journal(const std::vector<std::string>& frames) {
  if (journal_ == nullptr || frames.empty() || journal_->append(frames)) return;
  accounting_.note(Anomaly::journal_failed);
  journal_ = nullptr;
}

void SamplingThread::watch(UtilizationReader& utilizations, UtilizationSummary& utilization_summary) {
  utilizations_ = &utilizations;
  utilization_summary_ = &utilization_summary;
  devices_ = std::any_of(utilizations.infos().begin(), utilizations.infos().end(),
                         [](const UtilizationInfo& info) { return info.part.domain != Domain::node; });
}

void SamplingThread::read_utilization() {
  if (utilizations_ == nullptr) return;
  utilizations_->read_all(utilization_samples_);
  utilization_summary_->add(utilization_samples_);
  last_utilization_sample_ = host_.now();
}

Nanos SamplingThread::begin(pb::Record& record) {
  read_utilization();  // before the sample set, so that the command starts right after that
  reader_.read_all(sample_set_);
  begin_ = last_sample_set_ = host_.now();
  period_ = schedule_.period(Nanos{});
  accounting_.set_period(period_);
  accounting_.begin(begin_);
  accounting_.add(sample_set_);
  if (utilization_summary_ != nullptr) utilization_summary_->begin(begin_);
  last_utilization_sample_ = begin_;
  if (journal_ != nullptr) {
    write_journal({encode_header(record, reader_.infos(), period_, begin_), encode_sample_set(sample_set_, period_)});
  }
  return begin_;
}

void SamplingThread::sample_set() {
  reader_.read_all(sample_set_);
  last_sample_set_ = host_.now();
  if (const Nanos period = schedule_.period(last_sample_set_ - begin_); period != period_) {
    period_ = period;
    accounting_.set_period(period);
  }
  edge_ = false;
  accounting_.add(sample_set_);
  if (channel_ != nullptr) tell_programs();
  if (journal_ != nullptr) write_journal({encode_sample_set(sample_set_, period_)});
}

void SamplingThread::tell_programs() {
  const bool open = last_sample_set_ - last_told_ >= kBetweenReadings;
  if (open) last_told_ = last_sample_set_;
  for (const RunAccounting::Reading& reading : accounting_.take_readings(open))
    channel_->publish({reading.id, kind_of_reading(reading.energy.kind), to_joules(*reading.energy.value),
                       reading.energy.uncertainty.expanded(), reading.ended});
}

void SamplingThread::take_events(const std::vector<ProgramEvent>& events) {
  std::vector<std::string> frames;
  for (const ProgramEvent& event : events) {
    edge_ |= event.kind == ProgramEvent::Kind::begin || event.kind == ProgramEvent::Kind::end;
    accounting_.add(event);
    if (journal_ != nullptr) frames.push_back(encode_event(event));
  }
  write_journal(frames);
}

void SamplingThread::start() {
  thread_ = std::thread([this] { loop(); });
}

// Events are taken as soon as they come, or when many have come; sample sets that they cause keep a least distance. A
// regular sample set needs no such pause after it: that would be a second wake-up at each.
void SamplingThread::loop() {
  bool asked = false;
  while (!stopping_) {
    const Nanos due = last_sample_set_ + period_, quiet_until = last_sample_set_ + kBetweenProgramEvents;
    const bool quiet = edge_ || (asked && host_.now() < quiet_until);
    if (channel_ == nullptr)
      host_.sleep_until(std::min(due, host_.now() + kInterruptible));
    else
      channel_->wait(quiet ? std::min(due, quiet_until) : due, !quiet);
    if (stopping_) break;
    if (channel_ != nullptr) take_events(channel_->take());
    const Nanos now = host_.now();
    const bool wanted = edge_;
    if (now >= due || (wanted && now >= quiet_until)) {
      asked = wanted;
      sample_set();
    }
    // Not after a sample set that an event caused: the next may be near. Unless events come all the time.
    const Nanos patience = wanted ? kUtilizationPeriod + kUtilizationPeriod : kUtilizationPeriod;
    if (devices_ && now - last_utilization_sample_ >= patience) read_utilization();
  }
}

void SamplingThread::stop(Nanos end, const pb::Record& record) {
  stopping_ = true;
  if (channel_ != nullptr) channel_->interrupt();
  if (thread_.joinable()) thread_.join();
  if (channel_ != nullptr) take_events(channel_->take_rest());
  sample_set();
  if (utilizations_ != nullptr) {
    utilization_summary_->end(end);
    utilizations_->read_times(utilization_samples_);
    utilization_summary_->add(utilization_samples_);
  }
  for (const Nanos until = end + schedule_.trailing(end - begin_); last_sample_set_ < until;) {
    host_.sleep_until(last_sample_set_ + SamplingSchedule::kBurst);
    sample_set();
  }
  read_utilization();
  if (journal_ != nullptr) write_journal({encode_end(end, record)});
  if (channel_ != nullptr && channel_->damaged())
    accounting_.note(Anomaly::channel_damaged);
  else if (channel_ != nullptr && channel_->lost() > 0)
    accounting_.note(Anomaly::phase_lost, channel_->lost());
  accounting_.end(end);
}

}  // namespace nw::cli
