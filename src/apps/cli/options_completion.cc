// Shell completion: the candidates for an unfinished word. They are derived from the same table of commands and options
// that parses them, so that there is no second list; the shells' scripts only call `nodewatt __complete WORDS...`,
// whose last word is the unfinished one. One candidate a line, followed by a tab and its description; no line: the
// shell's own completion, of files.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <set>
#include <string_view>

#include "apps/cli/cli_common.h"
#include "apps/cli/options.h"
#include "base/parse.h"
#include "record/record.pb.h"
#include "report/escape.h"

namespace nw::cli {

namespace {

constexpr std::size_t kMostIds = 40, kIdLength = 5;
constexpr std::string_view kLabel = "label:";

// bash splits words at "=", ":" and "@" and completes only the last piece (including a leading "@"). Here the word is
// put together again, and the text before that piece is removed from the candidates.
constexpr const char* kBash =
    R"sh(# nodewatt completion bash >/etc/bash_completion.d/nodewatt, or: source <(nodewatt completion bash)
_nodewatt() {
  local i word gap line head= breaks= left=$COMP_LINE words=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    gap=${left%%[![:space:]]*}
    left=${left#"$gap"}
    if ((i > 0)) && [[ -z $gap ]]; then words[${#words[@]}-1]+=$word; else words+=("$word"); fi
    left=${left#"$word"}
  done
  word=${words[${#words[@]}-1]}
  for i in = :; do [[ $COMP_WORDBREAKS == *$i* ]] && breaks+=$i; done
  [[ -n $breaks ]] && head=${word%"${word##*[$breaks]}"}
  COMPREPLY=()
  while IFS= read -r line; do
    line=${line%%$'\t'*}
    COMPREPLY+=("${line#"$head"}")
  done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
  [[ ${#COMPREPLY[@]} = 1 && ${COMPREPLY[0]} = *: ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -o default -F _nodewatt nodewatt
)sh";

constexpr const char* kZsh = R"sh(#compdef nodewatt
# nodewatt completion zsh >"${fpath[1]}/_nodewatt", or: source <(nodewatt completion zsh)
_nodewatt() {
  local -a found end
  found=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -z "${found[1]}" ]]; then
    compset -P '--*='
    _files
    return
  fi
  [[ ${#found} = 1 && "${found[1]%%$'\t'*}" = *: ]] && end=(-S '')
  found=("${(@)found//:/\\:}")
  found=("${(@)found/$'\t'/:}")
  _describe nodewatt found "${end[@]}"
}
if [[ "${funcstack[1]}" = _nodewatt ]]; then _nodewatt "$@"; else compdef _nodewatt nodewatt; fi
)sh";

constexpr const char* kFish = R"sh(# nodewatt completion fish >~/.config/fish/completions/nodewatt.fish
function __nodewatt_find
    set -l words (commandline -opc) (commandline -ct)
    set -g __nodewatt_found (command $words[1] __complete $words[2..-1] 2>/dev/null)
    test (count $__nodewatt_found) -gt 0
end
complete -c nodewatt -n __nodewatt_find -f -a '$__nodewatt_found'
)sh";

// A candidate that begins with what is typed; `before` precedes both ("--format=").
void offer(std::string_view begin, const std::string& candidate, std::string about, const std::string& before = "") {
  if (!candidate.starts_with(begin)) return;
  std::replace_if(
      about.begin(), about.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  std::fputs(fmt::format("{}{}\t{}\n", before, candidate, strip(about)).c_str(), stdout);
}

// The values of an option whose type CLI11's checks have made "TEXT:{auto,J,kJ}".
std::vector<std::string> values_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const auto open = type.find('{'), close = type.find('}');
  std::vector<std::string> values;
  if (open == type.npos || close == type.npos || close < open) return values;
  for (const std::string_view one : split(std::string_view(type).substr(open + 1, close - open - 1), ','))
    values.emplace_back(one);
  return values;
}

void offer_options(const CLI::App& app, std::string_view begin) {
  for (const CLI::Option* option : app.get_options([](const CLI::Option* one) { return !one->get_group().empty(); }))
    for (const std::string& name : option->get_lnames()) offer(begin, "--" + name, option->get_description());
}

std::vector<pb::Record> find_newest() {
  const auto store = open_store();
  if (!store) return {};
  Query query;
  query.limit = kMostIds;
  query.without_timeline = true;
  auto records = (*store)->find(query);
  return records ? std::move(*records) : std::vector<pb::Record>();
}

// With or without the @, as typed.
void offer_ids(std::string_view begin) {
  const auto records = find_newest();
  if (records.empty()) return;
  offer(begin, "last", "the newest run");
  const std::string mark = begin.empty() || begin.starts_with('@') ? "@" : "";
  for (const pb::Record& one : records) {
    const std::size_t length = std::max(kIdLength, begin.size());
    offer(begin, mark + one.uid().substr(0, length), one.name().empty() ? one.program() : one.name());
  }
}

// The keys of labels, after "label:".
void offer_labels(std::string_view begin, const std::string& before) {
  if (!begin.starts_with(kLabel)) return offer(begin, std::string(kLabel), "", before);
  std::set<std::string> keys;
  for (const pb::Record& one : find_newest())
    for (const pb::Label& label : one.labels()) keys.insert(label.key());
  for (const std::string& key : keys)
    if (strip(key) == key) offer(begin, std::string(kLabel) + key, "", before);
}

void offer_values(const CLI::Option& option, std::string_view begin, const std::string& before = "") {
  for (const std::string& value : values_of(option)) offer(begin, value, "", before);
  if (option.get_type_name().find("label:KEY") != std::string::npos) offer_labels(begin, before);
  const std::string name = option.get_positional() ? option.get_name(true) : "";
  if (name == "ID" || name == "RECORD") offer_ids(begin);
}

bool takes_value(const CLI::Option* option) { return option != nullptr && option->get_items_expected_max() > 0; }

// The positional option at this position; null when there is none.
const CLI::Option* positional_at(const CLI::App& app, std::size_t at) {
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_positional()) continue;
    const auto most = static_cast<std::size_t>(option->get_items_expected_max());
    if (at < most) return option;
    at -= most;
  }
  return nullptr;
}

// The context of the unfinished word.
struct Place {
  const CLI::App* app = nullptr;
  const CLI::Option* value_of = nullptr;  // the word is this option's value
  std::size_t positionals = 0;            // of the command, before the word
  bool is_plain = false;                  // after "--"
  bool is_foreign = false;                // belongs to the command that is measured
  bool is_help = false;                   // names a command: nodewatt help ...
};

// Takes one finished word into account; true when it has the next word for its value.
bool advance(Place& place, const std::string& word) {
  const bool is_option = !place.is_plain && word.size() > 1 && word[0] == '-';
  if (is_option && word != "--")
    return word.find('=') == word.npos && takes_value(place.app->get_option_no_throw(word));
  const CLI::App* command = is_option || place.positionals > 0 ? nullptr : find_command(*place.app, word);
  if (command != nullptr && command->get_name() == "help") {
    place.is_help = true;
  } else if (command != nullptr) {
    place.app = command;
  } else if (wraps_command(place.app->get_name()) && !place.is_help) {
    place.is_foreign = true;
  } else if (word == "--") {
    place.is_plain = true;
  } else {
    ++place.positionals;
  }
  return false;
}

Place find_place(const CLI::App& root, const std::vector<std::string>& words) {
  Place place{&root};
  for (std::size_t at = 0; at + 1 < words.size() && !place.is_foreign; ++at) {
    if (!advance(place, words[at])) continue;
    if (at + 2 == words.size()) place.value_of = place.app->get_option_no_throw(words[at]);
    ++at;
  }
  return place;
}

void offer_words(const Place& place, const std::string& begin) {
  if (place.positionals == 0)
    for (const CLI::App* one : place.app->get_subcommands([](const CLI::App*) { return true; }))
      offer(begin, one->get_name(), one->get_description());
  const CLI::Option* positional = place.is_help ? nullptr : positional_at(*place.app, place.positionals);
  if (positional != nullptr) offer_values(*positional, begin);
}
}  // namespace

int complete(const CLI::App& root, const std::vector<std::string>& words) {
  const std::string begin = words.empty() ? "" : words.back();
  const Place place = find_place(root, words);
  if (place.is_foreign) return 0;
  const auto equals = begin.find('=');
  if (place.value_of != nullptr) {
    offer_values(*place.value_of, begin);
  } else if (!place.is_plain && begin.starts_with("--") && equals != begin.npos) {
    const CLI::Option* option = place.app->get_option_no_throw(begin.substr(0, equals));
    if (takes_value(option)) offer_values(*option, begin.substr(equals + 1), begin.substr(0, equals + 1));
  } else if (!place.is_plain && begin.starts_with('-')) {
    offer_options(place.is_help ? *find_command(root, "help") : *place.app, begin);
  } else {
    offer_words(place, begin);
  }
  return 0;
}

void add_completion(CommandLine& line) {
  auto& shell = line.keep<std::string>();
  auto* completion = line.app.add_subcommand("completion", "print the script that completes words in your shell");
  completion->add_option("SHELL", shell, "bash, zsh, fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->callback([&shell] { std::fputs(shell == "bash" ? kBash : shell == "zsh" ? kZsh : kFish, stdout); });
}

}  // namespace nw::cli
