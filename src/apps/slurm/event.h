// An event: what a prolog, an epilog or a step reports to the daemon, made from the variables that Slurm gives them.
//
// Slurm's prolog_epilog page names the variables; which of them exist differs by version, and a variable that is
// missing, empty or has one of Slurm's numbers for "none" is a key that is not sent. Job names are the users' own text
// and may be long: a key that does not fit is left out, the least useful first.
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

// `verb` is begin, end, step, close or open. `words` are key=value as typed, and take precedence over the environment.
// Malformed where a word is not of that form, and where the job's id is unknown.
Result<Request> make_event(std::string_view verb, std::span<const std::string_view> words, const Environment& get);

// "1:0" of SLURM_JOB_EXIT_CODE2 (code, signal) as a shell would report it: the code, or 128 plus the signal. "" when it
// is neither.
std::string exit_of(std::string_view code_and_signal);

}  // namespace nw::slurm
