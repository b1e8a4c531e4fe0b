// The options of the commands for papers: report, cite, schema, units.
#include "apps/cli/options.h"
#include "report/formats.h"

namespace nw::cli {

namespace {
void add_report(CommandLine& line) {
  auto& o = line.keep<ReportOptions>();
  auto* report = line.app.add_subcommand("report", "print runs, in the form that somebody asks for");
  report->add_option("ID", o.print.ids, "ids of runs (@7f3k2) or groups, or last");
  report->add_option("--query", o.query, "runs by what is known of them: \"name=train since=7d\"");
  Values names;
  for (const ReportFormat& one : formats()) names.emplace_back(one.name);
  names.emplace_back("help");
  add_print(*report, o.print, std::move(names), "how it is printed; help says what they are");
  add_factors(*report, o.factors);
  report->add_option("--phase", o.phase, "of this phase in place of the whole run: sentence, hf, boamps, codecarbon")
      ->type_name("PATH");
  report->add_flag("--check", o.check, "what a reviewer would ask that these runs do not answer");
  report->add_flag("--strict", o.strict, "with --check: exit 4 where there is anything");
  report->callback([&line, &o] { line.code = nw::cli::report(o); });
}

void add_rest(CommandLine& line) {
  auto& o = line.keep<CiteOptions>();
  auto* cite = line.app.add_subcommand("cite", "what to cite: nodewatt, and the methods behind runs");
  cite->add_option("ID", o.ids, "ids of runs or groups; none: nodewatt and what every run rests on");
  add_format(*cite, o.format, {"bibtex", "text", "cff"});
  cite->add_option("-o,--output", o.output, "write to this file instead of standard output")->type_name("FILE");
  cite->callback([&line, &o] { line.code = nw::cli::cite(o); });

  auto* schema = line.app.add_subcommand("schema", "print the JSON Schema of --format json");
  schema->callback([&line] { line.code = nw::cli::schema(); });

  auto& words = line.keep<std::vector<std::string>>();
  auto* units = line.app.add_subcommand("units", "an energy in all units: nodewatt units 2.79MJ");
  units->add_option("ENERGY", words, "a number with J, kJ, MJ, Wh, kWh or MWh")->required();
  units->callback([&line, &words] { line.code = nw::cli::units(words); });
}
}  // namespace

void add_factors(CLI::App& app, Factors& factors) {
  auto* carbon =
      app.add_option("--carbon", factors.carbon_g_per_kwh, "carbon of a kilowatt-hour, in place of the site's")
          ->check(CLI::Range(0.0, 5000.0))
          ->type_name("G_PER_KWH");
  app.add_option("--carbon-source", factors.carbon_source, "who says so, and of when")
      ->needs(carbon)
      ->type_name("TEXT");
  auto* pue = app.add_option("--pue", factors.pue, "building's power over the machines', for carbon and cost alone")
                  ->check(CLI::Range(1.0, 10.0));
  app.add_option("--pue-source", factors.pue_source, "who says so, and of when")->needs(pue)->type_name("TEXT");
}

void add_formats(CommandLine& line) {
  add_report(line);
  add_rest(line);
}

}  // namespace nw::cli
