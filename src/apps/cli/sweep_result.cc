#include "apps/cli/sweep_result.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "apps/cli/cli_common.h"
#include "apps/cli/sweep_turns.h"
#include "store/transfer.h"

namespace nw::cli {

namespace {
// Collects the records of a file.
class Shelf : public Store {
 public:
  Result<bool> append(const pb::Record& record) override { return records_.push_back(record), true; }
  Result<std::vector<pb::Record>> find(const Query&) override { return records_; }

 private:
  std::vector<pb::Record> records_;
};

using ByUid = std::map<std::string, pb::Record>;

Done take(Store& store, const SweepState& state, ByUid& found) {
  Query query;
  query.labels = {{"sweep", state.id}};
  query.limit = 0;
  auto records = NW_TRY(store.find(query));
  for (pb::Record& record : records) found.try_emplace(record.uid(), std::move(record));
  return {};
}

bool excludes_any(const SweepState& state, const ByUid& found) {
  return std::any_of(state.runs.begin(), state.runs.end(),
                     [&](const SweptRun& run) { return !run.uid.empty() && !found.contains(run.uid); });
}

bool holds_others(Shelf& shelf, const SweepState& state) {
  const auto records = shelf.find({});
  return std::any_of(records->begin(), records->end(), [&](const pb::Record& record) {
    return std::none_of(state.runs.begin(), state.runs.end(),
                        [&](const SweptRun& run) { return run.uid == record.uid(); });
  });
}

std::string failure_of(const SweepState& state, std::size_t point) {
  for (const SweptRun& run : state.runs)
    if (run.turn.point == point && run.failed())
      return fmt::format("run {}: {} ({})", run.turn.repeat, failure_words(run), log_name(run.turn));
  return "";
}

std::string command_text(const SweepPlan& plan) {
  std::string text;
  for (const auto& words : {plan.environment, plan.command})
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

void add_remarks(const std::string& dir, const SweepState& state, std::size_t missing, Swept& swept) {
  const auto warm =
      std::count_if(state.runs.begin(), state.runs.end(), [](const SweptRun& run) { return run.is_warm; });
  if (state.left() > 0)
    swept.remarks.push_back(fmt::format("Not finished: {} of {} runs are left. To go on: nodewatt sweep --resume {}",
                                        state.left(), state.runs.size() + state.left(), dir));
  if (warm > 0)
    swept.remarks.push_back(fmt::format("Before {} of {} runs the node was not idle.", warm, state.runs.size()));
  if (missing > 0)
    swept.remarks.push_back(fmt::format("The records of {} runs are neither in the store nor in {}.", missing, dir));
  if (state.plan.repeat == 1)
    swept.remarks.emplace_back(
        "One run a configuration: how much runs differ is not known, the intervals are the sensors' alone.");
}

void add_points(const SweepState& state, Swept& swept) {
  const Grid& grid = state.plan.grid;
  for (const Dimension& dimension : grid.dimensions()) swept.dimensions.push_back(dimension.name);
  for (std::size_t point = 0; point < grid.size(); ++point) {
    SweptPoint one{grid.label(point), {}, 0, state.plan.repeat, failure_of(state, point), {}};
    for (std::size_t i = 0; i < grid.dimensions().size(); ++i) one.values.push_back(grid.value(point, i));
    one.done = static_cast<std::size_t>(std::count_if(state.runs.begin(), state.runs.end(),
                                                      [&](const SweptRun& run) { return run.turn.point == point; }));
    swept.points.push_back(std::move(one));
  }
  for (const Turn& turn : state.order)
    swept.order.push_back(fmt::format("{} run {}", grid.label(turn.point), turn.repeat));
}
}  // namespace

Result<FoundRecords> find_records(const std::string& dir, const SweepState& state) {
  ByUid found;
  FoundRecords all;
  const std::string file = dir + "/sweep.records";
  const auto store = open_store();
  const Done asked = store ? take(**store, state, found) : Done(tl::make_unexpected(store.error()));
  if (excludes_any(state, found)) {
    Shelf shelf;
    const auto read = import_records(file, shelf);  // what can be read, even if not all can
    if (!read && !asked) return tl::make_unexpected(asked.error());
    if (!read && read.error().kind != ErrorKind::absent)
      all.trouble = read.error().what;
    else if (holds_others(shelf, state))
      all.trouble = "it holds records of other runs";
    NW_CHECK(take(shelf, state, found));
  }
  for (const SweptRun& run : state.runs)
    if (const auto at = found.find(run.uid); at != found.end())
      all.records.push_back(at->second);
    else
      all.missing += run.uid.empty() ? 0 : 1;
  if (all.missing == 0) all.trouble.clear();
  return all;
}

Swept make_swept(const std::string& dir, const SweepState& state, const std::vector<pb::Record>& records,
                 const std::string& per) {
  Swept swept;
  swept.id = state.id;
  swept.command = command_text(state.plan);
  swept.host = state.plan.host;
  swept.seed = state.plan.seed;
  add_points(state, swept);
  std::map<std::string, std::size_t> points;  // by the group of their records
  for (std::size_t point = 0; point < state.groups.size(); ++point) points[state.groups[point]] = point;
  std::vector<const pb::Record*> compared;
  for (const pb::Record& record : records)
    if (const auto at = points.find(record.group()); at != points.end() && swept.points[at->second].failure.empty())
      compared.push_back(&record);
  ComparisonOptions options;
  options.per = per;
  if (auto comparison = compare(compared, options)) swept.comparison = std::move(*comparison);
  for (std::size_t side = 0; side < swept.comparison.sides.size(); ++side) {
    RunGroup& who = swept.comparison.sides[side].who;
    SweptPoint& point = swept.points[points[who.first().group()]];
    point.side = side;
    who.label = point.label;
  }
  const auto known = static_cast<std::size_t>(
      std::count_if(state.runs.begin(), state.runs.end(), [](const SweptRun& run) { return !run.uid.empty(); }));
  add_remarks(dir, state, known - std::min(known, records.size()), swept);
  return swept;
}

Done write_results(const std::string& dir, const Swept& swept, const std::vector<pb::Record>& records) {
  NW_CHECK(write_out(dir + "/sweep.md", make_swept_markdown(swept)));
  NW_CHECK(write_out(dir + "/sweep.csv", make_swept_csv(swept)));
  NW_CHECK(write_out(dir + "/sweep.json", make_swept_json(swept)));
  NW_CHECK(write_out(dir + "/sweep.html", make_swept_html(swept)));
  NW_CHECK(write_out(dir + "/sweep.svg", make_pareto_svg(swept.comparison)));
  return export_records(dir + "/sweep.records", records);
}

}  // namespace nw::cli
