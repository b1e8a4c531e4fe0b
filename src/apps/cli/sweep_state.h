// The state of a sweep in DIR/sweep.state: the plan, its order, and what has been done.
// It is replaced atomically before a run starts (with the uid that the run will have) and after it has ended. So a
// sweep killed at any time can be resumed: a run that is in neither list has not begun, and one that was under way is
// looked up in the store by its uid. It is JSON, and treated as foreign text when read.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/cli/grid.h"
#include "base/units.h"

namespace nw::cli {

// The sampling options of each of its runs, as for `run`.
struct SweptWatch {
  std::vector<std::string> phase_regex, phase_end_regex, work_regex;
  std::optional<std::string> nvtx;
  std::optional<unsigned> nvtx_depth;
  std::string period;
  bool no_phases = false, record_command = false, show_output = false;
};

// What identifies the sweep: it cannot be resumed with another plan.
struct SweepPlan {
  std::string name, host;
  std::vector<std::string> command, environment, labels;
  Grid grid;
  unsigned repeat = 3, warmup = 0;
  std::uint64_t seed = 0;
  std::string gpus;                 // GPUs whose power limit is set, as given by the user; "": those given to this run
  std::optional<Nanos> cool_down;   // the time limit of the wait before a run; nothing: no cool-down
  std::optional<SweptWatch> watch;  // nothing: from an older nodewatt, which did not store it
};

// "repeat: 3, and it was 2", one line for each difference.
std::vector<std::string> compute_changes(const SweepPlan& was, const SweepPlan& now);

// One measured run that has ended.
struct SweptRun {
  Turn turn;
  std::string uid;     // of its record; "": never started
  double seconds = 0;  // including what came before it: cool-down, warm-up
  std::optional<int> exit_code, signal;
  std::string trouble;   // why it counts as failed although it exited with 0, or did not start
  bool is_warm = false;  // the node had not cooled down when the time limit was over
  bool failed() const { return !trouble.empty() || signal.has_value() || exit_code.value_or(1) != 0; }
};
std::string failure_words(const SweptRun& run);  // "exit 3"

struct SweepState {
  static constexpr const char* kFile = "sweep.state";

  std::string id;  // 26 characters, as a record's; the value of the label "sweep"
  SweepPlan plan;
  std::vector<std::string> groups;  // one a point: the group uid of its records
  std::vector<Turn> order;
  std::vector<SweptRun> runs;
  struct Running {
    Turn turn;
    std::string uid;
  };
  std::optional<Running> running;

  // A sweep that has not begun.
  static Result<SweepState> make(SweepPlan plan);

  // The first run that is neither done nor of a point that failed; repeats of a failing point add nothing.
  std::optional<Turn> next() const;
  std::size_t left() const;
  bool has_failed(std::size_t point) const;
};

std::string make_state_text(const SweepState& state);
// The error names what is wrong; a partly valid state is refused.
Result<SweepState> parse_state(std::string_view text);

Done save_state(const std::string& dir, const SweepState& state);
Result<SweepState> load_state(const std::string& dir);  // absent: no sweep there

}  // namespace nw::cli
