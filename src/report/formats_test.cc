// The formats defined by others, compared with their golden files; and what all formats have in common: one list, the
// same digits, the same provenance line.
#include "report/formats.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <regex>
#include <set>
#include <sstream>

#include "report/provenance.h"
#include "support/golden.h"
#include "support/record_repeats.h"

namespace nw {
namespace {

using sample::Runs;

const std::vector<std::pair<std::string, std::function<std::vector<pb::Record>()>>>& cases() {
  static const std::vector<std::pair<std::string, std::function<std::vector<pb::Record>()>>> all{
      {"a GPU node", [] { return std::vector{sample::gpu_node()}; }},
      {"chips alone", [] { return std::vector{sample::cpu_node()}; }},
      {"estimated", [] { return std::vector{sample::no_sensor()}; }},
      {"three repeats",
       [] {
         return std::vector{sample::repeated(1, 0), sample::repeated(1.01, 1), sample::repeated(0.988, 2)};
       }},
      {"two batches", [] {
         return std::vector{sample::repeated(1, 0), sample::repeated(1.01, 1), sample::repeated(1.4, 2),
                            sample::repeated(1.42, 3), sample::no_sensor()};
       }}};
  return all;
}

std::string make(std::string_view name, Records records, const RenderOptions& style = {}) {
  const auto text = find_format(name)->make(records, style);
  return text ? *text : "refused: " + text.error().what + "\n";
}

void expect_golden_form(const std::string& name, const std::function<std::string(Records)>& print) {
  std::string out;
  for (const auto& [what, records] : cases()) out += "=== " + what + "\n" + print(Runs(records()));
  expect_golden("form." + name, out);
}

TEST(FormsGolden, ForPapers) {
  for (const char* name : {"latex", "sentence", "neurips", "hf", "boamps", "codecarbon", "eehpc"})
    expect_golden_form(name, [&](Records records) { return make(name, records); });
  expect_golden_form("markdown_table", [](Records records) {
    return make_markdown_table(make_paper_rows(records), provenance_words(records, true));
  });
  expect_golden_form("review", [](Records records) { return make_review(records, {}); });
  expect_golden_form("method", [](Records records) { return make_method(*records[0], {}); });
  const Runs several(cases()[4].second());
  expect_golden("bars.svg", make("svg", several));
}

TEST(FormsGolden, OfOnePhase) {
  const Runs runs(cases()[3].second());
  std::string out;
  for (const ReportFormat& format : formats())
    if (format.by_phase) out += "=== " + std::string(format.name) + "\n" + make(format.name, runs, {{}, "train"});
  expect_golden("form.phase", out);
}

// A number without the zeros at its ends and its point: "0.520 kWh" and "520 Wh" are one figure.
std::string significant(const std::string& number) {
  std::string digits;
  for (const char c : number)
    if (c != '.' && (c != '0' || !digits.empty())) digits += c;
  return digits.substr(0, digits.find_last_not_of('0') + 1);
}

std::string headline(const std::string& text, const std::string& pattern) {
  std::smatch found;
  if (!std::regex_search(text, found, std::regex(pattern))) return "nothing fits " + pattern + " in\n" + text;
  return significant(found[1]) + " +- " + significant(found[2]);
}

TEST(Forms, OneFigureHasTheSameDigitsEverywhere) {
  const std::string number = "([0-9.]+)", unit = " (?:k|M)?Wh";
  double joules = 4000;
  for (int i = 0; i < 20; ++i, joules *= 2.57)
    for (const double relative : {0.3, 0.021, 0.0007}) {
      pb::Record record = sample::gpu_node();
      sample::fill(*record.mutable_energy(), joules, relative, pb::KIND_MEASURED, pb::BOUNDARY_WALL);
      const Runs one({record});
      const std::string pair = number + " (?:±|\\+-) " + number + unit;
      const std::string text = headline(make("text", one), "Energy +" + pair);
      EXPECT_EQ(headline(make("markdown", one), "Energy: " + pair), text);
      EXPECT_EQ(headline(make("hf", one), "Energy:\\*\\* " + pair), text);
      EXPECT_EQ(headline(make("html", one), number + "(?:</?[^>]*>| )*± (?:</?[^>]*>)*" + number + unit), text);
      const std::string prose = number + " \\+- " + number + unit + " ";
      EXPECT_EQ(headline(make("sentence", one), "used " + prose), text);
      // The table's unit is the largest's, and the first row is the whole run.
      EXPECT_EQ(headline(make("latex", one), "\\{whole run\\} & 1 & [0-9. ]+ & " + number + " \\\\pm " + number), text);
      EXPECT_EQ(headline(make_markdown_table(make_paper_rows(one), ""),
                         "whole run \\| 1 \\| [0-9.]+ \\| " + number + " ± " + number),
                text);
    }
}

TEST(Forms, TheMeanOfRepeatsHasTheSameDigitsEverywhere) {
  const Runs runs(cases()[3].second());
  const std::string number = "([0-9.]+)", pair = number + " ± " + number + " (?:Wh|kWh)";
  const std::string table = headline(make("markdown", runs), "whole run \\| 3 \\| [^|]+\\| " + number + " ± " + number);
  EXPECT_EQ(headline(make("latex", runs), "whole run\\} & 3 & [^&]+& " + number + " \\\\pm " + number), table);
  EXPECT_EQ(headline(make("sentence", runs), "used " + number + " \\+- " + number), table);
  EXPECT_EQ(headline(make("hf", runs), "Energy:\\*\\* " + pair), table);
  EXPECT_EQ(headline(make("svg", runs), ">" + pair + ", n=3"), table);
  // neurips: the table's energy of one; its unit is kWh.
  EXPECT_EQ(headline(make("neurips", runs), "& 3 & 0 & [^&]+& " + number + " \\\\pm " + number), table);
}

TEST(Forms, ThePageListsTheForms) {
  std::ifstream file(std::string(NODEWATT_SOURCE_DIR) + "/docs/reports.md");
  std::set<std::string> listed;
  const std::regex row("^\\| `([a-z]+)`.*");
  std::smatch found;
  for (std::string line; std::getline(file, line);)
    if (std::regex_match(line, found, row)) listed.insert(found[1]);
  std::set<std::string> known;
  for (const ReportFormat& format : formats()) known.emplace(format.name);
  EXPECT_EQ(listed, known);
}

TEST(Forms, AreFoundByNameAndAlias) {
  for (const ReportFormat& format : formats()) {
    EXPECT_EQ(find_format(format.name), &format);
    if (!format.alias.empty()) {
      EXPECT_EQ(find_format(format.alias), &format);
    }
    EXPECT_NE(make_format_list().find("  " + std::string(format.name) + " "), std::string::npos);
    EXPECT_NE((", " + format_names() + ",").find(", " + std::string(format.name) + ","), std::string::npos);
  }
  for (const char* name : {"", "tex", "TEXT", "text ", "latex\n"}) EXPECT_EQ(find_format(name), nullptr) << name;
}

TEST(Forms, EachSaysWhereItsDataAreFrom) {
  const Runs one({sample::gpu_node()});
  const std::string hash = data_sha256(one);
  for (const ReportFormat& format : formats()) {
    if (format.output == FormatOutput::folder || format.name == "short" || format.name == "codecarbon")
      continue;  // no room
    RenderOptions wide;
    wide.text.width = 1000;
    EXPECT_NE(make(format.name, one, wide).find(hash.substr(0, 12)), std::string::npos) << format.name;
  }
}

TEST(Crate, HoldsWhatItsMetadataNames) {
  const Runs runs(cases()[4].second());
  const CrateFiles files = make_crate(runs).value();
  std::string names;
  for (const auto& [name, content] : files) {
    names += name + '\n';
    const std::string entry = "\"@id\": \"" + name + "\"";
    EXPECT_NE(files[0].second.find(entry), std::string::npos) << name;
    const std::string size = "\"contentSize\": \"" + std::to_string(content.size()) + "\"";
    EXPECT_TRUE(name == files[0].first || files[0].second.find(size) != std::string::npos) << name;
    EXPECT_TRUE(name != "measurement.pb" || sha256(content) == data_sha256(runs));
  }
  EXPECT_EQ(files[0].first, "ro-crate-metadata.json");
  EXPECT_EQ(files.size(), 1 + 3 * runs.all.size() + 3) << names;
  pb::Record timeless = sample::gpu_node();
  timeless.clear_start_unix_ns();
  EXPECT_FALSE(make_crate(Runs({timeless})));
  EXPECT_FALSE(make_crate(Records{}));
}

}  // namespace
}  // namespace nw
