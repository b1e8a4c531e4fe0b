#include "store/privacy.h"

#include <gtest/gtest.h>

#include "record/record.pb.h"

namespace nw {
namespace {

pb::Record make_record(const std::string& host, const std::string& program) {
  pb::Record record;
  record.set_name("mine");
  record.set_program(program);
  record.set_command(program + " --secret");
  record.set_job_key("slurm-4711.0");
  record.mutable_node()->set_host(host);
  return record;
}

TEST(Privacy, TakesAwayWhereAndForWhom) {
  pb::Record record = make_record("g0412.example.org", "/home/lovelace/run/train");
  Privacy().apply(record);
  EXPECT_EQ(record.program(), "train");
  EXPECT_EQ(record.name(), "mine");
  const std::string bytes = record.SerializeAsString();
  for (const char* gone : {"g0412", "lovelace", "secret", "4711"})
    EXPECT_EQ(bytes.find(gone), std::string::npos) << gone;
}

TEST(Privacy, OneNodeStaysOneNodeWithinAnExportAlone) {
  pb::Record one = make_record("a", "x"), two = make_record("a", "y"), other = make_record("b", ""), later = one;
  Privacy privacy;
  privacy.apply(one), privacy.apply(two), privacy.apply(other);
  EXPECT_EQ(one.node().host(), two.node().host());
  EXPECT_NE(one.node().host(), other.node().host());
  Privacy().apply(later);
  EXPECT_NE(one.node().host(), later.node().host());
}

TEST(Privacy, MergedRecordsNameNobodyEither) {
  pb::Record record = make_record("a,ab", "x");
  for (const char* host : {"a", "ab"}) {
    pb::Member& member = *record.add_members();
    member.set_host(host);
    member.mutable_node()->set_host(host);
    auto* part = record.add_components();
    part->set_label(std::string(host) + " GPU 0");
    part->set_device(host);
    part->set_sensor(std::string(host) + "/rapl/0");
    record.add_sensors()->set_id(std::string(host) + "/nvml/0");
    record.add_labels()->set_key(std::string("node@") + host);
  }
  Privacy().apply(record);
  const std::string first = record.members(0).host(), second = record.members(1).host();
  EXPECT_TRUE(first.starts_with("node-") && second.starts_with("node-"));
  EXPECT_EQ(record.node().host(), first + "," + second);
  EXPECT_EQ(record.members(1).node().host(), second);
  EXPECT_EQ(record.components(0).label(), first + " GPU 0");
  EXPECT_EQ(record.components(1).label(), second + " GPU 0");
  EXPECT_EQ(record.components(1).device(), second);
  EXPECT_EQ(record.sensors(1).id(), second + "/nvml/0");
  EXPECT_EQ(record.labels(0).key(), "node@" + first);
}

TEST(Privacy, NamesOfTheSiteGo) {
  pb::Record record;
  record.add_sensors()->set_id("redfish/bmc-g0412/power");
  record.mutable_sensors(0)->set_source("Redfish PowerControl of bmc-g0412");
  record.add_components()->set_source("2 outlets of pdu-row7 and pdu-row8, shared equally among its nodes");
  Privacy().apply(record);
  EXPECT_EQ(record.sensors(0).id(), "redfish/bmc/power");
  EXPECT_EQ(record.sensors(0).source(), "Redfish PowerControl");
  EXPECT_EQ(record.components(0).source(), "2 outlets");
}

TEST(Privacy, NothingKnownStaysNothing) {
  pb::Record record;
  Privacy().apply(record);
  EXPECT_EQ(record.SerializeAsString(), pb::Record().SerializeAsString());
}

}  // namespace
}  // namespace nw
