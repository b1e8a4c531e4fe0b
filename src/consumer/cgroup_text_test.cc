#include "consumer/cgroup_text.h"

#include <gtest/gtest.h>

namespace nw {
namespace {

using Minors = std::vector<unsigned>;

using Nodes = std::vector<std::string>;

TEST(CgroupText, DevicesThatMayBeOpened) {
  EXPECT_EQ(parse_device_nodes("c 226:128 rwm\nc 195:2 rwm\nc 195:0 rw\nc 195:2 r\nb 8:0 rwm\nc 136:* rw\n"),
            (Nodes{"136:*", "195:0", "195:2", "226:128"}))
      << "of whatever vendor";
  EXPECT_EQ(parse_device_nodes(""), Nodes{});  // everything was denied
  EXPECT_EQ(parse_device_nodes("c *:* m\nb *:* m\nc 1:3 rwm\n"), Nodes{"1:3"});
}

TEST(CgroupText, ListThatDoesNotConfineSaysNothing) {
  for (const char* list : {"a *:* rwm\n", "c *:* rwm\n", "c *:1 rwm\n", "c 195:1 rwm\na *:* rwm\n", "c 195 rwm\n",
                           "x 195:1 rwm\n", "c 195:1\n", "c 195:-1 rwm\n", "c 195:4294967296 rwm\n"})
    EXPECT_EQ(parse_device_nodes(list), std::nullopt) << list;
}

TEST(CgroupText, Values) {
  EXPECT_EQ(parse_cpu_usage("12\n"), Nanos::of(12));
  EXPECT_EQ(parse_cpu_usage("9223372036854775808\n"), std::nullopt);
  EXPECT_EQ(parse_cpu_stat("nr_periods 0\nusage_usec 12\n"), Nanos::of(12000));
  EXPECT_EQ(parse_cpu_stat("usage_usec 9223372036854776\n"), std::nullopt);
  EXPECT_EQ(parse_cpu_stat("user_usec 12\nxusage_usec 1\n"), std::nullopt);
  EXPECT_EQ(parse_memory_limit("max\n"), std::nullopt);
  EXPECT_EQ(parse_memory_limit("9223372036854710272\n"), std::nullopt);  // of pages of 64 KiB
  EXPECT_EQ(parse_memory_limit("0\n"), 0u);
  EXPECT_EQ(parse_cpus("8,0-2,1\n"), (Minors{0, 1, 2, 8}));
  EXPECT_EQ(parse_populated("frozen 0\npopulated 0\n"), false);
  EXPECT_EQ(parse_populated("populated 2\n"), std::nullopt);
}

TEST(CgroupText, Processes) {
  EXPECT_EQ(parse_pids("12\n3\nx\n0\n\n"), (std::vector<std::uint32_t>{3, 12}));
  EXPECT_EQ(parse_real_uid("Name:\tx\nUid:\t1000\t0\t0\t0\n"), 1000u);
  EXPECT_EQ(parse_real_uid("Name:\tUid:\t0\nUid:\t1000\t0\n"), 1000u);  // a name is the user's
  EXPECT_EQ(parse_real_uid("Uid:\t\n"), std::nullopt);
}

TEST(CgroupText, Memory) {
  EXPECT_EQ(parse_meminfo("MemTotal: 8 kB\nMemAvailable: 2 kB\n").available, 2048u);
  EXPECT_EQ(parse_meminfo("MemTotal: 8\n").total, std::nullopt);
  EXPECT_EQ(parse_meminfo("MemTotal: 18014398509481984 kB\n").total, std::nullopt);
}

TEST(CgroupText, SaidGpusAreThoseOfTheJobItself) {
  using namespace std::string_literals;
  EXPECT_EQ(parse_said_gpus("A=1\0SLURM_JOB_ID=7\0SLURM_JOB_GPUS=0,2\0"s, "7"), "0,2");
  EXPECT_EQ(parse_said_gpus("SLURM_JOB_ID=7\0"s, "7"), "");
  EXPECT_EQ(parse_said_gpus("SLURM_JOB_SLUID=s8FXKTA79XAR00\0SLURM_JOB_GPUS=1\0"s, "s8FXKTA79XAR00"), "1");
  EXPECT_FALSE(parse_said_gpus("SLURM_JOB_ID=8\0SLURM_JOB_GPUS=0\0"s, "7"));
  EXPECT_FALSE(parse_said_gpus("SLURM_JOB_ID=7\0SLURM_JOB_GPUS=0;rm\0"s, "7"));
  EXPECT_FALSE(parse_said_gpus("", "7"));
}

}  // namespace
}  // namespace nw
