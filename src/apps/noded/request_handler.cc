#include "apps/noded/request_handler.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/parse.h"
#include "record/record.pb.h"

namespace nw::noded {

namespace {
// Today's verb, and that of an earlier nodewatt: while a node is upgraded the two programs may differ.
constexpr std::string_view kCloseGpus[] = {"close", "release"}, kOpenGpus[] = {"open", "hold"};

bool is_of_gpus(std::string_view verb) {
  return std::ranges::find(kCloseGpus, verb) != std::end(kCloseGpus) ||
         std::ranges::find(kOpenGpus, verb) != std::end(kOpenGpus);
}

Result<std::optional<std::int64_t>> number_in(const Request& request, const char* key) {
  if (!request.values.contains(key)) return std::nullopt;
  const auto number = parse_i64(request.get(key));
  if (!number)
    return fail(ErrorKind::malformed, fmt::format("{}: {} is no whole number", key, quote(request.get(key))));
  return *number;
}

Result<RequestHandler::Wanted> parse_wanted(const Request& request) {
  RequestHandler::Wanted wanted;
  wanted.id = request.get("id");
  wanted.step = request.get("step");
  wanted.state = request.get("state");
  if (request.verb == "job" && wanted.id.empty()) return fail(ErrorKind::malformed, "job: which? id=4711");
  if (!wanted.state.empty() && wanted.state != "running" && wanted.state != "ended")
    return fail(ErrorKind::malformed, "state: running or ended");
  const std::string_view view = request.get("view");
  if (!view.empty() && view != "owner") return fail(ErrorKind::malformed, "view: owner");
  wanted.as_owner = !view.empty();
  const auto user = NW_TRY(number_in(request, "user"));
  if (user) wanted.user = static_cast<std::uint32_t>(*user);
  wanted.since = NW_TRY(number_in(request, "since"));
  wanted.until = NW_TRY(number_in(request, "until"));
  const auto limit = NW_TRY(number_in(request, "limit"));
  if (limit && *limit < 0) return fail(ErrorKind::malformed, "limit: at least 0");
  if (limit) wanted.limit = *limit == 0 ? kMostRecords : std::min(static_cast<std::size_t>(*limit), kMostRecords);
  if (request.verb == "job") wanted.limit = kMostRecords;
  return wanted;
}

bool starts_within(const pb::Record& record, const RequestHandler::Wanted& wanted) {
  const std::int64_t start = record.start_unix_ns() / kNanosPerSecond;
  return (!wanted.since || start >= *wanted.since) && (!wanted.until || start < *wanted.until);
}

bool has_name(const pb::Record& record, const std::string& name) {
  const auto names = names_of(record.job());
  return name.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

// Keeps one step only, where one was requested; absent when the job has none of that name.
bool keep_step(pb::Record& record, const std::string& step) {
  if (step.empty()) return true;
  auto& steps = *record.mutable_job()->mutable_steps();
  steps.erase(std::remove_if(steps.begin(), steps.end(), [&](const pb::Step& its) { return its.id() != step; }),
              steps.end());
  return !steps.empty();
}

// The newest first, so that what a limit leaves out is older than the rest.
Result<std::vector<Answer>> answers_of(std::vector<pb::Record> records, const RequestHandler::Wanted& wanted,
                                       bool whole) {
  std::stable_sort(records.begin(), records.end(),
                   [](const pb::Record& a, const pb::Record& b) { return a.start_unix_ns() > b.start_unix_ns(); });
  std::vector<Answer> answers;
  std::size_t bytes = 0;
  for (pb::Record& record : records) {
    if (answers.size() >= wanted.limit || !keep_step(record, wanted.step)) continue;
    if (bytes >= kMostBytes) {
      answers.push_back({'M', ""});
      break;
    }
    if (!whole) round_for_owner(record);
    answers.push_back({'R', record.SerializeAsString()});
    bytes += answers.back().body.size();
  }
  if (!wanted.id.empty() && answers.empty()) return fail(ErrorKind::absent, "no such job, or not yours");
  return answers;
}

// The stored records cannot be read: returns those that are not stored yet, and a warning that there may be others.
Result<std::vector<Answer>> answers_without_store(std::vector<pb::Record> records, const RequestHandler::Wanted& wanted,
                                                  bool admin, const Error& why) {
  auto answers = answers_of(std::move(records), wanted, admin);
  if (!answers || answers->empty()) return tl::make_unexpected(why);
  answers->push_back({'W', "jobs that were kept before cannot be read: " + why.what});
  return answers;
}
}  // namespace

// Jobs that run, and those that have ended and are not in the store yet. An owner is shown what was published; only for
// an administrator, and for a job that has just ended, has the open interval to be settled, which costs a copy of all.
std::vector<pb::Record> RequestHandler::find_here(const Wanted& wanted, bool whole,
                                                  const EnergyAccounting::JobFilter& is_wanted) const {
  const bool settle = whole || accounting_.is_settling(is_wanted);
  const std::optional<EnergyAccounting> settled = settle ? std::optional(accounting_.snapshot()) : std::nullopt;
  const EnergyAccounting& now = settled ? *settled : accounting_;
  std::vector<pb::Record> records;
  if (wanted.state != "ended") records = now.running(!whole, is_wanted);
  if (wanted.state != "running")
    std::copy_if(now.ended().begin(), now.ended().end(), std::back_inserter(records), is_wanted);
  return records;
}

Result<std::vector<Answer>> RequestHandler::find(const Peer& peer, const Request& request) {
  const Wanted wanted = NW_TRY(parse_wanted(request));
  const bool admin = is_admin(peer), whole = admin && !wanted.as_owner;
  // Whose jobs can be found. Another user's job, requested by a user, is not found.
  std::optional<std::uint32_t> user = admin ? wanted.user : std::optional(peer.uid);
  if (!admin && wanted.user && *wanted.user != peer.uid) return answers_of({}, wanted, whole);
  // By the owner first: what is another's costs as little as what does not exist, and looks like it.
  const auto is_wanted = [&](const pb::Record& record) {
    const bool own = !user || (record.job().has_uid() && record.job().uid() == *user);
    return own && has_name(record, wanted.id) && starts_within(record, wanted);
  };
  std::vector<pb::Record> records = find_here(wanted, whole, is_wanted);
  if (wanted.state != "running") {
    Query query;
    query.job = wanted.id;
    query.user = user;
    if (wanted.since) query.since_unix_ns = *wanted.since * kNanosPerSecond;
    if (wanted.until) query.until_unix_ns = *wanted.until * kNanosPerSecond;
    query.limit = wanted.limit;
    auto kept = store_.find(query);
    if (!kept) return answers_without_store(std::move(records), wanted, admin, kept.error());
    for (pb::Record& record : *kept) records.push_back(std::move(record));
  }
  return answers_of(std::move(records), wanted, whole);
}

Result<std::vector<Answer>> RequestHandler::answer_node(const Peer& peer) const {
  if (!is_admin(peer)) return fail(ErrorKind::denied, "node: for administrators alone");
  pb::NodeState state;
  accounting_.write(state);
  return std::vector<Answer>{{'S', state.SerializeAsString()}};
}

Done RequestHandler::take_event(const Peer& peer, const Request& request, RequestEffect& effect) {
  if (!is_admin(peer)) return fail(ErrorKind::denied, request.verb + ": for administrators alone");
  if (is_of_gpus(request.verb)) {
    effect.gpus = request.verb == kOpenGpus[0] || request.verb == kOpenGpus[1];
    return {};
  }
  const auto id = request.get("job");
  if (id.empty() || id.size() > 64) return fail(ErrorKind::malformed, request.verb + ": which job? job=4711");
  if (request.verb == "step" && (request.get("step").empty() || request.get("step").size() > 64))
    return fail(ErrorKind::malformed, "step: which? step=0");
  accounting_.add_event(request);
  effect.edge = true;
  return {};
}

std::vector<Answer> RequestHandler::answer(const Peer& peer, const Request& request, RequestEffect& effect) {
  const auto refuse = [](const Error& error) { return std::vector<Answer>{make_refusal(error)}; };
  if (peer.uid == Peer::kNobody) return refuse({ErrorKind::denied, "who you are is not known on this node"});
  Result<std::vector<Answer>> answers = std::vector<Answer>{};
  const std::string& verb = request.verb;
  if (verb == "job" || verb == "jobs") {
    answers = find(peer, request);
  } else if (verb == "node") {
    answers = answer_node(peer);
  } else if (verb == "begin" || verb == "end" || verb == "step" || is_of_gpus(verb)) {
    if (const Done done = take_event(peer, request, effect); !done) return refuse(done.error());
  } else if (verb != "ping") {
    return refuse({ErrorKind::malformed, fmt::format("{}: no verb of this nodewattd", quote(verb))});
  }
  if (!answers) return refuse(answers.error());
  answers->push_back({'D', ""});
  return *answers;
}

}  // namespace nw::noded
