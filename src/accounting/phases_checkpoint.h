// Saving the phases of a job's step to the checkpoint and restoring them, those that are open included.
#pragma once

#include "accounting/checkpoint_accumulator.h"
#include "accounting/phases.h"
#include "record/checkpoint.pb.h"

namespace nw {

class PhasesCheckpoint {
 public:
  static void write(const Phases& phases, pb::CheckpointPhases& out);
  // What contradicts itself is left out.
  static Phases read(const pb::CheckpointPhases& in, const PhaseLimits& limits, const SavedOrder& order);

 private:
  static void write_paths(const Phases& phases, pb::CheckpointPhases& out);
  static void write_open(const Phases& phases, pb::CheckpointPhases& out);
  static void read_paths(const pb::CheckpointPhases& in, const SavedOrder& order, Phases& phases);
  static void read_open(const pb::CheckpointPhases& in, const SavedOrder& order, Phases& phases);
};

}  // namespace nw
