// The command line that both applications share.
#pragma once

#include "result.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace nw::workload {

enum class Action { train, infer, help };

// tiny: seconds, for tests. small: minutes on two cores. paper: the sizes of publications, for a GPU node.
enum class Scale { tiny, small, paper };

std::string_view name_of(Scale scale);
std::optional<Scale> scale_named(std::string_view name);

struct Options {
  Action action = Action::help;
  std::string device = "cpu";  // cpu, cuda or cuda:N
  int threads = 0;             // at least 1 once parsed
  std::optional<Scale> scale;  // absent: small for train, the checkpoint's for infer
  std::optional<int> epochs;   // absent: the scale's own
  std::optional<int> batch;    // samples that are computed at once; absent: the scale's own
  std::uint64_t seed = 1;
  std::string checkpoint;
  std::string data;                  // empty: the application's place in data_folder()
  bool hold_out_validation = false;  // forecasting: judge on the validation days and leave the test days alone
};

// The arguments after the program's name. An error is a matter of usage.
Result<Options> parse_options(std::span<const char* const> arguments);

// The flags, one a line, for --help.
std::string_view options_help();

// How many processors this process may run on (its affinity mask, as a batch system or taskset set it).
int available_processors();

}  // namespace nw::workload
