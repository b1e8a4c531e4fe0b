// A resource manager's job in a report: what it had of the nodes, the policy by which its energy was attributed, its
// steps.
//
// A job's record is an ordinary record, so every format prints it; what is specific to jobs is produced here once, as
// text for terminal, Markdown and HTML and as an object for JSON. All strings are clean (escape.h).
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

// All parts of one kind, of all nodes: "GPUs (8)". Parts inside another part are left out.
struct DomainLine {
  std::string label, share, energy, uncertainty, mean;
  pb::Kind kind{};
  std::optional<double> fraction;
};

struct JobWords {
  std::string id;                   // "4711", "4700_3", "4700+1"
  std::string owner;                // "alice/math"
  std::string where;                // "partition gpu, cluster della"
  std::string unmeasured;           // "up to 12 s more not measured": the daemon was away; empty: all of it was
  std::string nodes;                // "2 nodes", "2 of 3 nodes"; empty: one, and all of it
  std::string share;                // "exclusive", "shared: 16/64 CPUs, 1/4 GPUs, 25.0 % of the memory"
  std::string state;                // "ended, exit 0", "running"
  std::string policies;             // "usage-based/1; by reservation-based/1: 612 +- 14 Wh, +17 %"
  std::string unused;               // "98 Wh, 18.7 % of the energy: accelerators on which no process was seen"
  std::string edges;                // start and end detection: "begin by prolog, end by epilog"
  std::vector<DomainLine> domains;  // the job itself first
  std::vector<StepLine> steps;

  // Facts of the page beside its figures, each with its name ("Owner"); what is not known is left out.
  std::vector<std::pair<std::string_view, std::string>> facts() const;
};

// Nothing for a record of no job.
std::optional<JobWords> make_job_words(const pb::Record& record, const NumberStyle& style);
// What a record's joules cover: the whole node, or a job.
std::string scope_words(const pb::Record& record);

std::string job_id(const pb::Job& job);        // in the user's notation, whole; empty when it has none
std::string short_job_id(const pb::Job& job);  // the same for a column; "-" when it has none
// The share of a record's energy that its GPUs took; nothing where it has none.
std::optional<double> gpu_share(const pb::Record& record);
nlohmann::ordered_json make_job_json(const pb::Record& record);  // null for a record of no job

// `nodewatt job`: the page of one job in a terminal, and its line: "4711: 525 Wh (GPU 67 %), mean 2612 W, ...".
// `slurm_state`: the state from Slurm ("COMPLETED"), where it was queried; it replaces the record's `ended`.
std::string make_job_text(const pb::Record& record, const TextStyle& style, std::string_view slurm_state = "");
std::string make_job_line(const pb::Record& record);
// The line for a resource manager's accounting, which must stay readable in lower case (job_comment.cc): "4711: 525
// watt hours plus or minus 11, gpus 67 percent, mean 2612 watts, ...".
std::string make_job_comment(const pb::Record& record);

// `nodewatt jobs`: a line for each of the first `rows`, and the sum of all, shown or not.
std::string make_job_list(Records records, const TextStyle& style, std::size_t rows = SIZE_MAX);

}  // namespace nw
