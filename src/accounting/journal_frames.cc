#include "accounting/journal_frames.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "base/parse.h"
#include "record/journal.pb.h"

namespace nw {

namespace {
// Limits of what our journals contain. Beyond them a frame makes no sense, and sums would overflow.
constexpr std::int64_t kLastMoment = 4'000'000'000'000'000'000;  // 126 years of monotonic time
constexpr std::int64_t kLongest = 1'000'000'000'000'000;  // 11 days for one read, period, update interval or window
constexpr std::int64_t kMostWatts = 10'000'000;
constexpr std::int64_t kLargestUnit = std::int64_t{1} << 53;  // 2^32 counts a joule, calibrated in millionths
constexpr std::int64_t kNoTime = std::numeric_limits<std::int64_t>::min();

bool within(std::int64_t value, std::int64_t least, std::int64_t most) { return value >= least && value <= most; }

bool makes_sense(const pb::Timing& in) {
  return within(in.value_ns(), 0, kLongest) && within(in.most_ns(), in.value_ns(), kLongest);
}

bool makes_sense(const pb::SensorInfo& in) {
  return domain(in.domain()) && within(in.unit_num(), 1, kLargestUnit) && within(in.unit_den(), 1, kLargestUnit) &&
         within(in.update_interval_ns(), 0, kLongest) && within(in.averaging_window_ns(), 0, kLongest) &&
         within(in.max_power_uw(), 0, watts(kMostWatts).count()) &&
         within(in.offset_uw(), 0, watts(kMostWatts).count()) &&
         within(in.bias_uw(), -watts(kMostWatts).count(), watts(kMostWatts).count()) && in.gain() >= 0 &&
         in.gain() <= 10 && makes_sense(in.update_interval()) && makes_sense(in.averaging_window()) &&
         makes_sense(in.delay());
}

bool makes_sense(const pb::JournalSampleSet& in) {
  const auto short_enough = [](std::uint64_t ns) { return ns <= static_cast<std::uint64_t>(kLongest); };
  return within(in.at_ns(), 0, kLastMoment) && within(in.period_ns(), 0, kLongest) &&
         std::all_of(in.before_ns().begin(), in.before_ns().end(), short_enough) &&
         std::all_of(in.took_ns().begin(), in.took_ns().end(), short_enough) &&
         std::all_of(in.taken_ns().begin(), in.taken_ns().end(),
                     [](std::int64_t ns) { return ns == kNoTime || within(ns, 0, kLastMoment); }) &&
         std::all_of(in.device_ns().begin(), in.device_ns().end(),
                     [](std::int64_t ns) { return ns == kNoTime || within(ns, -kLastMoment, kLastMoment); });
}

void write_timing(const Timing& timing, pb::Timing& out) {
  out.set_value_ns(timing.value.count());
  out.set_most_ns(timing.most.count());
  out.set_basis(static_cast<std::uint32_t>(timing.basis));
}

Timing read_timing(const pb::Timing& in) {
  const auto basis = std::min(in.basis(), static_cast<std::uint32_t>(TimingBasis::learned));
  return {Nanos::of(in.value_ns()), Nanos::of(in.most_ns()), static_cast<TimingBasis>(basis)};
}

void write_info(const SensorInfo& info, pb::SensorInfo& out) {
  out.set_id(valid_utf8(info.id));
  out.set_source(valid_utf8(info.source));
  out.set_domain(std::string(name(info.part.domain)));
  out.set_device(valid_utf8(info.part.device));
  out.set_label(valid_utf8(info.label));
  out.set_boundary(static_cast<std::uint32_t>(info.boundary));
  out.set_gauge(info.kind == SensorKind::gauge);
  out.set_estimated(info.provenance == Provenance::estimated);
  out.set_unit_num(info.unit_num);
  out.set_unit_den(info.unit_den);
  out.set_wrap(info.wrap);
  out.set_update_interval_ns(info.update_interval.value.count());
  out.set_averaging_window_ns(info.averaging_window.value.count());
  write_timing(info.update_interval, *out.mutable_update_interval());
  write_timing(info.averaging_window, *out.mutable_averaging_window());
  write_timing(info.delay, *out.mutable_delay());
  out.set_max_power_uw(info.max_power.count());
  out.set_gain(info.scale_tolerance.relative);
  out.set_gain_sigma(info.scale_tolerance.shape == Tolerance::Shape::sigma);
  out.set_gain_basis(info.scale_tolerance.basis);
  out.set_offset_uw(info.offset.count());
  out.set_bias_uw(info.bias.count());
  for (const Domain lacked : info.excludes) out.add_excludes(static_cast<std::uint32_t>(lacked));
  out.set_is_alias(info.is_alias);
  out.set_attributed(info.provenance == Provenance::attributed);
  out.set_factor(info.factor);
  for (const std::string& rule : info.rules) out.add_rules(valid_utf8(rule));
}

SensorInfo read_info(const pb::SensorInfo& in) {
  SensorInfo info;
  info.id = in.id();
  info.source = in.source();
  info.part = {domain(in.domain()).value_or(Domain::other), in.device()};
  info.label = in.label();
  info.boundary = static_cast<Boundary>(std::min(in.boundary(), 3U));
  info.kind = in.gauge() ? SensorKind::gauge : SensorKind::counter;
  info.provenance = in.estimated() ? Provenance::estimated : Provenance::measured;
  info.unit_num = in.unit_num();
  info.unit_den = in.unit_den();
  info.wrap = in.wrap();
  info.update_interval = Nanos::of(in.update_interval_ns());
  info.averaging_window = Nanos::of(in.averaging_window_ns());
  if (in.has_update_interval()) info.update_interval = read_timing(in.update_interval());
  if (in.has_averaging_window()) info.averaging_window = read_timing(in.averaging_window());
  if (in.has_delay()) info.delay = read_timing(in.delay());
  info.max_power = Watts::of(in.max_power_uw());
  info.scale_tolerance = {in.gain(), in.gain_sigma() ? Tolerance::Shape::sigma : Tolerance::Shape::limit,
                          "as recorded"};
  info.offset = Watts::of(in.offset_uw());
  info.bias = Watts::of(in.bias_uw());
  for (const std::uint32_t lacked : in.excludes())
    if (lacked <= static_cast<std::uint32_t>(Domain::other)) info.excludes.push_back(static_cast<Domain>(lacked));
  info.is_alias = in.is_alias();
  if (in.factor() > 0) info.factor = in.factor();
  info.rules = {in.rules().begin(), in.rules().end()};
  if (in.attributed()) info.provenance = Provenance::attributed;
  return info;
}

}  // namespace

SampleSet read_sample_set(const pb::JournalSampleSet& in) {
  SampleSet sample_set;
  const int size = std::min({in.before_ns_size(), in.took_ns_size(), in.raw_size(), in.status_size()});
  for (int i = 0; i < size; ++i) {
    const Nanos before = Nanos::of(in.at_ns()) + Nanos::of(static_cast<std::int64_t>(in.before_ns(i)));
    const auto time = [i](const auto& times) {
      return i < times.size() && times[i] != kNoTime ? std::optional(Nanos::of(times[i])) : std::nullopt;
    };
    sample_set.push_back({before, before + Nanos::of(static_cast<std::int64_t>(in.took_ns(i))), time(in.device_ns()),
                          in.raw(i), static_cast<Status>(std::min(in.status(i), 5U)), time(in.taken_ns())});
  }
  return sample_set;
}

namespace {
ProgramEvent read_event(const pb::JournalProgramEvent& in) {
  return {static_cast<ProgramEvent::Kind>(std::min(in.kind(), static_cast<std::uint32_t>(ProgramEvent::kLastKind))),
          Nanos::of(in.at_ns()),
          in.id(),
          in.pid(),
          in.tid(),
          in.name(),
          in.unit(),
          in.value()};
}

// A journal being read back: header first, then sample sets and events as they came.
class Rebuilder {
 public:
  bool take(const pb::JournalFrame& frame) {
    if (frame.has_header() != (accounting_ == nullptr)) return false;
    if (frame.has_header()) return start(frame.header());
    if (frame.has_sample_set()) {
      if (!makes_sense(frame.sample_set())) return false;
      const SampleSet sample_set = read_sample_set(frame.sample_set());
      if (sample_set.size() != sensors_) return false;
      if (frame.sample_set().period_ns() > 0) accounting_->set_period(Nanos::of(frame.sample_set().period_ns()));
      accounting_->add(sample_set);
      if (!sample_set.empty()) last_ = std::max(last_, sample_set.front().before);
      return true;
    }
    if (frame.has_event())
      return within(frame.event().at_ns(), 0, kLastMoment) && (accounting_->add(read_event(frame.event())), true);
    if (!frame.has_end() || !within(frame.end().at_ns(), 0, kLastMoment)) return false;
    end_ = frame.end();
    return true;
  }

  Result<pb::Record> finish() {
    if (accounting_ == nullptr) return fail(ErrorKind::malformed, "a journal without a header");
    if (!end_) accounting_->note(Anomaly::recovered);
    accounting_->end(end_ ? Nanos::of(end_->at_ns()) : last_);
    accounting_->write(record_);
    record_.set_state(end_ ? "finished" : "recovered");
    if (end_ && end_->has_exit_code()) record_.set_exit_code(end_->exit_code());
    if (end_ && end_->has_signal()) record_.set_signal(end_->signal());
    return record_;
  }

 private:
  bool start(const pb::JournalHeader& header) {
    if (!within(header.begin_ns(), 0, kLastMoment) || !within(header.period_ns(), 0, kLongest)) return false;
    if (!std::all_of(header.infos().begin(), header.infos().end(), [](const auto& info) { return makes_sense(info); }))
      return false;
    std::vector<SensorInfo> infos;
    for (const auto& info : header.infos()) infos.push_back(read_info(info));
    sensors_ = infos.size();
    record_ = header.record();
    last_ = Nanos::of(header.begin_ns());
    accounting_ = std::make_unique<RunAccounting>(infos, Nanos::of(header.period_ns()));
    accounting_->begin(last_);
    return true;
  }

  pb::Record record_;
  std::unique_ptr<RunAccounting> accounting_;
  std::size_t sensors_ = 0;
  std::optional<pb::JournalEnd> end_;
  Nanos last_{};
};
}  // namespace

std::string encode_header(const pb::Record& record, const std::vector<SensorInfo>& infos, Nanos period, Nanos begin) {
  pb::JournalFrame frame;
  auto& header = *frame.mutable_header();
  *header.mutable_record() = record;
  for (const auto& info : infos) write_info(info, *header.add_infos());
  header.set_period_ns(period.count());
  header.set_begin_ns(begin.count());
  return frame.SerializeAsString();
}

void write_sample_set(const SampleSet& sample_set, Nanos period, pb::JournalSampleSet& out) {
  const Nanos at = sample_set.empty() ? Nanos{} : sample_set.front().before;
  out.set_at_ns(at.count());
  out.set_period_ns(period.count());
  for (const Sample& sample : sample_set) {
    out.add_before_ns(static_cast<std::uint64_t>((sample.before - at).count()));
    out.add_took_ns(static_cast<std::uint64_t>((sample.after - sample.before).count()));
    out.add_raw(sample.raw);
    out.add_status(static_cast<std::uint32_t>(sample.status));
  }
  const auto add = [&](const auto& time, auto& times) {
    if (std::any_of(sample_set.begin(), sample_set.end(), time))
      for (const Sample& sample : sample_set) times.Add(time(sample) ? time(sample)->count() : kNoTime);
  };
  add([](const Sample& sample) { return sample.device_time; }, *out.mutable_device_ns());
  add([](const Sample& sample) { return sample.taken; }, *out.mutable_taken_ns());
}

std::string encode_sample_set(const SampleSet& sample_set, Nanos period) {
  pb::JournalFrame frame;
  write_sample_set(sample_set, period, *frame.mutable_sample_set());
  return frame.SerializeAsString();
}

std::string encode_event(const ProgramEvent& event) {
  pb::JournalFrame frame;
  auto& out = *frame.mutable_event();
  out.set_kind(static_cast<std::uint32_t>(event.kind));
  out.set_at_ns(event.at.count());
  out.set_id(event.id);
  out.set_pid(event.pid);
  out.set_tid(event.tid);
  out.set_name(valid_utf8(event.name));
  out.set_unit(valid_utf8(event.unit));
  out.set_value(event.value);
  return frame.SerializeAsString();
}

std::string encode_end(Nanos at, const pb::Record& record) {
  pb::JournalFrame frame;
  auto& out = *frame.mutable_end();
  out.set_at_ns(at.count());
  if (record.has_exit_code()) out.set_exit_code(record.exit_code());
  if (record.has_signal()) out.set_signal(record.signal());
  return frame.SerializeAsString();
}

Result<pb::Record> rebuild_record_from(const std::function<std::optional<std::string>()>& next) {
  Rebuilder rebuilder;
  pb::JournalFrame frame;
  std::size_t count = 0;
  while (const auto bytes = next()) {
    ++count;
    if (!frame.ParseFromString(*bytes) || !rebuilder.take(frame))
      return fail(ErrorKind::malformed, fmt::format("frame {} of the journal makes no sense", count));
  }
  return rebuilder.finish();
}

Result<pb::Record> rebuild_record(const std::vector<std::string>& frames) {
  return rebuild_record_from(
      [at = frames.begin(), end = frames.end()]() mutable { return at == end ? std::nullopt : std::optional(*at++); });
}

}  // namespace nw
