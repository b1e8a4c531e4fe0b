// The JSON of an energy and of a node's parts in a record, its phases, jobs and steps.
#pragma once

#include "record/record_fwd.h"
#include "report/json_values.h"

namespace nw::json {

Json make_energy(const pb::Energy& energy);
// `duration` is the time for mean powers.
Json make_components(const google::protobuf::RepeatedPtrField<pb::Component>& components, std::int64_t duration_ns);
// Of a run, or of a step of a job; `energy`: in which the work was done.
Json make_work(const google::protobuf::RepeatedPtrField<pb::Work>& work, const pb::Energy& energy);
Json make_phase(const pb::Phase& phase);

}  // namespace nw::json
