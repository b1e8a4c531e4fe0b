// A small flag parser: CLI11, which nodewatt itself uses, is not at hand on a GPU node with only PyTorch and a
// compiler.
//
// `--flag value` and `--flag=value` mean the same; a flag given twice takes the last value; nothing is abbreviated, so
// a misspelt flag is an error and never a run with other settings than the ones meant.
#include "options.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace nw::workload {
namespace {

struct Flag {
  std::string_view name;
  // Stores the value; false when it is not one that the flag takes.
  bool (*store)(Options&, std::string_view value);
  std::string_view takes;
};

template <class T>
std::optional<T> parse_whole(std::string_view text, T lowest, T highest) {
  T value{};
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc{} || end != text.data() + text.size() || value < lowest || value > highest)
    return std::nullopt;
  return value;
}

bool store_device(Options& options, std::string_view value) {
  options.device = value;
  return value == "cpu" || value == "cuda" || (value.starts_with("cuda:") && parse_whole(value.substr(5), 0, 255));
}

bool store_threads(Options& options, std::string_view value) {
  const auto threads = parse_whole(value, 1, 4096);
  options.threads = threads.value_or(0);
  return threads.has_value();
}

bool store_epochs(Options& options, std::string_view value) {
  options.epochs = parse_whole(value, 1, 1000000);
  return options.epochs.has_value();
}

bool store_batch(Options& options, std::string_view value) {
  options.batch = parse_whole(value, 1, 65536);
  return options.batch.has_value();
}

bool store_seed(Options& options, std::string_view value) {
  const auto seed = parse_whole<std::uint64_t>(value, 0, UINT64_MAX);
  options.seed = seed.value_or(0);
  return seed.has_value();
}

bool store_scale(Options& options, std::string_view value) {
  options.scale = scale_named(value);
  return options.scale.has_value();
}

bool store_checkpoint(Options& options, std::string_view value) {
  options.checkpoint = value;
  return !value.empty();
}

bool store_data(Options& options, std::string_view value) {
  options.data = value;
  return !value.empty();
}

bool store_held_out(Options& options, std::string_view value) {
  options.hold_out_validation = value == "validation";
  return value == "validation" || value == "test";
}

constexpr std::array<Flag, 9> kFlags{{
    {"--device", store_device, "cpu, cuda or cuda:N"},
    {"--threads", store_threads, "a whole number from 1 to 4096"},
    {"--scale", store_scale, "small or paper"},
    {"--epochs", store_epochs, "a whole number from 1 to 1000000"},
    {"--batch-size", store_batch, "a whole number from 1 to 65536"},
    {"--seed", store_seed, "a whole number"},
    {"--checkpoint", store_checkpoint, "a file name"},
    {"--data", store_data, "a file or folder name"},
    {"--held-out", store_held_out, "test or validation"},
}};

constexpr std::array<std::string_view, 3> kScales{"tiny", "small", "paper"};

Error usage(std::string_view what) { return {std::string(what) + " (--help lists the flags)"}; }

std::string quoted(std::string_view text) { return std::string("'").append(text).append("'"); }

bool asks_help(std::string_view argument) { return argument == "--help" || argument == "-h"; }

// Reads the flag at `next` and its value, and moves past both.
Result<void> take_flag(std::span<const char* const> arguments, std::size_t& next, Options& options) {
  const std::string_view argument = arguments[next++];
  const auto equals = argument.find('=');
  const auto name = argument.substr(0, equals);
  const auto flag = std::find_if(kFlags.begin(), kFlags.end(), [&](const Flag& f) { return f.name == name; });
  if (flag == kFlags.end()) return usage("unknown argument " + quoted(argument));
  std::string_view value;
  if (equals != argument.npos) {
    value = argument.substr(equals + 1);
  } else if (next < arguments.size()) {
    value = arguments[next++];
  } else {
    return usage(std::string(name) + " needs a value: " + std::string(flag->takes));
  }
  if (!flag->store(options, value))
    return usage(std::string(name) + " " + quoted(value) + ": takes " + std::string(flag->takes));
  return {};
}

}  // namespace

std::string_view name_of(Scale scale) { return kScales[static_cast<std::size_t>(scale)]; }

std::optional<Scale> scale_named(std::string_view name) {
  const auto found = std::find(kScales.begin(), kScales.end(), name);
  if (found == kScales.end()) return std::nullopt;
  return static_cast<Scale>(found - kScales.begin());
}

Result<Options> parse_options(std::span<const char* const> arguments) {
  Options options;
  if (std::any_of(arguments.begin(), arguments.end(), asks_help)) return options;
  if (arguments.empty()) return usage("say what to do: train or infer");
  const std::string_view action = arguments[0];
  if (action != "train" && action != "infer") return usage("unknown command " + quoted(action) + ": train or infer");
  options.action = action == "train" ? Action::train : Action::infer;
  for (std::size_t next = 1; next < arguments.size();)
    if (const auto taken = take_flag(arguments, next, options); !taken) return taken.error();
  if (options.threads == 0) options.threads = available_processors();
  if (options.action == Action::infer && options.checkpoint.empty())
    return usage("infer needs --checkpoint FILE, as written by: train --checkpoint FILE");
  return options;
}

std::string_view options_help() {
  return "  --device cpu|cuda|cuda:N  where to compute (default cpu)\n"
         "  --threads N               CPU threads (default: the processors that this process may use)\n"
         "  --scale small|paper       size of network and work (default small; infer: the checkpoint's)\n"
         "  --epochs N                length of the training (default: the scale's own)\n"
         "  --batch-size N            samples at once (default: the scale's own); the work of an epoch stays the same\n"
         "  --seed N                  seed of weights and sampling (default 1)\n"
         "  --checkpoint FILE         train writes the network there, infer reads it\n"
         "  --data PATH               the data, when they are not where workloads/fetch-data.sh puts them\n"
         "  --help                    this text\n";
}

int available_processors() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return static_cast<int>(
      std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));  // more processors than the fixed-size mask holds
}

}  // namespace nw::workload
