// What a launcher's variables say, over any bytes: lines "NAME=value", and the first line as Slurm's list of tasks. It
// ends, a job's name is fit for a file's, and figures are within their bounds.
#include <cstdlib>
#include <map>

#include "base/parse.h"
#include "consumer/launcher.h"
#include "consumer/rank_wire.h"

namespace {
void require(bool holds) {
  if (!holds) std::abort();
}

void check_launch(std::string_view text) {
  std::map<std::string, std::string, std::less<>> variables;
  for (const auto line : nw::split(text, '\n'))
    if (const auto equals = line.find('='); equals != std::string_view::npos)
      variables[std::string(line.substr(0, equals))] = line.substr(equals + 1);
  const nw::LauncherInfo launcher_info = nw::read_launcher_info([&](const char* name) {
    const auto found = variables.find(std::string_view(name));
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
  require(launcher_info.job.size() <= 160 && launcher_info.job.find('/') == std::string::npos);
  for (const char c : launcher_info.job) require(c > 0x20 && c < 0x7f);
  require(launcher_info.launcher.empty() || launcher_info.rank.has_value());
  require(!launcher_info.size || *launcher_info.size <= 1U << 24);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  check_launch(text);
  const auto tasks = nw::parse_tasks_per_node(text.substr(0, text.find('\n')), size % 7);
  require(!tasks || *tasks <= 1U << 24);
  if (const auto message = nw::read_message(text)) require(message->get_text().size() < sizeof message->text + 1);
  return 0;
}
