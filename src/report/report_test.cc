// Every format against its golden file. NODEWATT_UPDATE_GOLDEN=1 writes them anew; the difference is then for a person
// to read.
#include "report/report.h"
#include "report/list.h"

#include <gtest/gtest.h>

#include <functional>
#include <sstream>

#include "report/escape.h"
#include "support/golden.h"
#include "support/record_repeats.h"

namespace nw {
namespace {

struct Sample {
  std::string name;
  std::function<pb::Record()> make;
};

const std::vector<Sample>& samples() {
  static const std::vector<Sample> all{{"gpu_node", sample::gpu_node},   {"cpu_node", sample::cpu_node},
                                       {"no_sensor", sample::no_sensor}, {"hostile", sample::hostile},
                                       {"nothing", sample::nothing},     {"nonsense", sample::nonsense},
                                       {"gaps", sample::gaps},           {"merged", sample::merged}};
  return all;
}

// The same text at four widths.
std::string at_widths(const std::function<std::string(const TextStyle&)>& make, bool utf8) {
  std::string out;
  for (const int width : {60, 80, 100, 160}) {
    TextStyle style;
    style.width = width;
    style.utf8 = utf8;
    out += "=== " + std::to_string(width) + " columns\n" + make(style);
  }
  return out;
}

// A bench of invented figures: three repeats on a GPU node, two with the CPU alone, one estimated.
struct Bench {
  std::vector<pb::Record> records;
  std::vector<BenchRow> rows;
  std::vector<const pb::Record*> all;

  Bench() {
    const double factors[] = {1, 1.01, 0.988, 1.4, 1.42};
    for (int i = 0; i < 5; ++i) records.push_back(sample::repeated(factors[i], i));
    records.push_back(sample::no_sensor());
    for (const pb::Record& record : records) all.push_back(&record);
    const std::vector<const pb::Record*> fast{all[0], all[1], all[2]}, slow{all[3], all[4]};
    rows = {{"segmentation", "train", "cuda:0", fast},
            {"segmentation", "infer", "cuda:0", fast},
            {"segmentation", "train", "cpu (accelerators idle)", slow},
            {"forecasting", "infer", "cpu", {all[5]}},
            {"forecasting", "train", "cpu", {}}};
  }
};

TEST(Golden, Text) {
  for (const Sample& one : samples()) {
    const pb::Record record = one.make();
    const auto text = [&](const TextStyle& style) { return make_text(record, style); };
    expect_golden(one.name + ".text.ascii", at_widths(text, false));
    expect_golden(one.name + ".text.utf8", at_widths(text, true));
  }
}

TEST(Golden, OtherFormats) {
  for (const Sample& one : samples()) {
    const pb::Record record = one.make();
    const pb::Record* records[] = {&record};
    expect_golden(one.name + ".short", make_short(record));
    expect_golden(one.name + ".json", make_json(record));
    expect_golden(one.name + ".csv", make_csv(records));
    expect_golden(one.name + ".md", make_markdown(record));
  }
  expect_golden("gaps.svg", make_timeline_svg(sample::gaps()));
  expect_golden("cpu_node.html", make_html(sample::cpu_node()));
}

TEST(Golden, SeveralRuns) {
  const Bench bench;
  for (const bool utf8 : {false, true}) {
    const std::string end = utf8 ? ".utf8" : ".ascii";
    expect_golden("list" + end, at_widths([&](const TextStyle& style) { return make_list(bench.all, style); }, utf8));
    expect_golden("bench" + end,
                  at_widths([&](const TextStyle& style) { return make_bench_table(bench.rows, style); }, utf8));
    const Records measured(bench.all.data(), 5);
    expect_golden("compare" + end,
                  at_widths([&](const TextStyle& style) { return make_compare(measured, style); }, utf8));
    expect_golden("compare_refused" + end,
                  at_widths([&](const TextStyle& style) { return make_compare(bench.all, style); }, utf8));
  }
  expect_golden("bench.md", make_bench_markdown(bench.rows));
}

TEST(Text, NoLineIsWiderThanItsTerminal) {
  for (const Sample& one : samples())
    for (int width = 60; width <= 160; width += 5)
      for (const bool utf8 : {false, true}) {
        TextStyle style;
        style.width = width;
        style.utf8 = utf8;
        std::istringstream lines(make_text(one.make(), style));
        for (std::string line; std::getline(lines, line);) {
          EXPECT_LE(display_width(line), static_cast<std::size_t>(width)) << one.name << ": " << line;
          EXPECT_FALSE(line.ends_with(' ')) << one.name << ": " << line;
        }
      }
}

TEST(Text, ColourOnlyRepeats) {
  for (const Sample& one : samples()) {
    TextStyle style;
    const std::string plain = make_text(one.make(), style);
    EXPECT_EQ(plain.find('\x1b'), std::string::npos) << one.name;
    style.colour = true;
    std::string coloured = make_text(one.make(), style);
    for (std::size_t at; (at = coloured.find('\x1b')) != std::string::npos;)
      coloured.erase(at, coloured.find('m', at) - at + 1);
    EXPECT_EQ(coloured, plain) << one.name;
  }
}

TEST(Text, SaysWhatTheFiguresAre) {
  for (const Sample& one : samples()) {
    TextStyle style;
    style.width = 120;
    const std::string text = make_text(one.make(), style);
    EXPECT_NE(text.find("not the command's share"), std::string::npos);
    EXPECT_NE(text.find("M measured  D derived  A attributed  E estimated"), std::string::npos);
    EXPECT_EQ(text.find("No sensor could be read: every figure is an estimate") != std::string::npos,
              one.name == "no_sensor");
  }
}

TEST(Text, ShortIdsGrowUntilTheyDiffer) {
  const Bench bench;
  const std::string list = make_list(bench.all, {.width = 160});
  for (const char* id : {"@7f3k0 ", "@7f3k1 ", "@7f3k4 "}) EXPECT_NE(list.find(id), std::string::npos) << list;
  const pb::Record* twice[] = {bench.all[0], bench.all[0]};
  EXPECT_FALSE(make_list(twice, {}).empty());
  EXPECT_EQ(make_list({}, {}), "no runs\n");
  EXPECT_TRUE(make_list(twice, {}, 27).ends_with("2 of 27 shown; --limit 0 shows all\n"));
  EXPECT_EQ(make_list(twice, {}, 2), make_list(twice, {}));
  EXPECT_EQ(make_compare(Records{}, {}), "nothing to compare\n");
}

}  // namespace
}  // namespace nw
