#include "report/contender.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "report/escape.h"
#include "report/words.h"

namespace nw {

namespace {

constexpr std::size_t kLongestWord = 40;

// The parts that were summed, by their words. No GPU in the node is as good as all of none measured.
std::string compute_reach(const pb::Record& record) {
  const pb::Energy& energy = record.energy();
  if (energy.boundary() == pb::BOUNDARY_PLUG) return "the whole node, at the plug";
  if (energy.boundary() == pb::BOUNDARY_NODE_DC) return "the whole node, behind its power supplies";
  std::set<std::string> parts;
  for (const pb::Component& one : record.components())
    if (one.counted() && one.depth() == 0) {
      const PartWords& words = part_words(one.domain());
      parts.insert(words.domain.empty() ? clean(one.domain()) : std::string(words.many));
    }
  if (parts.empty()) return "unknown";
  const bool gpus_missing = record.node().gpus_size() > 0 && !parts.contains("GPUs") && !parts.contains("Modules");
  parts.erase("GPUs");
  std::string reach;
  for (const std::string& part : parts) reach += (reach.empty() ? "" : ", ") + part;
  return reach + (gpus_missing ? " without the GPUs" : " and all GPUs");
}

std::string joined_labels(const pb::Record& record) {
  std::map<std::string, std::string> sorted;
  for (const pb::Label& label : record.labels()) sorted[clean(label.key())] = clean(label.value());
  std::string text;
  for (const auto& [key, value] : sorted) text += (text.empty() ? "" : ", ") + key + "=" + value;
  return text;
}

void tell_apart(std::vector<Contender>& all) {
  std::map<std::string, int> seen;
  for (const Contender& one : all) ++seen[one.label];
  for (Contender& one : all)
    if (seen[one.label] > 1) one.label += " " + one.id;
}

bool has_estimate(const Contender& contender) {
  return std::any_of(contender.runs.begin(), contender.runs.end(),
                     [](const pb::Record* run) { return run->energy().kind() == pb::KIND_ESTIMATED; });
}

std::set<std::string> sensor_ids(const pb::Record& record) {
  std::set<std::string> ids;
  for (const pb::SensorUse& sensor : record.sensors()) ids.insert(sensor.id());
  return ids;
}

}  // namespace

std::vector<Contender> make_contenders(std::span<const pb::Record* const> records) {
  std::vector<Contender> all;
  std::map<std::string, std::size_t> groups;
  for (const pb::Record* record : records) {
    const auto at = groups.find(record->group());
    if (!record->group().empty() && at != groups.end()) {
      all[at->second].runs.push_back(record);
      continue;
    }
    if (!record->group().empty()) groups[record->group()] = all.size();
    all.push_back({cut_middle(title(*record), kLongestWord), "", "", {record}});
  }
  for (Contender& one : all) {
    const auto warmup = [](const pb::Record* run) { return run->warmup(); };
    if (!std::all_of(one.runs.begin(), one.runs.end(), warmup)) std::erase_if(one.runs, warmup);
    one.id = short_id(*one.runs[0]);
    one.reach = compute_reach(*one.runs[0]);
  }
  tell_apart(all);
  return all;
}

Excerpts excerpts(const Contender& contender, std::string_view phase) {
  Excerpts all;
  for (const pb::Record* run : contender.runs) all.push_back(excerpt(*run, phase));
  return all;
}

bool same_sensors(const Contender& a, const Contender& b) {
  const pb::Record &first = *a.runs[0], &second = *b.runs[0];
  if (has_estimate(a) || has_estimate(b) || first.node().host().empty() || first.sensors().empty()) return false;
  return first.node().host() == second.node().host() && sensor_ids(first) == sensor_ids(second);
}

std::vector<SharedWork> shared_work(const std::vector<Contender>& contenders) {
  std::vector<SharedWork> all;
  if (contenders.empty()) return all;
  const auto consider = [&](const std::string& phase, const std::string& unit) {
    const bool everywhere = std::all_of(contenders.begin(), contenders.end(), [&](const Contender& one) {
      return compute_per_unit(excerpts(one, phase), unit).n == one.runs.size();
    });
    if (everywhere) all.push_back({phase, unit});
  };
  const pb::Record& first = *contenders[0].runs[0];
  for (const pb::Work& work : first.work()) consider("", work.unit());
  for (const pb::Phase& phase : first.phases())
    for (const pb::Work& work : phase.work()) consider(phase.path(), work.unit());
  return all;
}

std::vector<std::string> differences(const std::vector<Contender>& contenders) {
  using Word = std::function<std::string(const pb::Record&)>;
  const std::pair<const char*, Word> words[] = {
      {"host", [](const pb::Record& record) { return clean(record.node().host()); }},
      {"CPU", [](const pb::Record& record) { return clean(record.node().cpu_model()); }},
      {"GPUs",
       [](const pb::Record& record) {
         return record.node().gpus_size() == 0
                    ? ""
                    : std::to_string(record.node().gpus_size()) + "x " + clean(record.node().gpus(0));
       }},
      {"labels", joined_labels},
      {"version", [](const pb::Record& record) { return clean(record.version()); }}};
  std::vector<std::string> all;
  for (const auto& [name, word] : words) {
    std::set<std::string> different;
    std::string line;
    for (const Contender& one : contenders) {
      const std::string known = cut_middle(word(*one.runs[0]), kLongestWord);
      const std::string value = known.empty() ? std::string(kUnknown) : known;
      different.insert(value);
      if (!line.empty()) line += " / ";
      line += value;
    }
    if (different.size() > 1) all.push_back(std::string(name) + ": " + line);
  }
  return all;
}

}  // namespace nw
