#include "apps/cli/sweep_gpus.h"

#include <cstdlib>

#include <gtest/gtest.h>

namespace nw::cli {
namespace {

struct SweptGpusTest : testing::Test {
  std::vector<GpuLimit> gpus;

  SweptGpusTest() {
    for (const char* name :
         {"CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "NVIDIA_VISIBLE_DEVICES", "SLURM_JOB_GPUS", "SLURM_STEP_GPUS"})
      ::unsetenv(name);
    for (unsigned i = 0; i < 4; ++i)
      gpus.push_back({"GPU-" + std::to_string(i), "A100", i, watts(100), watts(500), watts(400), watts(350)});
  }
  ~SweptGpusTest() override { ::unsetenv("CUDA_VISIBLE_DEVICES"); }

  std::string chosen(const std::string& wanted) const {
    const auto found = choose_gpus(gpus, wanted);
    if (!found) return found.error().what;
    std::string text;
    for (const GpuLimit& gpu : *found) text += std::to_string(gpu.index);
    return text;
  }
};

TEST_F(SweptGpusTest, AreThoseThatAreNamed) {
  EXPECT_EQ(chosen("all"), "0123");
  EXPECT_EQ(chosen("2, GPU-0,2"), "20");
  EXPECT_NE(chosen("4").find("no such GPU"), std::string::npos);
  EXPECT_NE(chosen("0,,1").find("no such GPU"), std::string::npos);
  EXPECT_NE(chosen("\x1b[2J").find("'?[2J'"), std::string::npos);
}

TEST_F(SweptGpusTest, ElseThoseThatAreGivenToThisRun) {
  EXPECT_EQ(chosen(""), "0123") << "nobody says which";
  ::setenv("CUDA_VISIBLE_DEVICES", "1,GPU-3", 1);
  EXPECT_EQ(chosen(""), "13");
  EXPECT_EQ(chosen("all"), "0123");
  ::setenv("CUDA_VISIBLE_DEVICES", "", 1);
  EXPECT_NE(chosen("").find("none is given to this run"), std::string::npos);
  gpus.clear();
  EXPECT_FALSE(choose_gpus(gpus, "all"));
}

TEST_F(SweptGpusTest, HaveLimitsWithinTheirRange) {
  EXPECT_EQ(*limit_of("default", gpus[0]), watts(400));
  EXPECT_EQ(*limit_of("100W", gpus[0]), watts(100));
  EXPECT_EQ(*limit_of("500W", gpus[0]), watts(500));
  EXPECT_EQ(limit_of("99W", gpus[0]).error().what, "99W is not within gpu0 A100's 100 W to 500 W");
  EXPECT_FALSE(limit_of("501W", gpus[0]));
  EXPECT_FALSE(limit_of("", gpus[0]));
}

TEST_F(SweptGpusTest, AreNoneWithoutPowerLimitsInTheGrid) {
  const auto made = SweptGpus::make(*Grid::make({{"x", {"1"}}}), "", Root{"/no/such/root"});
  ASSERT_TRUE(made);
  EXPECT_EQ(*made, nullptr);
  const auto refused = SweptGpus::make(*Grid::make({{"power_limit", {"200W"}}}), "", Root{"/no/such/root"});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("GPU power limits cannot be set: "), std::string::npos);
}

}  // namespace
}  // namespace nw::cli
