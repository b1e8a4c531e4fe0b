#include "apps/cli/grid.h"

#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace nw::cli {
namespace {

Grid grid_of(const std::vector<std::pair<std::string, std::string>>& texts) {
  std::vector<Dimension> dimensions;
  for (const auto& [name, values] : texts) dimensions.push_back(*parse_dimension(name, values));
  return *Grid::make(std::move(dimensions));
}

TEST(Grid, PointsAreAllCombinationsTheLastFastest) {
  const Grid grid = grid_of({{"threads", "1,2"}, {"lr", "0.1, 0.2 ,0.3"}});
  ASSERT_EQ(grid.size(), 6U);
  EXPECT_EQ(grid.label(0), "threads=1, lr=0.1");
  EXPECT_EQ(grid.label(1), "threads=1, lr=0.2");
  EXPECT_EQ(grid.label(5), "threads=2, lr=0.3");
  EXPECT_EQ(grid.value(4, "lr"), "0.2");
  EXPECT_EQ(grid.value(4, "none"), "");
  std::set<std::string> labels;
  for (std::size_t point = 0; point < grid.size(); ++point) labels.insert(grid.label(point));
  EXPECT_EQ(labels.size(), 6U);
}

TEST(Grid, FillsTheNamesOfItsDimensionsAlone) {
  const Grid grid = grid_of({{"x", "7,{x}"}, {"batch_size", "32"}});
  EXPECT_EQ(grid.fill("--b={batch_size}/{x}{x}", 0), "--b=32/77");
  EXPECT_EQ(grid.fill("{y} { x} {x {{x}} {} }{", 0), "{y} { x} {x {7} {} }{");
  EXPECT_EQ(grid.fill("awk '{print $1}'", 0), "awk '{print $1}'");
  EXPECT_EQ(grid.fill("{x}", 1), "{x}") << "what a value holds is not filled again";
}

TEST(Grid, ValuesMayHoldCommas) {
  EXPECT_EQ(parse_dimension("layers", R"(64\,128,256\\,a\b)")->values,
            (std::vector<std::string>{"64,128", "256\\", "a\\b"}));
}

TEST(Grid, OneValueHasOneSpelling) {
  EXPECT_EQ(parse_dimension("power_limit", "200,300W,default")->values,
            (std::vector<std::string>{"200W", "300W", "default"}));
  EXPECT_EQ(parse_dimension("threads", "08")->values, std::vector<std::string>{"8"});
}

TEST(Grid, RefusesWhatMakesNoSense) {
  const std::pair<const char*, const char*> bad[] = {
      {"threads", "0"},  {"threads", "1,1"},     {"threads", "01,1"},   {"threads", "x"},
      {"threads", "-1"}, {"batch_size", "1.5"},  {"power_limit", "0W"}, {"power_limit", "200kW"},
      {"x", ""},         {"x", "a,,b"},          {"x", "a,"},           {"", "1"},
      {"sweep", "1"},    {"a b", "1"},           {"1x", "1"},           {"x", "\x1b[2J"},
      {"x", "\xff"},     {"power_limit", "9e9"}, {"{x}", "1"},          {"power_limit", "99999999999999999999W"}};
  for (const auto& [name, values] : bad) EXPECT_FALSE(parse_dimension(name, values)) << name << " = " << values;
  EXPECT_FALSE(parse_dimension(std::string(65, 'x'), "1"));
  EXPECT_FALSE(parse_dimension("x", std::string(1001, 'v')));
  EXPECT_FALSE(Grid::make({{"x", {"1"}}, {"x", {"2"}}}));
  EXPECT_FALSE(Grid::make({{"x", {}}}));
  std::vector<Dimension> many;
  for (int i = 0; i < 64; ++i) many.push_back({"d" + std::to_string(i), {"1", "2"}});
  EXPECT_FALSE(Grid::make(many)) << "2^64 points";
}

TEST(Grid, TheCommandAsksForEachDimension) {
  const Grid grid = grid_of({{"threads", "1,2"}, {"power_limit", "200W"}});
  EXPECT_TRUE(grid.check_use({"x", "OMP_NUM_THREADS={threads}"})) << "the power limit acts by itself";
  EXPECT_FALSE(grid.check_use({"x", "--threads={thread}"}));
  EXPECT_FALSE(grid.check_use({"{threads}", "{batch_size}"})) << "a usual name without values";
  EXPECT_TRUE(grid.check_use({"{threads}", "{other}"}));
}

RC_GTEST_PROP(Turns, EveryBlockHoldsEveryPointOnceAndOneSeedGivesOneOrder, ()) {
  const auto points = *rc::gen::inRange<std::size_t>(1, 40);
  const auto repeats = *rc::gen::inRange<unsigned>(1, 6);
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const std::vector<Turn> turns = shuffle_turns(points, repeats, seed);
  RC_ASSERT(turns == shuffle_turns(points, repeats, seed));
  RC_ASSERT(turns.size() == points * repeats);
  for (unsigned repeat = 1; repeat <= repeats; ++repeat) {
    std::set<std::size_t> block;
    for (std::size_t i = 0; i < points; ++i) {
      const Turn& turn = turns[(repeat - 1) * points + i];
      RC_ASSERT(turn.repeat == repeat);
      block.insert(turn.point);
    }
    RC_ASSERT(block.size() == points);
  }
}

TEST(Turns, TheOrderOfASeedStaysWhatItWas) {
  std::vector<std::size_t> points;
  for (const Turn& turn : shuffle_turns(5, 2, 43)) points.push_back(turn.point);
  EXPECT_EQ(points, (std::vector<std::size_t>{0, 2, 4, 3, 1, 1, 0, 3, 4, 2}));
}

TEST(Turns, NoPlaceIsFavoured) {
  std::vector<int> first(6);
  for (std::uint64_t seed = 0; seed < 6000; ++seed) ++first[shuffle_turns(6, 1, seed)[0].point];
  for (const int count : first) EXPECT_NEAR(count, 1000, 150);
}

}  // namespace
}  // namespace nw::cli
