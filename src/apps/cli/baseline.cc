#include "apps/cli/baseline.h"

#include "apps/cli/cli_common.h"
#include "base/host.h"
#include "record/idle.h"
#include "record/record.pb.h"
#include "store/paths.h"

namespace nw::cli {

namespace {
// From the data directory. A file that makes no sense is reported and ignored.
BaselineSite read_baseline(const std::string& host) {
  const auto path = baseline_path(host);
  const auto text = path ? make_real_host()->read_text(*path) : tl::make_unexpected(path.error());
  if (!text) return {};
  const auto site = parse_site(*text, *path);
  if (site) return site->baseline;
  error_exit("the baseline of this node is not used: " + site.error().what);
  return {};
}
}  // namespace

Result<std::string> baseline_path(const std::string& host) {
  return NW_TRY(data_dir()) + "/baseline" + host_suffix(host) + ".toml";
}

void attach_idle(const Site& site, const std::vector<SensorInfo>& infos, pb::Record& record) {
  const std::string& host = record.node().host();
  BaselineSite of_site = site.baseline;
  if (of_site.host.empty()) of_site.host = host;
  for (const BaselineSite& baseline : {read_baseline(host), of_site}) {
    if (!is_current(baseline, host, record.start_unix_ns(), site.baseline.valid_days)) continue;
    write_idle(baseline, infos, record);
    if (record.idle_size() > 0) return;
  }
}

}  // namespace nw::cli
