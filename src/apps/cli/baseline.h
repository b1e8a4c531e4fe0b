// Where `calibrate idle` keeps what a node draws at rest, and what of it goes beside a run.
//
// One file a host in the data directory, since a home directory is often shared by the nodes of a cluster; a site
// file's [baseline] stands in for it.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "record/record_fwd.h"
#include "sensor/sensor.h"
#include "site/site.h"

namespace nw::cli {

Result<std::string> baseline_path(const std::string& host);  // "": of a host without a name

// The baseline of this host into the record, where there is one that is not too old.
void attach_idle(const Site& site, const std::vector<SensorInfo>& infos, pb::Record& record);

}  // namespace nw::cli
