// A history of a node's sensor as it may lie in a user's directory or a checkpoint: what is taken over gives answers
// that are numbers, also after a reading.
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "accounting/node_history_frames.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nw;
  pb::NodeHistory saved;
  if (!saved.ParseFromArray(data, static_cast<int>(size))) return 0;
  const auto history = read_history(saved);
  if (!history) return 0;
  SensorInfo info;
  info.kind = SensorKind::gauge;
  info.unit_num = kMicro;
  info.averaging_window = {seconds(15), seconds(30), TimingBasis::assumed};
  NodeResolution resolution(info);
  (void)resolution.resume(history->response, seconds(60));
  for (int i = 0; i < 50; ++i) {
    resolution.add_parts(seconds(i), {100.0 * i, 200.0 * i});
    resolution.add_reading(seconds(i) - millis(500), seconds(i), watts(400 + i));
    const auto resolved = resolution.resolve({joules(300), joules(600)}, seconds(3));
    if (resolved && std::isnan(resolved->uncertainty)) std::abort();
  }
  pb::NodeHistory again;
  write_history(*history, again);
  if (!read_history(again)) std::abort();
  return 0;
}
