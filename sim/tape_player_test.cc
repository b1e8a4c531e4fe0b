#include "sim/tape_player.h"

#include <algorithm>
#include <filesystem>

#include "base/host_tape.h"
#include "sim/machines_for_test.h"
#include "sim/presets.h"
#include "sim/replay_for_test.h"
#include "sim/views.h"

namespace nw::sim {
namespace {

const Tape& green_tape() {
  static const Tape tape = make_tape(play(*find_scenario("horeka_green")));
  return tape;
}

TEST(TapePlayer, SampleSetsAtThePaceOfARun) {
  Scenario s = *find_scenario("horeka_green");
  ASSERT_TRUE(set_length(s, seconds(100)));
  const auto gaps = [](const Tape& tape) {
    std::pair<Nanos, Nanos> ends{
        tape.sample_sets[1].at - tape.sample_sets[0].at,
        tape.sample_sets[tape.sample_sets.size() - 2].at - tape.sample_sets[tape.sample_sets.size() - 3].at};
    return ends;
  };
  EXPECT_NEAR(to_seconds(gaps(make_tape(play(s))).second), 1, 0.02) << "the node's gauge has a counter beside it";
  std::erase_if(s.instruments, [](const Instrument& i) { return i.name == "xcc"; });
  const Tape gauged = make_tape(play(s));
  EXPECT_EQ(gauged.sample_sets.front().at, seconds(10));
  EXPECT_EQ(gauged.sample_sets.back().at, seconds(110));
  EXPECT_LT(gaps(gauged).second, millis(120)) << "the node's meter has no counter beside it";
  std::erase_if(s.instruments, [](const Instrument& i) { return i.name == "node"; });
  const Tape counted = make_tape(play(s));
  EXPECT_LT(gaps(counted).first, millis(120));
  EXPECT_NEAR(to_seconds(gaps(counted).second), 1, 0.02);
  TapeSchedule schedule;
  schedule.latency = false;
  schedule.period = seconds(5);
  schedule.before = millis(500);
  schedule.after = millis(300);
  const Tape own = make_tape(play(s), schedule);
  EXPECT_EQ(own.sample_sets.size(), 5u + 21u + 3u);
  EXPECT_EQ(own.sample_sets[6].at, seconds(15));
}

TEST(TapePlayer, LooksOnceASecondHowBusyTheGpusAre) {
  const Tape& tape = green_tape();
  const auto busy = std::find_if(tape.sources.begin(), tape.sources.end(),
                                 [](const auto& source) { return source.first.ends_with("/busy"); });
  ASSERT_NE(busy, tape.sources.end());
  int utilization_samples = 0;
  for (const TapeSampleSet& sample_set : tape.sample_sets)
    for (const TapeRead& read : sample_set.reads) utilization_samples += read.source == *busy->second;
  EXPECT_NEAR(utilization_samples, 56, 4) << "of a minute, at sweeps that come a little late";
}

TEST(TapePlayer, WhatTheGpusDidIsReplayed) {
  Scenario s = *find_scenario("horeka_green");
  ASSERT_TRUE(set_workload(s, "inference", seconds(30)));
  Piece fourth = make_piece("gpu3", seconds(10), seconds(40), 0);  // a process that holds it and does nothing
  fourth.processes = 2;
  s.pieces.push_back(fourth);
  const Machine m = play(s);
  const auto replayed = replay(make_tape(m));
  const auto& devices = replayed.at("devices");
  ASSERT_EQ(devices.size(), 4u);
  EXPECT_NEAR(double(devices[0].at("busy")), m.mean_level(m.component("gpu0"), seconds(10), seconds(40)), 0.02);
  EXPECT_EQ(devices[0].at("processes"), 1);
  EXPECT_EQ(devices[0].at("power_limit_w"), 400.0);
  EXPECT_EQ(devices[3].at("busy"), 0.0);
  EXPECT_EQ(devices[3].at("processes"), 2);
  EXPECT_TRUE(devices[0].at("allocated").is_null());
  EXPECT_NEAR(double(replayed.at("cpu_busy")), 0.02, 0.001);
  EXPECT_TRUE(replayed.at("child_cpu_s").is_null()) << "a tape has no command";
  EXPECT_EQ(replayed.at("node").at("gpus").size(), 4u);
  EXPECT_EQ(replayed.at("node").at("host"), "simulated-horeka-green");
  EXPECT_EQ(replayed.at("software")[1].at("version"), "12.4");
}

TEST(TapePlayer, NobodySampleSetsInAGap) {
  Scenario s = *find_scenario("horeka_blue");
  Fault late;
  late.kind = Fault::Kind::late;
  late.from = seconds(20);
  late.to = seconds(25);
  s.faults = {late};
  Nanos longest, before = seconds(10);
  for (const TapeSampleSet& sample_set : make_tape(play(s)).sample_sets) {
    longest = std::max(longest, sample_set.at - before);
    before = sample_set.at;
  }
  EXPECT_NEAR(to_seconds(longest), 5, 0.25);
}

template <class Map>
bool same(const Map& a, const Map& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.first == y.first && (x.second && y.second ? *x.second == *y.second : !x.second && !y.second);
  });
}

TEST(TapePlayer, TheFileIsTheTape) {
  const auto path = std::filesystem::temp_directory_path() / "nodewatt_sim_test.tape";
  ASSERT_TRUE(write_tape(green_tape(), path));
  const auto read = read_tape(path);
  ASSERT_TRUE(read) << read.error().what;
  std::filesystem::remove(path);
  const Tape& made = green_tape();
  EXPECT_EQ(read->wall_ns, made.wall_ns);
  EXPECT_TRUE(same(read->texts, made.texts));
  EXPECT_TRUE(same(read->links, made.links));
  EXPECT_TRUE(same(read->lists, made.lists));
  EXPECT_TRUE(same(read->answers, made.answers));
  EXPECT_TRUE(same(read->sources, made.sources));
  ASSERT_EQ(read->sample_sets.size(), made.sample_sets.size());
  for (std::size_t i = 0; i < made.sample_sets.size(); ++i) {
    EXPECT_EQ(read->sample_sets[i].at, made.sample_sets[i].at);
    ASSERT_EQ(read->sample_sets[i].reads.size(), made.sample_sets[i].reads.size());
    for (std::size_t n = 0; n < made.sample_sets[i].reads.size(); ++n) {
      const Reading &said = read->sample_sets[i].reads[n].reading, &meant = made.sample_sets[i].reads[n].reading;
      EXPECT_EQ(said.value, meant.value);
      EXPECT_EQ(said.taken, meant.taken);
      EXPECT_EQ(said.device, meant.device);
    }
  }
}

TEST(TapePlayer, WhatTheDriversSee) {
  const Tape& tape = green_tape();
  const auto text = [&](const std::string& path) {
    const auto at = tape.texts.find(path);
    return at == tape.texts.end() ? "absent" : at->second ? *at->second : std::string(name(at->second.error().kind));
  };
  EXPECT_EQ(text("/sys/class/powercap/intel-rapl:1/name"), "package-1\n");
  EXPECT_EQ(text("/sys/class/powercap/intel-rapl:1/max_energy_range_uj"), "262143328850\n");
  EXPECT_EQ(text("/sys/class/powercap/intel-rapl:0:0/name"), "dram\n");
  EXPECT_EQ(text("/sys/class/powercap/intel-rapl:0:0/max_energy_range_uj"), "65712999613\n");
  EXPECT_EQ(text("/sys/class/hwmon/hwmon0/device/power1_average_interval"), "1000\n");
  EXPECT_EQ(*tape.answers.at("nvml:count"), "4");
  EXPECT_EQ(*tape.lists.at("/sys/class/hwmon/hwmon0/device/measures"), std::vector<std::string>{"LNXSYBUS:00"});
}

// A GPU without a counter, whose power is a mean over a second: it has the older of NVML's two powers alone.
TEST(TapePlayer, AMeanPowerIsNotTheInstantOne) {
  Scenario s = *find_scenario("horeka_green");
  for (Instrument& sensor : s.instruments) {
    if (sensor.name == "gpu3/energy") sensor.missing = true;
    if (sensor.name == "gpu3/power") sensor.window = seconds(1);
  }
  const Tape tape = make_tape(play(s));
  const std::string full = *tape.answers.at("nvml:gpu0"), mean = *tape.answers.at("nvml:gpu3");
  EXPECT_NE(mean.find("energy not supported by this GPU\ninstant not supported by this GPU\npower ok\n"),
            std::string::npos)
      << mean;
  EXPECT_NE(full.find("energy ok\ninstant ok\npower ok\n"), std::string::npos) << full;
}

TEST(TapePlayer, ADeniedZoneIsThereAndAMissingOneIsNot) {
  Scenario s = *find_scenario("horeka_blue");
  s.instruments[0].denied = true;
  s.instruments[3].missing = true;
  const Tape tape = make_tape(play(s));
  EXPECT_EQ(tape.texts.at("/sys/class/powercap/intel-rapl:0/energy_uj").error().kind, ErrorKind::denied);
  EXPECT_EQ(tape.texts.count("/sys/class/powercap/intel-rapl:0/max_energy_range_uj"), 1u);
  EXPECT_EQ(tape.texts.count("/sys/class/powercap/intel-rapl:1/energy_uj"), 1u);
  EXPECT_EQ(tape.texts.count("/sys/class/powercap/intel-rapl:1:0/energy_uj"), 0u);
}

TEST(TapePlayer, ACrayControllersFiles) {
  Scenario s = *find_scenario("mi300a");
  const Machine m = play(s);
  const View view = make_view(m);
  const auto energy = *view.files.at("/sys/cray/pm_counters/energy")(millis(20'050));
  const double joules = 5e6 + 1.01 * m.dc_energy({}, seconds(20));
  EXPECT_EQ(energy, std::to_string(static_cast<long>(joules)) + " J " +
                        std::to_string(s.wall_ns / 1000 + 21'500'000 + 400) + " us\n");
  EXPECT_EQ(*view.files.at("/sys/cray/pm_counters/freshness")(millis(20'050)), "200\n");
  EXPECT_EQ(*view.files.at("/sys/cray/pm_counters/raw_scan_hz")({}), "10\n");
  EXPECT_EQ(view.files.at("/sys/cray/pm_counters/power")(seconds(20))->find(" W "), 4u);
}

// The whole program compared with the true values: the result of `nodewatt replay` is the true energy times the
// sensor's gain.
TEST(TapePlayer, ReplayFindsTheTruth) {
  const Machine m = play(*find_scenario("horeka_green"));
  const auto json = replay(make_tape(m));
  ASSERT_FALSE(json.is_discarded());
  const Job& job = m.scenario().jobs[0];
  std::size_t held = 0;
  for (const auto& part : json.at("components")) {
    const std::string domain = part.at("domain"), device = part.at("device");
    std::string sensor;
    if (domain == "package") sensor = "pkg" + device;
    if (domain == "dram") sensor = "ram" + device;
    if (domain == "gpu") sensor = "gpu" + std::string(part.at("label")).substr(3, 1) + "/energy";
    if (domain == "node") sensor = part.at("sensor") == "lenovo_xcc/node-0" ? "xcc" : "node";
    const std::size_t i = m.instrument(sensor);
    if (i >= m.scenario().instruments.size()) continue;
    const double expected = m.scenario().instruments[i].gain * m.seen_energy(i, job.start, job.end);
    const double said = part.at("energy_j");
    // A gauge's second of window and delay, and a counter's 2 s between two questions, blur both edges, where power
    // changes by 600 W.
    EXPECT_NEAR(said / expected, 1, domain == "node" ? 0.015 : 0.004) << sensor;
    ++held;
  }
  EXPECT_EQ(held, 10u);
}

TEST(TapePlayer, TenHoursHaveEverySampleSet) {
  Scenario s = *find_scenario("horeka_green");
  std::erase_if(s.instruments, [](const Instrument& i) { return i.name == "node"; });  // 1 Hz
  ASSERT_TRUE(set_length(s, seconds(36'000)));
  EXPECT_GT(make_tape(play(s)).sample_sets.size(), 35'000u);
}

}  // namespace
}  // namespace nw::sim
