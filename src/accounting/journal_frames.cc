#include "accounting/journal_frames.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "base/parse.h"

namespace nw {

namespace {
// What a journal of ours can hold. Beyond it a frame makes no sense, and sums would run off the scale.
constexpr std::int64_t kLastMoment = 4'000'000'000'000'000'000;  // 126 years of monotonic time
constexpr std::int64_t kLongest = 1'000'000'000'000'000;         // 11 days for one read, period, refresh or window
constexpr std::int64_t kMostWatts = 10'000'000;
constexpr std::int64_t kLargestUnit = std::int64_t{1} << 53;  // 2^32 counts a joule, calibrated in millionths
constexpr std::int64_t kNoTime = std::numeric_limits<std::int64_t>::min();

bool within(std::int64_t value, std::int64_t least, std::int64_t most) { return value >= least && value <= most; }

bool makes_sense(const pb::Nameplate& in) {
  return domain(in.domain()) && within(in.unit_num(), 1, kLargestUnit) && within(in.unit_den(), 1, kLargestUnit) &&
         within(in.refresh_ns(), 0, kLongest) && within(in.window_ns(), 0, kLongest) &&
         within(in.ceiling_uw(), 0, watts(kMostWatts).count()) &&
         within(in.offset_uw(), 0, watts(kMostWatts).count()) &&
         within(in.bias_uw(), -watts(kMostWatts).count(), watts(kMostWatts).count()) && in.gain() >= 0 &&
         in.gain() <= 10;
}

bool makes_sense(const pb::JournalSweep& in) {
  const auto short_enough = [](std::uint64_t ns) { return ns <= static_cast<std::uint64_t>(kLongest); };
  return within(in.at_ns(), 0, kLastMoment) && within(in.period_ns(), 0, kLongest) &&
         std::all_of(in.before_ns().begin(), in.before_ns().end(), short_enough) &&
         std::all_of(in.took_ns().begin(), in.took_ns().end(), short_enough) &&
         std::all_of(in.taken_ns().begin(), in.taken_ns().end(),
                     [](std::int64_t ns) { return ns == kNoTime || within(ns, 0, kLastMoment); }) &&
         std::all_of(in.device_ns().begin(), in.device_ns().end(),
                     [](std::int64_t ns) { return ns == kNoTime || within(ns, -kLastMoment, kLastMoment); });
}

void write_plate(const Nameplate& plate, pb::Nameplate& out) {
  out.set_id(valid_utf8(plate.id));
  out.set_source(valid_utf8(plate.source));
  out.set_domain(std::string(name(plate.part.domain)));
  out.set_device(valid_utf8(plate.part.device));
  out.set_label(valid_utf8(plate.label));
  out.set_boundary(static_cast<std::uint32_t>(plate.boundary));
  out.set_gauge(plate.kind == SensorKind::gauge);
  out.set_estimated(plate.how == Kind::estimated);
  out.set_unit_num(plate.unit_num);
  out.set_unit_den(plate.unit_den);
  out.set_wrap(plate.wrap);
  out.set_refresh_ns(plate.refresh.count());
  out.set_window_ns(plate.window.count());
  out.set_ceiling_uw(plate.ceiling.count());
  out.set_gain(plate.gain.relative);
  out.set_gain_sigma(plate.gain.shape == Tolerance::Shape::sigma);
  out.set_gain_basis(plate.gain.basis);
  out.set_offset_uw(plate.offset.count());
  out.set_bias_uw(plate.bias.count());
  for (const Domain lacked : plate.lacks) out.add_lacks(static_cast<std::uint32_t>(lacked));
  out.set_overlaps(plate.overlaps);
  out.set_attributed(plate.how == Kind::attributed);
  out.set_factor(plate.factor);
  for (const std::string& rule : plate.rules) out.add_rules(valid_utf8(rule));
}

Nameplate read_plate(const pb::Nameplate& in) {
  Nameplate plate;
  plate.id = in.id();
  plate.source = in.source();
  plate.part = {domain(in.domain()).value_or(Domain::other), in.device()};
  plate.label = in.label();
  plate.boundary = static_cast<Boundary>(std::min(in.boundary(), 3U));
  plate.kind = in.gauge() ? SensorKind::gauge : SensorKind::counter;
  plate.how = in.estimated() ? Kind::estimated : Kind::measured;
  plate.unit_num = in.unit_num();
  plate.unit_den = in.unit_den();
  plate.wrap = in.wrap();
  plate.refresh = Nanos::of(in.refresh_ns());
  plate.window = Nanos::of(in.window_ns());
  plate.ceiling = Watts::of(in.ceiling_uw());
  plate.gain = {in.gain(), in.gain_sigma() ? Tolerance::Shape::sigma : Tolerance::Shape::limit, "as recorded"};
  plate.offset = Watts::of(in.offset_uw());
  plate.bias = Watts::of(in.bias_uw());
  for (const std::uint32_t lacked : in.lacks())
    if (lacked <= static_cast<std::uint32_t>(Domain::other)) plate.lacks.push_back(static_cast<Domain>(lacked));
  plate.overlaps = in.overlaps();
  if (in.factor() > 0) plate.factor = in.factor();
  plate.rules = {in.rules().begin(), in.rules().end()};
  if (in.attributed()) plate.how = Kind::attributed;
  return plate;
}

}  // namespace

Sweep read_sweep(const pb::JournalSweep& in) {
  Sweep sweep;
  const int size = std::min({in.before_ns_size(), in.took_ns_size(), in.raw_size(), in.status_size()});
  for (int i = 0; i < size; ++i) {
    const Nanos before = Nanos::of(in.at_ns()) + Nanos::of(static_cast<std::int64_t>(in.before_ns(i)));
    const auto time = [i](const auto& times) {
      return i < times.size() && times[i] != kNoTime ? std::optional(Nanos::of(times[i])) : std::nullopt;
    };
    sweep.push_back({before, before + Nanos::of(static_cast<std::int64_t>(in.took_ns(i))), time(in.device_ns()),
                     in.raw(i), static_cast<Status>(std::min(in.status(i), 5U)), time(in.taken_ns())});
  }
  return sweep;
}

namespace {
Mark read_mark(const pb::JournalMark& in) {
  return {static_cast<Mark::Kind>(std::min(in.kind(), static_cast<std::uint32_t>(Mark::kLastKind))),
          Nanos::of(in.at_ns()),
          in.id(),
          in.pid(),
          in.tid(),
          in.name(),
          in.unit(),
          in.value()};
}

// A journal being read back: header first, then sweeps and marks as they came.
class Rebuilder {
 public:
  bool take(const pb::JournalFrame& frame) {
    if (frame.has_header() != (account_ == nullptr)) return false;
    if (frame.has_header()) return start(frame.header());
    if (frame.has_sweep()) {
      if (!makes_sense(frame.sweep())) return false;
      const Sweep sweep = read_sweep(frame.sweep());
      if (sweep.size() != sensors_) return false;
      if (frame.sweep().period_ns() > 0) account_->set_period(Nanos::of(frame.sweep().period_ns()));
      account_->add(sweep);
      if (!sweep.empty()) last_ = std::max(last_, sweep.front().before);
      return true;
    }
    if (frame.has_mark())
      return within(frame.mark().at_ns(), 0, kLastMoment) && (account_->add(read_mark(frame.mark())), true);
    if (!frame.has_end() || !within(frame.end().at_ns(), 0, kLastMoment)) return false;
    end_ = frame.end();
    return true;
  }

  Result<pb::Record> finish() {
    if (account_ == nullptr) return fail(ErrorKind::malformed, "a journal without a header");
    if (!end_) account_->note(Anomaly::recovered);
    account_->end(end_ ? Nanos::of(end_->at_ns()) : last_);
    account_->write(record_);
    record_.set_state(end_ ? "finished" : "recovered");
    if (end_ && end_->has_exit_code()) record_.set_exit_code(end_->exit_code());
    if (end_ && end_->has_signal()) record_.set_signal(end_->signal());
    return record_;
  }

 private:
  bool start(const pb::JournalHeader& header) {
    if (!within(header.begin_ns(), 0, kLastMoment) || !within(header.period_ns(), 0, kLongest)) return false;
    if (!std::all_of(header.plates().begin(), header.plates().end(),
                     [](const auto& plate) { return makes_sense(plate); }))
      return false;
    std::vector<Nameplate> plates;
    for (const auto& plate : header.plates()) plates.push_back(read_plate(plate));
    sensors_ = plates.size();
    record_ = header.record();
    last_ = Nanos::of(header.begin_ns());
    account_ = std::make_unique<Account>(plates, Nanos::of(header.period_ns()));
    account_->begin(last_);
    return true;
  }

  pb::Record record_;
  std::unique_ptr<Account> account_;
  std::size_t sensors_ = 0;
  std::optional<pb::JournalEnd> end_;
  Nanos last_{};
};
}  // namespace

std::string encode_header(const pb::Record& record, const std::vector<Nameplate>& plates, Nanos period, Nanos begin) {
  pb::JournalFrame frame;
  auto& header = *frame.mutable_header();
  *header.mutable_record() = record;
  for (const auto& plate : plates) write_plate(plate, *header.add_plates());
  header.set_period_ns(period.count());
  header.set_begin_ns(begin.count());
  return frame.SerializeAsString();
}

void write_sweep(const Sweep& sweep, Nanos period, pb::JournalSweep& out) {
  const Nanos at = sweep.empty() ? Nanos{} : sweep.front().before;
  out.set_at_ns(at.count());
  out.set_period_ns(period.count());
  for (const Sample& sample : sweep) {
    out.add_before_ns(static_cast<std::uint64_t>((sample.before - at).count()));
    out.add_took_ns(static_cast<std::uint64_t>((sample.after - sample.before).count()));
    out.add_raw(sample.raw);
    out.add_status(static_cast<std::uint32_t>(sample.status));
  }
  const auto add = [&](const auto& time, auto& times) {
    if (std::any_of(sweep.begin(), sweep.end(), time))
      for (const Sample& sample : sweep) times.Add(time(sample) ? time(sample)->count() : kNoTime);
  };
  add([](const Sample& sample) { return sample.device_time; }, *out.mutable_device_ns());
  add([](const Sample& sample) { return sample.taken; }, *out.mutable_taken_ns());
}

std::string encode_sweep(const Sweep& sweep, Nanos period) {
  pb::JournalFrame frame;
  write_sweep(sweep, period, *frame.mutable_sweep());
  return frame.SerializeAsString();
}

std::string encode_mark(const Mark& mark) {
  pb::JournalFrame frame;
  auto& out = *frame.mutable_mark();
  out.set_kind(static_cast<std::uint32_t>(mark.kind));
  out.set_at_ns(mark.at.count());
  out.set_id(mark.id);
  out.set_pid(mark.pid);
  out.set_tid(mark.tid);
  out.set_name(valid_utf8(mark.name));
  out.set_unit(valid_utf8(mark.unit));
  out.set_value(mark.value);
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
