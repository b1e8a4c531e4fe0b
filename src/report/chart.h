// Chart: the power of a run over time in terminal characters, with the phases below.
#pragma once

#include <string>

#include "record/record_fwd.h"

namespace nw {

// Empty where the record has no timeline.
std::string make_chart(const pb::Record& record, int width, bool utf8);

}  // namespace nw
