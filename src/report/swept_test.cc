#include "report/swept.h"

#include <algorithm>
#include <deque>

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "report/escape.h"
#include "support/records.h"

namespace nw {
namespace {

// A sweep over threads, its points named by the energies of their runs.
struct Study {
  std::deque<pb::Record> records;
  Swept swept;

  Study() {
    swept.id = "abcdefgh";
    swept.command = "train {threads}";
    swept.host = "n1";
    swept.seed = 7;
    swept.dimensions = {"threads"};
  }

  void add(const std::string& threads, const std::vector<double>& joules, int seconds,
           pb::Kind kind = pb::KIND_MEASURED) {
    for (const double one : joules) {
      pb::Record& record = records.emplace_back(sample::bare("u" + std::to_string(records.size()), "train", seconds));
      record.set_group("g" + threads);
      record.mutable_node()->set_host("n1");
      sample::fill(*record.mutable_energy(), one, 0.001, kind, pb::BOUNDARY_WALL);
      sample::add_sensor(record, "psu", "PSU", true, 0.001);
      auto& label = *record.add_labels();
      label.set_key("threads");
      label.set_value(threads);
    }
    swept.points.push_back({"threads=" + threads, {threads}, joules.size(), 2, "", {}});
  }

  const Swept& compared(const ComparisonOptions& options = {}) {
    std::vector<const pb::Record*> pointers;
    for (const pb::Record& record : records) pointers.push_back(&record);
    swept.comparison = *compare(pointers, options);
    for (std::size_t side = 0; side < swept.comparison.sides.size(); ++side)
      for (SweptPoint& point : swept.points)
        if ("g" + point.values[0] == swept.comparison.sides[side].who.first().group()) {
          point.side = side;
          swept.comparison.sides[side].who.label = point.label;
        }
    return swept;
  }
};

std::string text_of(const Swept& swept) { return make_swept_text(swept, {.width = 160}); }

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(Swept, NamesTheLeastAndWhatIsNotClearlyMore) {
  Study study;
  study.add("1", {500, 502}, 10);
  study.add("2", {300, 302}, 8);
  study.add("4", {299, 303.5}, 6);
  const Swept& swept = study.compared();
  EXPECT_EQ(find_least(swept), 1U);
  EXPECT_EQ(compute_unclear(swept), std::vector<std::size_t>{2});
  const std::string text = text_of(swept);
  EXPECT_TRUE(has(text, "Least energy: threads=2: 301 +- 13 J")) << text;
  EXPECT_TRUE(has(text, "Not clearly more: threads=4.")) << text;
  EXPECT_TRUE(has(text, "Fastest: threads=4. Least energy x time: threads=4.")) << text;
  EXPECT_LT(text.find("\n2 "), text.find("\n4 ")) << "best first\n" << text;
  EXPECT_LT(text.find("\n4 "), text.find("\n1 ")) << text;
  EXPECT_FALSE(has(text, "Differs too")) << "threads is what was varied\n" << text;
}

TEST(Swept, OneRunAConfigurationIsNotAVerdict) {
  Study study;
  study.add("1", {500}, 10);
  study.add("2", {300}, 8);
  const std::string text = text_of(study.compared());
  EXPECT_TRUE(has(text, "One run a configuration: not a verdict.")) << text;
  EXPECT_FALSE(has(text, "clearly more")) << text;
  EXPECT_TRUE(has(text, "one run")) << text;
  const auto json = nlohmann::json::parse(make_swept_json(study.swept));
  EXPECT_EQ(json["points"][0]["verdict"], "one_run");
  EXPECT_EQ(json["not_clearly_more"], nlohmann::json::array({"threads=1"}));
}

TEST(Swept, ManyConfigurationsAreJudgedTogether) {
  Study study;
  // 301 and 309 J a pair: clear of two alone, and not among ten pairs.
  for (const auto& [threads, joules] : {std::pair{"1", 300.0}, {"2", 304.5}, {"3", 302}, {"4", 303}, {"5", 302.5}})
    study.add(threads, {joules, joules + 1, joules + 2}, 10);
  const std::string text = text_of(study.compared());
  EXPECT_TRUE(has(text, "5 configurations compared: clear is judged over all 10 pairs together.")) << text;
  EXPECT_TRUE(has(text, "The least energy: as the least of 5 that do not clearly differ it is probably too low"))
      << text;
  EXPECT_FALSE(has(text, "clearly more.")) << text;
  Study two;
  two.add("1", {300, 301, 302}, 10);
  two.add("2", {304.5, 305.5, 306.5}, 10);
  EXPECT_TRUE(has(text_of(two.compared()), "Every other configuration takes clearly more.")) << text_of(two.swept);
}

TEST(Swept, FailuresAndWhatWasNotRunHaveNoFigures) {
  Study study;
  study.add("1", {500, 502}, 10);
  study.add("2", {300, 302}, 8);
  study.add("4", {}, 0);
  study.add("8", {}, 0);
  study.swept.points[2].failure = "run 1: exit 3";
  study.swept.remarks = {"Not finished: 2 of 8 runs are left."};
  const std::string text = text_of(study.compared());
  EXPECT_TRUE(has(text, "failed: run 1: exit 3")) << text;
  EXPECT_TRUE(has(text, "not run yet")) << text;
  EXPECT_TRUE(has(text, "Every other configuration takes clearly more.")) << text;
  EXPECT_TRUE(has(text, "Failed: threads=4: run 1: exit 3.")) << text;
  EXPECT_TRUE(has(text, "Not finished: 2 of 8")) << text;
  const auto json = nlohmann::json::parse(make_swept_json(study.swept));
  EXPECT_TRUE(json["points"][3]["side"].is_null());
  EXPECT_EQ(json["points"][2]["failure"], "run 1: exit 3");
}

TEST(Swept, NothingIsRankedWhereThereIsNothingToRank) {
  Study none;
  none.add("1", {}, 0);
  EXPECT_EQ(find_least(none.compared()), std::nullopt);
  EXPECT_TRUE(has(text_of(none.swept), "Nothing is ranked")) << text_of(none.swept);
  EXPECT_TRUE(has(make_swept_html(none.swept), "Nothing is known to be drawn"));
  Study one;
  one.add("1", {500, 501}, 10);
  EXPECT_TRUE(has(text_of(one.compared()), "Nothing is ranked")) << text_of(one.swept);
  EXPECT_TRUE(has(text_of(one.swept), "500.5 +- "));
  Study mixed;
  mixed.add("1", {500, 501}, 10);
  mixed.add("2", {300, 301}, 8);
  mixed.records.back().mutable_energy()->set_coverage(0.5);
  EXPECT_EQ(find_least(mixed.compared()), std::nullopt);
  EXPECT_TRUE(has(text_of(mixed.swept), "cannot rank: of threads=2 only 50.0 % was measured")) << text_of(mixed.swept);
  EXPECT_FALSE(has(text_of(mixed.swept), "Least energy"));
}

TEST(Swept, AnEstimateIsSaidToBeOne) {
  Study study;
  study.add("1", {500, 502}, 10, pb::KIND_ESTIMATED);
  study.add("2", {300, 302}, 8, pb::KIND_ESTIMATED);
  EXPECT_TRUE(has(text_of(study.compared()), "No sensor could be read: every figure is an estimate"))
      << text_of(study.swept);
}

TEST(Swept, IsRankedByWorkWhereThatIsAskedFor) {
  Study study;
  study.add("1", {500, 502}, 10);
  study.add("2", {600, 602}, 8);
  for (std::size_t i = 0; i < study.records.size(); ++i)
    sample::add_work(study.records[i], "sample", i < 2 ? 100 : 200);
  ComparisonOptions options;
  options.per = "sample";
  const std::string text = text_of(study.compared(options));
  EXPECT_EQ(find_least(study.swept), 1U) << text;
  EXPECT_TRUE(has(text, "energy per sample")) << text;
  EXPECT_TRUE(has(text, "Least energy: threads=2: 3.00")) << text;
  options.per = "token";
  EXPECT_EQ(find_least(study.compared(options)), std::nullopt);
  EXPECT_TRUE(has(text_of(study.swept), "not all variants count that unit of work")) << text_of(study.swept);
}

TEST(Swept, EveryRowOfTheCsvIsAsWideAsItsHead) {
  Study study;
  study.add("1", {500, 502}, 10);
  study.add("2", {300, 302}, 8);
  study.add("4", {}, 0);
  const std::string csv = make_swept_csv(study.compared());
  std::vector<std::ptrdiff_t> widths;
  for (std::size_t at = 0; at < csv.size();) {
    const std::size_t end = csv.find('\n', at);
    widths.push_back(
        std::count(csv.begin() + static_cast<std::ptrdiff_t>(at), csv.begin() + static_cast<std::ptrdiff_t>(end), ','));
    at = end + 1;
  }
  ASSERT_EQ(widths.size(), 4U);
  EXPECT_EQ(std::count(widths.begin(), widths.end(), widths[0]), 4) << csv;
}

TEST(Swept, ForeignTextDoesNoHarm) {
  Study study;
  study.swept.dimensions = {"=cmd()"};
  study.swept.command = "<script>alert(1)</script> \x1b[2J |";
  study.add("<b>|\x1b[2J", {500, 502}, 10);
  study.add("=1+1\xff", {300, 302}, 8);
  const Swept& swept = study.compared();
  EXPECT_FALSE(has(make_swept_html(swept), "<script>"));
  EXPECT_FALSE(has(make_swept_html(swept), "<b>|"));
  for (const std::string& text : {text_of(swept), make_swept_markdown(swept), make_swept_csv(swept)})
    EXPECT_FALSE(has(text, "\x1b")) << text;
  EXPECT_TRUE(has(make_swept_csv(swept), "'=1+1")) << make_swept_csv(swept);
  EXPECT_FALSE(nlohmann::json::parse(make_swept_json(swept), nullptr, false).is_discarded());
}

}  // namespace
}  // namespace nw
