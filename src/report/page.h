// Page: the frame of our HTML: one file that needs no network, no font and no script, follows the reader's light or
// dark theme, and prints well.
#pragma once

#include <string>
#include <string_view>

#include "record/record_fwd.h"

namespace nw {

// `title` is text, `body` is HTML.
std::string make_page(std::string_view title, std::string_view body);

// The beginning of a page: which kind of nodewatt page it is, and its heading. Both are text.
std::string page_head(std::string_view what, std::string_view heading);

// Everything about one run below its heading: headline, picture, parts, phases, quality.
std::string make_run_body(const pb::Record& record);

// A link's target for a record within a page.
std::string anchor(const pb::Record& record);

}  // namespace nw
