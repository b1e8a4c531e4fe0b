// Options: what the declarations of all commands share. Each family of commands declares its options in a file of its
// own, options_*.cc; what a command does is in the file of its name.
#pragma once

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
  Root root{""};  // given before the command, and so is
  std::string config;
  std::vector<std::string> command;  // of those that wrap one: run, record, sweep
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
// `formats` is the help text: which ones this command has.
void add_print(CLI::App& app, PrintOptions& print, const std::string& formats);
// --carbon, --pue and their sources.
void add_factors(CLI::App& app, Factors& factors);

// Where the phases come from, when the program has none of its own; of run and sweep.
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

// The subcommands that take a command to be run.
bool wraps_command(std::string_view verb);
// Prints what may stand in the place of the last of these words of a command line, a line each.
int complete(const CLI::App& root, const std::vector<std::string>& words);

}  // namespace nw::cli
