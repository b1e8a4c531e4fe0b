// Names in records, tapes or daemons of an earlier nodewatt, and what they are called today.
//
// A stored record is never rewritten: its hash is that of its bytes. So whoever prints or compares a stored name
// translates it here first; a name that was never changed stays as it is.
#pragma once

#include <string>
#include <string_view>

namespace nw {

// "use/1" is "usage-based/1" today. Text before and after a name stays: "n1 Node behind its supplies" is "n1 Node DC".
std::string current_words(std::string_view stored);

}  // namespace nw
