// The content of a journal: how sensor infos, sample sets and events become frames, and how a sequence of frames
// becomes a Record again.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "accounting/run_accounting.h"
#include "base/result.h"
#include "record/record_fwd.h"

namespace nw {

std::string encode_header(const pb::Record& record, const std::vector<SensorInfo>& infos, Nanos period, Nanos begin);
std::string encode_sample_set(const SampleSet& sample_set, Nanos period);
void write_sample_set(const SampleSet& sample_set, Nanos period, pb::JournalSampleSet& out);
// Converts as it is; the caller checks foreign bytes for plausibility first.
SampleSet read_sample_set(const pb::JournalSampleSet& in);
std::string encode_event(const ProgramEvent& event);
std::string encode_end(Nanos at, const pb::Record& record);

// Recomputes a run from the frames that a dead process left: up to the last sample set if it was killed. `next` yields
// one frame after the other; a run of a million phases is not held in memory. The error states which frame makes no
// sense.
Result<pb::Record> rebuild_record_from(const std::function<std::optional<std::string>()>& next);
Result<pb::Record> rebuild_record(const std::vector<std::string>& frames);

}  // namespace nw
