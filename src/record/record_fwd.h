// The names of what record.proto and its two companions hold, for headers that only hand messages on: the generated
// classes are 83,000 lines. Who looks into a message includes its .pb.h.
#pragma once

namespace google::protobuf {
template <typename Element>
class RepeatedPtrField;
}

namespace nw::pb {

// {} is unknown.
enum Kind : int;
enum Boundary : int;

class AnomalyCount;
class Component;
class Device;
class Energy;
class Job;
class Node;
class NodeState;
class Phase;
class Record;
class SensorUse;
class Timeline;
class Work;

class Checkpoint;
class CheckpointJob;
class CheckpointTimeline;
class EnergyAccumulator;  // NOLINT(bugprone-forward-declaration-namespace): nw has one, too
class JournalSampleSet;

}  // namespace nw::pb
