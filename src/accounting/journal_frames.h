// The words of a journal: how sensor infos, sample sets and events become frames, and how a heap of frames becomes a
// Record again.
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
// As it stands there; whoever reads foreign bytes looks first whether they make sense.
SampleSet read_sample_set(const pb::JournalSampleSet& in);
std::string encode_event(const ProgramEvent& event);
std::string encode_end(Nanos at, const pb::Record& record);

// Does the sums again from the frames that a dead process left: up to the last sample set, when it did not come to its
// end. `next` gives one after the other; a run of a million phases is not held in memory. The error says which frame
// makes no sense.
Result<pb::Record> rebuild_record_from(const std::function<std::optional<std::string>()>& next);
Result<pb::Record> rebuild_record(const std::vector<std::string>& frames);

}  // namespace nw
