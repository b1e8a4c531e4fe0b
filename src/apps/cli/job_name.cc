#include "apps/cli/job_name.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/parse.h"
#include "record/record.pb.h"

namespace nw::cli {

namespace {
constexpr std::size_t kMostTasks = 100'000;
constexpr std::size_t kShortestSluid = 8, kLongestSluid = 32;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 10 && std::all_of(text.begin(), text.end(), is_digit);
}
bool is_sluid(std::string_view text) {
  const auto fits = [](char c) { return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
  return text.size() >= kShortestSluid && text.size() <= kLongestSluid && text.front() == 's' &&
         std::all_of(text.begin(), text.end(), fits);
}
bool is_hex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == text.npos; }
// A UUID, with or without its dashes (consumer/finders/kubernetes.cc).
bool is_pod(std::string_view text) {
  if (text.size() == 32) return is_hex(text);
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (i == 8 || i == 13 || i == 18 || i == 23 ? text[i] != '-' : !is_hex(text.substr(i, 1))) return false;
  return true;
}
bool is_step(std::string_view text, const JobName& of) {
  if (is_pod(of.id)) return text.size() == 12 && is_hex(text);
  return is_number(text) || text == "batch" || text == "extern" || text == "interactive";
}

// "1-5,8", also with Slurm's step and limit ("1-9:2%4"); empty when it is none.
std::vector<std::uint32_t> parse_tasks(std::string_view text) {
  text = text.substr(0, text.find('%'));
  std::vector<std::uint32_t> tasks;
  for (std::string_view range : split(text, ',')) {
    const auto colon = range.find(':');
    const auto by = colon == range.npos ? std::optional<std::uint64_t>(1) : parse_u64(range.substr(colon + 1));
    range = range.substr(0, colon);
    const auto dash = range.find('-');
    const auto first = parse_u64(range.substr(0, dash));
    const auto last = dash == range.npos ? first : parse_u64(range.substr(dash + 1));
    if (!first || !last || !by || *by == 0 || *last < *first || *last > UINT32_MAX ||
        tasks.size() + (*last - *first) / *by >= kMostTasks)
      return {};
    for (std::uint64_t task = *first; task <= *last; task += *by) tasks.push_back(static_cast<std::uint32_t>(task));
  }
  return tasks;
}

// Without a step.
std::optional<JobName> parse_whole(std::string_view text) {
  JobName name;
  if (is_pod(text)) {
    name.id = text;
    return name;
  }
  const auto mark = text.find_first_of("_+");
  name.id = text.substr(0, mark);
  if (mark == text.npos && is_sluid(text)) name.kind = JobName::Kind::sluid;
  if (name.kind != JobName::Kind::sluid && !is_number(name.id)) return std::nullopt;
  if (mark == text.npos) return name;
  std::string_view rest = text.substr(mark + 1);
  if (text[mark] == '+') {
    name.kind = JobName::Kind::het;
    name.offset = rest;
    return is_number(rest) ? std::optional(name) : std::nullopt;
  }
  name.kind = JobName::Kind::array;
  const bool is_list = rest.size() > 2 && rest.front() == '[' && rest.back() == ']';
  if (!is_list && !is_number(rest)) return std::nullopt;
  name.tasks = parse_tasks(is_list ? rest.substr(1, rest.size() - 2) : rest);
  return name.tasks.empty() ? std::nullopt : std::optional(name);
}

// The ID in "slurm-ID.out", in any folder.
std::string_view strip_file(std::string_view text) {
  if (!text.ends_with(".out")) return text;
  const auto slash = text.rfind('/');
  if (slash != text.npos) text.remove_prefix(slash + 1);
  if (!text.starts_with("slurm-")) return "";
  return text.substr(6, text.size() - 6 - 4);
}
}  // namespace

Result<JobName> parse_job_name(std::string_view text) {
  if (text == "last") return JobName{JobName::Kind::last, "", {}, "", ""};
  const std::string_view bare = strip_file(text);
  const auto dot = bare.find('.');
  auto name = parse_whole(bare.substr(0, dot));
  if (name && dot != bare.npos) {
    name->step = bare.substr(dot + 1);
    if (!is_step(name->step, *name)) name.reset();
  }
  if (name) return *name;
  return fail(ErrorKind::malformed,
              fmt::format("{} names no job; there are 4711, 4711.0, 4711.batch, 4700_3, 4700_[1-5], 4700+1, a SLUID, "
                          "slurm-4711.out, a pod's uid and last",
                          quote(text)));
}

bool is_named(const pb::Job& job, const JobName& name) {
  switch (name.kind) {
    case JobName::Kind::last: return true;
    case JobName::Kind::id: return job.id() == name.id || job.array_job() == name.id || job.het_job() == name.id;
    case JobName::Kind::sluid: return job.sluid() == name.id || job.id() == name.id;
    case JobName::Kind::het: return job.het_job() == name.id && job.het_offset() == name.offset;
    case JobName::Kind::array: break;
  }
  const auto task = parse_u64(job.array_task());
  return job.array_job() == name.id && task &&
         std::find(name.tasks.begin(), name.tasks.end(), *task) != name.tasks.end();
}

}  // namespace nw::cli
