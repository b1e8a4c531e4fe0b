// The two things that nodewatt-segmentation does.
#pragma once

#include "../common/options.h"
#include "../common/result.h"

namespace nw::workload {

Result<void> train_segmentation(const Options& options);
Result<void> infer_segmentation(const Options& options);

}  // namespace nw::workload
