// Where the site file is: --config, else $NODEWATT_CONFIG, else /etc/nodewatt/nodewatt.toml below the root if it is
// there.
#pragma once

#include <string>

#include "site/site.h"

namespace nw {

// The machine's own file, for whom nothing else was named.
inline constexpr const char* kSitePath = "/etc/nodewatt/nodewatt.toml";

struct SiteText {
  std::string path, text;  // path: as a person finds it; "": there is no file
};

// The file's text. A named file that cannot be read is an error; the machine's own that is not there is none. Without
// `own` the machine's own is not looked for.
Result<SiteText> read_site_text(const std::string& config, const std::string& root, bool own = true);

Result<Site> find_site(const std::string& config, const std::string& root, bool own = true);

}  // namespace nw
