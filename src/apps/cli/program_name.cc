#include "apps/cli/program_name.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace nw::cli {

namespace {

using Command = std::span<const std::string>;

// How an interpreter's arguments are parsed up to its script. Letters are short options, which may be combined.
struct Interpreter {
  std::string_view name;                      // a version may follow it
  std::string_view code;                      // options whose value is the program's text: there is no script
  std::string_view module;                    // whose value is a module's name
  std::string_view valued;                    // whose value is another word, here or the next
  std::string_view attached;                  // whose value is the rest of their own word
  std::array<std::string_view, 3> code_long;  // the same with two dashes
  std::array<std::string_view, 4> valued_long;
};

constexpr std::array kInterpreters{
    Interpreter{"python", "c", "m", "WX", "", {}, {"--check-hash-based-pycs"}},
    Interpreter{"pypy", "c", "m", "WX", "", {}, {}},
    Interpreter{"sh", "c", "", "o", "", {}, {}},
    Interpreter{"bash", "c", "", "oO", "", {}, {"--rcfile", "--init-file"}},
    Interpreter{"dash", "c", "", "o", "", {}, {}},
    Interpreter{"zsh", "c", "", "o", "", {}, {}},
    Interpreter{"ksh", "c", "", "o", "", {}, {}},
    Interpreter{"perl", "eE", "", "I", "MmFixCD", {}, {}},
    Interpreter{"Rscript", "e", "", "", "", {}, {}},
    Interpreter{
        "julia", "eE", "", "ptJLCH", "", {"--eval", "--print"}, {"--threads", "--procs", "--load", "--sysimage"}},
    Interpreter{
        "node", "ep", "", "rC", "", {"--eval", "--print"}, {"--require", "--import", "--loader", "--conditions"}},
    Interpreter{
        "nodejs", "ep", "", "rC", "", {"--eval", "--print"}, {"--require", "--import", "--loader", "--conditions"}},
};

// Programs that start another one. Some start scripts by themselves.
struct Launcher {
  std::string_view name;
  bool starts_scripts = false;
};
constexpr std::array kLaunchers{Launcher{"env"},
                                Launcher{"nice"},
                                Launcher{"ionice"},
                                Launcher{"nohup"},
                                Launcher{"time"},
                                Launcher{"timeout"},
                                Launcher{"setsid"},
                                Launcher{"stdbuf"},
                                Launcher{"taskset"},
                                Launcher{"numactl"},
                                Launcher{"chrt"},
                                Launcher{"mpirun"},
                                Launcher{"mpiexec"},
                                Launcher{"srun"},
                                Launcher{"apptainer"},
                                Launcher{"singularity"},
                                Launcher{"conda"},
                                Launcher{"mamba"},
                                Launcher{"poetry"},
                                Launcher{"torchrun", true},
                                Launcher{"accelerate", true},
                                Launcher{"deepspeed", true},
                                Launcher{"horovodrun", true},
                                Launcher{"uv", true}};
constexpr std::array<std::string_view, 4> kLauncherModules{"torch.distributed.run", "torch.distributed.launch",
                                                           "accelerate.commands.launch", "deepspeed.launcher.runner"};
constexpr std::array<std::string_view, 7> kScriptEnds{".py", ".sh", ".pl", ".R", ".jl", ".js", ".mjs"};

template <class Items>
bool has(const Items& items, std::string_view word) {
  return std::find(items.begin(), items.end(), word) != items.end();
}

std::string_view base_name(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos || path.size() == 1 ? path : path.substr(slash + 1);
}

const Interpreter* find_interpreter(std::string_view word) {
  const std::string_view name = base_name(word);
  for (const Interpreter& one : kInterpreters)
    if (name.starts_with(one.name) && name.find_first_not_of("0123456789.", one.name.size()) == std::string_view::npos)
      return &one;
  return nullptr;
}

bool is_script(std::string_view word) {
  return !word.starts_with('-') &&
         std::any_of(kScriptEnds.begin(), kScriptEnds.end(), [&](auto end) { return word.ends_with(end); });
}

std::optional<std::string> script_of(Command command, const Interpreter& interpreter);

// The first script after a launcher.
std::optional<std::string> started_by(Command rest, bool starts_scripts) {
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i].starts_with('-') || rest[i].find('=') != std::string::npos) continue;  // its options, its variables
    if (const Interpreter* one = find_interpreter(rest[i])) return script_of(rest.subspan(i), *one);
    if (starts_scripts && is_script(rest[i])) return std::string(base_name(rest[i]));
  }
  return std::nullopt;
}

// How the options of one word affect the next.
enum class Next { option, value, code, module };
Next read_option(const std::string& word, const Interpreter& interpreter, std::string& module) {
  if (word.starts_with("--")) {
    if (has(interpreter.code_long, word.substr(0, word.find('=')))) return Next::code;
    return has(interpreter.valued_long, word) ? Next::value : Next::option;
  }
  for (std::size_t i = 1; i < word.size(); ++i) {
    if (interpreter.code.find(word[i]) != std::string_view::npos) return Next::code;
    if (interpreter.attached.find(word[i]) != std::string_view::npos) return Next::option;
    const bool is_module = interpreter.module.find(word[i]) != std::string_view::npos;
    if (!is_module && interpreter.valued.find(word[i]) == std::string_view::npos) continue;
    if (is_module) module = word.substr(i + 1);
    return is_module ? Next::module : i + 1 == word.size() ? Next::value : Next::option;
  }
  return Next::option;
}

std::optional<std::string> module_of(const std::string& attached, Command rest) {
  if (attached.empty() && rest.empty()) return std::nullopt;
  const std::string module = attached.empty() ? rest[0] : attached;
  if (!has(kLauncherModules, module)) return module;
  const auto script = started_by(rest.subspan(attached.empty() ? 1 : 0), true);
  return script ? script : module;
}

std::optional<std::string> script_of(Command command, const Interpreter& interpreter) {
  for (std::size_t i = 1; i < command.size(); ++i) {
    const std::string& word = command[i];
    if (word == "-" || word.empty()) return std::nullopt;  // from standard input
    if (word == "--")
      return i + 1 < command.size() ? std::optional(std::string(base_name(command[i + 1]))) : std::nullopt;
    if (word[0] != '-' && word[0] != '+') return std::string(base_name(word));
    std::string module;
    const Next next = read_option(word, interpreter, module);
    if (next == Next::code) return std::nullopt;
    if (next == Next::module) return module_of(module, command.subspan(i + 1));
    if (next == Next::value) ++i;
  }
  return std::nullopt;
}

}  // namespace

std::string program_name(Command command) {
  const std::string_view own = base_name(command[0]);
  std::optional<std::string> name;
  if (const Interpreter* one = find_interpreter(own))
    name = script_of(command, *one);
  else if (const auto at = std::find_if(kLaunchers.begin(), kLaunchers.end(),
                                        [own](const Launcher& launcher) { return launcher.name == own; });
           at != kLaunchers.end())
    name = started_by(command.subspan(1), at->starts_scripts);
  return name && !name->empty() ? *name : std::string(own);
}

}  // namespace nw::cli
