// A resource manager's job in a report: who had what of the nodes, by which policy its energy is its own, its steps.
//
// A job's record is a record like any other, so that every form prints it; what is of the job alone is said here once,
// as words for text, Markdown and HTML and as an object for JSON. All strings are clean (escape.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "record/record_fwd.h"
#include "report/number.h"
#include "report/report.h"

namespace nw {

struct StepLine {
  std::string id, phase, duration, cpu, mean, energy, uncertainty, share;
  pb::Kind kind{};
};

// All parts of one kind, of all nodes: "GPUs (8)". Not what lies inside another part.
struct DomainLine {
  std::string label, share, energy, uncertainty, mean;
  pb::Kind kind{};
  std::optional<double> fraction;
};

struct JobWords {
  std::string id;                   // "4711", "4700_3", "4700+1"
  std::string owner;                // "alice/math"
  std::string where;                // "partition gpu, cluster della"
  std::string nodes;                // "2 nodes", "2 of 3 nodes"; empty: one, and all of it
  std::string share;                // "exclusive", "shared: 16/64 CPUs, 1/4 GPUs, 25.0 % of the memory"
  std::string state;                // "ended, exit 0", "running"
  std::string policies;             // "usage-based/1; by reservation-based/1: 612 Wh +- 14, +17 %"
  std::string unused;               // "98 Wh, 18.7 % of the energy: accelerators on which no process was seen"
  std::string edges;                // "begin by prolog, end by epilog"
  std::vector<DomainLine> domains;  // the job itself first
  std::vector<StepLine> steps;

  // What a page says of it beside its figures, each with its name ("Owner"); what is not known is left out.
  std::vector<std::pair<std::string_view, std::string>> facts() const;
};

// Nothing for a record of no job.
std::optional<JobWords> make_job_words(const pb::Record& record, const NumberStyle& style);
// Whose joules a record's are: the whole node's, or a job's.
std::string scope_words(const pb::Record& record);

std::string job_id(const pb::Job& job);        // as people call it, whole; empty when it has none
std::string short_job_id(const pb::Job& job);  // the same for a column; "-" when it has none
// Of a record's energy, what its GPUs took; nothing where it has none.
std::optional<double> gpu_share(const pb::Record& record);
nlohmann::ordered_json make_job_json(const pb::Record& record);  // null for a record of no job

// `nodewatt job`: the page of one job in a terminal, and its line: "4711: 525 Wh (GPU 67 %), mean 2612 W, ...".
// `slurm_state`: as Slurm says it ("COMPLETED"), where it was asked; it stands in place of the record's `ended`.
std::string make_job_text(const pb::Record& record, const TextStyle& style, std::string_view slurm_state = "");
std::string make_job_line(const pb::Record& record);
// The line for a resource manager's accounting, which survives being made lower case (job_comment.cc): "4711: 525 watt
// hours plus or minus 11, gpus 67 percent, mean 2612 watts, ...".
std::string make_job_comment(const pb::Record& record);

// `nodewatt jobs`: a line for each of the first `rows`, and the sum of all, shown or not.
std::string make_job_list(Records records, const TextStyle& style, std::size_t rows = SIZE_MAX);

}  // namespace nw
