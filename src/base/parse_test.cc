#include "base/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace nw {
namespace {
std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (; times > 0; --times) all += text;
  return all;
}

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Parse, TrimAndSplit) {
  EXPECT_EQ(trim(" \t a b \r\n\v\f"), "a b");
  EXPECT_EQ(trim(" \n "), "");
  EXPECT_EQ(trim(""), "");
  EXPECT_THAT(split("a,,b,", ','), ElementsAre("a", "", "b", ""));
  EXPECT_THAT(split("", ','), ElementsAre(""));
}

TEST(Parse, QuoteMakesForeignTextSafeForATerminal) {
  EXPECT_EQ(quote(" 12a\n"), "'12a'");
  EXPECT_EQ(quote("\x1b[31mred\x9b\xff"),
            "'?[31mred?"
            "?'");
  EXPECT_EQ(quote(std::string_view("a\0b", 3)), "'a?b'");
  EXPECT_EQ(quote("abcdef", 3), "'abc...'");
  EXPECT_EQ(quote("abc", 3), "'abc'");
  EXPECT_EQ(quote(""), "''");
  EXPECT_EQ(quote(std::string(1'000'000, 'x')).size(), 45u);
}

TEST(Parse, ValidUtf8) {
  const std::string good =
      "Pr\xc3\xbc"
      "fung \xe2\x82\xac \xf0\x9f\x94\x8b";
  EXPECT_EQ(valid_utf8(good), good);
  EXPECT_EQ(valid_utf8(std::string_view("a\0b", 3)), std::string_view("a\0b", 3));
  EXPECT_EQ(valid_utf8("Pr\xfc"
                       "fung"),
            "Pr\xef\xbf\xbd"
            "fung");
  for (const char* bad : {"\xc3", "\x80", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                          "\xf5\x80\x80\x80", "\xe2\x82", "\xff\xfe"})
    EXPECT_EQ(valid_utf8(bad), repeated("\xef\xbf\xbd", std::string_view(bad).size())) << bad;
  EXPECT_EQ(valid_utf8("\xe2\x82z"), "\xef\xbf\xbd\xef\xbf\xbdz");
}

TEST(ParseU64, WholeDecimalNumbersAlone) {
  EXPECT_EQ(parse_u64("0"), 0u);
  EXPECT_EQ(parse_u64(" 007\n"), 7u);
  EXPECT_EQ(parse_u64("18446744073709551615\n"), std::numeric_limits<std::uint64_t>::max());
  for (const char* bad : {"", " ", "\n", "18446744073709551616", "99999999999999999999999", "-1", "+1", "1.0", "1e3",
                          "0x10", "1 2", "12a", "a12",
                          "\xc2\xa0"
                          "1",
                          "--1", "1,000"})
    EXPECT_EQ(parse_u64(bad), std::nullopt) << bad;
  EXPECT_EQ(parse_u64(std::string_view("1\0", 2)), std::nullopt);
  EXPECT_EQ(parse_u64(std::string(1'000'000, '9')), std::nullopt);
  EXPECT_EQ(parse_u64(std::string(1'000'000, '0') + "5"), 5u);
  EXPECT_EQ(parse_u64(std::string_view()), std::nullopt);
}

TEST(ParseI64, MayBeNegative) {
  EXPECT_EQ(parse_i64("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parse_i64(" 9223372036854775807 "), std::numeric_limits<std::int64_t>::max());
  for (const char* bad : {"", "-", "- 1", "+1", "--1", "9223372036854775808", "-9223372036854775809", "1-"})
    EXPECT_EQ(parse_i64(bad), std::nullopt) << bad;
}

TEST(ParseDouble, FiniteDecimals) {
  EXPECT_EQ(parse_double("2.3283064365386962890625e-10\n"), 0x1p-32);
  EXPECT_EQ(parse_double("-1.5"), -1.5);
  EXPECT_EQ(parse_double("1e3"), 1000.0);
  EXPECT_EQ(parse_double(".5"), 0.5);
  for (const char* bad :
       {"", ".", "e5", "inf", "-inf", "nan", "NAN", "infinity", "1e999", "-1e999", "1.2.3", "1,5", "0x1p3", "1f"})
    EXPECT_EQ(parse_double(bad), std::nullopt) << bad;
  EXPECT_EQ(parse_double(std::string_view()), std::nullopt);
}

TEST(ParseDuration, NeedsAUnitAndIsMoreThanNothing) {
  EXPECT_EQ(parse_duration_ns("250ms"), 250'000'000);
  EXPECT_EQ(parse_duration_ns(" 2s "), 2'000'000'000);
  EXPECT_EQ(parse_duration_ns("1.5s"), 1'500'000'000);
  EXPECT_EQ(parse_duration_ns("1m"), 60'000'000'000);
  EXPECT_EQ(parse_duration_ns("2h"), 7'200'000'000'000);
  EXPECT_EQ(parse_duration_ns("100us"), 100'000);
  EXPECT_EQ(parse_duration_ns("1ns"), 1);
  for (const char* bad : {"", "s", "1", "0s", "0.0s", "-1s", "+1s", "0.4ns", "1 s", "1S", "1d", "1e3s", "1.2.3s", ".s",
                          "nan s", "infs", "1000000000h", "1ms2"})
    EXPECT_EQ(parse_duration_ns(bad), std::nullopt) << bad;
  EXPECT_EQ(parse_duration_ns(std::string(1'000'000, '9') + "s"), std::nullopt);
}

TEST(ParseCpuList, RangesAndSingles) {
  EXPECT_THAT(parse_cpu_list("0-3,8\n"), ElementsAre(0, 1, 2, 3, 8));
  EXPECT_THAT(parse_cpu_list("5"), ElementsAre(5));
  EXPECT_THAT(parse_cpu_list("7,3"), ElementsAre(7, 3));
  EXPECT_EQ(parse_cpu_list("0-65535").size(), 65536u);
  for (const char* bad : {"", "\n", ",", "0-", "-3", "3-1", "0,", "a", "0-3-5", "0-65536", "4294967296",
                          "0-18446744073709551615", "0-65535,0-65535", "1..3", "0x1"})
    EXPECT_THAT(parse_cpu_list(bad), IsEmpty()) << bad;
  std::string many;
  for (int i = 0; i < 40; ++i) many += "0-65535,";
  EXPECT_THAT(parse_cpu_list(many + "0"), IsEmpty());
}

}  // namespace
}  // namespace nw
