// What a reading of the node's slow sensor costs where it is resolved by the parts: an update of every filter that the
// widest timing allows (a controller without a word), and an answer. One JSON line; bench/accuracy/report runs it.
#include <chrono>
#include <cstdio>

#include "energy/node_resolution.h"

namespace {
using namespace nw;

SensorInfo without_a_word() {
  SensorInfo info;
  info.kind = SensorKind::gauge;
  info.unit_num = 1000;
  info.update_interval = {seconds(1), seconds(60), TimingBasis::assumed};
  info.averaging_window = {seconds(1), seconds(60), TimingBasis::assumed};
  info.delay = {Nanos{}, seconds(4), TimingBasis::assumed};
  return info;
}

double microseconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
}
}  // namespace

int main() {
  constexpr int kReadings = 20'000;
  NodeResolution resolution(without_a_word());
  PartsEnergy parts;
  double updates = 0, samples = 0, answers = 0, checksum = 0;
  for (int i = 1; i <= kReadings; ++i) {
    const double watts = i / 40 % 2 != 0 ? 700 : 300;
    const auto sampled = std::chrono::steady_clock::now();
    for (int k = 1; k <= 10; ++k) {
      parts.processors += watts / 10;
      resolution.add_parts(seconds(i - 1) + millis(100 * k), parts);
    }
    samples += microseconds_since(sampled) / 10;
    const auto read = std::chrono::steady_clock::now();
    resolution.add_reading(seconds(i) - millis(500), seconds(i),
                           Watts::of(std::int64_t(1.1 * watts + 90) * kMicro + i));
    updates += microseconds_since(read);
    const auto asked = std::chrono::steady_clock::now();
    if (const auto resolved = resolution.resolve({joules(700), joules(0)}, seconds(1)))
      checksum += resolved->uncertainty;
    answers += microseconds_since(asked);
  }
  std::printf(
      "{\"filters\": %zu, \"reading_us\": %.2f, \"sample_us\": %.3f, \"answer_us\": %.2f, \"checksum\": %.3g}\n",
      resolution.response().filters.size(), updates / kReadings, samples / kReadings, answers / kReadings, checksum);
}
