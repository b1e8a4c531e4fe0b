#include "study/run_group.h"

#include <algorithm>
#include <functional>
#include <map>

#include <fmt/format.h>

#include "record/node_type.h"
#include "record/record.pb.h"
#include "study/accelerators.h"
#include "study/attempts.h"

namespace nw {

namespace {

using Pairs = google::protobuf::RepeatedPtrField<pb::Label>;

std::string name_of(const pb::Record& record) { return record.name().empty() ? record.program() : record.name(); }

std::optional<std::string> find_value(const Pairs& pairs, std::string_view key) {
  for (const pb::Label& one : pairs)
    if (one.key() == key) return one.value();
  return std::nullopt;
}

std::string joined(const Pairs& pairs) {
  std::map<std::string, std::string> sorted;
  for (const pb::Label& one : pairs) sorted[one.key()] = one.value();
  std::string text;
  for (const auto& [key, value] : sorted) text += (text.empty() ? "" : ", ") + key + "=" + value;
  return text;
}

std::string value_of_label(const pb::Record& record, std::string_view key) {
  if (auto value = find_value(record.labels(), key)) return *value;
  return find_value(record.settings(), key).value_or("");
}

std::string placed_node_type(const pb::Record& record) {
  std::string type = node_type(record);
  switch (placement(record)) {
    case Placement::all_idle: return type + " (GPUs idle)";
    case Placement::some_idle: return type + " (some GPUs idle)";
    case Placement::unknown: return type + " (use of GPUs unknown)";
    default: return type;
  }
}

// The key that runs of one variant share; runs without one stay apart, by their uid.
std::string side_of(const pb::Record& record, GroupBy by, std::string_view key) {
  switch (by) {
    case GroupBy::node_type: return node_type(record);
    case GroupBy::placement: return placed_node_type(record);
    case GroupBy::configuration:
      return fmt::format("{}\n{}\n{}\n{}", name_of(record), node_type(record), joined(record.labels()),
                         joined(record.settings()));
    case GroupBy::label: return value_of_label(record, key);
    default: return record.group().empty() ? record.uid() : record.group();
  }
}

std::string label_of(const pb::Record& record, GroupBy by, std::string_view key) {
  switch (by) {
    case GroupBy::node_type: return node_type(record);
    case GroupBy::placement: return placed_node_type(record);
    case GroupBy::configuration: {
      std::string text = name_of(record);
      for (const std::string& part : {joined(record.labels()), joined(record.settings())})
        if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
      return text;
    }
    case GroupBy::label: {
      const std::string value = value_of_label(record, key);
      return fmt::format("{}={}", key, value.empty() ? "?" : value);
    }
    default: return name_of(record);
  }
}

void drop_what_does_not_count(RunGroup& one) {
  const auto warmup = [](const pb::Record* run) { return run->warmup(); };
  if (!std::all_of(one.runs.begin(), one.runs.end(), warmup)) std::erase_if(one.runs, warmup);
  const auto all = one.runs;  // an attempt that was restarted is no repeat of the run, and neither is the whole job
  const auto failed = [&all](const pb::Record* run) {
    return has_failed(*run) || has_failed_attempts(*run) || was_restarted(*run, all);
  };
  if (!std::all_of(one.runs.begin(), one.runs.end(), failed)) one.failed = std::erase_if(one.runs, failed);
}

// Distinguishes variants of one name by the uid of their first run.
void tell_apart(std::vector<RunGroup>& all) {
  std::map<std::string, int> seen;
  for (const RunGroup& one : all) ++seen[one.label];
  for (RunGroup& one : all) {
    if (one.label.empty() || seen[one.label] > 1)
      one.label += (one.label.empty() ? "@" : " @") + one.first().uid().substr(0, 5);
  }
}

std::vector<RunGroup> split_by_phase(const std::vector<RunGroup>& groups) {
  std::vector<RunGroup> sides;
  for (const RunGroup& group : groups)
    for (const pb::Phase& phase : group.first().phases())
      if (phase.path().find('/') == std::string::npos)
        sides.push_back({groups.size() > 1 ? group.label + ": " + phase.path() : phase.path(), phase.path(), group.runs,
                         group.failed});
  return sides;
}

std::string gpus_of(const pb::Record& record) {
  std::map<std::string, int> models;
  for (const std::string& gpu : record.node().gpus()) ++models[gpu_model(gpu)];
  std::string text;
  for (const auto& [model, count] : models) text += fmt::format("{}{}x {}", text.empty() ? "" : ", ", count, model);
  return text.empty() ? "none" : text;
}

std::string power_limits(const pb::Record& record) {
  std::set<std::int64_t> limits;
  for (const pb::Device& device : record.devices())
    if (device.has_power_limit_uw()) limits.insert(device.power_limit_uw());
  std::string text;
  for (const std::int64_t limit : limits)
    text += fmt::format("{}{:g} W", text.empty() ? "" : ", ", static_cast<double>(limit) / 1e6);
  return text;
}

}  // namespace

bool has_failed(const pb::Record& record) {
  return record.has_signal() || record.exit_code() != 0 || record.state() == "recovered";
}

bool Scope::is_node() const { return boundary == pb::BOUNDARY_WALL || boundary == pb::BOUNDARY_NODE_DC; }

Scope compute_scope(const pb::Record& record) {
  Scope scope{record.energy().boundary(), {}, Scope::Gpus::all};
  if (scope.is_node()) return scope;
  scope.boundary = pb::BOUNDARY_UNKNOWN;  // chips and boards are distinguished by their parts
  bool gpus = false;
  for (const pb::Component& one : record.components()) {
    if (!one.counted() || one.depth() != 0) continue;
    gpus |= one.domain() == "gpu" || one.domain() == "module";
    if (one.domain() != "gpu") scope.domains.insert(one.domain());
  }
  if (record.node().gpus_size() > 0 && !gpus) scope.gpus = Scope::Gpus::missing;
  return scope;
}

std::vector<RunGroup> make_run_groups(std::span<const pb::Record* const> records, GroupBy by, std::string_view key) {
  std::vector<RunGroup> all;
  std::map<std::string, std::size_t> sides;
  for (const pb::Record* record : records) {
    const std::string side = side_of(*record, by, key);
    const auto [at, is_new] = sides.try_emplace(side, all.size());
    if (is_new || side.empty())
      all.push_back({label_of(*record, by, key), "", {record}, 0});
    else
      all[at->second].runs.push_back(record);
  }
  for (RunGroup& one : all) drop_what_does_not_count(one);
  tell_apart(all);
  return by == GroupBy::phase ? split_by_phase(all) : all;
}

Measurements measurements(const RunGroup& run_group, std::string_view phase) {
  Measurements all;
  for (const pb::Record* run : run_group.runs) all.push_back(measurement(*run, phase));
  return all;
}

Measurements measurements(const RunGroup& run_group, const SharedWork& work) {
  return measurements(run_group, run_group.phase.empty() ? work.phase : run_group.phase);
}

std::vector<SharedWork> shared_work(const std::vector<RunGroup>& run_groups) {
  std::vector<SharedWork> all;
  if (run_groups.empty()) return all;
  const auto consider = [&](const std::string& phase, const std::string& unit) {
    const bool everywhere = std::all_of(run_groups.begin(), run_groups.end(), [&](const RunGroup& one) {
      const auto runs = measurements(one, SharedWork{phase, unit});
      return std::all_of(runs.begin(), runs.end(),
                         [&](const Measurement& run) { return work_count(run, unit).has_value(); });
    });
    if (everywhere) all.push_back({phase, unit});
  };
  const RunGroup& first = run_groups[0];
  if (first.phase.empty())
    for (const pb::Work& work : first.first().work()) consider("", work.unit());
  for (const pb::Phase& phase : first.first().phases())
    if (first.phase.empty() || phase.path() == first.phase)
      for (const pb::Work& work : phase.work()) consider(first.phase.empty() ? phase.path() : "", work.unit());
  return all;
}

namespace {

class Differences {
 public:
  explicit Differences(const std::vector<RunGroup>& sides) : sides_(sides) {}

  template <class Word>
  void consider(std::string what, Word word) {
    Difference difference{std::move(what), {}};
    for (const RunGroup& side : sides_) {
      std::set<std::string> values;
      for (const pb::Record* run : side.runs) values.insert(word(*run));
      std::string text;
      for (const std::string& value : values) text += (text.empty() ? "" : ", ") + value;
      difference.values.push_back(std::move(text));
    }
    const auto& values = difference.values;
    if (std::any_of(values.begin(), values.end(), [&](const std::string& value) { return value != values[0]; }))
      all_.push_back(std::move(difference));
  }

  void consider_pairs(const Pairs& (pb::Record::*pairs)() const) {
    std::set<std::string> keys;
    for (const RunGroup& side : sides_)
      for (const pb::Record* run : side.runs)
        for (const pb::Label& one : (run->*pairs)()) keys.insert(one.key());
    for (const std::string& key : keys)
      consider(key, [&](const pb::Record& record) { return find_value((record.*pairs)(), key).value_or(""); });
  }

  std::vector<Difference> take() { return std::move(all_); }

 private:
  const std::vector<RunGroup>& sides_;
  std::vector<Difference> all_;
};

}  // namespace

std::vector<Difference> compute_differences(const std::vector<RunGroup>& run_groups) {
  Differences differences(run_groups);
  differences.consider("host", [](const pb::Record& record) { return record.node().host(); });
  differences.consider("node type", [](const pb::Record& record) { return record.node_type(); });
  differences.consider("CPU", [](const pb::Record& record) { return cpu_model(record.node().cpu_model()); });
  differences.consider("GPUs", gpus_of);
  differences.consider("GPU power limit", power_limits);
  differences.consider_pairs(&pb::Record::labels);
  differences.consider_pairs(&pb::Record::settings);
  differences.consider_pairs(&pb::Record::software);
  differences.consider("kernel", [](const pb::Record& record) { return record.node().kernel(); });
  differences.consider("nodewatt", [](const pb::Record& record) { return record.version(); });
  return differences.take();
}

}  // namespace nw
