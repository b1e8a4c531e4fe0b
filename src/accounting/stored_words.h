// Words that records, tapes or daemons of an earlier nodewatt hold, and what they are called today.
//
// A kept record is never rewritten: its bytes are what its hash is of. So whoever prints or compares a name that was
// stored asks here first; a word that was never another stays as it is.
#pragma once

#include <string>
#include <string_view>

namespace nw {

// "use/1" is "usage-based/1" today. What may stand in front of a word or behind it stays:
// "n1 Node behind its supplies" is "n1 Node DC".
std::string current_words(std::string_view stored);

}  // namespace nw
