// Finds the site file: --config, else $NODEWATT_CONFIG, else /etc/nodewatt/nodewatt.toml below the root if it exists.
#pragma once

#include <string>

#include "site/site.h"

namespace nw {

// The machine's own file, used when no other is named.
inline constexpr const char* kSitePath = "/etc/nodewatt/nodewatt.toml";

struct SiteText {
  std::string path, text;  // path: as the user would find it; "": there is no file
};

// The file's text. A named file that cannot be read is an error; a missing /etc file is not. Without `own` the /etc
// file is not looked for.
Result<SiteText> read_site_text(const std::string& config, const std::string& root, bool own = true);

Result<Site> find_site(const std::string& config, const std::string& root, bool own = true);

}  // namespace nw
