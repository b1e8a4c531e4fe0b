// Where `calibrate idle` stores a node's idle power, and which part of it is put into a run's record.
// One file a host in the data directory, since a home directory is often shared by the nodes of a cluster; a site
// file's [baseline] takes its place.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "record/record_fwd.h"
#include "sensor/sensor.h"
#include "site/site.h"

namespace nw::cli {

Result<std::string> baseline_path(const std::string& host);  // "": of a host without a name

// Writes the baseline of this host into the record, where there is one that is not too old.
void attach_idle(const Site& site, const std::vector<SensorInfo>& infos, pb::Record& record);

}  // namespace nw::cli
