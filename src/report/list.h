// Lists that show a part of what there is, and say so.
#pragma once

#include <cstddef>
#include <string>

#include "report/report.h"

namespace nw {

// Below a list that has not all of them: "20 of 27 shown; --limit 0 shows all"; empty where it has.
std::string shown_words(std::size_t shown, std::size_t matched);
// `nodewatt runs`, of as many as matched, where these are not all.
std::string make_list(Records records, const TextStyle& style, std::size_t matched);

}  // namespace nw
