// The error of nodewatt's energies on simulated machines: one line of JSON for each run, and for each pair of runs of a
// machine. bench/accuracy/report evaluates them.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bench/accuracy/judge.h"

namespace {
using namespace nw::accuracy;

struct Arguments {
  std::uint64_t machines = 26;
  Selection selection;
  std::vector<std::string> types, bands;
  std::string history = "both";
  bool is_long = false;
};

// Nothing where a name is none of them.
bool select(Arguments& arguments, std::vector<const NodeType*>& types) {
  for (const NodeType& type : node_types())
    if (arguments.types.empty() || std::count(arguments.types.begin(), arguments.types.end(), type.name) > 0)
      types.push_back(&type);
  std::size_t found = 0;
  for (std::size_t b = 0; b < std::size(kBands); ++b) {
    const bool named = std::count(arguments.bands.begin(), arguments.bands.end(), kBands[b].name) > 0;
    found += named ? 1 : 0;
    arguments.selection.bands.push_back(named || (arguments.bands.empty() && (b < kUsualBands || arguments.is_long)));
  }
  arguments.selection.without_history = arguments.history != "only";
  arguments.selection.with_history = arguments.history != "none";
  return found == arguments.bands.size() && types.size() >= arguments.types.size() && !types.empty();
}
}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Errors on simulated machines.");
  app.add_option("--machines", arguments.machines, "of each node type; each has a run in each band");
  app.add_option("--seed", arguments.selection.seed);
  app.add_option("--type", arguments.types, "only this node type; may be repeated");
  app.add_option("--band", arguments.bands, "only these durations (\"1-10 s\"); may be repeated");
  app.add_option("--history", arguments.history, "measure without a machine's history, only with it, or both")
      ->check(CLI::IsMember({"none", "only", "both"}));
  app.add_flag("--long", arguments.is_long, "runs of 10-60 min and 1-10 h besides");
  CLI11_PARSE(app, argc, argv);
  std::vector<const NodeType*> types;
  if (!select(arguments, types)) {
    std::string all;
    for (const NodeType& type : node_types()) all += std::string(" ") + type.name;
    for (const Band& band : kBands) all += fmt::format(" \"{}\"", band.name);
    return std::fprintf(stderr, "no such node type or band; there are%s\n", all.c_str()), 2;
  }
  std::atomic<std::uint64_t> next = 0;
  std::mutex printing;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i)
    threads.emplace_back([&] {
      for (std::uint64_t n = next++; n < arguments.machines * types.size(); n = next++) {
        const auto lines = judge_machine(*types[n % types.size()], n / types.size(), arguments.selection);
        const std::lock_guard lock(printing);
        for (const std::string& line : lines) std::puts(line.c_str());
      }
    });
  for (auto& thread : threads) thread.join();
}
