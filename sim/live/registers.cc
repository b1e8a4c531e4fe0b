// RAPL's registers as device files: /dev/cpu/N/msr of every CPU of a socket, since programs open whichever they please.
// A view has them as answers ("msr:/dev/cpu/0/msr@0x611") on the first CPU of each socket alone.
#include <cstdlib>

#include <fmt/format.h>

#include "base/parse.h"
#include "sim/live/live_parts.h"

namespace nw::sim {

namespace {
NumberAt number_in(const TextAt& text) {
  return [text](Nanos t) {
    const auto said = text(t);
    if (!said) return Reading::none(said.error().kind);
    const auto number = parse_u64(*said);
    return number ? Reading::of(*number) : Reading::none(ErrorKind::malformed);
  };
}
}  // namespace

void show_registers(View& view, const Machine& machine) {
  const Facts& facts = machine.scenario().facts;
  constexpr std::string_view kHead = "msr:/dev/cpu/", kMiddle = "/msr@0x";
  const auto socket_of = [&](std::uint64_t cpu) { return cpu * facts.sockets / facts.cpus; };
  for (const auto& [key, text] : view.answers) {
    const auto middle = key.find(kMiddle);
    if (!key.starts_with(kHead) || middle == key.npos || facts.cpus == 0) continue;
    const auto first = parse_u64(std::string_view(key).substr(kHead.size(), middle - kHead.size()));
    const std::uint64_t address = std::strtoull(key.c_str() + middle + kMiddle.size(), nullptr, 16);
    for (std::uint64_t cpu = first.value_or(0); cpu < facts.cpus && socket_of(cpu) == socket_of(*first); ++cpu)
      view.registers[fmt::format("/dev/cpu/{}/msr", cpu)][address] = number_in(text);
  }
}

}  // namespace nw::sim
