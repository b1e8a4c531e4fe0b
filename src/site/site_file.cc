#include "site/site_file.h"

#include <cstdlib>
#include <filesystem>

#include "base/host.h"

namespace nw {

namespace {
Result<SiteText> read_named(const std::string& path) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  if (error) return fail(ErrorKind::failed, path + ": " + error.message());
  auto text = make_real_host()->read_text(absolute.string());
  if (!text) return fail(ErrorKind::failed, "site file " + text.error().what);
  return SiteText{path, std::move(*text)};
}
}  // namespace

Result<SiteText> read_site_text(const std::string& config, const std::string& root, bool own) {
  if (!config.empty()) return read_named(config);
  if (const char* named = std::getenv("NODEWATT_CONFIG"); named != nullptr && *named != '\0') return read_named(named);
  if (!own) return SiteText{};
  auto text = make_real_host(root)->read_text(kSitePath);
  if (!text && text.error().kind == ErrorKind::absent) return SiteText{};
  if (!text) return fail(text.error().kind, "site file " + text.error().what);
  return SiteText{root == "/" ? kSitePath : root + kSitePath, std::move(*text)};
}

Result<Site> find_site(const std::string& config, const std::string& root, bool own) {
  const SiteText file = NW_TRY(read_site_text(config, root, own));
  if (file.path.empty()) return Site{};
  return parse_site(file.text, file.path);
}

}  // namespace nw
