#include "consumer/cgroup_text.h"

#include <algorithm>
#include <limits>

#include "base/parse.h"

namespace nw {

namespace {
// v1 expresses "no limit" by the most pages that its counter holds, 2^63 less one page; no machine has 2^60 bytes.
constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 60;
constexpr std::size_t kMostName = 255, kMostStep = 32;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_plain(char c) { return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool is_name(std::string_view text, std::size_t most, std::string_view events) {
  return !text.empty() && text.size() <= most && is_plain(text[0]) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return is_plain(c) || events.find(c) != events.npos; });
}

// Digits as the kernel and Slurm print them: no sign, no leading zero, nothing around.
std::optional<std::uint32_t> parse_canonical(std::string_view text) {
  if (!std::all_of(text.begin(), text.end(), is_digit) || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  const auto number = parse_u64(text);
  if (!number || *number > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

std::optional<Nanos> make_nanos(std::optional<std::uint64_t> count, std::uint64_t nanos_each) {
  if (!count || *count > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / nanos_each)
    return std::nullopt;
  return Nanos::of(static_cast<std::int64_t>(*count * nanos_each));
}

// The rest of the line that begins with this word.
std::optional<std::string_view> find_line(std::string_view text, std::string_view word) {
  for (const auto line : split(text, '\n'))
    if (line.starts_with(word)) return line.substr(word.size());
  return std::nullopt;
}

std::optional<std::uint64_t> parse_kilobytes(std::string_view text, std::string_view word) {
  auto rest = find_line(text, word);
  if (!rest) return std::nullopt;
  *rest = trim(*rest);
  if (!rest->ends_with(" kB")) return std::nullopt;
  const auto kilobytes = parse_u64(rest->substr(0, rest->size() - 3));
  if (!kilobytes || *kilobytes > std::numeric_limits<std::uint64_t>::max() / 1024) return std::nullopt;
  return *kilobytes * 1024;
}
}  // namespace

std::optional<std::string> parse_job_name(std::string_view name) {
  if (is_sluid(name) && std::all_of(name.begin(), name.end(), is_plain)) return std::string(name);
  if (!name.starts_with("job_")) return std::nullopt;
  const auto number = parse_canonical(name.substr(4));
  return number && *number > 0 ? std::optional(std::to_string(*number)) : std::nullopt;
}

std::optional<std::string> parse_step_name(std::string_view name) {
  if (!name.starts_with("step_")) return std::nullopt;
  name.remove_prefix(5);
  return is_name(name, kMostStep, "+._-") ? std::optional(std::string(name)) : std::nullopt;
}

std::optional<std::uint32_t> parse_uid_name(std::string_view name) {
  return name.starts_with("uid_") ? parse_canonical(name.substr(4)) : std::nullopt;
}

std::optional<std::string> parse_slurmd_name(std::string_view name) {
  if (name == "slurm") return "";
  if (!name.starts_with("slurm_")) return std::nullopt;
  name.remove_prefix(6);
  return is_name(name, kMostName, "._-") ? std::optional(std::string(name)) : std::nullopt;
}

std::optional<std::string> parse_scope_name(std::string_view name) {
  constexpr std::string_view kScope = "slurmstepd.scope";
  if (!name.ends_with(kScope)) return std::nullopt;
  name.remove_suffix(kScope.size());
  if (name.empty()) return "";
  if (!name.ends_with('_')) return std::nullopt;
  name.remove_suffix(1);
  return is_name(name, kMostName, "._-") ? std::optional(std::string(name)) : std::nullopt;
}

std::optional<Nanos> parse_cpu_usage(std::string_view text) { return make_nanos(parse_u64(text), 1); }

std::optional<Nanos> parse_cpu_stat(std::string_view text) {
  const auto usage = find_line(text, "usage_usec ");
  return usage ? make_nanos(parse_u64(*usage), 1000) : std::nullopt;
}

std::optional<std::uint64_t> parse_memory_limit(std::string_view text) {
  const auto bytes = parse_u64(text);  // v2 prints "max" for no limit
  return bytes && *bytes < kNoLimit ? bytes : std::nullopt;
}

std::vector<unsigned> parse_cpus(std::string_view text) {
  const auto listed = parse_cpu_list(text);
  std::vector<unsigned> cpus(listed.begin(), listed.end());
  std::sort(cpus.begin(), cpus.end());
  cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
  return cpus;
}

// Lines are "c 195:2 rwm". Permission to create a device node (m) does not allow opening it.
std::optional<std::vector<std::string>> parse_device_nodes(std::string_view text) {
  std::vector<std::string> nodes;
  for (const auto line : split(text, '\n')) {
    if (trim(line).empty()) continue;
    const auto words = split(line, ' ');
    if (words.size() != 3) return std::nullopt;
    if (words[2].find_first_of("rw") == std::string_view::npos || words[0] == "b") continue;
    const auto colon = words[1].find(':');
    if (words[0] != "c" || colon == std::string_view::npos) return std::nullopt;
    const auto minor = words[1].substr(colon + 1);
    if (!parse_canonical(words[1].substr(0, colon)) || (minor != "*" && !parse_canonical(minor))) return std::nullopt;
    nodes.emplace_back(words[1]);
  }
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  return nodes;
}

std::optional<bool> parse_populated(std::string_view text) {
  const auto word = find_line(text, "populated ");
  return word == "0" ? std::optional(false) : word == "1" ? std::optional(true) : std::nullopt;
}

std::vector<std::uint32_t> parse_pids(std::string_view text) {
  std::vector<std::uint32_t> pids;
  for (const auto line : split(text, '\n'))
    if (const auto pid = parse_canonical(line); pid && *pid > 0) pids.push_back(*pid);
  std::sort(pids.begin(), pids.end());
  return pids;
}

std::optional<std::uint32_t> parse_real_uid(std::string_view text) {
  auto uids = find_line(text, "Uid:\t");  // real, effective, saved, file system
  return uids ? parse_canonical(uids->substr(0, uids->find('\t'))) : std::nullopt;
}

// The second field is a name in brackets, with any character.
std::optional<ProcessStat> parse_process_stat(std::string_view text) {
  const auto bracket = text.rfind(") ");
  if (bracket == std::string_view::npos) return std::nullopt;
  const auto fields = split(trim(text.substr(bracket + 2)), ' ');
  if (fields.size() < 20) return std::nullopt;
  const auto parent = parse_u64(fields[1]), start = parse_u64(fields[19]);
  if (!parent || !start) return std::nullopt;
  std::uint64_t cpu = 0;
  for (std::size_t i = 11; i < 15; ++i)  // utime, stime, cutime, cstime
    cpu += std::min(parse_u64(fields[i]).value_or(0), UINT64_MAX / 8);
  return ProcessStat{*parent, *start, cpu};
}

MemoryInfo parse_meminfo(std::string_view text) {
  return {parse_kilobytes(text, "MemTotal:"), parse_kilobytes(text, "MemAvailable:")};
}

unsigned count_cpu_lines(std::string_view stat) {
  unsigned count = 0;
  for (const auto line : split(stat, '\n')) count += line.size() > 3 && line.starts_with("cpu") && is_digit(line[3]);
  return count;
}

std::optional<std::string> parse_said_gpus(std::string_view environment, std::string_view job) {
  constexpr std::string_view kGpus = "SLURM_JOB_GPUS=", kId = "SLURM_JOB_ID=", kSluid = "SLURM_JOB_SLUID=";
  std::string gpus;
  bool is_its = false;
  for (const std::string_view variable : split(environment, '\0')) {
    if (variable.starts_with(kGpus)) gpus = variable.substr(kGpus.size());
    is_its |= variable.starts_with(kId) && variable.substr(kId.size()) == job;
    is_its |= variable.starts_with(kSluid) && variable.substr(kSluid.size()) == job;
  }
  const bool numbers = gpus.find_first_not_of("0123456789,-") == std::string::npos && gpus.size() < 512;
  return is_its && numbers ? std::optional(gpus) : std::nullopt;
}

}  // namespace nw
