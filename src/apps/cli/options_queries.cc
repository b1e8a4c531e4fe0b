// The options of the commands that use the store: runs, compare, findings, advise, export and import, merge; and of its
// upkeep: runs rm, check.
#include <fmt/format.h>

#include <algorithm>

#include "apps/cli/nearest.h"
#include "apps/cli/options.h"

namespace nw::cli {

namespace {
// Adds check and `runs rm`; returns the latter.
CLI::App* add_upkeep(CommandLine& line, CLI::App& runs) {
  auto& removal = line.keep<RemoveOptions>();
  auto* remove = runs.add_subcommand("rm", "take records out of your store: for good, or into a file");
  remove->add_option("ID", removal.ids, "ids of runs or groups")->required();
  remove->add_option("--to", removal.to, "move them to this new file, which import reads; - is standard output")
      ->type_name("FILE");
  remove->callback([&line, &removal] { line.code = remove_runs(removal); });

  auto& path = line.keep<std::string>();
  auto* check = line.app.add_subcommand("check", "verify that every record that is kept can be read");
  check->add_option("FILE", path, "another store, or a file that export wrote; default: your store");
  check->callback([&line, &path] { line.code = check_runs(path); });
  return remove;
}

CLI::Validator is_side() {
  const Values names = side_names();
  const auto check = [names](const std::string& by) {
    if (by.starts_with("label:") && by.size() > 6) return std::string();
    if (std::find(names.begin(), names.end(), by) != names.end()) return std::string();
    return fmt::format("'{}' is none of {}, label:KEY{}", by, fmt::join(names, ", "), nearest_words(by, names));
  };
  return {check, fmt::format("{{{}}} or label:KEY", fmt::join(names, ","))};
}

void add_asking(CommandLine& line) {
  auto& runs_options = line.keep<RunsOptions>();
  auto& o = line.keep<CompareOptions>();
  auto* runs = line.app.add_subcommand("runs", "list the runs that are kept");
  runs->add_option("--name", runs_options.name, "of this name");
  runs->add_option("--label", runs_options.labels, "with this label")->expected(1)->take_all()->type_name("K=V");
  runs->add_option("--job", runs_options.job, "of this job, on all nodes that are here: slurm-1234.0, or 1234.0")
      ->type_name("KEY");
  runs->add_option("--limit", runs_options.limit, "at most so many, newest first; 0: all")->capture_default_str();
  add_print(*runs, runs_options.print, text_forms());
  auto* remove = add_upkeep(line, *runs);
  runs->callback([&line, &runs_options, remove] {
    if (!remove->parsed()) line.code = nw::cli::runs(runs_options);
  });

  auto* compare = line.app.add_subcommand("compare", "compare runs with each other");
  compare->add_option("ID", o.print.ids, "ids of runs or groups");
  compare->add_option("--query", o.query,
                      "runs by what is known of them: \"name=train node-type=*A100* label.batch=32 since=7d\"");
  compare
      ->add_option("--by", o.by,
                   "what makes one variant; a placement is a node type and which of its GPUs were used or idle")
      ->check(is_side())
      ->type_name("WHAT")
      ->capture_default_str();
  compare->add_option("--phase", o.phase, "compare this phase of the runs, not the whole runs")->type_name("PATH");
  compare->add_option("--per", o.per, "rank by energy per this unit of work; default: the first that all share")
      ->type_name("UNIT");
  compare
      ->add_option("--base", o.base, "the variant that ratios are taken against; default: that with the least energy")
      ->type_name("VARIANT");
  compare->add_flag("--allow-mixed", o.allow_mixed,
                    "rank what is not alike: energies by the parts that all variants have measured");
  add_print(*compare, o.print, {"text", "json", "csv", "markdown", "latex", "html", "svg", "png"});
  compare->callback([&line, &o] { line.code = nw::cli::compare(o); });

  auto& f = line.keep<CompareOptions>();
  auto* findings = line.app.add_subcommand(
      "findings",
      "answers three questions from stored runs: does runtime predict energy? what do idle accelerators cost? training "
      "and inference apart");
  findings->add_option("ID", f.print.ids, "ids of runs or groups");
  findings->add_option("--query", f.query, "runs by what is known of them, as for compare");
  add_print(*findings, f.print, {"text", "json", "markdown", "html"});
  findings->callback([&line, &f] { line.code = nw::cli::findings(f); });
}

void add_advise(CommandLine& line) {
  auto& o = line.keep<AdviseOptions>();
  auto* advise = line.app.add_subcommand(
      "advise", "what one more run like this one would take on each partition, from the runs that are kept");
  advise->add_option("ID", o.print.ids, "id of a run (@7f3k2), or last")->required()->expected(1);
  advise
      ->add_option("--partitions", o.partitions,
                   "TOML: [[partition]] with name, node_type, options, gpus, price_per_node_hour")
      ->required()
      ->type_name("FILE");
  advise->add_option("--price", o.price, "of a kWh; default: the site's, kept with the run")
      ->check(CLI::NonNegativeNumber);
  add_print(*advise, o.print, {"text", "json"});
  advise->callback([&line, &o] { line.code = nw::cli::advise(o); });
}

void add_transfer(CommandLine& line) {
  auto& transfer_options = line.keep<TransferOptions>();
  auto* out = line.app.add_subcommand("export", "write records to a file for another machine");
  out->add_option("FILE", transfer_options.path, "- is standard output")->required();
  out->add_option("ID", transfer_options.ids, "which; default: all");
  out->add_flag("--no-timeline", transfer_options.no_timeline,
                "leave out the power over time: a tenth of the size, and no picture of the run");
  out->add_flag("--privacy", transfer_options.privacy,
                "hosts become pseudonyms, programs lose their folders, job keys go");
  out->callback([&line, &transfer_options] { line.code = export_runs(transfer_options); });
  auto* in = line.app.add_subcommand("import", "take in records that export wrote");
  in->add_option("FILE", transfer_options.path, "- is standard input")->required();
  in->callback([&line, &transfer_options] { line.code = import_runs(transfer_options); });
}
void add_merge(CommandLine& line) {
  auto& o = line.keep<MergeRunOptions>();
  auto* merge = line.app.add_subcommand("merge", "make one record of those of the nodes that took part in one run");
  merge->add_option("RECORD", o.print.ids, "id of a run, or a file that export wrote");
  merge->add_option("--job", o.job, "the newest of each node and attempt of this job: slurm-1234.0, or 1234.0")
      ->type_name("KEY")
      ->excludes("RECORD");
  merge->add_option("--name", o.name, "of the merged run; default: the runs'");
  merge->add_flag("--allow-mixed", o.allow_mixed,
                  "merge what is not of one job, boundary or time all the same, and say so in the record");
  add_print(*merge, o.print, text_forms());
  merge->callback([&line, &o] { line.code = nw::cli::merge(o); });
}
}  // namespace

void add_queries(CommandLine& line) {
  add_asking(line);
  add_advise(line);
  add_transfer(line);
  add_merge(line);
}

}  // namespace nw::cli
