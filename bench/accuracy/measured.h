// Runs the production code on a simulated node, and gives the true value that its result is compared with.
#pragma once

#include <any>
#include <functional>
#include <optional>
#include <string>

#include "accounting/sampling_schedule.h"
#include "base/tape.h"
#include "bench/accuracy/truth.h"
#include "client/program_event.h"
#include "record/record_fwd.h"
#include "sim/machine.h"

namespace nw::accuracy {

// The readings of a machine's job, made by the schedule of `nodewatt run`.
struct JobTape {
  Tape tape;
  SamplingSchedule schedule;
  sim::Job job;
};
// A sampling thread that comes late: one sample set in forty, up to `most_s`.
struct Lateness {
  double most_s = 0;
  std::uint64_t seed = 0;
};
JobTape make_job_tape(const sim::Machine& machine, const Lateness& late = {});

// What a machine's earlier runs taught about its sensors, as the daemon and the machine's file keep it; empty: nothing.
using History = std::any;

struct MeasureOptions {
  std::function<void(Tape&)> edit = {};   // changes the tape before it is replayed
  std::vector<ProgramEvent> events = {};  // of the program, by time
  History* history = nullptr;             // used, and what this run adds to it is put there
};

// Inventory, Reader and RunAccounting as in `nodewatt run`.
pb::Record measure(JobTape taped, const MeasureOptions& options = {});
pb::Record measure(const sim::Machine& machine, const MeasureOptions& options = {});

}  // namespace nw::accuracy
