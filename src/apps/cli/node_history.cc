#include "apps/cli/node_history.h"

#include <algorithm>

#include "accounting/node_history_frames.h"
#include "apps/cli/cli_common.h"
#include "base/file.h"
#include "base/parse.h"
#include "store/paths.h"

namespace nw::cli {

namespace {
constexpr std::int64_t kOldest = std::int64_t{30} * 24 * 3600 * kNanosPerSecond;

std::string line_of(Host& host, const char* path) {
  const auto text = host.read_text(path);
  return text ? text->substr(0, std::min(text->find('\n'), std::size_t{128})) : "";
}

// What may change how the controller measures.
std::string firmware_of(Host& host) {
  return valid_utf8(line_of(host, "/sys/class/dmi/id/product_name") + ", " +
                    line_of(host, "/sys/class/dmi/id/bios_version") + ", " +
                    line_of(host, "/sys/class/dmi/id/bios_date"));
}

Result<std::string> history_path(Host& host) {
  return NW_TRY(data_dir()) + "/node" + host_suffix(line_of(host, "/proc/sys/kernel/hostname")) + ".history";
}
}  // namespace

void use_history(RunAccounting& accounting, Host& host) {
  const auto path = history_path(host);
  const auto bytes = path ? read_file(*path) : Result<std::string>(tl::make_unexpected(path.error()));
  pb::NodeHistory saved;
  if (!bytes || !saved.ParseFromString(*bytes) || saved.firmware() != firmware_of(host)) return;
  const std::int64_t age = host.wall_ns() - saved.wall_ns();
  auto history = read_history(saved);
  if (history && saved.wall_ns() > 0 && age >= 0 && age <= kOldest) accounting.use(std::move(*history), Nanos::of(age));
}

void keep_history(const RunAccounting& accounting, Host& host) {
  const auto history = accounting.history();
  const auto path = history_path(host);
  const auto dir = data_dir();
  if (!history || !path || !dir || !make_private_dir(*dir)) return;
  pb::NodeHistory saved;
  write_history(*history, saved);
  saved.set_wall_ns(host.wall_ns());
  saved.set_firmware(firmware_of(host));
  (void)replace_file(*path, saved.SerializeAsString(), false, 0600);
}

}  // namespace nw::cli
