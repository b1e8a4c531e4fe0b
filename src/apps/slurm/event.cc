#include "apps/slurm/event.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/parse.h"

namespace nw::slurm {

namespace {
struct Variable {
  std::string_view key;
  const char* names[2];  // the first that has a value counts
  bool counts_from_one;  // a whole number, and 0 is Slurm's "none"
};

// The most useful first.
constexpr Variable kBegin[] = {
    {"job", {"SLURM_JOB_ID", "SLURM_JOBID"}, true},
    {"uid", {"SLURM_JOB_UID", nullptr}, false},
    {"sluid", {"SLURM_JOB_SLUID", nullptr}, false},
    {"cluster", {"SLURM_CLUSTER_NAME", nullptr}, false},
    {"restart", {"SLURM_RESTART_COUNT", "SLURM_JOB_RESTART_COUNT"}, false},
    {"array_job", {"SLURM_ARRAY_JOB_ID", nullptr}, true},
    {"array_task", {"SLURM_ARRAY_TASK_ID", nullptr}, false},
    {"het_job", {"SLURM_HET_JOB_ID", nullptr}, true},
    {"het_offset", {"SLURM_HET_JOB_OFFSET", nullptr}, false},
    {"nodes", {"SLURM_JOB_NUM_NODES", nullptr}, true},
    {"gpus", {"SLURM_JOB_GPUS", nullptr}, false},
    {"cpus", {"SLURM_CPUS_ON_NODE", "SLURM_JOB_CPUS_PER_NODE"}, true},
    {"user", {"SLURM_JOB_USER", nullptr}, false},
    {"account", {"SLURM_JOB_ACCOUNT", nullptr}, false},
    {"partition", {"SLURM_JOB_PARTITION", nullptr}, false},
    {"name", {"SLURM_JOB_NAME", nullptr}, false},
};
constexpr Variable kStep[] = {
    {"job", {"SLURM_JOB_ID", "SLURM_JOBID"}, true},
    {"step", {"SLURM_STEP_ID", "SLURM_STEPID"}, false},
};
constexpr Variable kEnd[] = {{"job", {"SLURM_JOB_ID", "SLURM_JOBID"}, true}};

constexpr std::string_view kStepKeys[] = {"job", "step", "phase", "period_ms"};
constexpr std::string_view kEndKeys[] = {"job", "exit"};
constexpr std::string_view kGpuKeys[] = {"gpus"};

struct Verb {
  std::string_view name;
  std::span<const std::string_view> keys;
  std::span<const Variable> variables;
};
constexpr Verb kVerbs[] = {
    {"begin", kJobKeys, kBegin}, {"end", kEndKeys, kEnd}, {"step", kStepKeys, kStep},
    {"close", kGpuKeys, {}},     {"open", kGpuKeys, {}},
};

// Whether it is NO_VAL or INFINITE of slurm.h, which some versions print.
bool says_nothing(std::string_view value, const Variable& variable) {
  if (value.empty() || value == "4294967294" || value == "4294967295") return true;
  return variable.counts_from_one && parse_u64(value).value_or(0) == 0;
}

std::string_view find(const Variable& variable, const Environment& get) {
  for (const char* name : variable.names) {
    const char* value = name == nullptr ? nullptr : get(name);
    if (value != nullptr && !says_nothing(value, variable)) return value;
  }
  return {};
}

// Adds it unless it is present or the request would be too long.
void add(Request& request, std::string_view key, std::string_view value) {
  if (value.empty() || value.size() > kMaxRequest) return;
  const auto [place, is_new] = request.values.emplace(key, value);
  if (is_new && make_request(request).size() > kMaxRequest) request.values.erase(place);
}

Done add_word(Request& request, const Verb& verb, std::string_view word) {
  const auto equals = word.find('=');
  const std::string_view key = word.substr(0, equals);
  if (equals == std::string_view::npos || std::ranges::find(verb.keys, key) == verb.keys.end())
    return fail(ErrorKind::malformed, fmt::format("{}: {} is no key=value of it", verb.name, quote(word)));
  add(request, key, word.substr(equals + 1));
  return {};
}

bool is_number(std::string_view text) { return parse_u64(text).has_value(); }
}  // namespace

std::string exit_of(std::string_view code_and_signal) {
  const auto colon = code_and_signal.find(':');
  if (colon == std::string_view::npos) return "";
  const auto code = parse_u64(code_and_signal.substr(0, colon));
  const auto signal = parse_u64(code_and_signal.substr(colon + 1));
  if (!code || !signal || *code > 255 || *signal > 127) return "";
  return std::to_string(*signal != 0 ? 128 + *signal : *code);
}

Result<Request> make_event(std::string_view verb, std::span<const std::string_view> words, const Environment& get) {
  const auto* found = std::ranges::find(kVerbs, verb, &Verb::name);
  if (found == std::end(kVerbs))
    return fail(ErrorKind::malformed, quote(verb) + " is none of begin, end, step, close, open");
  Request request{std::string(verb), {}};
  for (const std::string_view word : words) NW_CHECK(add_word(request, *found, word));
  for (const Variable& variable : found->variables) add(request, variable.key, find(variable, get));
  if (found->variables.empty()) {
    add(request, "gpus", "1");
    return request;
  }
  if (verb == "end" && get("SLURM_JOB_EXIT_CODE2") != nullptr)
    add(request, "exit", exit_of(get("SLURM_JOB_EXIT_CODE2")));
  if (!is_number(request.get("job"))) return fail(ErrorKind::malformed, fmt::format("{}: no job's id is known", verb));
  if (verb == "begin" && !is_number(request.get("uid")))
    return fail(ErrorKind::malformed, "begin: no user's id is known");
  if (verb == "step" && request.get("step").empty()) return fail(ErrorKind::malformed, "step: no step's id is known");
  return request;
}

}  // namespace nw::slurm
