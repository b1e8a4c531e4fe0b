// Golden files of the reports: src/report/golden/NAME.txt. NODEWATT_UPDATE_GOLDEN=1 writes them anew; the difference is
// then for a person to read.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace nw {

inline void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(NODEWATT_SOURCE_DIR) + "/src/report/golden/" + name + ".txt";
  if (std::getenv("NODEWATT_UPDATE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << text;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(text, golden.str()) << path;
}

}  // namespace nw
