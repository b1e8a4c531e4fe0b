// What Slurm's own accounting states about a job, for users who want to compare both figures: one call of sacct, which
// may take five seconds and whose failure does no harm.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "record/record_fwd.h"
#include "report/report.h"

namespace nw::cli {

struct SlurmWords {
  std::string state, exit_code, name;
  std::optional<double> energy_j;  // ConsumedEnergyRaw; nothing where Slurm measures none (it then prints 0 or nothing)
};

// The first line of `sacct -n -P -X -o State,ExitCode,ConsumedEnergyRaw,JobName`.
Result<SlurmWords> parse_slurm_line(std::string_view output);
// absent: there is no sacct on PATH.
Result<SlurmWords> ask_slurm(const pb::Job& job);
// Lines below a job's page; one line with the reason where there is nothing.
std::string make_slurm_words(const pb::Record& record, const Result<SlurmWords>& slurm, const TextStyle& style);

}  // namespace nw::cli
