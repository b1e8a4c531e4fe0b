// Small machines for the tests of sim/.
#pragma once

#include <gtest/gtest.h>

#include <utility>

#include "sim/machine.h"

namespace nw::sim {

inline Component make_component(std::string name, Load load, double idle_w, double max_w) {
  Component c;
  c.name = std::move(name);
  c.load = load;
  c.idle_w = idle_w;
  c.max_w = max_w;
  return c;
}

inline Piece make_piece(std::string on, Nanos from, Nanos to, double level) {
  Piece p;
  p.on = std::move(on);
  p.from = from;
  p.to = to;
  p.level = level;
  return p;
}

// One GPU of 100 to 300 W that works at full power from 10 s to 20 s of 30 s, and nothing else.
inline Scenario one_gpu() {
  Scenario s;
  s.components = {make_component("gpu0", Load::gpu, 100, 300)};
  s.components[0].domain = "gpu";
  s.pieces = {make_piece("gpu", seconds(10), seconds(20), 1)};
  s.jobs = {{"job", seconds(10), seconds(20)}};
  s.end = seconds(30);
  return s;
}

// A perfect counter of gpu0: microjoules, each millisecond.
inline Instrument make_counter() {
  Instrument i;
  i.name = "counter";
  i.family = "nvml";
  i.channel = "energy";
  i.of = {"gpu0"};
  return i;
}

// A perfect gauge of gpu0: microwatts, mean of each 100 ms.
inline Instrument make_gauge() {
  Instrument i = make_counter();
  i.name = "gauge";
  i.channel = "power";
  i.measure = Measure::gauge;
  i.refresh = millis(100);
  return i;
}

inline Machine play(Scenario scenario) {
  auto machine = make_machine(std::move(scenario));
  EXPECT_TRUE(machine) << (machine ? "" : machine.error().what);
  return std::move(*machine);
}

// one_gpu with this one sensor.
inline Machine play(const Instrument& instrument, std::vector<Fault> faults = {}) {
  Scenario s = one_gpu();
  s.instruments = {instrument};
  s.faults = std::move(faults);
  return play(std::move(s));
}

inline std::uint64_t value(const Machine& machine, Nanos t, std::size_t instrument = 0) {
  const SimReading said = machine.read(instrument, t);
  EXPECT_TRUE(said.reading.ok);
  return said.reading.value;
}

}  // namespace nw::sim
