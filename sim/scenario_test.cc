#include "sim/machines_for_test.h"
#include "sim/presets.h"

namespace nw::sim {
namespace {

const std::string kSmall = R"(name = "small"
seed = 9
end = "30s"
[[component]]
name = "gpu#"
count = 2
domain = "gpu"
load = "gpu"
idle_w = 50
max_w = 400
[[piece]]
on = "gpu1"
from = "1s"
to = "2.5s"
level = 0.5
[[job]]
start = "1s"
end = "20s"
[[sensor]]
name = "gpu#/energy"
each = "gpu"
family = "nvml"
channel = "energy"
refresh = "100ms"
scatter = true
clock_offset = "-3s"
[[fault]]
kind = "reset"
sensor = "gpu1/energy"
from = "5s"
)";

std::string error_of(const std::string& text) {
  const auto scenario = parse_scenario(text, "node.toml");
  return scenario ? "none" : scenario.error().what;
}

TEST(ScenarioToml, SaysWhatTheStructsSay) {
  const auto s = parse_scenario(kSmall, "node.toml");
  ASSERT_TRUE(s) << s.error().what;
  EXPECT_EQ(s->name, "small");
  EXPECT_EQ(s->seed, 9u);
  ASSERT_EQ(s->components.size(), 2u);
  EXPECT_EQ(s->components[1].name, "gpu1");
  EXPECT_EQ(s->components[1].load, Load::gpu);
  EXPECT_EQ(s->pieces[0].to, millis(2500));
  ASSERT_EQ(s->instruments.size(), 2u);
  EXPECT_EQ(s->instruments[1].name, "gpu1/energy");
  EXPECT_EQ(s->instruments[1].of, std::vector<std::string>{"gpu1"});
  EXPECT_EQ(s->instruments[0].clock_offset, seconds(-3));
  EXPECT_NE(s->instruments[0].phase, s->instruments[1].phase);
  EXPECT_LT(s->instruments[0].phase, millis(100));
  EXPECT_EQ(s->faults[0].kind, Fault::Kind::reset);
  EXPECT_EQ(s->end, seconds(30));
}

TEST(ScenarioToml, ErrorsNameFileLineAndKey) {
  EXPECT_EQ(error_of("name = \"a\"\n[[sensor]]\nname = \"x\"\nrefesh = \"1s\"\n"),
            "node.toml:4: sensor.'refesh': no such key");
  EXPECT_EQ(error_of("nmae = 1\n"), "node.toml:1: 'nmae': no such key");
  EXPECT_EQ(error_of("\n[[component]]\nidle_w = \"lots\"\n"), "node.toml:3: component.'idle_w': must be a number");
  EXPECT_EQ(error_of("end = \"soon\"\n"), "node.toml:1: 'end': must be a duration (like \"250ms\", \"-3s\", \"10h\")");
  EXPECT_EQ(
      error_of("[[fault]]\nkind = \"mood\"\n"),
      "node.toml:2: fault.'kind': must be one of reset, freeze, spike, fail, backwards, late, clock_step, suspend");
  EXPECT_EQ(error_of("[[sensor]]\neach = \"tpu\"\n"), "node.toml:2: sensor.'each': no component is of this domain");
  EXPECT_EQ(error_of("[supply]\ncurve = [[0.1]]\n"),
            "node.toml:2: supply.'curve': must be a list of [load, efficiency]");
  EXPECT_EQ(error_of("name = \"a\"\nname = \"b\"\n").substr(0, 12), "node.toml:2:");
  EXPECT_EQ(error_of("[[job]]\nstart = \"2s\"\nend = \"1s\"\n"),
            "node.toml: job 'job': start..end must be forward, from 0 on");
}

TEST(ScenarioToml, AnyNumberMustFit) {
  for (const char* line :
       {"seed = -1", "seed = 1.5", "end = 5", "end = \"-5s\"", "end = \"99999h\"", "wall_ns = -1",
        "noise_step = \"1us\"", "[node]\ncpus = 99999999999", "[node]\nsockets = 0", "[node]\nmemory_gb = nan",
        "[[component]]\nname = \"a\"\ncount = 0", "[[component]]\nname = \"a\"\ncount = 2",
        "[[component]]\nname = \"a\"\nidle_w = inf", "component = 3", "component = [3]", "supply = []"})
    EXPECT_NE(error_of(std::string(line) + "\n"), "none") << line;
}

// Whatever a hand or a disk makes of it, it is parsed or refused; what is parsed can be played.
TEST(ScenarioToml, SurvivesDamage) {
  std::size_t sound = 0;
  for (std::size_t cut = 0; cut < kSmall.size(); ++cut) {
    std::string damaged = kSmall;
    damaged[cut] = "\"=[#\x01\xff{9"[cut % 8];
    for (const std::string& text : {kSmall.substr(0, cut), damaged}) {
      auto s = parse_scenario(text, "node.toml");
      if (s && s->end < seconds(100)) sound += make_machine(std::move(*s)).has_value() ? 1 : 0;
    }
  }
  EXPECT_GT(sound, 10u);
}

TEST(ScenarioToml, WhatTheMachineSaysOfItself) {
  const auto s = parse_scenario(
      "end = \"10s\"\n[node]\ncpus = 2\nhost = \"n1\"\nkernel = \"6.1\"\nos = \"Debian\"\ngpu_driver = \"550\"\ncuda = "
      "\"12.4\"\n"
      "[[piece]]\non = \"gpu\"\nfrom = \"1s\"\nto = \"2s\"\nlevel = 0\nprocesses = 3\n",
      "f");
  ASSERT_TRUE(s) << s.error().what;
  EXPECT_EQ(s->facts.host + s->facts.kernel + s->facts.os + s->facts.gpu_driver + s->facts.cuda, "n16.1Debian55012.4");
  EXPECT_EQ(s->pieces[0].processes, 3u);
  EXPECT_FALSE(parse_scenario("end = \"9s\"\n[[piece]]\non = \"gpu\"\nto = \"2s\"\nprocesses = 10001\n", "f"));
  EXPECT_FALSE(parse_scenario("end = \"9s\"\n[[piece]]\non = \"gpu\"\nto = \"2s\"\nprocesses = -1\n", "f"));
}

TEST(ScenarioToml, FansAndWhatErrsWithTheLoad) {
  const auto s = parse_scenario(
      "end = \"10s\"\n[[component]]\nname = \"fans\"\nload = \"heat\"\nidle_w = 5\nmax_w = 45\nlag = \"20s\"\n"
      "wander_w = 1.5\nwander = \"1m\"\n"
      "[[sensor]]\nname = \"s\"\nfamily = \"nvml\"\nof = \"fans\"\ngain = 0.93\ngain_full = 0.95\nfull_w = 400\n"
      "silent = true\n",
      "f");
  ASSERT_TRUE(s) << s.error().what;
  EXPECT_EQ(s->components[0].load, Load::heat);
  EXPECT_EQ(s->components[0].lag, seconds(20));
  EXPECT_EQ(s->components[0].wander_w, 1.5);
  EXPECT_EQ(s->components[0].wander, seconds(60));
  EXPECT_EQ(s->instruments[0].gain_full, 0.95);
  EXPECT_EQ(s->instruments[0].full_w, 400);
  EXPECT_TRUE(s->instruments[0].silent);
}

TEST(ScenarioToml, PresetsArePlayable) {
  EXPECT_EQ(presets().size(), 5u);
  for (const Preset& preset : presets()) {
    const auto s = find_scenario(std::string(preset.name));
    ASSERT_TRUE(s) << s.error().what;
    EXPECT_EQ(s->name, preset.name);
    EXPECT_TRUE(make_machine(*s));
    EXPECT_EQ(workloads().size(), 7u);
    for (const auto load : workloads()) {
      Scenario other = *s;
      ASSERT_TRUE(set_workload(other, load, seconds(30)));
      EXPECT_TRUE(make_machine(other)) << preset.name << load;
    }
  }
  EXPECT_EQ(find_scenario("horeka_purple").error().kind, ErrorKind::absent);
}

// The figures that the presets were made from.
TEST(ScenarioToml, PresetsDrawWhatIsPublished) {
  const auto mean = [](const char* preset, std::string_view load, std::string_view domain) {
    Scenario s = *find_scenario(preset);
    if (!load.empty() && !set_workload(s, load, seconds(60))) return 0.0;
    const Machine m = play(s);
    const Job& job = m.scenario().jobs[0];
    double sum = 0;
    for (std::size_t i = 0; i < s.components.size(); ++i)
      if (domain.empty() || m.scenario().components[i].domain == domain) sum += m.energy(i, job.start, job.end);
    return sum / to_seconds(job.end - job.start);
  };
  EXPECT_NEAR(mean("horeka_green", "", "package"), 232, 6);
  EXPECT_NEAR(mean("horeka_green", "", "gpu"), 4 * 175.5, 15);
  EXPECT_NEAR(mean("horeka_green", "", "dram"), 29, 1);
  EXPECT_NEAR(mean("horeka_green", "idle", ""), 380, 25);
  EXPECT_NEAR(mean("horeka_blue", "idle", ""), 137, 13);
  EXPECT_NEAR(mean("hgx_h100", "idle", "gpu"), 8 * 68, 1);
}

// On a node with GPUs as on one without: the same of the CPUs, and GPUs that stand by.
TEST(Workload, OnCpusAloneGpusStandBy) {
  for (const char* load : {"cpu_training", "cpu_inference"})
    for (const Preset& preset : presets()) {
      Scenario s = *find_scenario(std::string(preset.name));
      ASSERT_TRUE(set_workload(s, load, seconds(60)));
      const Machine m = play(s);
      const double cpu_s = m.busy_seconds(seconds(10), seconds(70)) / s.facts.cpus / 60;
      EXPECT_GT(cpu_s, 0.5) << preset.name << load;
      for (std::size_t i = 0; i < s.components.size(); ++i) {
        if (s.components[i].domain != "gpu") continue;
        EXPECT_EQ(m.mean_level(i, seconds(10), seconds(70)), 0);
        EXPECT_EQ(m.processes(i, seconds(40)), 0u);
        EXPECT_DOUBLE_EQ(m.energy(i, seconds(10), seconds(70)), 60 * s.components[i].idle_w);
      }
    }
}

TEST(Workload, ALengthMovesTheEnds) {
  Scenario s = one_gpu();
  s.pieces.push_back(make_piece("gpu", seconds(12), seconds(15), 0.2));
  ASSERT_TRUE(set_length(s, seconds(3600)));
  EXPECT_EQ(s.jobs[0].end, seconds(3610));
  EXPECT_EQ(s.pieces[0].to, seconds(3610));
  EXPECT_EQ(s.pieces[1].to, seconds(15));
  EXPECT_EQ(s.end, seconds(3620));
  ASSERT_TRUE(set_length(s, seconds(3)));
  EXPECT_EQ(s.pieces[1].to, seconds(13)) << "it goes on as long as the job";
  EXPECT_TRUE(make_machine(s));
  ASSERT_TRUE(set_length(s, seconds(1)));
  EXPECT_EQ(s.pieces.size(), 1u) << "what began later is gone";
  EXPECT_FALSE(set_length(s, Nanos{}));
  EXPECT_FALSE(set_workload(s, "sleeping", seconds(60)));
}

}  // namespace
}  // namespace nw::sim
