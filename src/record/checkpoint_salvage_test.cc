#include "record/checkpoint_salvage.h"

#include <gtest/gtest.h>

#include "accounting/energy_accounting.h"

namespace nw {
namespace {

constexpr const char* kNoUtf8 = "\xff\xfe";

pb::Checkpoint make_books() {
  pb::Checkpoint checkpoint;
  checkpoint.set_boot_id("boot");
  checkpoint.set_at_ns(5);
  checkpoint.set_node_uj(700);
  checkpoint.add_sensors("rapl/package-0");
  for (const char* id : {"1", "2"}) {
    pb::CheckpointJob& job = *checkpoint.add_jobs();
    job.set_id(id);
    job.set_begin_ns(1);
    job.mutable_record()->set_uid(std::string("uid") + id);
    pb::EnergyAccumulator& accumulator = *job.add_accumulators();
    accumulator.set_total_uj(300);
    accumulator.add_energy_uj(300);
    pb::CheckpointStep& step = *job.add_steps();
    step.set_id("0");
    step.mutable_accumulator()->set_total_uj(300);
  }
  return checkpoint;
}

// As a version wrote it that did not look.
std::string with_text(pb::Checkpoint checkpoint, std::string& (*text)(pb::Checkpoint&)) {
  text(checkpoint) = "MARK";
  std::string bytes = checkpoint.SerializeAsString();
  bytes.replace(bytes.find("MARK"), 4, "\xff\xfe\xff\xfe");
  pb::Checkpoint read;
  EXPECT_FALSE(read.ParseFromString(bytes)) << "the parser takes it after all";
  return bytes;
}

TEST(SalvageBooks, WholeBooksAreWhole) {
  const auto saved = salvage_books(make_books().SerializeAsString());
  EXPECT_EQ(saved.lost, 0U);
  EXPECT_EQ(saved.checkpoint.SerializeAsString(), make_books().SerializeAsString());
}

TEST(SalvageBooks, AStepsNameCostsItsNameAlone) {
  const auto saved = salvage_books(with_text(make_books(), [](pb::Checkpoint& b) -> std::string& {
    return *b.mutable_jobs(0)->mutable_steps(0)->mutable_id();
  }));
  EXPECT_EQ(saved.lost, 1U);
  ASSERT_EQ(saved.checkpoint.jobs_size(), 2);
  EXPECT_EQ(saved.checkpoint.jobs(0).accumulators(0).total_uj(), 300);
  EXPECT_EQ(saved.checkpoint.jobs(0).steps(0).accumulator().total_uj(), 300);
  EXPECT_EQ(saved.checkpoint.jobs(0).steps(0).id(), "unreadable-1");
  EXPECT_EQ(saved.checkpoint.jobs(1).steps(0).id(), "0");
  EXPECT_EQ(saved.checkpoint.node_uj(), 700);
}

TEST(SalvageBooks, ARecordsTextCostsThatText) {
  const auto saved = salvage_books(with_text(make_books(), [](pb::Checkpoint& b) -> std::string& {
    return *b.mutable_jobs(1)->mutable_record()->mutable_name();
  }));
  EXPECT_EQ(saved.lost, 1U);
  EXPECT_EQ(saved.checkpoint.jobs(1).record().uid(), "uid2");
  EXPECT_EQ(saved.checkpoint.jobs(1).accumulators(0).total_uj(), 300);
}

TEST(SalvageBooks, NoBytesAreTooBad) {
  const std::string whole = make_books().SerializeAsString();
  for (std::size_t size = 0; size < whole.size(); ++size) salvage_books(whole.substr(0, size));
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (const char bad : {'\xff', '\0', '\x7f'}) {
      std::string bytes = whole;
      bytes[at] = bad;
      salvage_books(bytes);
    }
}

// Every text that a prolog or a plug-in can say: the books that hold it can be read again.
TEST(EnergyAccounting, TextThatIsNoUtf8IsMadeValidAsItComesIn) {
  SensorInfo info;
  info.id = info.source = "rapl/package-0";
  info.part = {Domain::package, "0"};
  AccountedNode node;
  node.make_uid = [] { return std::string("uid"); };
  EnergyAccounting accounting({info}, node, seconds(1));
  for (const std::string_view key : kJobKeys) {
    if (key == "job") continue;
    accounting.hint({"begin", {{"job", "1"}, {std::string(key), kNoUtf8}}});
  }
  accounting.hint({"begin", {{"job", kNoUtf8}}});
  accounting.hint({"step", {{"job", "1"}, {"step", kNoUtf8}, {"phase", kNoUtf8}}});
  CgroupSnapshot cgroups;
  cgroups.cpus = 8;
  for (int i = 1; i < 4; ++i) {
    const Nanos now = seconds(i);
    accounting.add({{now, now, {}, static_cast<std::uint64_t>(i) * 1'000'000, Status::ok, {}}}, cgroups, now.count());
  }
  pb::Checkpoint checkpoint, read;
  accounting.snapshot().write("boot", checkpoint);
  ASSERT_EQ(checkpoint.jobs_size(), 2);
  EXPECT_TRUE(read.ParseFromString(checkpoint.SerializeAsString()));
  EXPECT_EQ(read.jobs(0).steps(0).id(), "\xef\xbf\xbd\xef\xbf\xbd");
}

}  // namespace
}  // namespace nw
