// The options of sweep: what is varied, how it is measured, and resuming.
#include "apps/cli/options.h"

namespace nw::cli {

namespace {
void add_grid(CLI::App& sweep, SweepOptions& o) {
  sweep.add_option("--threads", o.threads, "values of {threads}: 1,2,4")->type_name("N,N...");
  sweep.add_option("--batch-size", o.batch_size, "values of {batch_size}")->type_name("N,N...");
  sweep.add_option("--device", o.device, "values of {device}: cpu,cuda:0")->type_name("D,D...");
  sweep
      .add_option("--power-limit", o.power_limit,
                  "GPU power limits: 200W,300W,default; set for each configuration and always put back; as root alone")
      ->type_name("W,W...");
  sweep.add_option("--set", o.sets, "values of {NAME}; \"\\,\" is a comma in a value")
      ->expected(1)
      ->take_all()
      ->type_name("NAME=V,V...");
  sweep.add_option("--env", o.environment, "variable of the command's: OMP_NUM_THREADS={threads}")
      ->expected(1)
      ->take_all()
      ->type_name("NAME=VALUE");
  sweep
      .add_option(
          "--gpus", o.gpus,
          "whose power limit is set: all, or numbers (as nvidia-smi) and UUIDs; default: those given to this run")
      ->type_name("G,G...");
}

void add_measuring_options(CLI::App& sweep, SweepOptions& o) {
  sweep.add_option("--repeat", o.repeat, "measured runs of each configuration; default 3")
      ->check(whole_number(1, 1000))
      ->type_name("N");
  sweep.add_option("--warmup", o.warmup, "runs before a configuration's first measured one; they do not count")
      ->check(whole_number(0, 1000))
      ->type_name("N");
  sweep.add_option("--seed", o.seed, "of the random order; default: a new one")->type_name("S");
  sweep
      .add_flag("--cool-down{120s}", o.cool_down,
                "wait before each run until the node is idle. --cool-down=60s: for at most so long")
      ->type_name("T");
  sweep.add_flag("--stop-on-failure", o.stop_on_failure, "stop at the first run that fails");
  sweep.add_flag("--show-output", o.show_output, "leave the command's streams alone, and keep no logs of them");
  sweep.add_option("--name", o.run.name, "name of the runs; default: that of their script, else of their program");
  sweep.add_option("--label", o.run.labels, "KEY=VALUE, kept with the records")
      ->expected(1)
      ->take_all()
      ->type_name("K=V");
  sweep.add_option("--period", o.run.period, "how often sensors are read, as for run")->type_name("T");
  sweep.add_flag("--record-command", o.run.record_command, "keep whole command lines in the records");
  sweep.add_flag("--no-phases", o.run.no_phases, kNoPhases);
}
}  // namespace

void add_sweep(CommandLine& line) {
  auto* sweep = line.app.add_subcommand(
      "sweep", "run a command over a grid of settings, and find the one that takes the least energy");
  auto& o = line.keep<SweepOptions>();
  sweep->footer(
      "COMMAND and its arguments follow the options; {threads}, {batch_size}, {device}, {power_limit} and {NAME} in "
      "them become the values of each configuration. The result goes to standard output and into DIR, as JSON into "
      "DIR/sweep.json.");
  add_grid(*sweep, o);
  add_measuring_options(*sweep, o);
  add_phases(*sweep, o.run);
  sweep
      ->add_option("--per", o.per,
                   "rank by energy per this unit of work; default: the first that all configurations share")
      ->type_name("UNIT");
  auto* output =
      sweep->add_option("-o,--output", o.output, "directory of a new sweep; default: nodewatt-sweep")->type_name("DIR");
  auto* resume = sweep
                     ->add_option("--resume", o.resume,
                                  "go on with the sweep in this directory; options and command may be left out")
                     ->type_name("DIR");
  auto* report = sweep->add_option("--report", o.report, "print the result of the sweep in this directory again")
                     ->type_name("DIR");
  resume->excludes(output)->excludes(report);
  report->excludes(output);
  sweep->add_flag("--dry-run", o.dry_run, "print the order of the runs and their commands, and end");
  add_machine_options(*sweep, o.run.root, o.run.config);
  sweep->callback([&line, &o] {
    o.run.command = line.command;
    line.settle(o.run);
    line.code = nw::cli::sweep(o);
  });
}

}  // namespace nw::cli
