#include "accounting/journal_frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "record/journal.pb.h"
#include "support/invented_run.h"

namespace nw {
namespace {
using test::count_of;
using test::InventedRun;
using ::testing::HasSubstr;

TEST(Protocol, AWholeJournalGivesTheRecordThatWasWrittenLive) {
  const InventedRun run;
  auto rebuilt = rebuild_record(run.frames());
  ASSERT_TRUE(rebuilt) << rebuilt.error().what;
  pb::Record live = run.live();
  for (auto& sensor : *live.mutable_sensors()) sensor.set_gain_basis("as recorded");
  EXPECT_EQ(rebuilt->SerializeAsString(), live.SerializeAsString());
  EXPECT_EQ(rebuilt->exit_code(), 3);
}

TEST(Protocol, CutAfterAnyFrameItIsTheRunUpToTheLastSampleSet) {
  const InventedRun run;
  const auto frames = run.frames(false);
  Nanos last = run.begin;
  for (std::size_t length = 1; length <= frames.size(); ++length) {
    if (length > 1)
      if (const auto* sample_set = std::get_if<SampleSet>(&run.events[length - 2])) last = sample_set->front().before;
    const auto record = rebuild_record({frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(length)});
    ASSERT_TRUE(record) << length << ": " << record.error().what;
    EXPECT_EQ(record->state(), "recovered");
    EXPECT_EQ(count_of(*record, "recovered"), 1u);
    EXPECT_FALSE(record->has_exit_code());
    EXPECT_EQ(record->duration_ns(), (last - run.begin).count()) << length;
    EXPECT_EQ(record->energy().has_energy_uj(), last > run.begin) << length;
    EXPECT_NEAR(static_cast<double>(record->energy().energy_uj()), 520e6 * to_seconds(last - run.begin), 20e3)
        << length;
  }
}

TEST(Protocol, FrameZeroOrNothingIsNoJournal) {
  EXPECT_EQ(rebuild_record({}).error().kind, ErrorKind::malformed);
  auto frames = InventedRun().frames();
  frames.erase(frames.begin());
  EXPECT_THAT(rebuild_record(frames).error().what, HasSubstr("frame 1 "));
}

TEST(Protocol, AGarbageFrameIsNamed) {
  const auto good = InventedRun().frames();
  for (const std::string& garbage :
       {std::string("garbage"), std::string("\xff\xff\xff", 3), std::string(100, '\0'), std::string(), good[0]}) {
    auto frames = good;
    frames[7] = garbage;
    const auto record = rebuild_record(frames);
    ASSERT_FALSE(record);
    EXPECT_EQ(record.error().kind, ErrorKind::malformed);
    EXPECT_THAT(record.error().what, HasSubstr("frame 8 "));
  }
}

TEST(Protocol, ASampleSetOfAnotherLengthIsNamed) {
  auto frames = InventedRun().frames();
  frames[3] = encode_sample_set({test::sample(seconds(1000), 1)}, seconds(1));
  EXPECT_THAT(rebuild_record(frames).error().what, HasSubstr("frame 4 "));
}

// A SensorInfo that would divide by zero, or whose power or unit is out of range, is rejected.
TEST(Protocol, HostileSensorInfosAreRefused) {
  pb::JournalFrame good;
  ASSERT_TRUE(good.ParseFromString(InventedRun().frames()[0]));
  const auto refused = [&](auto&& change) {
    pb::JournalFrame frame = good;
    change(*frame.mutable_header()->mutable_infos(0));
    return !rebuild_record({frame.SerializeAsString()});
  };
  EXPECT_FALSE(refused([](pb::SensorInfo&) {}));
  EXPECT_TRUE(refused([](pb::SensorInfo& info) { info.set_unit_num(0); }));
  EXPECT_TRUE(refused([](pb::SensorInfo& info) { info.set_unit_num(-1); }));
  EXPECT_TRUE(refused([](pb::SensorInfo& info) { info.set_unit_num(INT64_MAX); }));
  EXPECT_TRUE(refused([](pb::SensorInfo& info) { info.set_unit_den(0); }));
  EXPECT_TRUE(refused([](pb::SensorInfo& info) { info.set_max_power_uw(INT64_MAX); }));
  EXPECT_TRUE(refused([](pb::SensorInfo& info) { info.set_max_power_uw(-1); }));
  EXPECT_TRUE(refused([](pb::SensorInfo& info) { info.set_update_interval_ns(-1); }));
  EXPECT_TRUE(refused([](pb::SensorInfo& info) { info.set_averaging_window_ns(INT64_MAX); }));
  EXPECT_TRUE(refused([](pb::SensorInfo& info) { info.set_gain(std::nan("")); }));
  EXPECT_TRUE(refused([](pb::SensorInfo& info) { info.set_gain(-1); }));
  EXPECT_TRUE(refused([](pb::SensorInfo& info) { info.set_domain("moon"); }));
}

TEST(Protocol, TimesOffTheScaleAreRefused) {
  const InventedRun run;
  for (const std::int64_t bad : {INT64_MAX, INT64_MIN, std::int64_t{-1}}) {
    auto frames = run.frames();
    pb::JournalFrame frame;
    frame.mutable_event()->set_at_ns(bad);
    frames.insert(frames.begin() + 4, frame.SerializeAsString());
    EXPECT_THAT(rebuild_record(frames).error().what, HasSubstr("frame 5 ")) << bad;
    frames = run.frames();
    ASSERT_TRUE(frame.ParseFromString(frames[2]));
    frame.mutable_sample_set()->set_at_ns(bad);
    frames[2] = frame.SerializeAsString();
    EXPECT_THAT(rebuild_record(frames).error().what, HasSubstr("frame 3 ")) << bad;
    frames = run.frames();
    ASSERT_TRUE(frame.ParseFromString(frames.back()));
    frame.mutable_end()->set_at_ns(bad);
    frames.back() = frame.SerializeAsString();
    EXPECT_FALSE(rebuild_record(frames)) << bad;
  }
}

// A vendor library that hangs for ten seconds in one read.
TEST(Protocol, ASlowSampleSetKeepsItsTimes) {
  const InventedRun run;
  SampleSet slow = run.sample_set(run.begin + seconds(6));
  slow[1].after += seconds(10);
  for (std::size_t i = 2; i < slow.size(); ++i) slow[i].before += seconds(10), slow[i].after += seconds(10);
  slow[2].raw += 3'000'000'000;
  const SampleSet after = run.sample_set(run.begin + seconds(17));
  RunAccounting accounting(run.infos, run.period);
  run.feed(accounting);
  accounting.add(slow);
  accounting.add(after);
  accounting.end(run.begin + seconds(17));
  pb::Record live = InventedRun::start();
  accounting.write(live);
  auto frames = run.frames(false);
  frames.push_back(encode_sample_set(slow, run.period));
  frames.push_back(encode_sample_set(after, run.period));
  const auto rebuilt = rebuild_record(frames);
  ASSERT_TRUE(rebuilt);
  EXPECT_EQ(rebuilt->energy().SerializeAsString(), live.energy().SerializeAsString());
}

// A program may call its phases what it likes; a record must be readable all the same.
TEST(Protocol, NamesThatAreNotUtf8DoNotSpoilTheJournal) {
  auto frames = InventedRun().frames();
  frames.insert(frames.begin() + 9,
                encode_event(InventedRun::event(ProgramEvent::Kind::begin, seconds(1000) + millis(510), 77,
                                                "Pr\xfc"
                                                "fung")));
  const auto record = rebuild_record(frames);
  ASSERT_TRUE(record) << record.error().what;
  pb::Record again;
  EXPECT_TRUE(again.ParseFromString(record->SerializeAsString()));
}

TEST(Protocol, SensorInfosThatAreNotUtf8DoNotSpoilTheRecord) {
  InventedRun run;
  run.infos[2].label = "gpu0 \xff\xfe";
  run.infos[2].part.device = "GPU-\x80";
  const auto record = rebuild_record(run.frames());
  ASSERT_TRUE(record) << record.error().what;
  pb::Record again;
  EXPECT_TRUE(again.ParseFromString(record->SerializeAsString()));
  EXPECT_TRUE(again.ParseFromString(run.live().SerializeAsString()));
}

}  // namespace
}  // namespace nw
