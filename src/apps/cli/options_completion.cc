// Completion in the shell: what may stand in the place of an unfinished word. It is read off the same table of commands
// and options that parses them, so that there is no second list; the scripts of the shells only ask for it, by
// `nodewatt __complete WORDS...`, whose last word is the unfinished one. A candidate a line, with a tab before what it
// is; no line: the shell's own completion, of files.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "apps/cli/cli_common.h"
#include "apps/cli/options.h"

namespace nw::cli {

namespace {

constexpr std::size_t kMostIds = 40, kIdLength = 5;

constexpr const char* kBash =
    R"(# nodewatt completion bash >/etc/bash_completion.d/nodewatt, or: source <(nodewatt completion bash)
_nodewatt() {
  local line words=("${COMP_WORDS[@]:1:COMP_CWORD}")
  COMPREPLY=()
  while IFS= read -r line; do COMPREPLY+=("${line%%$'\t'*}"); done < <("${COMP_WORDS[0]}" __complete "${words[@]}" 2>/dev/null)
}
complete -o default -F _nodewatt nodewatt
)";

constexpr const char* kZsh = R"(#compdef nodewatt
# nodewatt completion zsh >"${fpath[1]}/_nodewatt", or: source <(nodewatt completion zsh)
_nodewatt() {
  local -a found
  found=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  found=("${(@)found//:/\\:}")
  found=("${(@)found/$'\t'/:}")
  if [[ -n "${found[1]}" ]]; then _describe nodewatt found; else _files; fi
}
if [[ "${funcstack[1]}" = _nodewatt ]]; then _nodewatt "$@"; else compdef _nodewatt nodewatt; fi
)";

constexpr const char* kFish = R"(# nodewatt completion fish >~/.config/fish/completions/nodewatt.fish
complete -c nodewatt -a '(set -l words (commandline -opc) (commandline -ct); nodewatt __complete $words[2..-1] 2>/dev/null)'
)";

void offer(std::string_view begin, const std::string& candidate, std::string about) {
  if (!candidate.starts_with(begin)) return;
  std::replace_if(
      about.begin(), about.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  std::fputs(fmt::format("{}\t{}\n", candidate, about).c_str(), stdout);
}

// The words of "{auto,J,kJ}" in an option's type, or of its description where that is a mere list: "text, json, csv".
std::vector<std::string> values_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const auto open = type.find('{'), close = type.find('}');
  const bool is_set = open != type.npos && close != type.npos && close > open;
  const std::string list = is_set ? type.substr(open + 1, close - open - 1) : option.get_description();
  std::vector<std::string> values;
  for (std::size_t at = 0; at <= list.size();) {
    const auto end = std::min(list.find(',', at), list.size());
    std::string word = list.substr(at, end - at);
    word.erase(0, word.find_first_not_of(' '));
    at = end + 1;
    if (word.find(' ') != word.npos) return {};  // prose
    if (!word.empty() && word != "...") values.push_back(word);
  }
  return values.size() > 1 ? values : std::vector<std::string>{};
}

void offer_options(const CLI::App& app, std::string_view begin) {
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) offer(begin, "--" + name, option->get_description());
}

void offer_ids(std::string_view begin) {
  const auto store = open_store();
  if (!store) return;
  Query query;
  query.limit = kMostIds;
  query.without_timeline = true;
  const auto records = (*store)->find(query);
  if (!records) return;
  offer(begin, "last", "the newest run");
  for (const pb::Record& one : *records)  // without @, at which bash breaks words
    offer(begin, one.uid().substr(0, kIdLength), one.name().empty() ? one.program() : one.name());
}

bool takes_ids(const CLI::App& app) {
  const auto options = app.get_options();
  return std::any_of(options.begin(), options.end(), [](const CLI::Option* option) {
    return option->get_positional() && option->get_name(true).find("ID") != std::string::npos;
  });
}

const CLI::App* find_command(const CLI::App& app, const std::string& word) {
  const auto found = app.get_subcommands([&word](const CLI::App* one) { return one->get_name() == word; });
  return found.empty() ? nullptr : found[0];
}

bool takes_value(const CLI::Option* option) { return option != nullptr && option->get_items_expected_max() > 0; }

}  // namespace

int complete(const CLI::App& root, const std::vector<std::string>& words) {
  const CLI::App* app = &root;
  const std::string begin = words.empty() ? "" : words.back();
  for (std::size_t at = 0; at + 1 < words.size(); ++at) {
    const std::string& word = words[at];
    const bool is_option = word.size() > 1 && word[0] == '-';
    const CLI::Option* option = is_option && word.find('=') == word.npos ? app->get_option_no_throw(word) : nullptr;
    if (option != nullptr && takes_value(option) && at + 2 == words.size()) {
      for (const std::string& value : values_of(*option)) offer(begin, value, "");
      return 0;
    }
    if (takes_value(option)) {
      ++at;
    } else if (const CLI::App* command = is_option ? nullptr : find_command(*app, word); command != nullptr) {
      app = command;
    } else if ((!is_option || word == "--") && wraps_command(app->get_name())) {
      return 0;  // the command that is measured: not ours
    }
  }
  if (begin.starts_with('-')) {
    offer_options(*app, begin);
    return 0;
  }
  for (const CLI::App* one : app->get_subcommands([](const CLI::App*) { return true; }))
    offer(begin, one->get_name(), one->get_description());
  if (takes_ids(*app)) offer_ids(begin);
  return 0;
}

void add_completion(CommandLine& line) {
  auto& shell = line.keep<std::string>();
  auto* completion = line.app.add_subcommand("completion", "print the script that completes words in your shell");
  completion->add_option("SHELL", shell, "bash, zsh, fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->callback([&shell] { std::fputs(shell == "bash" ? kBash : shell == "zsh" ? kZsh : kFish, stdout); });
}

}  // namespace nw::cli
