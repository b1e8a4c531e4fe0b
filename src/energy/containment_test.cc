#include "energy/containment.h"

#include <gtest/gtest.h>

#include <deque>

#include "support/invented.h"

namespace nw {
namespace {

// A node under construction: parts with their energies over one hour at a power.
class Node {
 public:
  SensorEnergy& add(Domain domain, const std::string& device, double watts_, double coverage = 1) {
    SensorInfo& info = infos_.emplace_back(test::counter_info(domain, device));
    if (domain == Domain::node) info.boundary = Boundary::node_dc;
    for (const char* name : {"all", "accel", "memory", "cpu"}) info.is_alias |= device.starts_with(name);
    SensorEnergy sensor_energy{&info, {}, {}, {}};
    sensor_energy.energy.value = Joules::of(std::llround(watts_ * 3600e6));
    sensor_energy.energy.coverage = coverage;
    sensor_energy.energy.boundary = info.boundary;
    sensor_energy.energy.uncertainty.add({info.source + " gain", watts_ * 3600 * 0.05, true, false});
    sensor_energies_.push_back(sensor_energy);
    return sensor_energies_.back();
  }
  void add_dead(Domain domain, const std::string& device) {
    SensorEnergy& sensor_energy = add(domain, device, 0, 0);
    sensor_energy.energy.value.reset();
  }
  SensorEnergy& add_model(Domain domain, const std::string& device, double watts_) {
    SensorEnergy& sensor_energy = add(domain, device, watts_);
    infos_.back().provenance = sensor_energy.energy.kind = Provenance::estimated;
    infos_.back().id = "model/" + std::string(name(domain)) + device;
    infos_.back().source = "model";
    return sensor_energy;
  }
  NodeEnergy compose() const {
    std::vector<SensorEnergy> flat(sensor_energies_.begin(), sensor_energies_.end());
    return nw::compose(flat, Wholes::judged);
  }
  std::deque<SensorInfo> infos_;
  std::deque<SensorEnergy> sensor_energies_;
};

double power(const Energy& energy) { return energy.value ? to_joules(*energy.value) / 3600 : -1; }

std::vector<const Component*> find(const NodeEnergy& out, Domain domain) {
  std::vector<const Component*> found;
  for (const auto& component : out.components)
    if (component.part.domain == domain) found.push_back(&component);
  return found;
}

TEST(Tree, PackagesAndDramAddUpAndCoresAreInside) {
  Node node;
  node.add(Domain::package, "0", 100);
  node.add(Domain::package, "1", 110);
  node.add(Domain::core, "0", 60);
  node.add(Domain::core, "1", 70);
  node.add(Domain::dram, "0", 20);
  node.add(Domain::dram, "1", 21);
  const auto out = node.compose();
  EXPECT_DOUBLE_EQ(power(out.total), 251);
  EXPECT_EQ(out.total.kind, Provenance::measured);
  EXPECT_EQ(out.total.coverage, 1);
  EXPECT_EQ(out.boundary_note, "CPU packages and memory alone, not the whole node");
  ASSERT_EQ(find(out, Domain::core).size(), 2u);
  EXPECT_FALSE(find(out, Domain::core)[0]->counted);
  EXPECT_EQ(find(out, Domain::core)[0]->depth, 1u);
  EXPECT_EQ(out.components.size(), 6u);
}

// A node controller measures what other sensors measure, under names of its own.
TEST(Tree, OfTwoNamesOfOneHardwareOneIsCounted) {
  Node node;
  node.add(Domain::package, "0", 100);
  node.add(Domain::package, "1", 110);
  node.add(Domain::gpu, "GPU-a", 300);
  node.add(Domain::gpu, "GPU-b", 310);
  node.add(Domain::node, "0", 1000);
  node.add(Domain::package, "all", 215);
  node.add(Domain::dram, "all", 40);
  node.add(Domain::gpu, "accel0", 320);
  node.add(Domain::gpu, "accel1", 330);
  const auto out = node.compose();
  EXPECT_DOUBLE_EQ(power(out.total), 1000);
  EXPECT_EQ(find(out, Domain::package).size(), 2u);
  EXPECT_EQ(find(out, Domain::gpu).size(), 2u);
  ASSERT_EQ(find(out, Domain::dram).size(), 1u) << "that nobody else measures";
  EXPECT_DOUBLE_EQ(power(find(out, Domain::other).at(0)->energy), 1000 - 100 - 110 - 300 - 310 - 40);
  EXPECT_EQ(out.anomalies.count(Anomaly::negative_rest), 0u);
}

TEST(Tree, AModuleContainmentTheMemoryThatAControllerCounts) {
  Node node;
  node.add(Domain::node, "0", 1500);
  node.add(Domain::module, "0", 600);
  node.add(Domain::module, "1", 610);
  node.add(Domain::package, "all", 300);
  node.add(Domain::dram, "all", 80);
  node.add(Domain::gpu, "accel0", 400);
  const auto out = node.compose();
  EXPECT_EQ(out.components.size(), 4u);
  EXPECT_DOUBLE_EQ(power(find(out, Domain::other).at(0)->energy), 1500 - 600 - 610);
}

TEST(Tree, TheControllersPartsStandWhereTheOthersAreDead) {
  Node node;
  node.add(Domain::node, "0", 451);
  node.add_dead(Domain::gpu, "GPU-a");
  node.add_dead(Domain::gpu, "GPU-b");
  node.add(Domain::gpu, "accel0", 209);
  node.add(Domain::gpu, "accel1", 207);
  node.add(Domain::package, "cpu0", 33);
  node.add(Domain::dram, "memory0", 64);
  const auto out = node.compose();
  EXPECT_EQ(find(out, Domain::gpu).size(), 2u);
  EXPECT_DOUBLE_EQ(power(find(out, Domain::other).at(0)->energy), 451 - 513);
  EXPECT_EQ(find(out, Domain::other)[0]->energy.coverage, 1);
  EXPECT_EQ(out.anomalies.count(Anomaly::negative_rest), 1u) << "published as it is here";
}

TEST(Tree, AmdHasNoDram) {
  Node node;
  node.add(Domain::package, "0", 150);
  node.add_model(Domain::package, "0", 99);
  node.add_model(Domain::dram, "0", 40);
  node.add_model(Domain::other, "0", 60);
  const auto out = node.compose();
  EXPECT_DOUBLE_EQ(power(out.total), 150);
  ASSERT_TRUE(out.node_estimate);
  EXPECT_DOUBLE_EQ(power(*out.node_estimate), 250);
  EXPECT_EQ(out.node_estimate->kind, Provenance::estimated);
  EXPECT_NEAR(out.modelled_fraction, 0.4, 1e-9);
  for (const auto& component : out.components) EXPECT_EQ(component.counted, component.source != "model");
}

TEST(Tree, PsysTakesThePlaceOfPackagesAndDram) {
  Node node;
  node.add(Domain::psys, "0", 300);
  node.add(Domain::package, "0", 200);
  node.add(Domain::core, "0", 150);
  node.add(Domain::dram, "0", 30);
  node.add(Domain::gpu, "GPU-1", 400);
  const auto out = node.compose();
  EXPECT_DOUBLE_EQ(power(out.total), 700) << "psys holds no add-in accelerator";
  EXPECT_EQ(find(out, Domain::package)[0]->depth, 1u);
  EXPECT_EQ(find(out, Domain::core)[0]->depth, 2u);
  EXPECT_FALSE(find(out, Domain::package)[0]->counted);
  EXPECT_FALSE(find(out, Domain::dram)[0]->counted);
  EXPECT_TRUE(find(out, Domain::gpu)[0]->counted);
}

TEST(Tree, ADeadPsysIsLeftOutAndNotZero) {
  Node node;
  node.add_dead(Domain::psys, "0");
  node.add(Domain::package, "0", 200);
  node.add(Domain::dram, "0", 30);
  const auto out = node.compose();
  EXPECT_DOUBLE_EQ(power(out.total), 230);
  EXPECT_EQ(out.total.coverage, 1) << "what it would have held was measured without it";
  ASSERT_EQ(find(out, Domain::psys).size(), 1u);
  EXPECT_FALSE(find(out, Domain::psys)[0]->energy.value);
  EXPECT_FALSE(find(out, Domain::psys)[0]->counted);
  ASSERT_EQ(find(out, Domain::package).size(), 1u) << "each part stands once";
  EXPECT_TRUE(find(out, Domain::package)[0]->counted);
  EXPECT_EQ(find(out, Domain::package)[0]->depth, 0u);
}

TEST(Tree, ADeadPsysAlone) {
  Node node;
  node.add_dead(Domain::psys, "0");
  node.add_model(Domain::package, "0", 12);
  node.add_model(Domain::other, "0", 8);
  const auto out = node.compose();
  EXPECT_DOUBLE_EQ(power(out.total), 20);
  EXPECT_EQ(out.total.kind, Provenance::estimated);
  EXPECT_EQ(out.total.coverage, 0);
  EXPECT_EQ(out.anomalies.count(Anomaly::no_sensor), 1u);
}

TEST(Tree, AModuleTakesThePlaceOfItsGpuAndCpu) {
  Node node;
  node.add(Domain::module, "0", 700);
  node.add(Domain::cpu, "0", 200);
  node.add(Domain::sysio, "0", 30);
  node.add(Domain::gpu, "GPU-9", 450);
  const auto out = node.compose();
  EXPECT_DOUBLE_EQ(power(out.total), 700);
  EXPECT_EQ(find(out, Domain::gpu)[0]->depth, 1u);
  EXPECT_FALSE(find(out, Domain::gpu)[0]->counted);
  EXPECT_EQ(out.components.size(), 4u);
}

TEST(Tree, ADeadModuleIsReplacedByWhatItHeld) {
  Node node;
  node.add_dead(Domain::module, "0");
  node.add(Domain::cpu, "0", 200);
  node.add(Domain::gpu, "GPU-9", 450);
  const auto out = node.compose();
  EXPECT_DOUBLE_EQ(power(out.total), 650);
  EXPECT_EQ(find(out, Domain::gpu).size(), 1u);
  EXPECT_EQ(find(out, Domain::cpu).size(), 1u);
}

TEST(Tree, ANodeSensorIsTheTotalAndItsRestIsDerived) {
  Node node;
  node.add(Domain::node, "0", 600, 0.9);
  node.add(Domain::package, "0", 200);
  node.add(Domain::gpu, "GPU-1", 300, 0.8);
  node.add_model(Domain::other, "0", 77);
  const auto out = node.compose();
  EXPECT_DOUBLE_EQ(power(out.total), 600);
  EXPECT_FALSE(out.node_estimate);
  const auto rest = find(out, Domain::other);
  ASSERT_EQ(rest.size(), 1u) << "the model is not beside it";
  EXPECT_DOUBLE_EQ(power(rest[0]->energy), 100);
  EXPECT_EQ(rest[0]->energy.kind, Provenance::derived);
  EXPECT_LE(rest[0]->energy.coverage, 0.9);
  EXPECT_EQ(out.anomalies.count(Anomaly::negative_rest), 0u);
  EXPECT_NEAR(rest[0]->energy.uncertainty.combined() / 3600, std::hypot(30, 10, 15), 0.01);
}

// sensors.md 2.4 and 3: node 451 W, accelerators 103 + 106 + 103 + 104, memory 64, CPU 33.
TEST(Tree, ANegativeRestIsFlaggedAndNotClamped) {
  Node node;
  node.add(Domain::node, "0", 451);
  const double accelerators[] = {103, 106, 103, 104};
  for (int i = 0; i < 4; ++i) node.add(Domain::gpu, std::to_string(i), accelerators[i]);
  node.add(Domain::dram, "0", 64);
  node.add(Domain::cpu, "0", 33);
  const auto out = node.compose();
  EXPECT_DOUBLE_EQ(power(out.total), 513) << "a whole is never below its measured parts";
  EXPECT_FALSE(find(out, Domain::node)[0]->counted);
  ASSERT_EQ(find(out, Domain::other).size(), 1u);
  EXPECT_EQ(*find(out, Domain::other)[0]->energy.value, joules(-62 * 3600));
  EXPECT_EQ(out.anomalies.count(Anomaly::negative_rest), 1u);
}

TEST(Tree, BetweenPlugAndNodeLieTheSupplies) {
  Node node;
  node.add(Domain::node, "0", 1000).energy.boundary = Boundary::wall;
  node.infos_.back().boundary = Boundary::wall;
  node.add(Domain::node, "0", 930);
  node.infos_.back().id = "other/node";
  node.add(Domain::gpu, "GPU-1", 300);
  auto out = node.compose();
  EXPECT_DOUBLE_EQ(power(out.total), 1000);
  EXPECT_EQ(out.total.boundary, Boundary::wall);
  ASSERT_EQ(out.components.size(), 5u);
  EXPECT_EQ(out.components[1].part.domain, Domain::node);
  EXPECT_EQ(out.components[1].depth, 1u);
  EXPECT_EQ(out.components[2].label, "power supplies");
  EXPECT_DOUBLE_EQ(power(out.components[2].energy), 70);
  EXPECT_EQ(out.components[3].depth, 2u);
  EXPECT_DOUBLE_EQ(power(out.components[4].energy), 630);
  EXPECT_EQ(out.anomalies.count(Anomaly::sensors_disagree), 0u);

  node.infos_.front().kind = SensorKind::gauge;
  out = node.compose();
  EXPECT_DOUBLE_EQ(power(out.total), 930) << "a counter behind the supplies before polled power at the plug";
  EXPECT_EQ(out.total.boundary, Boundary::node_dc);
  EXPECT_FALSE(out.components[1].counted);
}

TEST(Tree, WhatTheNodesSensorDoesNotSeeIsAddedBesideIt) {
  Node node;
  node.add(Domain::node, "0", 400);
  node.infos_.back().excludes = {Domain::gpu};
  node.add(Domain::package, "0", 200);
  node.add(Domain::gpu, "GPU-1", 300);
  const auto out = node.compose();
  EXPECT_DOUBLE_EQ(power(out.total), 700);
  EXPECT_DOUBLE_EQ(power(find(out, Domain::other).at(0)->energy), 200) << "the GPU is no part of it";
  EXPECT_EQ(find(out, Domain::gpu)[0]->depth, 0u);
  EXPECT_NEAR(out.total.uncertainty.combined() / 3600, std::hypot(20, 15), 0.01);
  Node without;
  without.add(Domain::node, "0", 400);
  without.infos_.back().excludes = {Domain::gpu};
  EXPECT_EQ(without.compose().boundary_note, "the whole node, node DC, without GPUs");
}

// SD650 V3: the tray's own sensor declares that it excludes GPUs, and DCMI declares nothing.
TEST(Tree, OfTwoNodeSensorsTheOneThatSaysWhatItLacksIsKept) {
  for (const bool plug_says : {false, true}) {
    Node node;
    node.add(Domain::node, "0", 400);
    node.infos_.back().id = "lenovo_xcc/node-0";
    if (!plug_says) node.infos_.back().excludes = {Domain::gpu};
    node.add(Domain::node, "0", 760).energy.boundary = Boundary::wall;
    node.infos_.back().boundary = Boundary::wall;
    node.infos_.back().id = "ipmi_dcmi/node-0";
    if (plug_says) node.infos_.back().excludes = {Domain::gpu};
    node.add(Domain::gpu, "GPU-1", 300);
    const auto out = node.compose();
    EXPECT_DOUBLE_EQ(power(out.total), plug_says ? 1060 : 700);
    ASSERT_EQ(find(out, Domain::node).size(), 2u);
    EXPECT_TRUE(find(out, Domain::node)[0]->counted);
    EXPECT_EQ(find(out, Domain::node)[0]->sensor, plug_says ? "ipmi_dcmi/node-0" : "lenovo_xcc/node-0");
    EXPECT_FALSE(find(out, Domain::node)[1]->counted) << "beside it, in no sum";
    for (const auto& component : out.components) EXPECT_NE(component.label, "power supplies");
    EXPECT_EQ(out.disagreements.size(), 0u);
  }
}

TEST(Tree, TwoNodeSensorsThatDisagreeWidenTheInterval) {
  Node node;
  node.add(Domain::node, "0", 1000);
  const double alone = node.compose().total.uncertainty.combined();
  node.add(Domain::node, "0", 1100);
  node.infos_.back().id = "other/node";
  node.infos_.back().source = "other";
  auto out = node.compose();
  EXPECT_EQ(out.anomalies.count(Anomaly::sensors_disagree), 0u) << "100 W of 74 W, one sigma";
  EXPECT_DOUBLE_EQ(out.total.uncertainty.combined(), alone);
  node.sensor_energies_.back().energy.value = Joules::of(1300ll * 3600 * 1'000'000);
  out = node.compose();
  EXPECT_EQ(out.anomalies.count(Anomaly::sensors_disagree), 1u);
  ASSERT_EQ(out.disagreements.size(), 1u);
  EXPECT_EQ(out.disagreements[0].other, "other/node");
  EXPECT_NEAR(out.total.uncertainty.combined() / alone, 300 / std::hypot(50, 55), 0.01) << "Birge";
}

TEST(Tree, PartsThatCanNotFitIntoTheNodeWidenIt) {
  Node node;
  node.add(Domain::node, "0", 400);
  node.add(Domain::gpu, "0", 600);
  const auto out = node.compose();
  EXPECT_EQ(out.anomalies.count(Anomaly::negative_rest), 1u);
  EXPECT_EQ(out.anomalies.count(Anomaly::sensors_disagree), 1u);
  EXPECT_DOUBLE_EQ(power(out.total), 600) << "never below its measured parts";
  EXPECT_NEAR(out.total.uncertainty.combined() / 3600, 30 * 200 / std::hypot(20, 30), 0.1);
  std::vector<SensorEnergy> flat(node.sensor_energies_.begin(), node.sensor_energies_.end());
  const auto kept = nw::compose(flat, Wholes::kept);
  EXPECT_DOUBLE_EQ(power(kept.total), 400) << "shares of a total that is chosen elsewhere";
  EXPECT_EQ(kept.anomalies.count(Anomaly::negative_rest), 1u);
  EXPECT_NEAR(kept.total.uncertainty.combined() / 3600, 20 * 200 / std::hypot(20, 30), 0.1);
}

TEST(Tree, APlatformThatNobodyWiredUpGivesWayToItsPackages) {
  Node node;
  node.add(Domain::psys, "0", 14);
  node.add(Domain::package, "0", 190);
  node.add(Domain::core, "0", 150);
  const auto out = node.compose();
  EXPECT_DOUBLE_EQ(power(out.total), 190);
  EXPECT_EQ(out.total.coverage, 1);
  EXPECT_EQ(out.boundary_note, "CPU packages alone, not the whole node");
  EXPECT_EQ(out.anomalies.count(Anomaly::negative_rest), 1u);
  EXPECT_EQ(out.anomalies.count(Anomaly::sensors_disagree), 1u);
  ASSERT_EQ(find(out, Domain::psys).size(), 1u) << "shown as it reads";
  EXPECT_DOUBLE_EQ(power(find(out, Domain::psys)[0]->energy), 14);
  EXPECT_FALSE(find(out, Domain::psys)[0]->counted);
  EXPECT_TRUE(find(out, Domain::package)[0]->counted);
  EXPECT_EQ(find(out, Domain::core)[0]->depth, 1u);
  EXPECT_NEAR(out.total.uncertainty.combined() / 3600, 9.5, 1e-6) << "it says nothing of the package";
}

TEST(Tree, ThePlatformsDoubtIsThePackagesWhereBothMayBeRight) {
  Node node;
  node.add(Domain::psys, "0", 150);
  node.add(Domain::package, "0", 190);
  const auto out = node.compose();
  EXPECT_DOUBLE_EQ(power(out.total), 190);
  EXPECT_NEAR(out.total.uncertainty.combined() / 3600, 9.5 * 40 / std::hypot(7.5, 9.5), 1e-6) << "Birge";
  Node near;
  near.add(Domain::psys, "0", 180);
  near.add(Domain::package, "0", 190);
  EXPECT_DOUBLE_EQ(power(near.compose().total), 180) << "within their intervals";
  EXPECT_EQ(near.compose().anomalies.count(Anomaly::sensors_disagree), 0u);
}

// A phase in which the platform happens to show enough is made of what the run is made of.
TEST(Tree, APhaseIsMadeOfWhatItsRunIsMadeOf) {
  Node run, phase;
  for (Node* node : {&run, &phase}) {
    node->add(Domain::node, "0", node == &run ? 150 : 400);
    node->add(Domain::psys, "0", node == &run ? 14 : 300);
    node->add(Domain::package, "0", 190);
  }
  const std::vector<SensorEnergy> flat(phase.sensor_energies_.begin(), phase.sensor_energies_.end());
  const auto whole = run.compose();
  EXPECT_DOUBLE_EQ(power(whole.total), 190);
  EXPECT_DOUBLE_EQ(power(compose_like(whole, flat).total), 190);
  EXPECT_DOUBLE_EQ(power(phase.compose().total), 400);
  EXPECT_DOUBLE_EQ(power(compose_like(phase.compose(), flat).total), 400);
}

TEST(Tree, AModuleBelowItsSocketAndAPackageBelowItsCoresGiveWayAlone) {
  Node node;
  node.add(Domain::module, "0", 60);
  node.add(Domain::module, "1", 500);
  node.add(Domain::package, "0", 140);
  node.add(Domain::package, "1", 150);
  const auto out = node.compose();
  EXPECT_DOUBLE_EQ(power(out.total), 640) << "the other module is as it was";
  EXPECT_EQ(find(out, Domain::package)[0]->depth, 1u);
  Node cores;
  cores.add(Domain::package, "0", 20);
  cores.add(Domain::core, "0", 90);
  cores.add(Domain::package, "1", 100);
  cores.add(Domain::core, "1", 70);
  EXPECT_DOUBLE_EQ(power(cores.compose().total), 190);
  EXPECT_EQ(cores.compose().anomalies.count(Anomaly::negative_rest), 1u);
}

TEST(Tree, ModulesTogetherBelowTheirGpusGiveWayTogether) {
  Node node;
  for (const char* device : {"0", "1"}) node.add(Domain::module, device, 300);
  for (const char* device : {"GPU-a", "GPU-b"}) node.add(Domain::gpu, device, 700);
  for (const char* device : {"0", "1"}) node.add(Domain::package, device, 100);
  EXPECT_DOUBLE_EQ(power(node.compose().total), 1600) << "which GPU is in which module is not known";
}

TEST(Tree, ASocketsEnvelopeHoldsItsRailsAndItsMemory) {
  Node node;
  for (const char* device : {"0", "1"}) {
    node.add(Domain::package, device, 104).energy.boundary = Boundary::board;
    node.infos_.back().boundary = Boundary::board;
    node.add(Domain::cpu, device, 54);
    node.add(Domain::sysio, device, 6);
    node.add(Domain::dram, device, 41);
    node.add_model(Domain::dram, "0", 90);
  }
  const auto out = node.compose();
  EXPECT_DOUBLE_EQ(power(out.total), 208);
  EXPECT_FALSE(out.node_estimate) << "the envelope is no place for a model of the memory";
  for (const Domain inner : {Domain::cpu, Domain::sysio, Domain::dram}) {
    EXPECT_EQ(find(out, inner)[0]->depth, 1u);
    EXPECT_FALSE(find(out, inner)[0]->counted);
  }
  Node rails;
  rails.add_dead(Domain::package, "0");
  rails.add(Domain::cpu, "0", 54);
  EXPECT_DOUBLE_EQ(power(rails.compose().total), 54) << "what is left of it";
}

TEST(Tree, TwoSensorsOfOnePartCountOnce) {
  Node node;
  node.add(Domain::package, "0", 100).energy.coverage = 1;
  node.infos_.back().id = "rapl_perf/package-0";
  node.add(Domain::package, "0", 101);
  node.infos_.back().id = "rapl_powercap/package-0";
  const auto out = node.compose();
  EXPECT_DOUBLE_EQ(power(out.total), 100) << "the earlier driver's";
  ASSERT_EQ(out.components.size(), 1u);
  EXPECT_EQ(out.components[0].sensor, "rapl_perf/package-0");
}

TEST(Tree, OfTwoSensorsTheOneWithAValueThenTheCounter) {
  Node node;
  node.add_dead(Domain::gpu, "0");
  node.add(Domain::gpu, "0", 300);
  node.infos_.back().kind = SensorKind::gauge;
  node.add(Domain::gpu, "0", 305);
  const auto out = node.compose();
  EXPECT_DOUBLE_EQ(power(out.total), 305);
  EXPECT_EQ(out.components.size(), 1u);
}

TEST(Tree, NothingMeasuredIsAnEstimateAndSaysSo) {
  Node node;
  node.add_model(Domain::package, "0", 40);
  node.add_model(Domain::dram, "0", 5);
  node.add_model(Domain::other, "0", 30);
  const auto out = node.compose();
  EXPECT_DOUBLE_EQ(power(out.total), 75);
  EXPECT_EQ(out.total.kind, Provenance::estimated);
  EXPECT_EQ(out.total.coverage, 0);
  EXPECT_FALSE(out.node_estimate);
  EXPECT_EQ(out.modelled_fraction, 1);
  EXPECT_EQ(out.anomalies.count(Anomaly::no_sensor), 1u);
}

TEST(Tree, NothingAtAllIsUnknownAndNotZero) {
  const auto out = compose({});
  EXPECT_FALSE(out.total.value);
  EXPECT_TRUE(out.components.empty());
  Node node;
  node.add_dead(Domain::package, "0");
  EXPECT_FALSE(node.compose().total.value);
  EXPECT_EQ(node.compose().total.coverage, 0);
}

TEST(Tree, AGpuMeasuredAndTheCpuEstimated) {
  Node node;
  node.add(Domain::gpu, "GPU-1", 300);
  node.add_model(Domain::package, "0", 80);
  node.add_model(Domain::other, "0", 20);
  const auto out = node.compose();
  EXPECT_DOUBLE_EQ(power(out.total), 300);
  EXPECT_EQ(out.total.kind, Provenance::measured);
  ASSERT_TRUE(out.node_estimate);
  EXPECT_DOUBLE_EQ(power(*out.node_estimate), 400);
  EXPECT_DOUBLE_EQ(out.modelled_fraction, 0.25);
  EXPECT_EQ(out.boundary_note, "GPUs alone, not the whole node");
}

TEST(Tree, AnUnreadablePackageLowersCoverage) {
  Node node;
  node.add(Domain::package, "0", 100);
  node.add_dead(Domain::package, "1");
  const auto out = node.compose();
  EXPECT_DOUBLE_EQ(power(out.total), 100);
  EXPECT_DOUBLE_EQ(out.total.coverage, 0.5);
  EXPECT_EQ(out.components.size(), 2u);
}

TEST(Tree, TheModelStandsInForTheUnreadablePackageOnly) {
  Node node;
  node.add(Domain::package, "0", 100);
  node.add_dead(Domain::package, "1");
  node.add_model(Domain::package, "0", 90);
  node.add_model(Domain::package, "1", 95);
  const auto out = node.compose();
  EXPECT_DOUBLE_EQ(power(out.total), 100);
  ASSERT_TRUE(out.node_estimate);
  EXPECT_DOUBLE_EQ(power(*out.node_estimate), 195);
}

TEST(Tree, GainsOfLikePartsAddLinearly) {
  Node node;
  for (int i = 0; i < 4; ++i) node.add(Domain::gpu, std::to_string(i), 300);
  EXPECT_NEAR(node.compose().total.uncertainty.combined() / 3600, 60, 1e-6);
}

}  // namespace
}  // namespace nw
