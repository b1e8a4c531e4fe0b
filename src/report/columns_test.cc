// Properties of every table on every page, at every width: one unit a column, an interval at every energy, no truncated
// name, no line that is too wide. And findings without an answer are one sentence each.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <sstream>

#include "report/escape.h"
#include "report/job.h"
#include "report/report.h"
#include "report/top.h"
#include "study/findings.h"
#include "support/record_repeats.h"
#include "support/records_jobs.h"

namespace nw {
namespace {

using Lines = std::vector<std::string>;

Lines lines_of(const std::string& text) {
  std::istringstream in(text);
  Lines lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Runs of very different size, which on their own would use all units; with names that invite truncation.
pb::Record run_of(double joules, int seconds, const std::string& name) {
  pb::Record record =
      sample::bare("u" + std::to_string(static_cast<long>(joules * 10)) + "k3m9q0r8s7t6v5", name, seconds);
  record.mutable_node()->set_host("compute-node-0412.example.org");
  sample::fill(*record.mutable_energy(), joules, 0.02, pb::KIND_MEASURED, pb::BOUNDARY_WALL);
  sample::add_part(record, "gpu", "0", joules * 0.6, 0.02, pb::KIND_MEASURED, "NVML energy counter", joules / seconds);
  sample::add_part(record, "package", "0", joules * 0.0004, 0.02, pb::KIND_MEASURED, "RAPL package (powercap)", 1);
  record.mutable_components(0)->set_label("gpu0 NVIDIA RTX PRO 6000 Blackwell Server Edition");
  auto& train = sample::add_phase(record, "segmentation of everything/train", 0, seconds * 0.9, joules * 0.9, 0.02);
  auto& infer =
      sample::add_phase(record, "segmentation of everything/infer", seconds * 0.9, seconds, joules * 0.004, 0.05);
  for (pb::Phase* phase : {&train, &infer}) {
    pb::Work& work = *phase->add_work();
    work.set_unit("sample_of_the_validation_set");
    work.set_count(phase == &train ? 100 : 4000);
  }
  record.clear_exit_code();
  record.set_signal(2);
  return record;
}

const std::vector<pb::Record>& runs() {
  static const std::vector<pb::Record> all{
      run_of(4.1, 1, "python train.py"), run_of(3400, 60, "segmentation"),
      run_of(8208, 60, "segmentation with a name of many words"),
      run_of(2.4e7, 1200, "a_name_without_any_space_that_is_longer_than_its_column.py")};
  return all;
}

std::vector<const pb::Record*> pointers(const std::vector<pb::Record>& records) {
  std::vector<const pb::Record*> all;
  for (const pb::Record& record : records) all.push_back(&record);
  return all;
}

std::vector<pb::Record> jobs() {
  std::vector<pb::Record> all{sample::exclusive_job(), sample::shared_job(), sample::job_on("n1", 1e3),
                              sample::job_on("n2", 4e8)};
  for (pb::Record& job : all) {
    job.set_name("sys_logic_ordinals of everybody");
    job.mutable_node()->set_cpu_model("Intel Xeon Platinum 8368");
    job.set_signal(2);
  }
  all[2].mutable_job()->mutable_steps(0)->mutable_energy()->set_energy_uj(2'000'000);
  return all;
}

// Every page with a table in it, by name.
std::map<std::string, std::string> pages(const TextStyle& style) {
  const auto all = pointers(runs());
  static const std::vector<pb::Record> job_records = jobs();
  const auto job_pointers = pointers(job_records);
  static const Findings of_runs = compute_findings(all), of_jobs = compute_findings(job_pointers);
  const std::vector<BenchRow> rows{{"segmentation", "train", "cpu, 2 threads", {all[1]}},
                                   {"segmentation", "infer", "cpu (accelerators idle)", {all[2]}},
                                   {"forecasting", "infer", "cuda:0", {all[0]}},
                                   {"forecasting", "train", "cuda:0", {all[3]}}};
  std::map<std::string, std::string> out{{"runs", make_list(all, style)},
                                         {"jobs", make_job_list(job_pointers, style)},
                                         {"top", make_top(job_pointers, {}, style)},
                                         {"compare", make_compare(all, style)},
                                         {"bench", make_bench_table(rows, style)},
                                         {"findings", make_findings(of_runs, style)},
                                         {"findings of GPUs", make_findings(of_jobs, style)}};
  for (const pb::Record& run : runs()) out["run " + run.name()] = make_text(run, style);
  for (const pb::Record& job : job_records) out["job " + job.job().id() + job.uid()] = make_job_text(job, style);
  out["merged"] = make_text(sample::merged(), style);
  return out;
}

// The tables of a page: a heading with figures, and what follows it without an empty line.
std::vector<Lines> tables_of(const std::string& page) {
  std::vector<Lines> tables;
  bool inside = false;
  for (const std::string& line : lines_of(page)) {
    const auto has = [&line](const char* word) { return line.find(word) != std::string::npos; };
    const bool is_head = has("Energy") && (has("Kind") || has("Share") || has("Relative"));
    if (is_head) tables.emplace_back();
    inside = is_head || (inside && !line.empty());
    if (inside) tables.back().push_back(line);
  }
  return tables;
}

struct Figure {
  std::size_t begin, end;
  std::string unit;
};

std::vector<Figure> figures_of(const std::string& line, const std::regex& figure) {
  std::vector<Figure> all;
  for (std::sregex_iterator at(line.begin(), line.end(), figure), end; at != end; ++at)
    all.push_back({static_cast<std::size_t>(at->position()), static_cast<std::size_t>(at->position() + at->length()),
                   (*at)[1].str()});
  return all;
}

// Figures of one column overlap, since numbers are right-aligned.
void expect_one_unit(const Lines& table, const std::regex& figure, const std::string& page) {
  std::vector<Figure> columns;
  for (const std::string& line : table)
    for (const Figure& one : figures_of(line, figure)) {
      const auto same = std::find_if(columns.begin(), columns.end(), [&](const Figure& column) {
        return one.begin < column.end && column.begin < one.end;
      });
      if (same == columns.end())
        columns.push_back(one);
      else
        EXPECT_EQ(same->unit, one.unit) << page << ": " << line;
    }
}

TEST(Columns, EveryColumnHasOneUnit) {
  const std::regex energy("[0-9.]+ (J|kJ|MJ|Wh|kWh|MWh)(?![/A-Za-z])"), power("[0-9.]+ (W|kW)(?![A-Za-z])");
  std::size_t tables = 0;
  for (const int width : {60, 80, 100, 160, 200})
    for (const auto& [name, page] : pages({.width = width}))
      for (const Lines& table : tables_of(page)) {
        ++tables;
        expect_one_unit(table, energy, name);
        expect_one_unit(table, power, name);
      }
  EXPECT_GT(tables, 50U);
}

TEST(Columns, ALineOfAComparisonHasOneUnit) {
  const auto all = pointers(runs());
  const std::regex energy("[0-9.]+ (J|kJ|MJ|Wh|kWh|MWh|mJ|uJ)(?![/A-Za-z])");
  for (const std::string& line : lines_of(make_compare(all, {.width = 200}))) {
    if (line.starts_with("Verdict") || line.starts_with(" ")) continue;
    const auto figures = figures_of(line, energy);
    for (const Figure& one : figures) EXPECT_EQ(one.unit, figures[0].unit) << line;
  }
}

TEST(Columns, NoNameIsCutAndNoLineIsTooWide) {
  for (const bool utf8 : {false, true})
    for (const int width : {60, 67, 80, 93, 100, 120, 160})
      for (const auto& [name, page] : pages({.width = width, .utf8 = utf8})) {
        EXPECT_EQ(page.find('~'), std::string::npos) << name << " at " << width << '\n' << page;
        for (const std::string& line : lines_of(page))
          EXPECT_LE(display_width(line), static_cast<std::size_t>(width)) << name << ": " << line;
      }
}

TEST(Columns, TheNamesOfABenchAreWholeWhereItsTableIsUsuallySeen) {
  for (const int width : {80, 100}) {
    const std::string page = pages({.width = width})["bench"];
    for (const char* name : {"segmentation", "forecasting", "cpu, 2 threads", "cuda:0"})
      EXPECT_NE(page.find(name), std::string::npos) << page;
  }
}

TEST(Columns, AJobPageSaysTheWholeStateAndNode) {
  for (const int width : {60, 80, 100}) {
    std::istringstream words(make_job_text(jobs()[0], {.width = width}));
    std::string all;
    for (std::string word; words >> word;) all += word + ' ';
    EXPECT_NE(all.find("killed by signal 2"), std::string::npos) << all;
    EXPECT_NE(all.find("Intel Xeon Platinum 8368"), std::string::npos) << all;
  }
}

TEST(Columns, EveryEnergyOfAListHasItsInterval) {
  const std::regex energy("[0-9.]+ (J|Wh|kWh|MWh)(?![/A-Za-z])"), pair("[0-9.]+ \\+- [0-9.]+ (J|Wh|kWh|MWh)");
  for (const int width : {60, 80, 100, 160})
    for (const char* name : {"runs", "jobs", "top", "bench", "findings of GPUs"})
      for (const Lines& table : tables_of(pages({.width = width})[name]))
        for (const std::string& line : table) {
          const std::size_t all = figures_of(line, energy).size(), pairs = figures_of(line, pair).size();
          EXPECT_TRUE(all == pairs || all == 2) << name << ": " << line;
        }
  for (const pb::Record& run : runs()) EXPECT_NE(make_short(run).find(" +- "), std::string::npos) << make_short(run);
  for (const pb::Record& job : jobs()) EXPECT_NE(make_job_line(job).find(" +- "), std::string::npos);
}

TEST(Columns, NoFigureOfALineBeginsWithManyZeros) {
  for (const double joules : {4.1e-3, 4.1, 41.0, 4.1e3, 4.1e6, 4.1e9})
    EXPECT_EQ(make_short(run_of(joules, 10, "x")).find("0.00000"), std::string::npos);
}

TEST(Findings, ThoseThatCanSayNothingTakeTheirSentenceAlone) {
  const std::vector<pb::Record> records{sample::no_sensor(), sample::no_sensor()};
  const Findings findings = compute_findings(pointers(records));
  const std::string text = make_findings(findings, {.width = 400});
  const Lines lines = lines_of(text);
  ASSERT_EQ(lines.size(), 5U) << text;  // three, apart by empty lines
  EXPECT_EQ(lines[0].find("1. Runtime is not energy: Nothing can be said"), 0U) << text;
  for (const std::string& page : {text, make_findings_markdown(findings), make_findings_body(findings)}) {
    EXPECT_EQ(page.find("not known: lacks"), std::string::npos) << page;
    EXPECT_EQ(page.find("What would change it"), std::string::npos) << page;
    EXPECT_EQ(page.find("<table"), std::string::npos) << page;
    EXPECT_EQ(page.find("|"), std::string::npos) << page;
  }
}

}  // namespace
}  // namespace nw
