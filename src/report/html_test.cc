#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "report/report.h"
#include "support/records.h"

namespace nw {
namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++n;
  return n;
}

// Whether every element that is opened is closed, in order, and every attribute is quoted.
std::string first_fault(const std::string& html) {
  std::vector<std::string> open;
  for (std::size_t at = 0; (at = html.find('<', at)) != std::string::npos; ++at) {
    const std::size_t end = html.find('>', at);
    if (end == std::string::npos) return "unclosed tag";
    const std::string tag = html.substr(at + 1, end - at - 1);
    if (tag.starts_with("!DOCTYPE") || tag.starts_with("meta") || tag.ends_with("/") || tag == "br") continue;
    if (count(tag, "\"") % 2 != 0) return tag;
    const std::string name = tag.substr(0, tag.find(' '));
    if (!name.starts_with("/"))
      open.push_back(name);
    else if (open.empty() || "/" + open.back() != name)
      return name + " closes " + (open.empty() ? "nothing" : open.back());
    else
      open.pop_back();
  }
  return open.empty() ? "" : open.back() + " stays open";
}

const std::vector<pb::Record>& records() {
  static const std::vector<pb::Record> all{sample::gpu_node(), sample::cpu_node(), sample::no_sensor(),
                                           sample::hostile(),  sample::nothing(),  sample::nonsense(),
                                           sample::gaps(),     sample::merged()};
  return all;
}

void expect_self_contained(const std::string& html) {
  EXPECT_EQ(first_fault(html), "");
  EXPECT_EQ(count(html, "<script"), 0U);
  EXPECT_EQ(count(html, "<img"), 0U);
  EXPECT_EQ(count(html, "<link"), 0U);
  EXPECT_EQ(count(html, "<iframe"), 0U);
  EXPECT_EQ(count(html, "http://") + count(html, "https://"), count(html, "http://www.w3.org/2000/svg"));
  EXPECT_EQ(count(html, "@import"), 0U);
  EXPECT_EQ(html.find("content=\"default-src 'none'; style-src 'unsafe-inline'\"") != std::string::npos, true);
  EXPECT_EQ(html.find('\x1b'), std::string::npos);
}

TEST(Html, OneRunIsSelfContained) {
  for (const pb::Record& record : records()) expect_self_contained(make_html(record));
}

TEST(Html, SeveralRunsAndABenchAreSelfContained) {
  std::vector<const pb::Record*> all;
  for (const pb::Record& record : records()) all.push_back(&record);
  expect_self_contained(make_html(all, "<b>runs"));
  const std::vector<BenchRow> rows{
      {"<i>", "infer", "\"x\"", all}, {"seg", "", "cpu", {all[0]}}, {"none", "train", "cpu", {}}};
  const std::string bench = make_bench_html(rows, "bench & more");
  expect_self_contained(bench);
  EXPECT_NE(bench.find("&lt;i&gt;"), std::string::npos);
}

TEST(Html, PictureHasASentenceAndATable) {
  const std::string html = make_html(sample::gpu_node());
  EXPECT_NE(
      html.find("role=\"img\" aria-label=\"Power of the node over 12m04s: mean 2613 W, max 2981 W. Energy 526 ± 11 Wh"),
      std::string::npos);
  EXPECT_NE(html.find("<details><summary>Power over time as a table</summary>"), std::string::npos);
  EXPECT_NE(html.find("prefers-color-scheme:dark"), std::string::npos);
  EXPECT_NE(html.find("@media print"), std::string::npos);
}

TEST(Html, APartAboveTheNodeIsExplained) {
  EXPECT_NE(make_html(sample::gaps()).find("follows a change of load later"), std::string::npos);
  EXPECT_EQ(make_html(sample::gpu_node()).find("follows a change of load later"), std::string::npos);
}

TEST(Svg, GapsExcessAndEstimatesAreNamed) {
  const std::string gaps = make_timeline_svg(sample::gaps());
  EXPECT_NE(gaps.find(">not measured</text>"), std::string::npos);
  EXPECT_NE(gaps.find(">parts exceed the node</text>"), std::string::npos);
  EXPECT_NE(gaps.find(">Node sensor</text>"), std::string::npos);
  const std::string modelled = make_timeline_svg(sample::cpu_node());
  EXPECT_NE(modelled.find(">Rest of node, estimated</text>"), std::string::npos);
  EXPECT_EQ(modelled.find(">Node sensor</text>"), std::string::npos);
  EXPECT_NE(make_timeline_svg(sample::nothing()).find("no power over time"), std::string::npos);
  for (const pb::Record& record : records()) {
    const std::string svg = make_timeline_svg(record);
    EXPECT_EQ(first_fault(svg), "");
    EXPECT_EQ(svg.find("nan"), std::string::npos);
    EXPECT_EQ(svg.find("inf "), std::string::npos);
  }
}

TEST(Svg, PicturesOfTwoRunsShareNoId) {
  const std::string a = make_timeline_svg(sample::gaps()), b = make_timeline_svg(sample::cpu_node());
  for (std::size_t at = 0; (at = a.find("id=\"", at)) != std::string::npos; ++at) {
    const std::string id = a.substr(at, a.find('"', at + 4) - at + 1);
    EXPECT_EQ(b.find(id), std::string::npos) << id;
  }
}

}  // namespace
}  // namespace nw
