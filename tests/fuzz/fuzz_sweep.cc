// What a sweep reads back: any bytes as its state file, as a note of power limits, as values of a dimension. Never
// anything half right: what is accepted is written and read again as the same.
#include <cstdlib>

#include "apps/cli/power_limit_note.h"
#include "apps/cli/sweep_state.h"

namespace {
void require(bool holds) {
  if (!holds) std::abort();
}

void check_state(std::string_view text) {
  const auto state = nw::cli::parse_state(text);
  if (!state) return require(!state.error().what.empty());
  const std::string written = nw::cli::make_state_text(*state);
  const auto again = nw::cli::parse_state(written);
  require(again && nw::cli::make_state_text(*again) == written);
  require(nw::cli::compute_changes(state->plan, again->plan).empty());
  require(state->order.size() == state->plan.grid.size() * state->plan.repeat);
  require(state->left() <= state->order.size());
  if (const auto turn = state->next()) {
    require(turn->point < state->plan.grid.size());
    (void)state->plan.grid.fill(state->plan.command, turn->point);
  } else {
    require(state->left() == 0);
  }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  check_state(text);
  if (const auto note = nw::cli::parse_limit_note(text))
    for (const auto& line : note->lines) require(!line.uuid.empty() && line.was > nw::Watts{});
  for (const char* name : {"threads", "power_limit", "x"}) {
    const auto dimension = nw::cli::parse_dimension(name, text);
    if (!dimension) continue;
    require(!dimension->values.empty());
    const auto grid = nw::cli::Grid::make({*dimension});
    require(!grid || grid->fill("{x}", 0).size() <= text.size() + 3);
  }
  return 0;
}
