// One word for one thing on every page, whenever the record was written; one measure of uncertainty on a page.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "report/accounting.h"
#include "report/formats.h"
#include "report/job.h"
#include "report/report.h"
#include "report/summary.h"
#include "support/records.h"
#include "support/records_jobs.h"

namespace nw {
namespace {

bool holds(const std::string& text, const char* word) { return text.find(word) != std::string::npos; }

// All output for one record, for people and for programs.
std::vector<std::pair<const char*, std::string>> pages_of(const pb::Record& record) {
  const pb::Record* one[] = {&record};
  std::vector<std::pair<const char*, std::string>> pages{{"text", make_text(record, {.width = 200})},
                                                         {"json", make_json(record)},
                                                         {"csv", make_csv(one)},
                                                         {"markdown", make_markdown(record)},
                                                         {"html", make_html(record)}};
  const auto fields = choose_fields("");
  EXPECT_TRUE(fields);
  if (fields) pages.emplace_back("sacct", make_accounting(one, *fields, {true, true}));
  return pages;
}

void name_as_before(pb::Energy& energy) {
  for (pb::Contributor& one : *energy.mutable_contributors())
    if (one.name() == "Redfish start and end") one.set_name("Redfish edges");
}

TEST(PrintedWords, ARecordOfEarlierNamesIsShownUnderTodays) {
  pb::Record record = sample::exclusive_job();
  record.set_boundary_note("the whole node, at the plug");
  record.mutable_components(0)->set_label("Node at the plug");
  record.mutable_components(0)->set_source("plug minus node");
  record.mutable_job()->set_policy("use/1");
  record.mutable_job()->mutable_others(0)->set_policy("allocation/1");
  name_as_before(*record.mutable_energy());
  for (const auto& [format, text] : pages_of(record)) {
    for (const char* before : {"use/1", "allocation/1", "at the plug", "plug minus node", "Redfish edges"})
      EXPECT_FALSE(holds(text, before)) << format << ": " << before << "\n" << text;
    if (format != std::string("csv")) EXPECT_TRUE(holds(text, "usage-based/1")) << format;
  }
  EXPECT_TRUE(holds(make_json(record), "\"the whole node, at the wall (AC)\""));
}

TEST(PrintedWords, UncertaintyIsHalfThe95PercentIntervalOnEveryPage) {
  pb::Record record = sample::gpu_node();
  for (pb::SensorUse& sensor : *record.mutable_sensors()) sensor.set_gain(0.05), sensor.set_gain_shape("sigma");
  for (const auto& [format, text] : pages_of(record)) {
    if (format == std::string("json")) continue;  // which has standard uncertainties under names of their own
    EXPECT_FALSE(holds(text, "sigma")) << format << "\n" << text;
  }
  const std::string html = make_html(record);
  EXPECT_TRUE(holds(html, "±9.8 % (half the 95 % interval")) << html;
  EXPECT_FALSE(holds(html, "±5 %"));
}

TEST(PrintedWords, ASimulatedNodeIsMeasuredBySimulatedSensors) {
  pb::Record record = sample::gpu_node();
  EXPECT_FALSE(holds(make_text(record, {}), "simulated"));
  record.mutable_node()->set_played("nodewatt-sim");
  const pb::Record* one[] = {&record};
  const auto sentence = make_format("sentence", one, {});
  ASSERT_TRUE(sentence);
  for (const std::string& text : {make_text(record, {.width = 160}), make_html(record), *sentence})
    EXPECT_TRUE(holds(text, "measured by simulated sensors")) << text;
  for (const std::string& text : {make_text(record, {.width = 160}), make_html(record)})
    EXPECT_TRUE(holds(text, "M measured (by simulated sensors)")) << text;
  EXPECT_TRUE(holds(make_json(record), "\"kind\": \"measured\""));
}

TEST(PrintedWords, WhereNothingWasReadNoAnomaliesAreDenied) {
  pb::Record record = sample::nothing();
  for (const auto& [format, text] : pages_of(record)) EXPECT_FALSE(holds(text, "no anomalies")) << format;
  record = sample::gpu_node();
  record.clear_anomalies();
  EXPECT_TRUE(holds(make_text(record, {.width = 160}), "no anomalies"));
  EXPECT_TRUE(holds(make_html(record), "no anomalies"));
}

TEST(PrintedWords, TheLargestUncertaintiesAreOfTheWidthOfTheTotals) {
  pb::Energy energy;
  energy.set_energy_uj(1'000'000'000);
  pb::Contributor& normal = *energy.add_contributors();
  normal.set_name("a gain"), normal.set_u_uj(10e6);
  pb::Contributor& limit = *energy.add_contributors();
  limit.set_name("b gain"), limit.set_u_uj(10e6), limit.set_rectangular(true);
  const std::string words = compute_largest_uncertainties(energy, {Units::J, false, false});
  EXPECT_TRUE(holds(words, "a gain 20 J") || holds(words, "a gain 19.6 J")) << words;
  EXPECT_TRUE(holds(words, "b gain 16 J") || holds(words, "b gain 16.5 J") || holds(words, "b gain 16.4 J")) << words;
}

TEST(PrintedWords, TheStateIsSlurmsWhereSlurmWasAsked) {
  const pb::Record record = sample::exclusive_job();
  EXPECT_TRUE(holds(make_job_text(record, {.width = 160}), "Job 4711 | ended, exit 0 |"));
  const std::string asked = make_job_text(record, {.width = 160}, "CANCELLED by 1000");
  EXPECT_TRUE(holds(asked, "Job 4711 | CANCELLED by 1000, exit 0 |")) << asked;
  EXPECT_FALSE(holds(asked, "ended"));
}

}  // namespace
}  // namespace nw
