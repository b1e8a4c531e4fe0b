// An event: what a prolog, an epilog or a step says to the daemon, made of the variables that Slurm gives them.
//
// Slurm's prolog_epilog page names the variables; which of them there are differs by version, and a variable that is
// not there, is empty or holds one of Slurm's numbers for "none" is a key that is not sent. Job names are users' own
// text and may be long: a key for which there is no room any more is left out, the least useful first.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "consumer/wire.h"

namespace nw::slurm {

// A variable of the environment, or nullptr.
using Environment = std::function<const char*(const char* name)>;

// `verb` is begin, end, step, close or open. `words` are key=value as they were typed, and go before what the
// environment says. Malformed where a word is none, and where the job's id is unknown.
Result<Request> make_event(std::string_view verb, std::span<const std::string_view> words, const Environment& get);

// "1:0" of SLURM_JOB_EXIT_CODE2 (code, signal) as a shell would have it: the code, or 128 and the signal. "" when it is
// neither.
std::string exit_of(std::string_view code_and_signal);

}  // namespace nw::slurm
