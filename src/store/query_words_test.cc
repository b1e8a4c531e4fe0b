#include "store/query_words.h"

#include <gtest/gtest.h>

#include "base/wall_time.h"
#include "record/record.pb.h"

namespace nw {
namespace {

constexpr std::int64_t kNow = 1'800'000'000'000'000'000;

TEST(QueryWords, EveryKeyAndItsPlace) {
  const auto query = parse_query(
      "name=\"my run, 2\" since=2026-11-01,until=1d node-type=*A100* label.batch=32 setting.torch=2.* limit=5", kNow);
  ASSERT_TRUE(query) << query.error().what;
  EXPECT_EQ(query->since_unix_ns, parse_wall_ns("2026-11-01"));
  EXPECT_EQ(query->until_unix_ns, kNow - 86'400'000'000'000);
  EXPECT_EQ(query->limit, 5u);
  ASSERT_EQ(query->patterns.size(), 4u);
  EXPECT_EQ(query->patterns[0], (std::pair<std::string, std::string>("name", "my run, 2")));
  EXPECT_EQ(query->patterns[2].first, "label.batch");
  for (const char* text : {"since=2d", "since=d=2", "since=48h", "since=h=48"})
    EXPECT_EQ(parse_query(text, kNow)->since_unix_ns, kNow - 2 * 86'400'000'000'000) << text;
  EXPECT_EQ(parse_query("  ", kNow)->limit, 0u) << "all of them";
}

TEST(QueryWords, WhatIsNoneIsNamed) {
  for (const auto& [text, word] :
       {std::pair{"nmae=x", "nmae"}, std::pair{"name", "name"}, std::pair{"label.=x", "label."},
        std::pair{"since=yesterday", "yesterday"}, std::pair{"since=d=x", "d=x"}, std::pair{"since=d", "'d'"},
        std::pair{"limit=-1", "-1"}, std::pair{"=x", "KEY"}}) {
    const auto query = parse_query(text, kNow);
    ASSERT_FALSE(query) << text;
    EXPECT_NE(query.error().what.find(word), std::string::npos) << query.error().what;
  }
}

TEST(QueryWords, PatternsFit) {
  EXPECT_TRUE(fits("2x Xeon, 4x A100-SXM4", "*A100*"));
  EXPECT_TRUE(fits("train", "tra?n"));
  EXPECT_TRUE(fits("", "*"));
  EXPECT_TRUE(fits("aab", "*ab"));
  EXPECT_TRUE(fits("abcabd", "*abd"));
  EXPECT_FALSE(fits("train", "rain"));
  EXPECT_FALSE(fits("train", "trai"));
  EXPECT_FALSE(fits("", "?"));
  // Many stars cost no more than a square.
  EXPECT_FALSE(fits(std::string(2000, 'a'), "*a*a*a*a*a*a*a*a*b"));
}

TEST(QueryWords, RecordsByWhatTheyAre) {
  pb::Record record;
  record.set_name("train");
  record.mutable_node()->set_host("g0412");
  auto* label = record.add_labels();
  label->set_key("batch"), label->set_value("32");
  EXPECT_TRUE(fits(record, {{"name", "t*"}, {"host", "g????"}, {"label.batch", "32"}}));
  EXPECT_FALSE(fits(record, {{"name", "t*"}, {"label.batch", "64"}}));
  EXPECT_FALSE(fits(record, {{"label.none", "x"}}));
}

}  // namespace
}  // namespace nw
