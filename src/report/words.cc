#include "report/words.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <set>

#include "accounting/stored_words.h"
#include "energy/containment.h"
#include "record/record.pb.h"
#include "report/escape.h"
#include "sensor/sensor.h"

namespace nw {

namespace {

constexpr std::int64_t kNanos = 1'000'000'000;
constexpr std::int64_t kSecondsPerDay = 86400;

constexpr std::array kParts{PartWords{"gpu", "GPU", "GPUs", "#e69f00"},
                            PartWords{"module", "Module", "Modules", "#d55e00"},
                            PartWords{"psys", "Platform", "Platforms", "#0072b2"},
                            PartWords{"package", "CPU package", "CPU packages", "#0072b2"},
                            PartWords{"cpu", "CPU", "CPUs", "#0072b2"},
                            PartWords{"core", "CPU cores", "CPU cores", "#56b4e9"},
                            PartWords{"uncore", "Uncore", "Uncores", "#f0e442"},
                            PartWords{"dram", "Memory", "Memory", "#009e73"},
                            PartWords{"sysio", "System I/O", "System I/O", "#cc79a7"},
                            PartWords{"other", "Rest of node", "Rest of node", "#999999"},
                            PartWords{"node", "Node", "Nodes", "#000000"}};
constexpr PartWords kOtherPart{"", "Other part", "Other parts", "#cc79a7"};

// Local time at that place, as seconds since 1970 without an offset.
std::optional<std::int64_t> wall_seconds(const pb::Record& record) {
  if (record.start_unix_ns() <= 0) return std::nullopt;
  const std::int64_t offset = record.utc_offset_s();
  return record.start_unix_ns() / kNanos + (std::abs(offset) < kSecondsPerDay ? offset : 0);
}

std::string joined_gpus(const pb::Node& node) {
  std::map<std::string, int> models;
  for (const std::string& gpu : node.gpus()) ++models[clean(gpu)];
  std::string text;
  for (const auto& [model, count] : models) text += fmt::format("{}{}x {}", text.empty() ? "" : ", ", count, model);
  return text;
}

}  // namespace

std::string_view kind_name(pb::Kind kind) {
  if (kind < pb::KIND_MEASURED || kind > pb::KIND_ESTIMATED) return "";
  return name(static_cast<Provenance>(kind - 1));
}

std::string kind_words(pb::Kind kind, bool is_simulated) {
  const std::string_view name = kind_name(kind);
  if (name.empty()) return "how known: unknown";
  if (!is_simulated || kind == pb::KIND_ESTIMATED) return std::string(name);
  return fmt::format("{}{}", name, kind == pb::KIND_MEASURED ? " by simulated sensors" : " (simulated sensors)");
}

std::string_view kind_mark(pb::Kind kind) {
  static constexpr std::array<std::string_view, 5> kMarks{"-", "M", "D", "A", "E"};
  return kind < pb::KIND_MEASURED || kind > pb::KIND_ESTIMATED ? kMarks[0] : kMarks[static_cast<unsigned>(kind)];
}

std::string_view boundary_name(pb::Boundary boundary) {
  if (boundary < pb::BOUNDARY_ON_CHIP || boundary > pb::BOUNDARY_WALL) return "";
  return name(static_cast<Boundary>(boundary - 1));
}

std::string boundary_words(const pb::Record& record) {
  const bool is_known = record.energy().has_energy_uj();
  if (is_known && !record.boundary_note().empty()) return clean(current_words(record.boundary_note()));
  switch (known_boundary(record.energy())) {
    case pb::BOUNDARY_ON_CHIP: return "chips alone, not the whole node";
    case pb::BOUNDARY_BOARD: return "boards alone, not the whole node";
    case pb::BOUNDARY_NODE_DC: return kNodeDc;
    case pb::BOUNDARY_WALL: return kNodeAtWall;
    default: return "unknown";
  }
}

const PartWords& part_words(std::string_view domain) {
  const auto at =
      std::find_if(kParts.begin(), kParts.end(), [domain](const PartWords& part) { return part.domain == domain; });
  return at == kParts.end() ? kOtherPart : *at;
}

std::string part_label(const pb::Component& component) {
  const PartWords& words = part_words(component.domain());
  const bool single = component.domain() == "other" || component.domain() == "node";
  std::string label = clean(current_words(component.label()));
  if (!label.empty() && !single) return label;
  label = words.one;
  if (words.domain.empty() && !component.domain().empty()) label = clean(component.domain());
  const std::string device = clean(component.device());
  if (!single && !device.empty()) label.append(" ").append(device);
  if (const auto slash = device.rfind('/'); single && slash != std::string::npos)  // in a merged record: its host
    label.append(" ").append(device.substr(0, slash));
  return label;
}

std::string short_id(const pb::Record& record, std::size_t length) {
  const std::string uid = clean(record.uid());
  return uid.empty() ? "@?" : fmt::format("@{}", valid_utf8(uid.substr(0, length)));
}

std::string title(const pb::Record& record) {
  if (!record.name().empty()) return clean(record.name());
  return record.program().empty() ? short_id(record) : clean(record.program());
}

std::string exit_words(const pb::Record& record) {
  std::string words;
  if (record.has_signal())
    words = fmt::format("killed by signal {}", record.signal());
  else if (record.has_exit_code())
    words = fmt::format("exit {}", record.exit_code());
  if (!record.state().empty() && record.state() != "finished")
    words += (words.empty() ? "" : ", ") + clean(record.state());
  return words.empty() ? "exit unknown" : words;
}

namespace {
// Of a restarted job each once, however many attempts it took part in.
std::size_t count_nodes(const pb::Record& record) {
  if (record.attempts().empty()) return static_cast<std::size_t>(record.members_size());
  std::set<std::string> hosts;
  for (const pb::Member& member : record.members()) hosts.insert(member.host());
  return hosts.size();
}
}  // namespace

std::string node_words(const pb::Record& record) {
  const pb::Node& node = record.node();
  std::string words;
  const auto add = [&words](const std::string& word) {
    if (!word.empty()) words += (words.empty() ? "" : ", ") + word;
  };
  const std::string host = clean(node.host());
  const std::size_t nodes = count_nodes(record);
  add(nodes == 0 ? host : fmt::format("{} node{} {}", nodes, nodes == 1 ? "" : "s", host));
  const std::string cpu = clean(node.cpu_model());
  add(!cpu.empty() && node.sockets() > 1 ? fmt::format("{}x {}", node.sockets(), cpu) : cpu);
  add(joined_gpus(node));
  if (node.virtual_machine()) add("virtual machine");
  return words;
}

std::string start_rfc3339(const pb::Record& record) {
  const auto seconds = wall_seconds(record);
  if (!seconds) return "";
  const std::int64_t offset = *seconds - record.start_unix_ns() / kNanos;
  const std::int64_t minutes = std::abs(offset) / 60;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}{}{:02}:{:02}", fmt::gmtime(static_cast<std::time_t>(*seconds)),
                     record.start_unix_ns() / 1'000'000 % 1000, offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

std::string start_words(const pb::Record& record) {
  const auto seconds = wall_seconds(record);
  return seconds ? fmt::format("{:%Y-%m-%d %H:%M}", fmt::gmtime(static_cast<std::time_t>(*seconds)))
                 : std::string(kUnknown);
}

}  // namespace nw
