// A comparison as a JSON object, for the documents that contain one.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "study/comparison.h"

namespace nw {

nlohmann::ordered_json make_compare_object(const Comparison& comparison);

}  // namespace nw
