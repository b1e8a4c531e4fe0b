// nodewatt: the command line. Separates the command that is to be measured, and passes the rest to the families of
// options (options.h).
#include <algorithm>
#include <exception>

#include <google/protobuf/stubs/logging.h>

#include "apps/cli/apart.h"
#include "apps/cli/cli_common.h"
#include "apps/cli/options.h"

namespace {
using namespace nw::cli;

constexpr const char* kAbout =
    "nodewatt measures the energy of AI workloads on compute nodes: the whole node, by component, with an uncertainty "
    "and a word on "
    "every figure that says how it is known.";

constexpr const char* kFooter =
    "Example: nodewatt run python train.py\n"
    "Exit codes: 0 done, 1 failed, 2 wrong use, 3 not found, 4 report --check --strict has questions, 5 no node daemon "
    "answers; run: nodewatt help run";

// In the order of the help.
constexpr std::pair<const char*, void (*)(CommandLine&)> kFamilies[] = {
    {"Measure", add_measuring},   {"Measure", add_sweep},   {"Stored runs", add_queries},
    {"Stored runs", add_formats}, {"Slurm jobs", add_jobs}, {"This machine", add_machine},
    {"Site", add_site},           {"Help", add_completion}, {"Help", add_help}};
constexpr std::string_view kNoGroup = "Subcommands";  // CLI11's own

// Whether this word is an option of `app` that takes the next word as its value.
bool takes_next(CLI::App& app, const std::string& word) {
  if (word.size() < 2 || word[0] != '-' || word.find('=') != std::string::npos) return false;
  const auto* option = app.get_option_no_throw(word[1] == '-' ? word : word.substr(0, 2));
  return option != nullptr && option->get_items_expected_max() > 0 && (word[1] == '-' || word.size() == 2);
}

// The first word from `at` on that is neither an option of `app` nor an option's value; a "--" counts as such.
std::size_t skip_options(CLI::App& app, const std::vector<std::string>& words, std::size_t at) {
  while (at < words.size() && words[at] != "--" && words[at].size() > 1 && words[at][0] == '-')
    at += takes_next(app, words[at]) ? 2 : 1;
  return std::min(at, words.size());
}

std::string verb_of(CLI::App& app, const std::vector<std::string>& words) {
  const std::size_t at = skip_options(app, words, 0);
  return at < words.size() ? words[at] : std::string();
}

// The subcommands that return the exit code of the command that they run, so that a usage error must be distinct from
// it.
bool passes_code_on(std::string_view verb) { return verb == "run" || verb == "record"; }

// Separates the command to be run, for the subcommands that take one, so that none of its words is ever parsed as an
// option or a subcommand of ours: nodewatt run python train.py --json.
std::vector<std::string> cut_command(CLI::App& app, std::vector<std::string>& words) {
  const std::size_t verb = skip_options(app, words, 0);
  if (verb >= words.size() || !wraps_command(words[verb])) return {};
  std::size_t at = skip_options(*app.get_subcommand(words[verb]), words, verb + 1);
  const std::size_t options_end = at;
  if (at < words.size() && words[at] == "--") ++at;
  std::vector<std::string> command(words.begin() + static_cast<std::ptrdiff_t>(at), words.end());
  words.resize(options_end);
  return command;
}
}  // namespace

int main(int argc, char** argv) {
  hold_closed_streams();
  google::protobuf::SetLogHandler(nullptr);  // we report faults in records ourselves
  CommandLine line(kAbout);
  line.app.set_version_flag("--version", "nodewatt " NODEWATT_VERSION);
  line.app.require_subcommand(1);
  add_help_format(line);
  add_machine_options(line.app, line.root, line.config);
  for (const auto& [group, add] : kFamilies) {
    add(line);
    for (CLI::App* command : line.app.get_subcommands([](const CLI::App* one) { return one->get_group() == kNoGroup; }))
      command->group(group);
  }
  line.app.footer(kFooter);  // after the commands, which would inherit it
  std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && words[0] == "__complete") return complete(line.app, {words.begin() + 1, words.end()});
  const int misuse = passes_code_on(verb_of(line.app, words)) ? 125 : 2;
  line.command = cut_command(line.app, words);
  if (!line.command.empty())
    if (const auto code = measure_apart()) return *code;
  std::reverse(words.begin(), words.end());  // the order that CLI11 expects
  try {
    line.app.parse(words);
  } catch (const CLI::ParseError& error) {
    return line.app.exit(error) == 0 ? 0 : misuse;
  } catch (const std::exception& foreign) {  // out of threads or memory
    return error_exit(foreign.what(), misuse == 125 ? 125 : 1);
  }
  return line.code;
}
