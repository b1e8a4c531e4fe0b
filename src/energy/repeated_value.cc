#include "energy/repeated_value.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace nw {

namespace {
constexpr double kLeast = 12;      // repeats
constexpr double kChanges = 4;     // that must have been seen
constexpr double kChance = 1e-6;   // of as many repeats
constexpr double kAbove = 1.02;    // the lowest value
constexpr double kFinely = 0.001;  // steps of this share of a value, of a gauge that cannot repeat it

double repeats(Nanos time, Nanos update) {
  return std::floor(to_seconds(time) / std::max(to_seconds(update), 1e-9) + 0.5);
}
}  // namespace

void RepeatedValue::add(Nanos at, std::uint64_t value, Nanos update) {
  lowest_ = std::min(lowest_, value);
  if (now_ && value == now_->value) {
    now_->end = at;
    return;
  }
  if (now_) close(value, update);
  now_ = Span{at, at, value};
}

// A span that may yet turn out to be one in which the gauge had stopped is no part of what is usual.
void RepeatedValue::close(std::uint64_t next, Nanos update) {
  const double count = repeats(now_->end - now_->begin, update);
  if (count >= kLeast && !now_->told && (!past_ || now_->end - now_->begin > past_->end - past_->begin))
    past_ = now_;
  else if (!now_->told)
    updates_ += count;
  updates_ += 1;
  changes_ += 1;
  const std::uint64_t difference = std::max(next, now_->value) - std::min(next, now_->value);
  smallest_ = std::min(smallest_, difference);
  common_ = std::gcd(common_, difference);
}

// The steps in which it resolves: as long as few differences were seen, their common divisor.
double RepeatedValue::step() const {
  constexpr double kFew = 1000;
  return static_cast<double>(changes_ < kFew ? common_ : smallest_);
}

bool RepeatedValue::is_held(const Span& span, Nanos update) const {
  const double count = repeats(span.end - span.begin, update), value = static_cast<double>(span.value);
  const double unchanged = (updates_ - changes_ + 1) / (updates_ + 2);
  return count >= kLeast && changes_ >= kChanges && step() <= kFinely * value &&
         value > kAbove * static_cast<double>(lowest_) && count * std::log(unchanged) < std::log(kChance);
}

std::optional<RepeatedValue::Held> RepeatedValue::take_held(Nanos update) {
  const auto tell = [&](Span& span) {
    const Held held{span.told.value_or(span.begin + update), span.end, span.value, !span.told};
    span.told = span.end;
    return held;
  };
  if (now_ && is_held(*now_, update) && now_->told != now_->end) return tell(*now_);
  if (!past_ || !is_held(*past_, update)) return {};
  const Held held = tell(*past_);
  past_.reset();
  return held;
}

}  // namespace nw
