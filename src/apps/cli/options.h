// Options: shared by the declarations of all commands. Each family of commands declares its options in a file of its
// own, options_*.cc; what a command does is in the file of its name.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/cli/command.h"

namespace nw::cli {

struct CommandLine {
  explicit CommandLine(const char* about) : app(about, "nodewatt") {}

  CLI::App app;
  Root root{""};  // both may be given before the command
  std::string config;
  std::vector<std::string> command;  // of commands that wrap one: run, record, sweep
  int code = 0;                      // the process's

  // A struct of options that lives as long as the command line.
  template <class Options>
  Options& keep() {
    auto options = std::make_shared<Options>();
    kept_.push_back(options);
    return *options;
  }

  // --root and --config may stand before the command or among its own options.
  template <class Options>
  void settle(Options& own) const {
    if (own.root.path == "/" && !root.path.empty()) own.root.path = root.path;
    own.root.runs_libraries = own.root.runs_libraries || root.runs_libraries;
    settle_config(own);
  }
  template <class Options>
  void settle_config(Options& own) const {
    if (own.config.empty()) own.config = config;
  }

 private:
  std::vector<std::shared_ptr<void>> kept_;
};

void add_config(CLI::App& app, std::string& config);
void add_machine_options(CLI::App& app, Root& root, std::string& config);
// Lists of values are CLI11 checks, never prose: the parser uses them to refuse, --help to list and completion to
// suggest.
using Values = std::vector<std::string>;
CLI::Option* add_format(CLI::App& app, std::string& format, Values formats, const std::string& about = "");
// --format with these, --json[=FILE] and --csv where they are among them, --output, --units, --color, --precise.
void add_print(CLI::App& app, PrintOptions& print, Values formats, const std::string& about = "");
CLI::Validator whole_number(unsigned least, unsigned most);
Values text_forms();  // those of formats.h that are text
// --json[=FILE], of every command that prints JSON: `take` gets the file name, empty for none.
void add_json(CLI::App& app, std::function<void(const std::string&)> take, const std::string& about = "");
// --carbon, --pue and their sources.
void add_factors(CLI::App& app, Factors& factors);

inline constexpr const char* kNoPhases =
    "do not set nodewatt's variables for the command; phases marked in the program are then not recorded";
// Where phases come from when the program reports none itself; for run and sweep.
void add_phases(CLI::App& app, RunOptions& options);

// The families.
void add_measuring(CommandLine& line);  // run, bench, phase
void add_sweep(CommandLine& line);      // sweep
void add_queries(CommandLine& line);    // runs, check, compare, export, import, merge
void add_jobs(CommandLine& line);       // job, jobs, top, sacct
void add_formats(CommandLine& line);    // report, cite, schema, units
void add_machine(CommandLine& line);    // sensors, doctor, record, replay
void add_site(CommandLine& line);       // config, calibrate
void add_completion(CommandLine& line);
void add_help(CommandLine& line);         // help
void add_help_format(CommandLine& line);  // before all others, which inherit it

// The subcommand of that name; null when there is none.
const CLI::App* find_command(const CLI::App& app, const std::string& word);
// A usage error as one line for standard error.
std::string explain(const CLI::App* root, const CLI::Error& error);

// The subcommands that take a command to be run.
bool wraps_command(std::string_view verb);
// Prints the possible completions of the last of these words of a command line, one a line.
int complete(const CLI::App& root, const std::vector<std::string>& words);

}  // namespace nw::cli
