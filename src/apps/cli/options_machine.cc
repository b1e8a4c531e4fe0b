// The options of the commands that look at this machine or at a tape of one: sensors, doctor, record, replay.
#include "apps/cli/options.h"

namespace nw::cli {

void add_machine(CommandLine& line) {
  auto& sensors_options = line.keep<SensorsOptions>();
  auto& replay_options = line.keep<ReplayOptions>();
  auto* sensors = line.app.add_subcommand("sensors", "what of this node can be read, and how well");
  add_machine_options(*sensors, sensors_options.root, sensors_options.config);
  const auto as_json = [&sensors_options](const std::string& file) {
    sensors_options.json = true;
    sensors_options.output = file;
  };
  add_json(*sensors, as_json);
  sensors->callback([&line, &sensors_options] {
    line.settle(sensors_options);
    line.code = nw::cli::sensors(sensors_options);
  });

  auto* doctor = line.app.add_subcommand("doctor", "what cannot be read, why, and how to fix it");
  add_machine_options(*doctor, sensors_options.root, sensors_options.config);
  add_json(*doctor, as_json);
  doctor->callback([&line, &sensors_options] {
    line.settle(sensors_options);
    line.code = nw::cli::doctor(sensors_options);
  });

  auto* record = line.app.add_subcommand("record", "record this machine's sensors on a tape");
  auto& o = line.keep<RecordOptions>();
  record->add_option("-o,--output", o.output, "the tape")->required()->type_name("TAPE");
  record->add_option("--period", o.period, "between two sweeps")->capture_default_str()->type_name("T");
  record->add_option("--duration", o.duration, "how long; default 10s, or as long as the command runs")->type_name("T");
  add_machine_options(*record, o.root, o.config);
  record->callback([&line, &o] {
    o.command = line.command;
    line.settle(o);
    line.code = record_tape(o);
  });

  auto* replay = line.app.add_subcommand("replay", "the energies of a tape");
  replay->add_option("TAPE", replay_options.tape, "made by record, or simulated (nodewatt-sim tape)")->required();
  add_format(*replay, replay_options.format, text_forms());
  add_json(*replay, [&replay_options](const std::string& file) {
    replay_options.format = "json";
    replay_options.output = file;
  });
  replay->add_flag("--keep", replay_options.keep, "keep the record");
  replay->add_option("--name", replay_options.name, "name of the record; default: the tape's");
  replay->add_option("--label", replay_options.labels, "KEY=VALUE, kept with the record")
      ->expected(1)
      ->take_all()
      ->type_name("K=V");
  replay->add_option("--phase", replay_options.phase, "one phase of this name, as long as the tape")->type_name("NAME");
  replay->add_option("--work", replay_options.work, "work done in it (or in the run): COUNT UNIT")
      ->expected(2)
      ->take_all()
      ->type_name("COUNT UNIT");
  add_config(*replay, replay_options.config);
  replay->callback([&line, &replay_options] {
    line.settle_config(replay_options);
    line.code = nw::cli::replay(replay_options);
  });
}

}  // namespace nw::cli
