// How an energy and the parts of a node stand in the JSON of a record, and of what lies in it: phases, jobs, steps.
#pragma once

#include "record/record_fwd.h"
#include "report/json_values.h"

namespace nw::json {

Json make_energy(const pb::Energy& energy);
// Mean powers are over this time.
Json make_components(const google::protobuf::RepeatedPtrField<pb::Component>& components, std::int64_t duration_ns);

}  // namespace nw::json
