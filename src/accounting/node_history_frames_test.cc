#include "accounting/node_history_frames.h"

#include <cmath>
#include <functional>

#include <gtest/gtest.h>

namespace nw {
namespace {

pb::NodeHistory saved() {
  SensorInfo info;
  info.kind = SensorKind::gauge;
  info.unit_num = kMicro;
  info.averaging_window = {seconds(15), seconds(30), TimingBasis::assumed};
  info.delay = {Nanos{}, seconds(4), TimingBasis::assumed};
  NodeResolution resolution(info);
  for (int i = 1; i < 200; ++i) {
    resolution.add_parts(seconds(i), {100.0 * i, 200.0 * i});
    resolution.add_reading(seconds(i) - millis(500), seconds(i), watts(400 + i % 3));
  }
  pb::NodeHistory out;
  write_history({"bmc/power", {"package/0", "gpu/0"}, resolution.response()}, out);
  return out;
}

TEST(NodeHistory, IsReadAsItWasWritten) {
  const pb::NodeHistory written = saved();
  const auto history = read_history(written);
  ASSERT_TRUE(history);
  EXPECT_EQ(history->sensor, "bmc/power");
  EXPECT_EQ(history->parts, (std::vector<std::string>{"package/0", "gpu/0"}));
  EXPECT_GT(history->response.readings, 1);
  pb::NodeHistory again;
  write_history(*history, again);
  EXPECT_EQ(again.SerializeAsString(), written.SerializeAsString());
}

TEST(NodeHistory, DamagedFiguresAreNotTakenOver) {
  const std::function<void(pb::NodeHistory&)> damages[] = {
      [](pb::NodeHistory& in) { in.mutable_filters()->Clear(); },
      [](pb::NodeHistory& in) { in.mutable_filters(0)->set_state(1, std::nan("")); },
      [](pb::NodeHistory& in) { in.mutable_filters(0)->set_state(0, 1e300); },
      [](pb::NodeHistory& in) { in.mutable_filters(0)->mutable_state()->RemoveLast(); },
      [](pb::NodeHistory& in) { in.mutable_filters(0)->set_covariance(0, -1); },
      [](pb::NodeHistory& in) { in.mutable_filters(0)->set_covariance(1, 1e6); },
      [](pb::NodeHistory& in) { in.mutable_filters(0)->set_window_ns(-1); },
      [](pb::NodeHistory& in) { in.mutable_filters(0)->set_evidence(INFINITY); },
      [](pb::NodeHistory& in) { in.set_error_w2(-1); },
      [](pb::NodeHistory& in) { in.set_mean_w(INFINITY); },
  };
  for (std::size_t i = 0; i < std::size(damages); ++i) {
    pb::NodeHistory damaged = saved();
    damages[i](damaged);
    EXPECT_FALSE(read_history(damaged)) << i;
  }
  EXPECT_FALSE(read_history({}));
}

}  // namespace
}  // namespace nw
