// The parts of a merged record: the lists of each node's record, combined.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "record/record_fwd.h"

namespace nw {

using Works = google::protobuf::RepeatedPtrField<pb::Work>;
using Inputs = std::vector<const pb::Record*>;

// What the inputs are: the nodes of one run, or the attempts of a restarted one, oldest first, which may have nodes and
// thus components in common.
enum class MergeOf : unsigned char { nodes, attempts };

// For a record that is merged itself the sum of its members' times; the weight of its coverage.
std::int64_t weight_of(const pb::Record& record);

// "n1/0": a device, sensor or label of one node among others. In an already merged record it has this form.
std::string on_host(const pb::Record& record, const std::string& what);

void add_work(const Works& from, Works& to);
void merge_components(const Inputs& inputs, MergeOf of, pb::Record& out);
// `offsets`: how much later than the result each input begins.
void merge_phases(const Inputs& inputs, MergeOf of, const std::vector<std::int64_t>& offsets, pb::Record& out);
// The same of other lists of phases, such as those of one step on each node; `offset`: of the record's start, in ns.
struct PhaseList {
  const pb::Record* record;
  const google::protobuf::RepeatedPtrField<pb::Phase>* phases;
  std::int64_t offset;
};
void merge_phases(const std::vector<PhaseList>& lists, MergeOf of, google::protobuf::RepeatedPtrField<pb::Phase>& out);
// Work outside phases, figures, labels, settings, software, anomalies, sensors, devices. No idle powers: each belongs
// to one node and its own time.
void merge_lists(const Inputs& inputs, pb::Record& out);
// Where all are of a resource manager's job; the record's state is then the job's.
void merge_job(const Inputs& inputs, const std::vector<std::int64_t>& offsets, pb::Record& out);
void merge_nodes(const Inputs& inputs, MergeOf of, pb::Record& out);
void merge_members(const Inputs& inputs, pb::Record& out);
// Adds the list of attempts to what was merged of them, and replaces by the last one's what is no sum.
void merge_attempts(const Inputs& inputs, pb::Record& out);
// Of these attempts the components that several have add up.
void add_up_components(const Inputs& inputs, pb::Record& out);
std::int64_t sum_durations(const Inputs& inputs);  // 0, unknown, where one is
std::uint64_t count_missing_ranks(const pb::Record& record);
std::uint64_t count_missing_attempts(const pb::Record& record);
void add_anomaly(pb::Record& out, const std::string& name, std::uint64_t count);

}  // namespace nw
