#include "record/checkpoint_salvage.h"

#include <gtest/gtest.h>

namespace nw {
namespace {

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

// As written by a version that did not check.
std::string with_text(pb::Checkpoint checkpoint, std::string& (*text)(pb::Checkpoint&)) {
  text(checkpoint) = "MARK";
  std::string bytes = checkpoint.SerializeAsString();
  bytes.replace(bytes.find("MARK"), 4, "\xff\xfe\xff\xfe");
  pb::Checkpoint read;
  EXPECT_FALSE(read.ParseFromString(bytes)) << "the parser takes it after all";
  return bytes;
}

TEST(SalvageBooks, WholeBooksAreWhole) {
  const auto saved = salvage_checkpoint(make_books().SerializeAsString());
  EXPECT_EQ(saved.lost, 0U);
  EXPECT_EQ(saved.checkpoint.SerializeAsString(), make_books().SerializeAsString());
}

TEST(SalvageBooks, AStepsNameCostsItsNameAlone) {
  const auto saved = salvage_checkpoint(with_text(make_books(), [](pb::Checkpoint& b) -> std::string& {
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
  const auto saved = salvage_checkpoint(with_text(make_books(), [](pb::Checkpoint& b) -> std::string& {
    return *b.mutable_jobs(1)->mutable_record()->mutable_name();
  }));
  EXPECT_EQ(saved.lost, 1U);
  EXPECT_EQ(saved.checkpoint.jobs(1).record().uid(), "uid2");
  EXPECT_EQ(saved.checkpoint.jobs(1).accumulators(0).total_uj(), 300);
}

TEST(SalvageBooks, NoBytesAreTooBad) {
  const std::string whole = make_books().SerializeAsString();
  for (std::size_t size = 0; size < whole.size(); ++size) salvage_checkpoint(whole.substr(0, size));
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (const char bad : {'\xff', '\0', '\x7f'}) {
      std::string bytes = whole;
      bytes[at] = bad;
      salvage_checkpoint(bytes);
    }
}

}  // namespace
}  // namespace nw
