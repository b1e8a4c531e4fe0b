// The JSON against its schema, the CSV against the JSON.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "report/report.h"
#include "report/sensors.h"
#include "report/swept.h"
#include "report/top.h"
#include "study/advice.h"
#include "study/findings.h"
#include "support/records_jobs.h"
#include "support/restarted.h"

namespace nw {
namespace {

using Json = nlohmann::json;

std::vector<std::pair<std::string, pb::Record>> records() {
  return {{"gpu_node", sample::gpu_node()},
          {"cpu_node", sample::cpu_node()},
          {"no_sensor", sample::no_sensor()},
          {"hostile", sample::hostile()},
          {"nothing", sample::nothing()},
          {"nonsense", sample::nonsense()},
          {"gaps", sample::gaps()},
          {"merged", sample::merged()},
          {"restarted", sample::restarted()},
          {"client", sample::measured_by_a_daemon()},
          {"job", sample::exclusive_job()},
          {"shared_job", sample::shared_job()},
          {"hostile_job", sample::hostile_job()},
          {"bare_job", sample::bare_job()}};
}

// A temporary directory that goes with the test.
struct Scratch {
  std::filesystem::path path =
      std::filesystem::path(testing::TempDir()) / ("nodewatt-json-" + std::to_string(::getpid()));
  Scratch() { std::filesystem::create_directories(path); }
  ~Scratch() { std::filesystem::remove_all(path); }
};

bool has_jsonschema() { return std::system("/usr/bin/python3 -c 'import jsonschema' 2>/dev/null") == 0; }

// Every *.json of the directory against the published schema.
int check_schema(const Scratch& scratch) {
  const std::string source = NODEWATT_SOURCE_DIR;
  const std::string command = "/usr/bin/python3 '" + source + "/src/report/schema_test.py' '" + source +
                              "/docs/schema/nodewatt-1.schema.json' '" + scratch.path.string() + "'";
  return std::system(command.c_str());
}

TEST(Json, ValidatesAndEveryKeyIsNeeded) {
  if (!has_jsonschema()) GTEST_SKIP() << "python3-jsonschema is not installed";
  const Scratch scratch;
  for (const auto& [name, record] : records()) std::ofstream(scratch.path / (name + ".json")) << make_json(record);
  EXPECT_EQ(check_schema(scratch), 0);
}

TEST(Json, WhatIsMadeOfSeveralRecordsValidatesToo) {
  if (!has_jsonschema()) GTEST_SKIP() << "python3-jsonschema is not installed";
  const Scratch scratch;
  const auto write = [&](const std::string& name, const std::string& json) {
    std::ofstream(scratch.path / (name + ".json")) << json;
  };
  const auto all = records();
  std::vector<const pb::Record*> pointers;
  for (const auto& [name, record] : all) pointers.push_back(&record);
  for (const std::size_t count : {std::size_t{1}, std::size_t{2}, pointers.size()})
    for (const bool allow_mixed : {false, true}) {
      const auto some = std::span(pointers).first(count);
      const std::string name = std::to_string(count) + (allow_mixed ? "mixed" : "");
      ComparisonOptions options;
      options.allow_mixed = allow_mixed;
      Swept swept;
      swept.comparison = *compare(some, options);
      write("compare" + name, make_compare_json(swept.comparison));
      swept.dimensions = {"threads", "x"};
      swept.points = {{"threads=1 x=", {"1", ""}, 2, 2, "", 0},
                      {"threads=2 x=\x7f", {"2", "\x7f"}, 0, 2, "exit code 1", {}}};
      swept.order = {"threads=1 x="};
      swept.remarks = {"interrupted"};
      write("sweep" + name, make_swept_json(swept));
    }
  write("findings", make_findings_json(compute_findings(pointers)));
  write("findings_of_none", make_findings_json(compute_findings({})));
  std::vector<Partition> partitions(2);
  partitions[0].name = "gpu", partitions[0].node_type = "h100x4";
  partitions[1].name = "none", partitions[1].node_type = "unheard";
  write("advice", make_advice_json(advise(all[0].second, pointers, partitions, 0.3), "EUR"));
  write("advice_without_price", make_advice_json(advise(all[0].second, pointers, partitions, {}), ""));
  Sensors sensors;
  sensors.lines.resize(2);
  sensors.lines[0].power_w = 3.5;
  pb::Device busy;
  busy.set_busy(0.5);
  sensors.utilizations = {{"a", "nvml", busy}, {"b", "rocm", {}}};
  sensors.software.emplace_back();
  sensors.diagnostics = {{"nvml", "x", "no", ""}, {"rapl", "y", "no", "yes"}};
  write("sensors", make_sensors_json(sensors));
  const pb::NodeState node = sample::node_state();
  const pb::Record job = sample::shared_job();
  const pb::Record* running[] = {&job};
  write("top", make_top_json(running, std::span(&node, 1)));
  write("top_of_none", make_top_json({}, {}));
  EXPECT_EQ(check_schema(scratch), 0);
}

TEST(Json, UnknownIsNullAndPresent) {
  const Json json = Json::parse(make_json(sample::nothing()));
  for (const char* key : {"id", "uid", "name", "program", "state", "exit_code", "signal", "start_time", "duration_s",
                          "node_estimate", "modelled_fraction", "node_type", "cpu_busy", "child_cpu_s", "idle"}) {
    ASSERT_TRUE(json.contains(key)) << key;
    EXPECT_TRUE(json[key].is_null()) << key;
  }
  for (const char* key : {"energy_j", "uncertainty_j", "random_j", "systematic_j", "coverage", "kind", "boundary"})
    EXPECT_TRUE(json["energy"][key].is_null()) << key;
  const Json nonsense = Json::parse(make_json(sample::nonsense()));
  EXPECT_TRUE(nonsense["energy"]["coverage"].is_null());
  EXPECT_TRUE(nonsense["duration_s"].is_null());
  EXPECT_TRUE(nonsense["components"][0]["kind"].is_null());
  EXPECT_TRUE(nonsense["phases"][0]["work"][0]["count"].is_null());
  for (const char* key : {"busy", "busiest", "power_limit_w", "allocated"})
    EXPECT_TRUE(nonsense["devices"][0][key].is_null()) << key;
  EXPECT_TRUE(nonsense["cpu_busy"].is_null());
}

TEST(Json, SaysWhatTheRecordSays) {
  const Json json = Json::parse(make_json(sample::gpu_node()));
  EXPECT_EQ(json["schema"], "nodewatt/1");
  EXPECT_EQ(json["start_time"], "2026-03-02T01:56:42.250+01:00");
  EXPECT_EQ(json["duration_s"], 724.0);
  EXPECT_EQ(json["energy"]["energy_j"], 1'891'800.0);
  EXPECT_EQ(json["energy"]["boundary"], "wall");
  EXPECT_EQ(json["components"][0]["mean_power_w"], 1'891'800.0 / 724);
  EXPECT_EQ(json["phases"][1]["work"][0]["energy_per_unit_j"], 1'680'000.0 / 3'600'000);
  EXPECT_EQ(json["node_type"], "h100x4");
  EXPECT_EQ(json["devices"][3]["busy"], 0.0) << "known to be idle";
  EXPECT_EQ(json["devices"][3]["processes"], 0);
  EXPECT_EQ(json["devices"][0]["allocated"], true);
  EXPECT_EQ(json["idle"]["energy_j"], 612.0 * 724);
  EXPECT_EQ(json["software"][1]["version"], "550.54.15");
  const Json cpu = Json::parse(make_json(sample::cpu_node()));
  EXPECT_TRUE(cpu["idle"]["energy_j"].is_null()) << "a baseline of some of the parts";
  EXPECT_FALSE(cpu["phases"][1]["resolved"].get<bool>());
  EXPECT_TRUE(cpu["phases"][1]["energy"].is_null());
  EXPECT_EQ(Json::parse(make_json(sample::gaps()))["timeline"]["series"][0]["power_w"][55], nullptr);
}

// Rows of cells of an RFC 4180 table.
std::vector<std::vector<std::string>> parsed(const std::string& csv) {
  std::vector<std::vector<std::string>> rows{{""}};
  bool quoted = false;
  for (std::size_t i = 0; i < csv.size(); ++i) {
    std::string& cell = rows.back().back();
    if (csv[i] == '"' && quoted && i + 1 < csv.size() && csv[i + 1] == '"')
      cell += csv[++i];
    else if (csv[i] == '"')
      quoted = !quoted;
    else if (csv[i] == ',' && !quoted)
      rows.back().emplace_back();
    else if (csv[i] == '\n' && !quoted)
      rows.push_back({""});
    else
      cell += csv[i];
  }
  rows.pop_back();
  return rows;
}

void expect_same(const Json& json, const std::string& cell) {
  if (json.is_null())
    EXPECT_EQ(cell, "");
  else if (json.is_number())
    EXPECT_EQ(std::strtod(cell.c_str(), nullptr), json.get<double>()) << cell;
  else if (json.is_boolean())
    EXPECT_EQ(cell, json.get<bool>() ? "yes" : "no");
  else
    EXPECT_EQ(cell, json.get<std::string>());
}

TEST(Csv, ReadsBackAsTheJsonToTheDigit) {
  const char* numbers[] = {"energy_j", "uncertainty_j", "coverage",     "kind",       "boundary",
                           "depth",    "counted",       "mean_power_w", "max_power_w"};
  for (const auto& [name, record] : records()) {
    const pb::Record* one[] = {&record};
    const auto rows = parsed(make_csv(one));
    const Json json = Json::parse(make_json(record));
    const auto column = [&](const std::string& title) {
      return std::find(rows[0].begin(), rows[0].end(), title) - rows[0].begin();
    };
    std::size_t at = 1;
    const auto scope = [&](const Json& energy, const Json& estimate, const Json& parts) {
      for (const char* key : {"energy_j", "uncertainty_j", "coverage", "kind", "boundary"})
        expect_same(energy.is_null() ? Json() : energy[key], rows[at][column(key)]);
      EXPECT_EQ(rows[at++][column("domain")], "total");
      if (at == 2)
        for (const char* key : {"cpu_busy", "child_cpu_s"}) expect_same(json[key], rows[1][column(key)]);
      if (!estimate.is_null()) expect_same(estimate["energy_j"], rows[at++][column("energy_j")]);
      for (const Json& part : parts)
        for (const std::size_t row = at++; const char* key : numbers) expect_same(part[key], rows[row][column(key)]);
    };
    scope(json["energy"], json["node_estimate"], json["components"]);
    for (const Json& phase : json["phases"]) scope(phase["energy"], phase["node_estimate"], phase["components"]);
    for (const Json& attempt : json["parallel"].is_null() ? Json::array() : json["parallel"]["attempts"])
      for (const std::size_t row = at++;
           const char* key : {"start_time", "duration_s", "energy_j", "uncertainty_j", "coverage", "mean_power_w"})
        expect_same(attempt[key], rows[row][column(key)]);
    for (const Json& member : json["members"])
      for (const std::size_t row = at++; const char* key : {"start_time", "duration_s", "energy_j", "coverage"})
        expect_same(member[key], rows[row][column(key)]);
    EXPECT_EQ(at, rows.size()) << name;
    for (const auto& row : rows) EXPECT_EQ(row.size(), rows[0].size()) << name;
  }
}

TEST(Csv, DevicesStandBesideTheirComponents) {
  const pb::Record record = sample::gpu_node();
  const pb::Record* one[] = {&record};
  const auto rows = parsed(make_csv(one));
  const Json json = Json::parse(make_json(record));
  const auto column = [&](const std::string& title) {
    return std::find(rows[0].begin(), rows[0].end(), title) - rows[0].begin();
  };
  expect_same(json["idle"]["energy_j"], rows[1][column("idle_energy_j")]);
  expect_same(json["node_type"], rows[1][column("node_type")]);
  for (std::size_t gpu = 0; gpu < 4; ++gpu)
    for (const char* key : {"busy", "busiest", "processes", "power_limit_w", "allocated"})
      expect_same(json["devices"][gpu][key], rows[3 + gpu][column(key)]);
  for (const char* key : {"busy", "processes", "allocated"}) EXPECT_EQ(rows[2][column(key)], "") << "no device: not 0";
}

TEST(Csv, NoCellIsAFormula) {
  const pb::Record record = sample::hostile();
  const pb::Record* one[] = {&record};
  for (const auto& row : parsed(make_csv(one)))
    for (const std::string& cell : row) {
      if (cell.empty() || std::string_view("=+-@").find(cell[0]) == std::string_view::npos) continue;
      char* end = nullptr;
      std::strtod(cell.c_str(), &end);
      EXPECT_EQ(*end, '\0') << cell;  // a negative number is no formula
    }
}

}  // namespace
}  // namespace nw
