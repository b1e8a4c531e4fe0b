#include "apps/noded/own_use.h"

#include <gtest/gtest.h>

#include <ctime>
#include <vector>

namespace nw::noded {
namespace {

TEST(OwnUse, GrowsWithWhatIsUsed) {
  const auto cpu = read_own_cpu();
  const auto resident = read_own_resident();
  ASSERT_TRUE(cpu && resident);
  std::vector<char> taken(64 << 20, 'x');
  const std::clock_t begin = std::clock();
  while (std::clock() - begin < CLOCKS_PER_SEC / 20) taken[static_cast<std::size_t>(std::clock()) % taken.size()] = 'y';
  EXPECT_GE(*read_own_cpu() - *cpu, millis(45));
  EXPECT_GE(*read_own_resident(), *resident + (60 << 20));
}

}  // namespace
}  // namespace nw::noded
