#include "base/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <set>

#include "base/anomalies.h"

namespace nw {
namespace {

TEST(ResultKinds, ComeFromErrno) {
  const std::pair<int, ErrorKind> cases[] = {
      {ENOENT, ErrorKind::absent},  {ENODEV, ErrorKind::absent}, {ENXIO, ErrorKind::absent},
      {ENOTDIR, ErrorKind::absent}, {EACCES, ErrorKind::denied}, {EPERM, ErrorKind::denied},
      {EAGAIN, ErrorKind::busy},    {EBUSY, ErrorKind::busy},    {EINTR, ErrorKind::busy},
      {ETIMEDOUT, ErrorKind::busy}, {EIO, ErrorKind::failed},    {ENOSPC, ErrorKind::failed},
      {ELOOP, ErrorKind::failed},   {0, ErrorKind::failed},      {-1, ErrorKind::failed},
      {12345, ErrorKind::failed},
  };
  for (const auto& [code, kind] : cases) EXPECT_EQ(system_error(code, "x").kind, kind) << code;
}

TEST(ResultKinds, TheTextNamesWhatAndWhy) {
  const Error error = system_error(EACCES, "/sys/x");
  EXPECT_EQ(error.what, "/sys/x: Permission denied");
}

TEST(ResultKinds, NamesComeBack) {
  for (const auto kind :
       {ErrorKind::absent, ErrorKind::denied, ErrorKind::busy, ErrorKind::malformed, ErrorKind::failed})
    EXPECT_EQ(error_kind(name(kind)), kind);
  EXPECT_EQ(error_kind("nonsense"), ErrorKind::failed);
  EXPECT_EQ(error_kind(""), ErrorKind::failed);
}

Result<std::unique_ptr<int>> number(bool good) {
  if (!good) return fail(ErrorKind::busy, "no number");
  return std::make_unique<int>(4);
}
Result<int> twice(bool first, bool second) { return *NW_TRY(number(first)) + *NW_TRY(number(second)); }
Done check(bool good) {
  NW_CHECK(number(good));
  return {};
}

TEST(Try, HandsTheValueOnAndTheErrorUp) {
  EXPECT_EQ(twice(true, true).value(), 8);
  EXPECT_EQ(twice(true, false).error().what, "no number");
  EXPECT_EQ(twice(false, true).error().kind, ErrorKind::busy);
  EXPECT_TRUE(check(true));
  EXPECT_EQ(check(false).error().what, "no number");
}

TEST(Anomalies, EachHasItsOwnNameAndASentence) {
  std::set<std::string_view> names;
  for (unsigned i = 0; i < kAnomalies.size(); ++i) {
    const auto& row = kAnomalies[i];
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_FALSE(row.sentence.empty());
    EXPECT_EQ(anomaly(row.name), static_cast<Anomaly>(i));
    EXPECT_EQ(entry(static_cast<Anomaly>(i)).name, row.name);
  }
  EXPECT_FALSE(anomaly("nonsense"));
  AnomalyCounts counts;
  counts.add(Anomaly::reset);
  counts.add(Anomaly::reset, 2);
  EXPECT_EQ(counts.count(Anomaly::reset), 3u);
  EXPECT_EQ(counts.count(Anomaly::wrap), 0u);
}

}  // namespace
}  // namespace nw
