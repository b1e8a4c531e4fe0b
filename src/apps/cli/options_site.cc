// The options of the commands that a site runs once: config, calibrate.
#include "apps/cli/options.h"

namespace nw::cli {

namespace {
void add_config_commands(CommandLine& line) {
  auto* site = line.app.add_subcommand("config", "the site file: what is wrong in it, and what is in force");
  site->require_subcommand(1);
  auto& o = line.keep<ConfigOptions>();
  auto* check = site->add_subcommand("check", "name everything that is wrong in it");
  check->add_option("FILE", o.config, "default: the one that would be used");
  auto* show = site->add_subcommand("show", "every value that is in force");
  show->add_flag("--origin", o.origin, "and where it comes from");
  for (auto* sub : {check, show}) add_machine_options(*sub, o.root, o.config);
  check->callback([&line, &o] {
    line.settle(o);
    line.code = config_check(o);
  });
  show->callback([&line, &o] {
    line.settle(o);
    line.code = config_show(o);
  });
}

void add_calibrate(CommandLine& line) {
  auto* calibrate = line.app.add_subcommand(
      "calibrate", "measure this node's idle power, a sensor against a meter, or how a slow sensor answers");
  calibrate->require_subcommand(1);
  auto& o = line.keep<CalibrateOptions>();
  auto* idle = calibrate->add_subcommand("idle", "mean power of every sensor while nothing runs");
  idle->add_flag("--force", o.force, "measure though the node is not idle");
  auto* response =
      calibrate->add_subcommand("response", "window and delay of the node's own sensor, from a load of known times");
  response->add_flag("--force", o.force, "go on though the node is not idle");
  auto* against =
      calibrate->add_subcommand("against", "factor and bias of a sensor, from a reference meter's readings");
  against
      ->add_option("FILE", o.reference,
                   "CSV: time (RFC 3339 or seconds since 1970), watts; or sensor:ID, another sensor of this node (a "
                   "PDU's outlet)")
      ->required();
  against->add_option("--sensor", o.sensor, "id of the sensor: nodewatt sensors --json")->required();
  against->add_option("--tape", o.tape, "the sensor's readings, made by record; default: read it now")
      ->type_name("TAPE");
  for (const char* name : {"--reference-uncertainty", "--reference-tolerance"})  // the latter of earlier versions
    against
        ->add_option(name, o.reference_uncertainty, "relative standard uncertainty (1 sigma) of the reference (0.002)")
        ->check(CLI::Range(0.0, 0.5))
        ->group(name == std::string_view("--reference-tolerance") ? "" : "Options");
  for (auto* sub : {idle, against, response}) {
    sub->add_option(
           "--duration", o.duration,
           sub == response ? "how long (150s, or four of the longest windows that it may have)" : "how long (60s)")
        ->type_name("T");
    sub->add_option("-o,--output", o.output, "write to this file instead of standard output")->type_name("FILE");
    add_machine_options(*sub, o.root, o.config);
  }
  idle->callback([&line, &o] {
    line.settle(o);
    line.code = calibrate_idle(o);
  });
  response->callback([&line, &o] {
    line.settle(o);
    line.code = calibrate_response(o);
  });
  against->callback([&line, &o] {
    line.settle(o);
    line.code = calibrate_against(o);
  });
}
}  // namespace

void add_site(CommandLine& line) {
  add_config_commands(line);
  add_calibrate(line);
}

}  // namespace nw::cli
