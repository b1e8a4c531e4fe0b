#include "apps/cli/options.h"

namespace nw::cli {

bool wraps_command(std::string_view verb) { return verb == "run" || verb == "record" || verb == "sweep"; }

void add_root(CLI::App& app, Root& root) {
  app.add_option("--root", root.path, "read the machine from this directory instead of / (a captured or invented tree)")
      ->type_name("DIR");
  app.add_flag("--root-libraries", root.runs_libraries,
               "open the vendor libraries in that directory too: this runs their code");
}

void add_config(CLI::App& app, std::string& config) {
  app.add_option("--config", config,
                 "the site file; default: $NODEWATT_CONFIG, else /etc/nodewatt/nodewatt.toml if it is there")
      ->type_name("FILE");
}

void add_machine_options(CLI::App& app, Root& root, std::string& config) {
  add_root(app, root);
  add_config(app, config);
}

void add_print(CLI::App& app, PrintOptions& print, const std::string& formats) {
  app.add_option("-f,--format", print.format, formats)->capture_default_str();
  app.add_flag_callback(
      "--json", [&print] { print.format = "json"; }, "same as --format json");
  app.add_flag_callback(
      "--csv", [&print] { print.format = "csv"; }, "same as --format csv");
  app.add_option("-o,--output", print.output, "write to this file instead of standard output")->type_name("FILE");
  app.add_option("--units", print.units, "auto, J, kJ, MJ, Wh, kWh or MWh")
      ->check(CLI::IsMember({"auto", "J", "kJ", "MJ", "Wh", "kWh", "MWh"}))
      ->capture_default_str();
  app.add_option("--color,--colour", print.colour, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  app.add_flag("--precise", print.precise, "print every digit that the uncertainty allows");
}

}  // namespace nw::cli
