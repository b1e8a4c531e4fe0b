#include "apps/cli/daemons.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "apps/cli/cli_common.h"
#include "base/parse.h"
#include "base/units.h"
#include "record/record.pb.h"
#include "study/jobs.h"

namespace nw::cli {

namespace {
constexpr long long kPatience = 10LL * kNanosPerSecond;

std::vector<std::string> sockets_of(const std::vector<std::string>& named) {
  if (!named.empty()) return named;
  std::vector<std::string> sockets;
  const char* variable = std::getenv("NODEWATT_SOCKET");
  if (variable != nullptr)
    for (const std::string_view one : split(variable, ':'))
      if (!one.empty()) sockets.emplace_back(one);
  if (sockets.empty()) sockets.emplace_back(kDaemonSocket);
  return sockets;
}

using Answers = Result<std::vector<Answer>>;

Answers ask_once(const std::string& socket, const Request& request) { return ask_daemon(socket, request, kPatience); }

// Every job that the request matches, also where they are more than one answer holds: older ones are requested by a
// time after the second of the oldest, so that some come twice and none is missed.
Answers ask_all(const std::string& socket, const Request& first) {
  std::vector<Answer> all;
  std::set<std::string> seen;
  for (Request request = first;;) {
    auto page = NW_TRY(ask_once(socket, request));
    const std::size_t before = all.size();
    std::size_t records = 0;
    bool more = false;
    std::int64_t oldest = std::numeric_limits<std::int64_t>::max();
    for (Answer& answer : page) {
      more |= answer.kind == 'M';
      if (answer.kind != 'R') {
        all.push_back(std::move(answer));
        continue;
      }
      ++records;
      pb::Record record;
      if (!record.ParseFromString(answer.body))
        return fail(ErrorKind::malformed, "a record that cannot be read came from nodewattd");
      oldest = std::min<std::int64_t>(oldest, record.start_unix_ns());
      if (record.uid().empty() || seen.insert(record.uid()).second) all.push_back(std::move(answer));
    }
    if (records < kMostRecords && !more) return all;
    if (all.size() == before)
      return fail(ErrorKind::malformed,
                  fmt::format("{}: more than {} jobs began within one second; not all of them can be "
                              "listed",
                              socket, kMostRecords));
    request.values["until"] = std::to_string(oldest / kNanosPerSecond + 1);
  }
}

// "absent" can mean that the daemon has no such job or that there is no daemon.
bool listens(const std::string& socket) {
  const auto answer = ask_daemon(socket, {"ping", {}}, kPatience);
  return answer || answer.error().kind != ErrorKind::absent;
}

tl::unexpected<Trouble> trouble(std::string what, int code = 1) {
  return tl::make_unexpected(Trouble{std::move(what), code});
}

// The id in the request. For several tasks it is that of the array; the other tasks are dropped here.
std::string asked_id(const JobName& name) {
  if (name.kind == JobName::Kind::het) return name.id + "+" + name.offset;
  if (name.tasks.size() == 1) return fmt::format("{}_{}", name.id, name.tasks.front());
  return name.id;
}

// The record reduced to the step: its energy, parts and times. What belongs to the whole job is removed.
pb::Record as_step(const pb::Record& job, const pb::Step& step) {
  pb::Record out = job;
  out.set_name(fmt::format("step {}{}{}", step.id(), job.name().empty() ? "" : " of ", job.name()));
  out.set_start_unix_ns(saturate(Int128{job.start_unix_ns()} + step.begin_ns()));
  out.set_duration_ns(step.duration_ns());
  *out.mutable_energy() = step.energy();
  *out.mutable_components() = step.components();
  if (!step.running() && job.state() == "running") out.set_state("ended");
  out.clear_timeline();
  out.clear_members();
  out.clear_devices();
  out.clear_node_estimate();
  out.mutable_job()->clear_others();
  out.mutable_job()->clear_unused_gpu_uj();
  out.mutable_job()->clear_u_share_uj();
  out.mutable_job()->clear_steps();
  pb::Step& own = *out.mutable_job()->add_steps() = step;
  own.set_begin_ns(0);
  return out;
}

std::vector<pb::Record> steps_of(const std::vector<pb::Record>& jobs, const std::string& id) {
  std::vector<pb::Record> out;
  for (const pb::Record& job : jobs)
    for (const pb::Step& step : job.job().steps())
      if (step.id() == id) out.push_back(as_step(job, step));
  return out;
}
}  // namespace

int error_exit(const Trouble& trouble) { return error_exit(trouble.what, trouble.code); }

Daemons::Daemons(const std::vector<std::string>& sockets) : sockets_(sockets_of(sockets)) {}

Asked<std::vector<Answer>> Daemons::ask(const Request& request, Ask how) {
  std::vector<Answer> all;
  std::string why;
  std::size_t reached = 0;
  for (const std::string& socket : sockets_) {
    auto answers = how(socket, request);
    if (answers) {
      ++reached;
      for (Answer& answer : *answers) {
        if (answer.kind != 'W')
          all.push_back(std::move(answer));
        else if (!std::exchange(told_[socket], true))
          error_exit(fmt::format("{}: {}", socket, quote(answer.body, 200)));
      }
      continue;
    }
    const ErrorKind kind = answers.error().kind;
    if (kind == ErrorKind::absent && listens(socket)) {
      ++reached;  // it has no such job
      continue;
    }
    if (kind == ErrorKind::malformed) return trouble(answers.error().what);
    why = answers.error().what;
    if (sockets_.size() > 1 && !told_[socket]) error_exit(why);
    told_[socket] = true;
  }
  if (reached == 0) return trouble(sockets_.size() > 1 ? "no node daemon could be asked" : why, kUnreachable);
  return all;
}

Asked<std::vector<pb::Record>> Daemons::ask_records(const Request& request, Ask how) {
  auto answers = ask(request, how);
  if (!answers) return tl::make_unexpected(answers.error());
  std::vector<pb::Record> records;
  for (const Answer& answer : *answers) {
    if (answer.kind != 'R') continue;
    if (!records.emplace_back().ParseFromString(answer.body))
      return trouble("a record that cannot be read came from nodewattd");
  }
  return records;
}

Asked<std::vector<pb::Record>> Daemons::find(const JobName& name, bool as_owner) {
  const bool is_last = name.kind == JobName::Kind::last;
  Request request = is_last ? Request{"jobs", {{"limit", "1"}}} : Request{"job", {{"id", asked_id(name)}}};
  if (as_owner) request.values["view"] = "owner";
  auto records = ask_records(request, is_last ? ask_once : ask_all);
  if (!records) return records;
  std::erase_if(*records, [&](const pb::Record& one) { return !is_named(one.job(), name); });
  auto jobs = gather_jobs(std::move(*records));
  if (is_last && jobs.size() > 1) jobs.resize(1);
  if (jobs.empty()) return trouble(kNoSuchJob, kNotFound);
  if (name.step.empty()) return jobs;
  jobs = steps_of(jobs, name.step);
  if (jobs.empty()) return trouble(fmt::format("the job has no step {}", name.step), kNotFound);
  return jobs;
}

Asked<std::vector<pb::Record>> Daemons::list(const std::map<std::string, std::string>& wanted) {
  Request request{"jobs", wanted};
  request.values["limit"] =
      "0";  // all that match: the newest of one node are not the newest of all, nor is their sum the sum of all
  auto records = ask_records(request, ask_all);
  if (!records) return records;
  return gather_jobs(std::move(*records));
}

Asked<std::vector<pb::NodeState>> Daemons::nodes() {
  std::vector<pb::NodeState> states;
  for (const std::string& socket : sockets_) {
    const auto answers = ask_daemon(socket, {"node", {}}, kPatience);
    if (!answers) continue;  // for administrators only
    for (const Answer& answer : *answers)
      if (answer.kind == 'S' && !states.emplace_back().ParseFromString(answer.body))
        return trouble("a state that cannot be read came from nodewattd");
  }
  return states;
}

}  // namespace nw::cli
