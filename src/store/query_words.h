// Query words: the query language of the command line: "name=train node-type=*A100* label.batch=32 since=2026-11-01
// limit=0".
#pragma once

#include <string_view>

#include "store/query.h"

namespace nw {

// Words separated by spaces or commas (a value that contains either is quoted), all of which must hold. Keys: name,
// host, program, node-type, state, label.KEY, setting.KEY (values with * and ?); since, until (2026-11-01, with a time
// 2026-11-01T08:00, UTC unless it ends in Z or an offset; or 7d, 12h before `now_unix_ns`); limit. The error names
// the invalid word.
Result<Query> parse_query(std::string_view text, std::int64_t now_unix_ns);

// Whether the text fits a pattern in which * stands for anything and ? for one byte.
bool fits(std::string_view text, std::string_view pattern);

}  // namespace nw
