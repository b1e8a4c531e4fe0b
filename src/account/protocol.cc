#include "account/protocol.h"

#include <algorithm>
#include <memory>
#include <optional>

#include <fmt/format.h>

namespace nw {

namespace {
void write_plate(const Nameplate& plate, pb::Nameplate& out) {
  out.set_id(plate.id);
  out.set_source(plate.source);
  out.set_domain(std::string(name(plate.part.domain)));
  out.set_device(plate.part.device);
  out.set_label(plate.label);
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
  plate.unit_den = std::max<std::int64_t>(in.unit_den(), 1);
  plate.wrap = in.wrap();
  plate.refresh = Nanos::of(in.refresh_ns());
  plate.window = Nanos::of(in.window_ns());
  plate.ceiling = Watts::of(in.ceiling_uw());
  plate.gain = {in.gain(), in.gain_sigma() ? Tolerance::Shape::sigma : Tolerance::Shape::limit, "as recorded"};
  plate.offset = Watts::of(in.offset_uw());
  return plate;
}

Sweep read_sweep(const pb::JournalSweep& in) {
  Sweep sweep;
  const int size = std::min({in.before_ns_size(), in.took_ns_size(), in.raw_size(), in.status_size()});
  for (int i = 0; i < size; ++i) {
    const Nanos before = Nanos::of(in.at_ns() + in.before_ns(i));
    sweep.push_back({before, before + Nanos::of(in.took_ns(i)), std::nullopt, in.raw(i),
                     static_cast<Status>(std::min(in.status(i), 5U))});
  }
  return sweep;
}

Mark read_mark(const pb::JournalMark& in) {
  return {static_cast<Mark::Kind>(std::min(in.kind(), 3U)), Nanos::of(in.at_ns()), in.id(), in.pid(), in.tid(), in.name(), in.unit(),
          in.value()};
}

// A journal being read back: header first, then sweeps and marks as they came.
class Rebuilder {
 public:
  bool take(const pb::JournalFrame& frame) {
    if (frame.has_header() != (account_ == nullptr)) return false;
    if (frame.has_header()) return start(frame.header()), true;
    if (frame.has_sweep()) {
      const Sweep sweep = read_sweep(frame.sweep());
      if (sweep.size() != sensors_) return false;
      if (frame.sweep().period_ns() > 0) account_->set_period(Nanos::of(frame.sweep().period_ns()));
      account_->add(sweep);
      if (!sweep.empty()) last_ = std::max(last_, sweep.front().before);
      return true;
    }
    if (frame.has_mark()) return account_->add(read_mark(frame.mark())), true;
    if (frame.has_end()) end_ = frame.end();
    return frame.has_end();
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
  void start(const pb::JournalHeader& header) {
    std::vector<Nameplate> plates;
    for (const auto& plate : header.plates()) plates.push_back(read_plate(plate));
    sensors_ = plates.size();
    record_ = header.record();
    last_ = Nanos::of(header.begin_ns());
    account_ = std::make_unique<Account>(plates, Nanos::of(header.period_ns()));
    account_->begin(last_);
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

std::string encode_sweep(const Sweep& sweep, Nanos period) {
  pb::JournalFrame frame;
  auto& out = *frame.mutable_sweep();
  const Nanos at = sweep.empty() ? Nanos{} : sweep.front().before;
  out.set_at_ns(at.count());
  out.set_period_ns(period.count());
  for (const Sample& sample : sweep) {
    out.add_before_ns(static_cast<std::uint32_t>((sample.before - at).count()));
    out.add_took_ns(static_cast<std::uint32_t>((sample.after - sample.before).count()));
    out.add_raw(sample.raw);
    out.add_status(static_cast<std::uint32_t>(sample.status));
  }
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
  out.set_name(mark.name);
  out.set_unit(mark.unit);
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

Result<pb::Record> rebuild_record(const std::vector<std::string>& frames) {
  Rebuilder rebuilder;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    pb::JournalFrame frame;
    if (!frame.ParseFromString(frames[i]) || !rebuilder.take(frame))
      return fail(ErrorKind::malformed, fmt::format("frame {} of the journal makes no sense", i + 1));
  }
  return rebuilder.finish();
}

}  // namespace nw
