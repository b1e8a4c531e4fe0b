// Buses: when their threads ask, what a sample set finds of it, and what the product makes of each family.
#include <cmath>
#include <set>

#include "sim/machines_for_test.h"
#include "sim/replay_for_test.h"
#include "sim/tape_player.h"
#include "sim/views.h"

namespace nw::sim {
namespace {

// Two sockets that work from 10 s to 70 s, and a board.
Scenario small_node() {
  Scenario s;
  s.facts = {4, 2, "GenuineIntel", "Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz", 6, 85, "fpu sse2", 64};
  s.components = {make_component("cpu0", Load::cpu, 50, 250), make_component("cpu1", Load::cpu, 50, 250),
                  make_component("board", Load::none, 60, 60)};
  for (std::size_t i = 0; i < 2; ++i) s.components[i].domain = "package";
  s.supply = {1200, {{0.1, 0.90}, {0.5, 0.96}, {1.0, 0.91}}, millis(20)};
  s.pieces = {make_piece("cpu", seconds(10), seconds(70), 0.8)};
  s.jobs = {{"job", seconds(10), seconds(70)}};
  s.end = seconds(80);
  return s;
}

Instrument node_sensor(const char* family, const char* of, Measure measure, double unit, double quantum) {
  Instrument i;
  i.name = "node";
  i.family = family;
  i.of = {of};
  i.measure = measure;
  i.unit = unit;
  i.quantum = quantum;
  i.refresh = seconds(1);
  return i;
}

Instrument xcc() {
  Instrument i = node_sensor("lenovo_xcc", "dc", Measure::counter, 1e-3, 1e-3);
  i.refresh = millis(10);
  i.wrap = 4'294'967'296'000;
  i.start_j = 4'294'950'000;  // wraps in the job
  i.stamps = true;
  i.clock_offset = millis(700);
  i.clock_drift_ppm = 15;
  i.clock_step = millis(1);
  i.gain = 1.02;
  return i;
}

Machine play_node(const Instrument& instrument, std::vector<Fault> faults = {}) {
  Scenario s = small_node();
  s.instruments = {instrument};
  s.faults = std::move(faults);
  return play(std::move(s));
}

Fault make_fault(Fault::Kind kind, Nanos from, Nanos to = {}) {
  Fault fault;
  fault.kind = kind;
  fault.from = from;
  fault.to = to;
  return fault;
}

// What the one bus says at each sample set, by the sample set's time.
Reading bus_at(const Tape& tape, Nanos t) {
  Reading reading = Reading::none(ErrorKind::absent);
  for (const TapeSampleSet& sample_set : tape.sample_sets)
    if (sample_set.at <= t) reading = sample_set.reads.front().reading;
  return reading;
}

TEST(PollingRounds, ASampleSetFindsTheLastRoundBeforeIt) {
  Instrument dcmi = node_sensor("ipmi_dcmi", "plug", Measure::gauge, 1, 1);
  dcmi.poll = millis(1500);
  const Machine m = play_node(dcmi);
  const Tape tape = make_tape(m);
  ASSERT_EQ(*tape.sources.at("ipmi_dcmi:power"), 0u);
  std::set<Nanos> rounds;
  for (const TapeSampleSet& sample_set : tape.sample_sets) {
    const Reading& reading = sample_set.reads.front().reading;
    ASSERT_TRUE(reading.ok && reading.taken);
    EXPECT_LE(*reading.taken, -millis(10)) << "a round takes some 30 ms, and its middle is its date";
    EXPECT_GT(*reading.taken, -millis(1550));
    const Nanos taken = sample_set.at + *reading.taken;
    EXPECT_EQ(reading.value, m.read(0, taken).reading.value);
    rounds.insert(taken);
  }
  EXPECT_EQ(rounds.size(), 41u) << "the one before the first sweep, and each 1.5 s of 60";
}

TEST(PollingRounds, AfterFailuresTheNextIsFarther) {
  // Rounds begin at 9.95 s + 2 s k: those of 21.95 s and 25.95 s fail, the next is 8 s later.
  const Machine m = play_node(xcc(), {make_fault(Fault::Kind::fail, seconds(20), seconds(30))});
  const Tape tape = make_tape(m);
  EXPECT_TRUE(bus_at(tape, millis(21'900)).ok);
  EXPECT_FALSE(bus_at(tape, millis(22'200)).ok);
  EXPECT_FALSE(bus_at(tape, millis(33'900)).ok);
  EXPECT_TRUE(bus_at(tape, millis(34'200)).ok);
}

TEST(PollingRounds, AFrozenDeviceGoesStale) {
  const Machine m = play_node(xcc(), {make_fault(Fault::Kind::freeze, seconds(15), seconds(200))});
  const Tape tape = make_tape(m);
  const Reading held = bus_at(tape, millis(45'500));
  ASSERT_TRUE(held.ok);
  EXPECT_LT(*held.taken, -seconds(29)) << "the same value of the same time keeps its date";
  EXPECT_FALSE(bus_at(tape, millis(46'500)).ok);
  EXPECT_EQ(bus_at(tape, millis(46'500)).error, ErrorKind::busy);
}

TEST(PollingRounds, NobodyIsAskedWhileTheHostSleeps) {
  const Machine m = play_node(xcc(), {make_fault(Fault::Kind::suspend, seconds(20), seconds(27))});
  TapeSchedule schedule;
  schedule.times = {seconds(19), millis(27'100), seconds(29)};
  const Tape tape = make_tape(m, schedule);
  ASSERT_EQ(tape.sample_sets.size(), 3u);
  EXPECT_LT(*tape.sample_sets[1].reads.front().reading.taken, -seconds(7));
  EXPECT_GT(*tape.sample_sets[2].reads.front().reading.taken, -seconds(2) - millis(50));
}

TEST(TapePlayer, SampleSetsWhenItIsTold) {
  TapeSchedule schedule;
  schedule.times = {millis(9'990), seconds(10), millis(10'010), seconds(40), millis(40'001)};
  const Tape tape = make_tape(play(one_gpu()), schedule);
  std::vector<Nanos> times;
  for (const TapeSampleSet& sample_set : tape.sample_sets) times.push_back(sample_set.at);
  EXPECT_EQ(times, schedule.times);
  // A read of 5 ms: what is due meanwhile comes when it is done.
  Instrument slow = make_counter();
  slow.latency = millis(5);
  const Tape late = make_tape(play(slow), schedule);
  EXPECT_EQ(late.sample_sets[2].at, millis(10'010));
  EXPECT_EQ(late.sample_sets[4].at, millis(40'005));
}

// ---- the families, by the product. The load's edges lie between two questions.

double edge_doubt(const Machine& m, Nanos apart) {
  const auto watts = [&](Nanos t) { return m.dc_energy(t, t + seconds(1)); };
  return 1.12 * (watts(seconds(40)) - watts(seconds(5))) * to_seconds(apart);  // at the plug a supply's loss more
}

void expect_truth(const Machine& m, const char* sensor, Nanos apart, std::size_t index = 0) {
  const auto part = part_by(replay(make_tape(m)), sensor);
  ASSERT_FALSE(part.is_null()) << sensor;
  const Job& job = m.scenario().jobs[0];
  const Instrument& instrument = m.scenario().instruments[index];
  const double truth = m.seen_energy(index, job.start, job.end), said = part.at("energy_j");
  EXPECT_NEAR(said, instrument.gain * truth, edge_doubt(m, apart)) << sensor;
  EXPECT_LT(std::abs(said - truth), double(part.at("uncertainty_j"))) << sensor;
  EXPECT_EQ(part.at("boundary"), instrument.of[0] == "plug" ? "wall" : "node_dc");
}

TEST(SlowFamilyViews, LenovoXcc) { expect_truth(play_node(xcc()), "lenovo_xcc/node-0", seconds(2)); }

TEST(SlowFamilyViews, LenovoXccHasTheControllersTime) {
  const Machine m = play_node(xcc());
  const Tape tape = make_tape(m);
  const Reading& reading = tape.sample_sets.back().reads.front().reading;
  const Nanos taken = tape.sample_sets.back().at + *reading.taken;
  ASSERT_TRUE(reading.device);
  EXPECT_NEAR(static_cast<double>(reading.device->count() - m.scenario().wall_ns - taken.count()), 7.01e8, 1.2e7);
  EXPECT_EQ(reading.device->count() % kMicro, 0) << "whole milliseconds";
}

TEST(SlowFamilyViews, IpmiDcmi) {
  Instrument dcmi = node_sensor("ipmi_dcmi", "plug", Measure::gauge, 1, 1);
  dcmi.gain = 0.98;
  expect_truth(play_node(dcmi), "ipmi_dcmi/node-0", seconds(15));  // the product's window
}

TEST(SlowFamilyViews, RedfishPower) {
  Instrument power = node_sensor("redfish", "plug", Measure::gauge, 1e-3, 0.1);
  power.channel = "power";
  power.accuracy = 2;
  power.stamps = true;
  power.clock_step = millis(1);
  power.poll = seconds(2);
  power.gain = 1.01;
  const Machine m = play_node(power);
  expect_truth(m, "redfish/bmc0/power", seconds(3));
  const auto sensors = replay(make_tape(m)).at("sensors");
  for (const auto& sensor : sensors)
    if (sensor.at("id") == "redfish/bmc0/power") {
      EXPECT_EQ(sensor.at("gain"), 0.02);
      EXPECT_EQ(sensor.at("gain_basis"), "stated by the BMC");
      EXPECT_EQ(sensor.at("refresh_s"), 2.0);
    }
}

// A controller that renews a mean over 20 s each 20 s and says nothing of it.
TEST(SlowFamilyViews, ASilentRedfishSensorStatesNoTiming) {
  Instrument power = node_sensor("redfish", "plug", Measure::gauge, 1e-3, 1);
  power.channel = "power";
  power.refresh = power.window = seconds(20);
  power.silent = true;
  const Machine m = play_node(power);
  const Tape tape = make_tape(m);
  const std::string said = *tape.answers.at("redfish:bmc0:/redfish/v1/Chassis/node/Sensors/total_power");
  for (const char* word : {"Interval", "Precision", "ReadingTime", "Accuracy"})
    EXPECT_EQ(said.find(word), std::string::npos) << word;
  EXPECT_NE(said.find("\"Reading\":"), std::string::npos);
  power.silent = false;
  const Machine telling = play_node(power);
  const std::string told = *make_tape(telling).answers.at("redfish:bmc0:/redfish/v1/Chassis/node/Sensors/total_power");
  EXPECT_NE(told.find("\"SensingInterval\":\"PT20.000S\""), std::string::npos);
}

TEST(SlowFamilyViews, RedfishEnergy) {
  Scenario s = small_node();
  Instrument power = node_sensor("redfish", "dc", Measure::gauge, 1e-3, 1);
  Instrument energy = node_sensor("redfish", "dc", Measure::counter, 1e-3, 0.1);
  energy.name = "joules";
  energy.start_j = 5000;
  energy.gain = 0.97;
  power.poll = energy.poll = seconds(2);
  s.instruments = {power, energy};
  expect_truth(play(s), "redfish/bmc0/energy", seconds(4), 1);
}

TEST(SlowFamilyViews, PduSnmp) {
  for (const double quantum : {0.1, 1.0}) {
    Instrument outlet = node_sensor("pdu_snmp", "plug", Measure::gauge, 1e-3, quantum);
    outlet.gain = 1.03;
    outlet.poll = seconds(3);
    expect_truth(play_node(outlet), "pdu_snmp/node-0", seconds(4));
  }
}

TEST(SlowFamilyViews, WhatIsDeniedIsNoSensor) {
  for (const char* family : {"lenovo_xcc", "ipmi_dcmi", "redfish", "pdu_snmp"}) {
    Instrument i = node_sensor(family, "plug", Measure::gauge, 1e-3, 1);
    i.denied = true;
    const auto said = replay(make_tape(play_node(i)));
    EXPECT_TRUE(part_by(said, std::string(family) + "/node-0").is_null()) << family;
    EXPECT_TRUE(part_by(said, "redfish/bmc0/power").is_null()) << family;
  }
}

}  // namespace
}  // namespace nw::sim
