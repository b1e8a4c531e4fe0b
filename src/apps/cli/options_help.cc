// The help of the command line in CLI11's layout, `nodewatt help COMMAND`, and the one-line message for a usage error.
// That line quotes foreign text, so control characters are made visible in it.
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "apps/cli/cli_common.h"
#include "apps/cli/nearest.h"
#include "apps/cli/options.h"
#include "base/parse.h"
#include "base/visible.h"

namespace nw::cli {

namespace {
// CLI11 prints a flag with an optional value as "--json{-}", including the value that means none.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    const std::string name = CLI::Formatter::make_option_name(option, is_positional);
    const auto open = name.find('{'), close = name.rfind('}');
    if (is_positional || open == name.npos || close == name.npos) return name;
    const std::string type = option->get_type_name();
    return name.substr(0, open) + "[=" + (type.empty() ? "VALUE" : type) + "]" + name.substr(close + 1);
  }
  std::string make_option_opts(const CLI::Option* option) const override {
    std::string words = CLI::Formatter::make_option_opts(option);
    const std::string type = option->get_type_name(), preset = option->get_default_str();
    if (option->get_expected_max() == 0 && !type.empty() && words.starts_with(" " + type))
      words.erase(0, type.size() + 1);
    if (words.starts_with(" TEXT:{")) words.erase(1, 5);  // the list says more
    if (const auto at = words.find("=" + preset); !preset.empty() && at != words.npos)
      words.replace(at, preset.size() + 1, " (default: " + preset + ")");
    return words;
  }
  std::string make_usage(const CLI::App* app, std::string name) const override {
    std::string words = CLI::Formatter::make_usage(app, std::move(name));
    const bool is_optional = app->get_name() == "record";
    if (wraps_command(app->get_name()))
      words.insert(words.size() - 1, is_optional ? " [[--] COMMAND [ARG...]]" : " [--] COMMAND [ARG...]");
    return words;
  }
};

// The whole foreign text, unless it is absurdly long.
std::string quoted(const std::string& word) {
  constexpr std::size_t kMost = 80;
  return "'" + visible(word.substr(0, kMost)) + (word.size() > kMost ? "...'" : "'");
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* one : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(one->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

// The command that these words name, with its full name, as far as they name one.
struct Named {
  const CLI::App* app = nullptr;
  std::string path;
};

// The innermost command that was typed, or the first that was left with unknown words.
Named find_parsed(const CLI::App* root) {
  Named named{root, ""};
  while (!named.app->get_subcommands().empty() && named.app->remaining(false).empty()) {
    named.app = named.app->get_subcommands().front();
    named.path += (named.path.empty() ? "" : " ") + named.app->get_name();
  }
  return named;
}

std::string unknown_command(const Named& in, const std::string& word) {
  return fmt::format("{} is no command{}{}", quoted(word), in.path.empty() ? "" : " of " + in.path,
                     nearest_words(word, command_names(*in.app)));
}

// Whether the shell would run it.
bool is_program(const std::string& word) {
  if (word.find('/') != word.npos) return ::access(word.c_str(), X_OK) == 0;
  const char* path = std::getenv("PATH");
  const auto folders = split(path == nullptr ? "" : path, ':');
  return std::any_of(folders.begin(), folders.end(), [&word](std::string_view folder) {
    return ::access(fmt::format("{}/{}", folder, word).c_str(), X_OK) == 0;
  });
}

// Of `nodewatt python train.py`.
std::string unmeasured_program(const std::vector<std::string>& words, bool is_sentence) {
  if (!is_program(words[0])) return "";
  return fmt::format("{}o measure it: nodewatt run {}{}", is_sentence ? " T" : "; t", visible(words[0]),
                     words.size() > 1 ? " ..." : "");
}

// An option of the command, typed before it.
std::string misplaced(const Named& in, const std::string& name) {
  for (const CLI::App* command : in.app->get_subcommands())
    if (command->get_option_no_throw(name) != nullptr)
      return fmt::format("{0} belongs after the command: nodewatt {1} {0}", name, command->get_name());
  return "";
}

// A word that has no place: an unknown command, an unknown option, or one word too many.
std::string unexpected(const Named& in, const std::vector<std::string>& words) {
  const std::string& word = words[0];
  if (word.size() > 1 && word[0] == '-') {
    const std::string name = word.substr(0, word.find('='));
    if (const std::string before = misplaced(in, name); !before.empty()) return before;
    if (in.path == "sweep" && name == "--json") return "sweep writes its result as JSON into DIR/sweep.json (-o DIR)";
    return fmt::format("{} is no option{}{}", quoted(name), in.path.empty() ? "" : " of " + in.path,
                       nearest_words(name, option_names(*in.app)));
  }
  if (!command_names(*in.app).empty()) {
    const std::string unknown = unknown_command(in, word);
    return unknown + (in.path.empty() ? unmeasured_program(words, unknown.ends_with('?')) : "");
  }
  return fmt::format("{}: {} is one word too many", in.path, quoted(word));
}

std::string where_help_is(const std::string& path) {
  return path.empty() ? "nodewatt --help" : "nodewatt help " + path;
}

int help(const CLI::App& root, const std::vector<std::string>& words) {
  Named named{&root, ""};
  for (const std::string& word : words) {
    const CLI::App* next = find_command(*named.app, word);
    if (next == nullptr)
      return error_exit(fmt::format("{}; see {}", unknown_command(named, word), where_help_is(named.path)), 2);
    named = {next, named.path + (named.path.empty() ? "" : " ") + word};
  }
  const std::string name = "nodewatt" + (named.path.empty() ? "" : " " + named.path);
  const auto done = write_out("", named.app->get_formatter()->make_help(named.app, name, CLI::AppFormatMode::Normal));
  return done ? 0 : error_exit(done.error());
}
}  // namespace

const CLI::App* find_command(const CLI::App& app, const std::string& word) {
  const auto found = app.get_subcommands([&word](const CLI::App* one) { return one->get_name() == word; });
  return found.empty() ? nullptr : found[0];
}

std::string explain(const CLI::App* root, const CLI::Error& error) {
  const Named in = find_parsed(root);
  const auto left = in.app->remaining(false);
  const int code = error.get_exit_code();  // the name of an ExtrasError is that of the command
  const bool is_word =
      code == static_cast<int>(CLI::ExitCodes::ExtrasError) || code == static_cast<int>(CLI::ExitCodes::RequiredError);
  const std::string what =
      is_word && !left.empty() ? unexpected(in, left) : (in.path.empty() ? "" : in.path + ": ") + visible(error.what());
  return fmt::format("nodewatt: {}; see {}\n", what, where_help_is(in.path));
}

void add_help_format(CommandLine& line) {
  line.app.formatter(std::make_shared<HelpFormatter>());
  line.app.failure_message(explain);
}

void add_help(CommandLine& line) {
  auto& words = line.keep<std::vector<std::string>>();
  auto* sub = line.app.add_subcommand("help", "what a command takes: nodewatt help run");
  sub->add_option("COMMAND", words, "none: the list of commands");
  sub->callback([&line, &words] { line.code = help(line.app, words); });
}

}  // namespace nw::cli
