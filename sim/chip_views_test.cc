// The views of AMD's GPUs and of RAPL's registers, by what the product makes of them.
#include <cmath>

#include "sim/machines_for_test.h"
#include "sim/presets.h"
#include "sim/replay_for_test.h"
#include "sim/tape_player.h"

namespace nw::sim {
namespace {

constexpr double kRocmUnit = 15.259e-6;

Instrument rocm(const char* name, const char* of) {
  Instrument i = make_counter();
  i.name = name;
  i.family = "rocm";
  i.of = {of};
  i.unit = i.quantum = kRocmUnit;
  i.start_j = 250'000;
  i.stamps = true;
  i.clock_offset = seconds(3);
  i.clock_drift_ppm = 40;
  i.gain = 0.97;
  return i;
}

double truth(const Machine& m, std::size_t i) {
  const Job& job = m.scenario().jobs[0];
  return m.scenario().instruments[i].gain * m.seen_energy(i, job.start, job.end);
}

std::vector<nlohmann::json> parts_of(const nlohmann::json& replayed, const std::string& domain) {
  std::vector<nlohmann::json> parts;
  for (const auto& part : replayed.at("components"))
    if (part.at("domain") == domain && !part.at("sensor").is_null()) parts.push_back(part);
  return parts;
}

TEST(ChipFamilyViews, RocmCountsAMirroredDieOnce) {
  Scenario s = one_gpu();
  s.components.push_back(s.components[0]);
  s.components[1].name = "gpu1";
  for (Component& c : s.components) c.model = "AMD Instinct MI250X";
  Instrument mirror = rocm("gpu0/second", "gpu0"), other = rocm("gpu1/energy", "gpu1");
  mirror.mirror = "gpu0/energy";
  other.start_j = 777'000;
  other.gain = 1.02;
  s.instruments = {rocm("gpu0/energy", "gpu0"), mirror, other};
  const Machine m = play(s);
  const Tape tape = make_tape(m);
  EXPECT_EQ(*tape.answers.at("rocm:amd_smi"), "3");
  for (const TapeRead& read : tape.sample_sets.front().reads)
    EXPECT_TRUE(read.reading.device || read.source >= 3) << "all but how busy they are";
  const auto parts = parts_of(replay(tape), "gpu");
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_NEAR(double(parts[0].at("energy_j")), truth(m, 0), 2) << "a sweep's 50 us, and 40 ppm of a clock";
  EXPECT_NEAR(double(parts[1].at("energy_j")), truth(m, 2), 2);
}

TEST(ChipFamilyViews, RocmSaysHowBusyAPackageOfTwoDiesIs) {
  Scenario s = one_gpu();
  s.components[0].model = "AMD Instinct MI250X";
  s.facts.gpu_driver = "6.7.0";
  s.pieces[0].level = 0.6;
  Instrument mirror = rocm("gpu0/second", "gpu0");
  mirror.mirror = "gpu0/energy";
  s.instruments = {rocm("gpu0/energy", "gpu0"), mirror};
  const auto replayed = replay(make_tape(play(s)));
  ASSERT_EQ(replayed.at("devices").size(), 1u);
  EXPECT_NEAR(double(replayed.at("devices")[0].at("busy")), 0.6, 0.01) << "the mean of both";
  EXPECT_EQ(replayed.at("devices")[0].at("device"), replayed.at("components")[0].at("device"));
  EXPECT_EQ(replayed.at("software")[0].at("version"), "6.7.0");
}

TEST(ChipFamilyViews, RocmApusAreModules) {
  Scenario s = *find_scenario("mi300a");
  std::erase_if(s.instruments, [](const Instrument& i) { return i.family != "rocm"; });
  const Machine m = play(s);
  const auto parts = parts_of(replay(make_tape(m)), "module");
  ASSERT_EQ(parts.size(), 4u);
  for (std::size_t n = 0; n < 4; ++n) {
    EXPECT_EQ(parts[n].at("device"), std::to_string(n));
    EXPECT_NEAR(double(parts[n].at("energy_j")) / truth(m, n), 1, 1e-3) << n;
  }
}

TEST(ChipFamilyViews, RocmPowerIsTheKernelsFile) {
  Scenario s = one_gpu();
  s.components[0].model = "AMD Instinct MI300X";
  s.components[0].address = "00000000:C1:00.0";
  Instrument power = make_gauge();
  power.family = "rocm";
  s.instruments = {rocm("energy", "gpu0"), power};
  const Tape tape = make_tape(play(s));
  EXPECT_EQ(tape.sources.count("/sys/bus/pci/devices/0000:C1:00.0/hwmon/hwmon0/power1_input"), 1u);
  EXPECT_EQ(*tape.texts.at("/sys/bus/pci/devices/0000:C1:00.0/hwmon/hwmon0/power1_input"), "100000000\n");
  EXPECT_EQ(*tape.lists.at("/sys/bus/pci/devices/0000:C1:00.0/hwmon"), std::vector<std::string>{"hwmon0"});
}

// Two sockets of a Skylake server, whose DRAM counts in 2^-16 J and whose package in 2^-14 J; without powercap.
Scenario msr_node() {
  Scenario s = one_gpu();
  s.facts = {6, 2, "GenuineIntel", "Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz", 6, 85, "fpu sse2", 64};
  s.components = {make_component("cpu0", Load::cpu, 50, 250), make_component("cpu1", Load::cpu, 40, 200),
                  make_component("ram0", Load::dram, 10, 30), make_component("ram1", Load::dram, 12, 36)};
  s.pieces = {make_piece("cpu", seconds(10), seconds(20), 0.8), make_piece("dram", seconds(10), seconds(20), 0.6)};
  for (std::size_t n = 0; n < 4; ++n) {
    Instrument i = make_counter();
    i.name = s.components[n].name;
    i.of = {i.name};
    i.family = "rapl_msr";
    i.channel = (n < 2 ? "package-" : "dram-") + std::to_string(n % 2);
    i.unit = i.quantum = std::ldexp(1, n < 2 ? -14 : -16);
    i.wrap = std::uint64_t{1} << 32;
    i.start_j = n < 2 ? 261'400 : 65'500;  // the first wrap at 262144 J and 65536 J
    i.gain = 1.01 + 0.01 * static_cast<double>(n);
    s.instruments.push_back(std::move(i));
  }
  return s;
}

TEST(ChipFamilyViews, RaplMsr) {
  const Machine m = play(msr_node());
  const Tape tape = make_tape(m);
  EXPECT_EQ(*tape.sources.at("/dev/cpu/0/msr@0x611"), 0u);
  EXPECT_EQ(tape.sources.count("/dev/cpu/3/msr@0x619"), 1u) << "the first CPU of the second socket";
  const auto said = replay(tape);
  for (std::size_t n = 0; n < 4; ++n) {
    const auto part = part_by(said, "rapl_msr/" + m.scenario().instruments[n].channel);
    ASSERT_FALSE(part.is_null()) << n;
    EXPECT_NEAR(double(part.at("energy_j")) / truth(m, n), 1, 1e-3) << n;
  }
}

TEST(ChipFamilyViews, RaplMsrDenied) {
  Scenario s = msr_node();
  for (Instrument& i : s.instruments) i.denied = true;
  const Tape tape = make_tape(play(s));
  EXPECT_EQ(tape.answers.at("msr:/dev/cpu/0/msr@0x606").error().kind, ErrorKind::denied);
  EXPECT_TRUE(part_by(replay(tape), "rapl_msr/package-0").is_null());
}

}  // namespace
}  // namespace nw::sim
