#include "base/wall_time.h"

#include <gtest/gtest.h>

namespace nw {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(WallTime, Rfc3339) {
  EXPECT_EQ(parse_wall_ns("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(parse_wall_ns("2026-03-31T10:00:00.25+02:00"), 1774944000 * kSecond + 250'000'000);
  EXPECT_EQ(parse_wall_ns("2026-03-31T08:00:00.25Z"), 1774944000 * kSecond + 250'000'000);
  EXPECT_EQ(parse_wall_ns("2024-02-29T23:59:59-00:30"), parse_wall_ns("2024-03-01T00:29:59Z"));
  EXPECT_EQ(parse_wall_ns("2026-01-01T00:00:00.1234567891Z"), parse_wall_ns("2026-01-01T00:00:00.123456789Z"));
}

TEST(WallTime, ADateOrATimeWithoutOffsetIsUtc) {
  EXPECT_EQ(parse_wall_ns("2026-03-31"), parse_wall_ns("2026-03-31T00:00:00Z"));
  EXPECT_EQ(parse_wall_ns("2026-03-31 08:30"), parse_wall_ns("2026-03-31T08:30:00Z"));
}

TEST(WallTime, WhatIsNoTime) {
  for (const char* text :
       {"", "2026", "2026-13-01", "2026-00-10", "2026-01-32", "1969-12-31", "9999-01-01", "2026-1-1", "2026-01-01T",
        "2026-01-01T24:00:00Z", "2026-01-01T00:60", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+2:00",
        "2026-01-01T00:00:00Zx", "+026-01-01", "2026-01-01T00:00:00+25:00"})
    EXPECT_FALSE(parse_wall_ns(text)) << text;
}

}  // namespace
}  // namespace nw
