#include "apps/noded/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <map>
#include <regex>
#include <set>
#include <string>

#include <fmt/format.h>
#include <rapidcheck/gtest.h>

#include "base/parse.h"
#include "record/checkpoint.pb.h"

namespace nw::noded {
namespace {
using ::testing::HasSubstr;
using ::testing::Not;

void add_row(pb::NodeState& state, const std::string& name, std::int64_t energy) {
  auto* row = state.add_rows();
  row->set_name(name);
  row->set_energy_uj(energy);
}

void add_part(pb::NodeState& state, const std::string& domain, const std::string& device, std::int64_t energy,
              pb::Kind kind = pb::KIND_MEASURED, bool counted = true) {
  auto* part = state.add_parts();
  part->set_domain(domain);
  part->set_device(device);
  part->set_energy_uj(energy);
  part->set_kind(kind);
  part->set_counted(counted);
}

void add_anomaly(pb::NodeState& state, const std::string& sensor, const std::string& name, std::uint64_t count) {
  auto* anomaly = state.add_anomalies();
  anomaly->set_sensor(sensor);
  anomaly->set_name(name);
  anomaly->set_count(count);
}

pb::NodeState make_state() {
  pb::NodeState state;
  state.set_host("n1");
  state.set_version("0.1.0");
  state.set_kind(pb::KIND_MEASURED);
  state.set_jobs_running(2);
  state.set_jobs_ended(40);
  add_row(state, "jobs", 700'000'001);
  add_row(state, "idle", 200'000'000);
  add_row(state, "system", 100'000'000);
  add_row(state, "node", 1'000'000'001);
  add_part(state, "package", "0", 400'000'000);
  add_part(state, "package", "1", 300'000'000);
  add_part(state, "core", "0", 123, pb::KIND_MEASURED, false);
  add_part(state, "gpu", "GPU-00000000-0000-4000-8000-000000000001", 250'000'000);
  add_part(state, "other", "", 50'000'001, pb::KIND_DERIVED);
  add_anomaly(state, "rapl:package-0", "wrap", 3);
  add_anomaly(state, "", "negative_rest", 1);
  return state;
}

Metrics make_whole() {
  std::vector<SensorInfo> infos(2);
  infos[0].id = "rapl:package-0";
  infos[1].id = "nvml:0";
  SampleSet sample_set(2);
  sample_set[0].status = Status::ok;
  sample_set[1].status = Status::denied;
  Metrics metrics = make_metrics(make_state(), infos, sample_set);
  metrics.cpu = Nanos::of(1'250'000'001);
  metrics.resident = 9'000'000;
  return metrics;
}

// Reads OpenMetrics as strictly as its grammar is (specification 1.0.0, "ABNF"), and what the plain form shares with
// it. The series and their values; a fault as a test's failure.
class Reader {
 public:
  explicit Reader(MetricsFormat form) : open_(form == MetricsFormat::open) {}

  std::map<std::string, std::string> read(const std::string& text) {
    EXPECT_TRUE(text.empty() || text.back() == '\n');
    for (const std::string_view line : split(text, '\n')) {
      if (line.empty()) continue;
      EXPECT_FALSE(ended_) << "after # EOF: " << line;
      if (line == "# EOF")
        ended_ = true;
      else if (line[0] == '#')
        read_comment(std::string(line));
      else
        read_sample(std::string(line));
    }
    EXPECT_EQ(ended_, open_);
    EXPECT_EQ(text.find("\n\n"), std::string::npos) << "an empty line";
    return series_;
  }

 private:
  void read_comment(const std::string& line) {
    static const std::regex kComment("# (TYPE|UNIT|HELP) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)");
    std::smatch match;
    ASSERT_TRUE(std::regex_match(line, match, kComment)) << line;
    if (match[1] == "TYPE") {
      family_ = match[2];
      type_ = match[3];
      EXPECT_TRUE(families_.insert(family_).second) << "a family twice: " << line;
      EXPECT_TRUE(type_ == "counter" || type_ == "gauge" || (open_ && type_ == "info")) << line;
      EXPECT_EQ(family_.ends_with("_total"), !open_ && type_ == "counter") << line;
    }
    EXPECT_EQ(match[2], family_) << "families are mixed: " << line;
    if (match[1] == "UNIT") {
      EXPECT_TRUE(open_) << line;
      EXPECT_TRUE(family_.ends_with("_" + match[3].str())) << line;
    }
  }

  void read_sample(const std::string& line) {
    static const std::regex kSample(
        R"re(([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\["\\n])*",?)+\})? (-?[0-9]+(?:\.[0-9]+)?))re");
    std::smatch match;
    ASSERT_TRUE(std::regex_match(line, match, kSample)) << line;
    EXPECT_EQ(match[2].str().find(",}"), std::string::npos) << line;
    const std::string suffix = !open_ ? "" : type_ == "counter" ? "_total" : type_ == "info" ? "_info" : "";
    EXPECT_EQ(match[1], family_ + suffix) << line;
    if (type_ == "counter") {
      EXPECT_NE(match[3].str()[0], '-') << line;
    }
    EXPECT_TRUE(series_.emplace(match[1].str() + match[2].str(), match[3]).second) << "a series twice: " << line;
  }

  bool open_, ended_ = false;
  std::string family_, type_;
  std::set<std::string> families_;
  std::map<std::string, std::string> series_;
};

TEST(Metrics, OfAStateInOpenMetrics) {
  const auto series = Reader(MetricsFormat::open).read(make_open_metrics(make_whole()));
  const std::map<std::string, std::string> wanted = {
      {R"(nodewatt_energy_joules_total{node="n1",part="node",kind="measured"})", "1000.000001"},
      {R"(nodewatt_energy_joules_total{node="n1",part="package",device="0",kind="measured"})", "400.000000"},
      {R"(nodewatt_energy_joules_total{node="n1",part="package",device="1",kind="measured"})", "300.000000"},
      {R"(nodewatt_energy_joules_total{node="n1",part="gpu",device="GPU-00000000-0000-4000-8000-000000000001",kind="measured"})",
       "250.000000"},
      {R"(nodewatt_energy_joules_total{node="n1",part="other",kind="derived"})", "50.000001"},
      {R"(nodewatt_attributed_energy_joules_total{node="n1",to="jobs"})", "700.000001"},
      {R"(nodewatt_attributed_energy_joules_total{node="n1",to="idle"})", "200.000000"},
      {R"(nodewatt_attributed_energy_joules_total{node="n1",to="system"})", "100.000000"},
      {R"(nodewatt_conservation_error_microjoules{node="n1"})", "0"},
      {R"(nodewatt_jobs_running{node="n1"})", "2"},
      {R"(nodewatt_jobs_ended_total{node="n1"})", "40"},
      {R"(nodewatt_sensor_up{node="n1",sensor="rapl:package-0"})", "1"},
      {R"(nodewatt_sensor_up{node="n1",sensor="nvml:0"})", "0"},
      {R"(nodewatt_sensor_anomalies_total{node="n1",sensor="rapl:package-0",anomaly="wrap"})", "3"},
      {R"(nodewatt_sensor_anomalies_total{node="n1",anomaly="negative_rest"})", "1"},
      {R"(nodewatt_daemon_cpu_seconds_total{node="n1"})", "1.250000001"},
      {R"(nodewatt_daemon_resident_bytes{node="n1"})", "9000000"},
      {R"(nodewatt_build_info{version="0.1.0"})", "1"},
  };
  EXPECT_EQ(series, wanted);
}

TEST(Metrics, ThePlainFormHasTheSameSeries) {
  const Metrics metrics = make_whole();
  EXPECT_EQ(Reader(MetricsFormat::plain).read(make_metrics_text(metrics, MetricsFormat::plain)),
            Reader(MetricsFormat::open).read(make_open_metrics(metrics)));
}

TEST(Metrics, WhatIsUnknownIsNotThere) {
  EXPECT_EQ(make_open_metrics({}), "# EOF\n");
  EXPECT_EQ(make_metrics_text({}, MetricsFormat::plain), "");
  pb::NodeState state = make_state();
  state.set_kind(pb::KIND_UNKNOWN);
  for (auto& part : *state.mutable_parts()) part.set_kind(pb::KIND_UNKNOWN);
  const std::string text = make_open_metrics(make_metrics(state));
  EXPECT_THAT(text, Not(HasSubstr("energy_joules")));
  EXPECT_THAT(text, Not(HasSubstr("resident")));
  EXPECT_THAT(text, HasSubstr("nodewatt_jobs_running"));
}

TEST(Metrics, ARowByAnotherNameStaysHere) {
  pb::NodeState state = make_state();
  add_row(state, "alice", 5);
  add_row(state, "4711", 5);
  const std::string text = make_open_metrics(make_metrics(state));
  EXPECT_THAT(text, Not(HasSubstr("alice")));
  EXPECT_THAT(text, Not(HasSubstr("4711")));
}

TEST(Metrics, OneSeriesTwiceIsItsSum) {
  pb::NodeState state = make_state();
  add_part(state, "package", "1", 1);
  add_part(state, "node", "", 77);  // the node's own sensor: the row `node` describes it
  add_anomaly(state, "rapl:package-0", "wrap", 4);
  const auto series = Reader(MetricsFormat::open).read(make_open_metrics(make_metrics(state)));
  EXPECT_EQ(series.at(R"(nodewatt_energy_joules_total{node="n1",part="package",device="1",kind="measured"})"),
            "300.000001");
  EXPECT_EQ(series.at(R"(nodewatt_energy_joules_total{node="n1",part="node",kind="measured"})"), "1000.000001");
  EXPECT_EQ(series.at(R"(nodewatt_sensor_anomalies_total{node="n1",sensor="rapl:package-0",anomaly="wrap"})"), "7");
}

TEST(Metrics, HostileNamesAreQuoted) {
  Metrics metrics;
  metrics.node = "a\"b\\c\nd\xff";
  metrics.jobs_running = 1;
  const std::string text = make_open_metrics(metrics);
  EXPECT_THAT(text, HasSubstr("nodewatt_jobs_running{node=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\"} 1\n"));
  Reader(MetricsFormat::open).read(text);
}

TEST(Metrics, EveryMicrojouleIsWritten) {
  for (const auto& [count, wanted] :
       std::map<std::int64_t, std::string>{{0, "0.000000"},
                                           {1, "0.000001"},
                                           {999'999, "0.999999"},
                                           {9'007'199'254'740'993, "9007199254.740993"},
                                           {std::numeric_limits<std::int64_t>::max(), "9223372036854.775807"}}) {
    Metrics metrics;
    metrics.attributed = {{"jobs", Joules::of(count)}};
    EXPECT_THAT(make_open_metrics(metrics), HasSubstr(fmt::format("{{to=\"jobs\"}} {}\n", wanted)));
  }
}

TEST(Ratchet, HoldsASeriesThatStepsBack) {
  Ratchet ratchet;
  const auto publish = [&](std::int64_t rest, Provenance kind = Provenance::derived) {
    Metrics metrics;
    metrics.energies = {{"other", "", kind, Joules::of(rest)}, {"package", "0", Provenance::measured, Joules::of(5)}};
    metrics.attributed = {{"idle", Joules::of(rest)}};
    ratchet.hold(metrics);
    EXPECT_EQ(metrics.energies[1].total, Joules::of(5));
    EXPECT_EQ(metrics.attributed[0].total.count() == metrics.energies[0].total.count(), kind == Provenance::derived);
    return metrics.energies[0].total.count();
  };
  EXPECT_EQ(publish(-3), 0);  // a counter has no sign
  EXPECT_EQ(publish(100), 100);
  EXPECT_EQ(publish(97), 100);
  EXPECT_EQ(publish(101), 101);
  EXPECT_EQ(publish(50, Provenance::estimated), 50);  // another series
}

TEST(Ratchet, HoldsOverARestart) {
  const auto publish = [](Ratchet& ratchet, std::int64_t idle) {
    Metrics metrics;
    metrics.attributed = {{"idle", Joules::of(idle)}};
    ratchet.hold(metrics);
    return metrics.attributed[0].total.count();
  };
  Ratchet before, after;
  publish(before, 100);
  pb::Checkpoint checkpoint;
  before.write(checkpoint);
  after.resume(checkpoint);
  EXPECT_EQ(publish(after, 40), 100);
  EXPECT_EQ(publish(after, 101), 101);
}

TEST(PublishedMetrics, SaysTheSameUntilTheNextPost) {
  PublishedMetrics published_metrics;
  EXPECT_EQ(published_metrics.text(MetricsFormat::open), "# EOF\n");
  published_metrics.publish(make_whole());
  const std::string first = published_metrics.text(MetricsFormat::open);
  EXPECT_EQ(first, make_open_metrics(make_whole()));
  Metrics less = make_whole();
  for (auto& energy : less.energies) energy.total -= Joules::of(1);
  less.jobs_running = 3;
  published_metrics.publish(less);
  less = make_whole();
  less.jobs_running = 3;
  EXPECT_EQ(published_metrics.text(MetricsFormat::open), make_open_metrics(less));
}

// Whatever the accounting reports, in any order: the values that Prometheus parses as floats never decrease.
RC_GTEST_PROP(Ratchet, NeverFallsToAScraper, (const std::vector<std::int64_t>& totals)) {
  Ratchet ratchet;
  double last = 0;
  for (const std::int64_t total : totals) {
    Metrics metrics;
    metrics.attributed = {{"idle", Joules::of(total)}};
    ratchet.hold(metrics);
    const auto series = Reader(MetricsFormat::open).read(make_open_metrics(metrics));
    const auto value = parse_double(series.at(R"(nodewatt_attributed_energy_joules_total{to="idle"})"));
    RC_ASSERT(value.has_value());
    RC_ASSERT(*value >= last);
    last = *value;
  }
}

// A sensor of the node that appears while accounting runs changes what `node` contains: one series for each place on
// the power path, and their sum is the node.
TEST(Metrics, NodesEnergyIsOneSeriesForEachBoundary) {
  pb::NodeState state = make_state();
  state.set_boundary(pb::BOUNDARY_WALL);
  const std::vector<Joules> by_boundary{Joules::of(600'000'000), {}, {}, Joules::of(400'000'001)};
  const Metrics metrics = make_metrics(state, {}, {}, by_boundary);
  auto series = Reader(MetricsFormat::open).read(make_metrics_text(metrics, MetricsFormat::open));
  const std::string node = R"(nodewatt_energy_joules_total{node="n1",part="node",kind="measured",boundary=)";
  EXPECT_EQ(series.at(node + "\"on_chip\"}"), "600.000000");
  EXPECT_EQ(series.at(node + "\"wall\"}"), "400.000001");
  EXPECT_FALSE(series.contains(node + "\"board\"}"));
}

// A checkpoint without boundaries: the remainder is a series of its own.
TEST(Metrics, NodesEnergyOfOlderBooksHasNoBoundary) {
  pb::NodeState state = make_state();
  state.set_boundary(pb::BOUNDARY_ON_CHIP);
  const std::vector<Joules> by_boundary{Joules::of(1'000'000), {}, {}, {}};
  const Metrics metrics = make_metrics(state, {}, {}, by_boundary);
  auto series = Reader(MetricsFormat::open).read(make_metrics_text(metrics, MetricsFormat::open));
  const std::string node = R"(nodewatt_energy_joules_total{node="n1",part="node",kind="measured")";
  EXPECT_EQ(series.at(node + "}"), "999.000001");
  EXPECT_EQ(series.at(node + ",boundary=\"on_chip\"}"), "1.000000");
}

}  // namespace
}  // namespace nw::noded
