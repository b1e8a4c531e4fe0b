// The two things that nodewatt-forecasting does.
#pragma once

#include "../common/options.h"
#include "../common/result.h"

namespace nw::workload {

Result<void> train_forecasting(const Options& options);
Result<void> infer_forecasting(const Options& options);

}  // namespace nw::workload
