// nodewatt-sim: simulates a compute node: its sensors with their known inaccuracies, and the true energies.
#include <cstdio>
#include <exception>

#include "base/visible.h"
#include "sim/commands.h"

namespace {
// THE table. A command is one line here.
constexpr nw::sim::Declare kCommands[] = {
    nw::sim::declare_tape,
    nw::sim::declare_truth,
    nw::sim::declare_check,
    nw::sim::declare_live,
};

int run(int argc, char** argv) {
  CLI::App app("Simulates compute nodes: tapes of their sensors, and the truth to hold a measurement against.");
  app.set_version_flag("--version", std::string("nodewatt-sim " NODEWATT_VERSION));
  app.name("nodewatt-sim");
  app.require_subcommand(1);
  int exit_code = 0;
  for (const auto declare : kCommands) declare(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    std::fprintf(stderr, "nodewatt-sim: %s; see nodewatt-sim --help\n", nw::visible(error.what()).c_str());
    return 2;
  }
  return exit_code;
}
}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "nodewatt-sim: %s\n", error.what());
    return 1;
  }
}
