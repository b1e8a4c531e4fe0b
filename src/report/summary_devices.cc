// The part of a summary on the machine's utilization and software: its CPUs, its accelerators, the drivers.
#include <fmt/format.h>

#include <algorithm>

#include "record/record.pb.h"
#include "report/escape.h"
#include "report/summary.h"
#include "report/wrap.h"

namespace nw {

namespace {

std::string process_words(std::uint32_t count) {
  return count == 0 ? "no process" : count == 1 ? "1 process" : fmt::format("{} processes", count);
}

std::string cpu_words(const pb::Record& record) {
  std::string words = cpu_busy(record) ? "busy " + share_text(cpu_busy(record)) : "";
  if (const auto seconds = child_cpu_s(record))
    words += fmt::format("{}{} of CPU time for the command", words.empty() ? "" : ", ", duration_text(seconds));
  return words;
}

}  // namespace

std::string compute_device_words(const pb::Device& device) {
  const std::string mean = share_text(busy(device)), most = share_text(busiest(device));
  std::string words = "busy " + (busy(device) ? mean : std::string("unknown"));
  if (busy(device) && busiest(device) && most != mean) words += fmt::format(" (max {})", most);
  if (device.has_processes()) words += ", " + process_words(device.processes());
  if (power_limit_w(device)) words += ", limit " + power_text({power_limit_w(device), {}});
  if (device.has_allocated()) words += device.allocated() ? ", allocated to this run" : ", not allocated to this run";
  return words;
}

std::vector<DeviceLine> compute_device_lines(const pb::Record& record) {
  std::vector<DeviceLine> lines;
  if (std::string words = cpu_words(record); !words.empty()) lines.push_back({"CPUs", std::move(words)});
  for (const pb::Device& device : record.devices()) {
    const std::string label = clean(device.label().empty() ? device.domain() + " " + device.device() : device.label());
    lines.push_back({label, compute_device_words(device)});
  }
  return lines;
}

std::string make_device_text(const std::vector<DeviceLine>& lines, int width) {
  constexpr int kIndent = 4;
  int label = 0;
  for (const DeviceLine& line : lines)
    if (const int wide = static_cast<int>(display_width(line.label)); wide <= width / 3) label = std::max(label, wide);
  const std::string indent(kIndent, ' ');
  std::string out;
  for (const DeviceLine& line : lines) {
    std::string head = padded(indent + line.label, kIndent + label + 2);
    if (static_cast<int>(display_width(line.label)) > label) {
      out += fold(indent, line.label, width) + '\n';
      head = std::string(static_cast<std::size_t>(kIndent + 4), ' ');
    }
    out += fold(head, line.words, width) + '\n';
  }
  return out;
}

std::string compute_software_words(const pb::Record& record) {
  std::string words;
  for (const pb::Label& one : record.software())
    words += fmt::format("{}{} {}", words.empty() ? "" : ", ", clean(one.key()), clean(one.value()));
  return words;
}

}  // namespace nw
