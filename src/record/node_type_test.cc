#include "record/node_type.h"

#include <gtest/gtest.h>

#include "record/record.pb.h"

namespace nw {
namespace {

TEST(NodeType, ModelsWithoutTheirNoise) {
  EXPECT_EQ(gpu_model("gpu0 NVIDIA A100-SXM4-40GB 0000:07:00.0"), "A100-SXM4-40GB");
  EXPECT_EQ(gpu_model("gpu11 NVIDIA H100 80GB HBM3 0000:1b:00.0 (MIG: the whole board)"), "H100 80GB HBM3");
  EXPECT_EQ(gpu_model("AMD Instinct MI250X"), "Instinct MI250X");
  EXPECT_EQ(gpu_model(""), "");
  EXPECT_EQ(cpu_model("Intel(R) Xeon(R) Platinum 8368 CPU @ 2.40GHz"), "Intel Xeon Platinum 8368");
  EXPECT_EQ(cpu_model("AMD EPYC 7742 64-Core Processor"), "AMD EPYC 7742");
}

TEST(NodeType, TheSitesNameComesFirst) {
  pb::Record record;
  EXPECT_EQ(node_type(record), "");
  record.mutable_node()->set_cpu_model("Intel(R) Xeon(R) Platinum 8368 CPU @ 2.40GHz");
  record.mutable_node()->set_sockets(2);
  EXPECT_EQ(node_type(record), "2x Intel Xeon Platinum 8368");
  // Where a GPU sits does not make another type of the node.
  record.mutable_node()->add_gpus("gpu0 NVIDIA A100-SXM4-40GB 0000:07:00.0");
  record.mutable_node()->add_gpus("gpu1 NVIDIA A100-SXM4-40GB 0000:0b:00.0");
  EXPECT_EQ(node_type(record), "2x Intel Xeon Platinum 8368, 2x A100-SXM4-40GB");
  record.set_node_type("a100x2");
  EXPECT_EQ(node_type(record), "a100x2");
}

}  // namespace
}  // namespace nw
