// nodewatt config: checks the site file, and shows the settings in force.
#include <cstdio>

#include <fmt/format.h>

#include "apps/cli/cli_common.h"
#include "apps/cli/command.h"
#include "site/site_file.h"

namespace nw::cli {

namespace {
int complain_of(const SiteFile& file, const std::string& path) {
  for (const SiteFault& fault : file.faults) std::fprintf(stderr, "%s\n", fault_text(fault, path).c_str());
  return error_exit(fmt::format("{}: {} to fix", path, file.faults.size()));
}
}  // namespace

int config_check(const ConfigOptions& options) {
  const auto found = read_site_text(options.config, options.root);
  if (!found) return error_exit(found.error().what);
  if (found->path.empty()) {
    std::printf("no site file: %s is not there, and everything has its default\n", kSitePath);
    return 0;
  }
  const SiteFile file = read_site(found->text, found->path);
  if (!file.faults.empty()) return complain_of(file, found->path);
  std::printf("%s: nothing to fix\n", found->path.c_str());
  return 0;
}

int config_show(const ConfigOptions& options) {
  const auto found = read_site_text(options.config, options.root);
  if (!found) return error_exit(found.error().what);
  const SiteFile file = read_site(found->text, found->path);
  if (!file.faults.empty()) return complain_of(file, found->path);
  std::string text;
  for (const SiteSetting& setting : file.settings) {
    const std::string line = setting.key + " = " + setting.value;
    const std::string origin = setting.line == 0 ? "default" : fmt::format("{}:{}", found->path, setting.line);
    text += options.origin ? fmt::format("{:<56}  # {}\n", line, origin) : line + "\n";
  }
  const auto done = write_out("", text);
  return done ? 0 : error_exit(done.error());
}

}  // namespace nw::cli
