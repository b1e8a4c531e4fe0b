// The simulator's commands. Each declares its options on the command line; main.cc has the table.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "sim/machine.h"

namespace nw::sim {

// Adds one subcommand. When it was selected, its callback runs and sets the program's exit code: 0 ok, 1 error, 2
// usage.
using Declare = void (*)(CLI::App& app, int& exit_code);
void declare_tape(CLI::App& app, int& exit_code);
void declare_truth(CLI::App& app, int& exit_code);
void declare_check(CLI::App& app, int& exit_code);
void declare_live(CLI::App& app, int& exit_code);  // sim/live/command.cc

// The options of all commands that simulate a machine: SCENARIO, --workload, --duration, --seed.
struct Choice {
  std::string scenario, workload, duration;
  std::uint64_t seed = 0;
  bool seeded = false;
};
std::shared_ptr<Choice> add_choice(CLI::App& command);
// `change`: how a command alters the scenario before it becomes a machine.
Result<Machine> make_machine(const Choice& choice, const std::function<void(Scenario&)>& change = {});

int error_exit(const Error& error);

}  // namespace nw::sim
