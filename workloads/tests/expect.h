// Three checks, enough for tests that must build on a node without GoogleTest.
#pragma once

#include "../common/result.h"

#include <cstdio>
#include <string>

namespace nw::workload {

inline int failures = 0;

inline void expect(bool holds, const char* what, int line) {
  if (holds) return;
  ++failures;
  std::printf("line %d: expected %s\n", line, what);
}

// The result must be an error whose text contains `part`.
template <class T>
void expect_error(const Result<T>& result, const std::string& part, int line) {
  if (!result && result.error().what.find(part) != std::string::npos) return;
  ++failures;
  std::printf("line %d: expected an error with '%s', got %s\n", line, part.c_str(),
              result ? "a value" : result.error().what.c_str());
}

}  // namespace nw::workload

#define EXPECT(condition) nw::workload::expect((condition), #condition, __LINE__)
#define EXPECT_ERROR(result, part) nw::workload::expect_error((result), (part), __LINE__)
