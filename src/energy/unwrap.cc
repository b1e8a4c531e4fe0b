#include "energy/unwrap.h"

#include <limits>

namespace nw {

Unwrapper::Unwrapper(const SensorInfo& info)
    : wrap_(info.wrap),
      unit_num_(info.unit_num),
      unit_den_(info.unit_den),
      max_power_(info.max_power),
      update_interval_(info.update_interval.value) {}

Int128 Unwrapper::most(Nanos time) const {
  if (max_power_.count() <= 0)
    return wrap_ != 0 ? Int128{wrap_} - 1 : std::numeric_limits<std::int64_t>::max();  // less than one full range
  const Int128 uj = Int128{max_power_.count()} * (time + update_interval_).count() / kNanosPerSecond;
  return uj * unit_den_ / unit_num_ + 2;  // two counts for rounding
}

Unwrapper::Step Unwrapper::classify(const Point& from, std::uint64_t raw, Nanos at) const {
  const Int128 limit = most(at - from.at);
  const bool down = raw < from.raw;
  Int128 counts = Int128{raw} - Int128{from.raw};
  if (down && wrap_ != 0) counts += wrap_;
  if (counts >= 0 && counts <= limit) {
    if (wrap_ != 0 && counts + wrap_ <= limit) return {Verdict::ambiguous, 0, from.at};
    return {down ? Verdict::wrapped : Verdict::advanced, static_cast<std::uint64_t>(counts), from.at};
  }
  if (!down) return {Verdict::absurd, 0, from.at};
  return {Int128{raw} <= limit ? Verdict::reset : Verdict::backwards, 0, from.at};
}

// What cannot have been drawn since the last reading may have been drawn since the count last changed.
Unwrapper::Step Unwrapper::classify_after_stillness(std::uint64_t raw, Nanos at) const {
  const Step step = classify(*last_, raw, at);
  const bool possible =
      step.verdict == Verdict::advanced || step.verdict == Verdict::wrapped || step.verdict == Verdict::ambiguous;
  if (possible || changed_ >= last_->at) return step;
  Step whole = classify({last_->raw, changed_}, raw, at);
  if (whole.verdict != Verdict::advanced && whole.verdict != Verdict::wrapped) return step;
  whole.since = last_->at;
  whole.caught_up = true;
  return whole;
}

void Unwrapper::accept(const Point& here) {
  if (!last_ || here.raw != last_->raw) changed_ = here.at;
  last_ = here;
  doubted_.reset();
}

Unwrapper::Step Unwrapper::advance(std::uint64_t raw, Nanos at) {
  if (wrap_ != 0 && raw >= wrap_) return {Verdict::absurd, 0, at};
  const Point here{raw, at};
  if (!last_) {
    accept(here);
    return {Verdict::first, 0, at};
  }
  Step step = classify_after_stillness(raw, at);
  if (step.verdict == Verdict::backwards || step.verdict == Verdict::absurd) {
    if (!doubted_) return doubted_ = here, step;
    const Step second = classify(*doubted_, raw, at);
    if (second.verdict != Verdict::advanced && second.verdict != Verdict::wrapped) return doubted_ = here, step;
    step = {Verdict::reset, second.counts, doubted_->at};
    accept(here);
    return step;
  }
  accept(here);
  if (step.verdict == Verdict::reset) step.since = at;
  return step;
}

}  // namespace nw
