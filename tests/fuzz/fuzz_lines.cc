// A program's output through lines and rules, in pieces of any size: no line is longer than it may be, each phase that
// ends was begun and ends once, and the pieces make no difference to what the lines are.
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "consumer/line_rules.h"

namespace {
using namespace nw;

struct Seen {
  std::vector<std::string> lines;
  std::set<std::uint64_t> open;
};

Seen read(std::string_view output, std::size_t piece) {
  auto rules =
      LineRules::make({{"epoch $1=[Ee]poch (\\d+)", "$1=^(train|val)"}, {"$1=^(?:done|stop)"}, {"x=(\\S+) x"}}, 1);
  if (!rules) std::abort();
  Seen seen;
  const auto sink = [&](const ProgramEvent& event) {
    if (event.kind == ProgramEvent::Kind::begin && !seen.open.insert(event.id).second) std::abort();
    if (event.kind == ProgramEvent::Kind::end && seen.open.erase(event.id) == 0) std::abort();
    if (event.name.size() > 1000) std::abort();
  };
  Lines lines;
  const auto take = [&](const Line& line) {
    if (line.text.empty() || line.text.size() > Lines::kMost) std::abort();
    seen.lines.emplace_back(line.text);
    rules->consume(line, Nanos::of(static_cast<std::int64_t>(seen.lines.size())), sink);
  };
  for (; !output.empty(); output.remove_prefix(std::min(piece, output.size())))
    lines.feed(output.substr(0, piece), take);
  lines.end(take);
  return seen;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view output(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (read(output, 1 + data[0]).lines != read(output, output.size() + 1).lines) std::abort();
  return 0;
}
