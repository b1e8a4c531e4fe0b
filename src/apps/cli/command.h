// The commands: one struct of options and one function each, in a file of the command's name. main.cc fills the
// structs. A function returns the process's exit code: 0 ok, 1 error, 2 usage, 3 not found; `run` that of its child, or
// 125/126/127 as env(1); commands that query a daemon return 5 where none answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/root.h"
#include "report/facility.h"
#include "report/report.h"

namespace nw::cli {

struct RunOptions {
  std::vector<std::string> command;
  unsigned repeat = 1, warmup = 0;
  std::string name, period, json, output, config;
  Root root;
  std::vector<std::string> labels;
  bool as_json = false;                // the report itself; `json` is a file that gets JSON in addition
  bool append = false;                 // to `output`
  bool quiet = false;                  // print no report
  bool oneline = false;                // print one line instead of the report
  bool record_command = false;         // keep the whole command line, not its first word alone
  bool no_phases = false;              // leave the child's environment alone
  bool strict = false;                 // refuse to start where nothing can be measured
  std::string group_key;               // ranks with the same key share one sampler
  bool rank_alone = false;             // ignore other ranks
  bool local = false;                  // measure in this process, also where a daemon listens
  std::optional<std::string> nvtx;     // NVTX ranges become phases: a filter, see client/nvtx/filter.h
  std::optional<unsigned> nvtx_depth;  // 3
  std::vector<std::string> phase_regex, phase_end_regex, work_regex;  // of output lines, see consumer/line_rules.h

  // What a sweep sets for the command; not options of `run`.
  std::vector<std::string> environment;  // NAME=value each, added to the command's
  int log = -1;                          // its output and errors go into this file, and its input is empty
  int lock = -1;                         // it and its descendants keep this open

  // Whether phases can come from anywhere: the command itself, or what it prints.
  bool takes_events() const {
    return !no_phases || !phase_regex.empty() || !phase_end_regex.empty() || !work_regex.empty();
  }
};
int run(const RunOptions& options);

struct PrintOptions {
  std::vector<std::string> ids;
  std::string format = "text", output, units = "auto", colour = "auto";
  bool precise = false;
};

struct ReportOptions {
  PrintOptions print;
  Factors factors;
  std::string query, phase;
  bool check = false;   // print what a reviewer would ask instead of a report
  bool strict = false;  // with it: exit code 4 where there is anything
};
int report(const ReportOptions& options);

struct CiteOptions {
  std::vector<std::string> ids;
  std::string format = "bibtex", output;
};
int cite(const CiteOptions& options);
int schema();
int units(const std::vector<std::string>& words);

struct CompareOptions {
  PrintOptions print;
  std::string by = "group", phase, per, base, query;
  bool allow_mixed = false;
};
std::vector<std::string> side_names();  // of `by`, beside label:KEY
int compare(const CompareOptions& options);
int findings(const CompareOptions& options);  // uses print and query only

struct AdviseOptions {
  PrintOptions print;
  std::string partitions;
  std::optional<double> price;  // per kWh
};
int advise(const AdviseOptions& options);

struct RunsOptions {
  PrintOptions print;
  std::string name, job;
  std::vector<std::string> labels;
  std::size_t limit = 20;
};
int runs(const RunsOptions& options);

struct RemoveOptions {
  std::vector<std::string> ids;
  std::string to;  // a file for the records; empty: none
};
int remove_runs(const RemoveOptions& options);
int check_runs(const std::string& path);  // a store, or a file that export wrote; empty: the user's store

struct SensorsOptions {
  Root root;
  std::string config, output;
  bool json = false;
};
int sensors(const SensorsOptions& options);
int doctor(const SensorsOptions& options);

struct RecordOptions {  // makes a tape
  std::string output, config, period = "1s", duration;
  Root root;
  std::vector<std::string> command;
};
int record_tape(const RecordOptions& options);

struct ReplayOptions {
  std::string tape, format = "text", output, config;
  bool keep = false;  // store the record
  std::string name;
  std::vector<std::string> labels;
  // What a program would have reported: a phase as long as the tape, and work in it.
  std::string phase;
  std::vector<std::string> work;  // COUNT and UNIT in turn
};
int replay(const ReplayOptions& options);

struct PhaseOptions {
  std::string verb, name, unit = "item";  // begin, end, work
  double count = 1;
};
int phase(const PhaseOptions& options);

struct TransferOptions {
  std::string path;
  bool no_timeline = false;      // leave out the data of charts: it is most of a record
  bool privacy = false;          // remove host, folders and job
  std::vector<std::string> ids;  // none: all
};
int export_runs(const TransferOptions& options);
int import_runs(const TransferOptions& options);

struct MergeRunOptions {
  PrintOptions print;  // ids: of records, or files that export wrote
  std::string job, name;
  bool allow_mixed = false;
};
int merge(const MergeRunOptions& options);

struct BenchOptions {
  std::string scale = "small", output, config;
  Root root;
  unsigned repeat = 1, threads = 0;
  int epochs = 0;
  std::vector<std::string> devices;       // none: those found
  std::vector<std::string> applications;  // none: both
};
int bench(const BenchOptions& options);

struct SweepOptions {
  RunOptions run;  // what its runs share with `run`; not repeat, warmup, environment, log, lock
  std::string threads, batch_size, device, power_limit;  // values separated by commas
  std::vector<std::string> sets, environment;            // NAME=V1,V2,...; NAME=VALUE with placeholders
  std::string gpus, per, output, resume, report;
  std::optional<unsigned> repeat, warmup;
  std::optional<std::uint64_t> seed;
  std::optional<std::string> cool_down;  // the longest wait
  bool dry_run = false, stop_on_failure = false, show_output = false;
};
int sweep(const SweepOptions& options);

struct JobOptions {
  PrintOptions print;
  std::string job;                   // job_name.h; empty: the job in which this runs
  std::vector<std::string> sockets;  // of node daemons
  bool oneline = false;
  bool comment = false;  // one line for Slurm's accounting, limited to what the job's owner may see
  bool slurm = false;    // show what Slurm's own accounting states beside it
};
int job(const JobOptions& options);

struct JobsOptions {
  PrintOptions print;
  std::vector<std::string> sockets;
  std::string since, until, state, user;
  std::size_t limit = 20;
};
int jobs(const JobsOptions& options);

struct SacctOptions {
  JobsOptions jobs;
  std::string fields;
  bool parsable = false, no_header = false, help = false;
};
int sacct(const SacctOptions& options);

struct TopOptions {
  PrintOptions print;
  std::vector<std::string> sockets;
  double period_s = 5;
  bool once = false;
};
int top(const TopOptions& options);

struct ConfigOptions {
  Root root;
  std::string config;
  bool origin = false;  // show where each value comes from
};
int config_check(const ConfigOptions& options);
int config_show(const ConfigOptions& options);

struct CalibrateOptions {
  Root root;
  std::string config, output, duration;
  bool force = false;
  std::string reference, sensor, tape;  // `against`: the meter's readings, and the sensor to calibrate
  double reference_uncertainty = 0;     // of the meter, relative standard uncertainty; 0: unknown
};
int calibrate_idle(const CalibrateOptions& options);
int calibrate_against(const CalibrateOptions& options);
int calibrate_response(const CalibrateOptions& options);

}  // namespace nw::cli
