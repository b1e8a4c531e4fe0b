// Lists that are cut at a limit, and say so.
#pragma once

#include <cstddef>
#include <string>

#include "report/report.h"

namespace nw {

// The line below a list that is not complete: "20 of 27 shown; --limit 0 shows all"; empty where it is.
std::string shown_words(std::size_t shown, std::size_t matched);
// `nodewatt runs`, when `matched` records exist and not all are shown.
std::string make_list(Records records, const TextStyle& style, std::size_t matched);

}  // namespace nw
