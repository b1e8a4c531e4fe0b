// A fake node daemon with invented jobs: it answers on a socket as nodewattd does, measures nothing, and can misbehave.
//
// usage: job_daemon SOCKET HOST [admin|silent|rude|dying]
// The GPU node g0412 has the exclusive and the shared job; n1, n2 and n3 have a part each of job 4730; many27 has 27
// jobs of 3.6 MJ, three begun in each second. `silent` answers no request, `rude` answers with what is no answer,
// `dying` hangs up after its first record.
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "accounting/job_state.h"
#include "base/fd.h"
#include "base/unix_socket.h"
#include "consumer/wire.h"
#include "support/records_jobs.h"

namespace {
using namespace nw;

std::vector<pb::Record> records_of(const std::string& host) {
  if (host.starts_with("many")) {
    std::vector<pb::Record> jobs;
    for (int i = std::stoi(host.substr(4)); i > 0; --i) {  // newest first
      pb::Record job = sample::job_on(fmt::format("{:04}", i), 3.6e6, i / 3);
      job.mutable_job()->set_id(std::to_string(i));
      job.mutable_job()->set_nodes(1);
      jobs.push_back(std::move(job));
    }
    return jobs;
  }
  if (host == "g0412") return {sample::shared_job(), sample::exclusive_job()};
  return {sample::job_on(host, 1e6)};
}

class Daemon {
 public:
  Daemon(std::string host, std::string manner) : host_(std::move(host)), manner_(std::move(manner)) {}

  void serve(int caller) const {
    std::string bytes(2 * kMaxRequest, '\0');
    const ssize_t got = ::recv(caller, bytes.data(), bytes.size(), 0);
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    std::printf("%s\n", bytes.c_str());
    std::fflush(stdout);
    const auto request = parse_request(bytes);
    if (!request) return say(caller, make_answer(make_refusal(request.error())));
    if (manner_ == "rude" && request->verb != "ping") return say(caller, "HTTP/1.1 400 Bad Request");
    if (manner_ == "silent") {
      ::sleep(60);
      return;
    }
    answer(caller, *request);
  }

 private:
  static void say(int caller, const std::string& bytes) { ::send(caller, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

  bool wants(const Request& request, const pb::Record& record) const {
    if (request.verb == "job") {
      const auto names = names_of(record.job());
      return std::find(names.begin(), names.end(), request.get("id")) != names.end();
    }
    const std::string until(request.get("until"));
    if (!until.empty() && record.start_unix_ns() >= std::stoll(until) * kNanosPerSecond) return false;
    return request.get("state").empty() || record.state() == request.get("state");
  }

  void answer(int caller, const Request& request) const {
    if (request.verb == "node") {
      if (manner_ != "admin") return say(caller, make_answer(make_refusal({ErrorKind::denied, "for administrators"})));
      say(caller, make_answer({'S', sample::node_state().SerializeAsString()}));
    }
    const std::string limit(request.get("limit"));
    const std::size_t most = limit.empty() || limit == "0" ? kMostRecords : std::stoul(limit);
    std::size_t found = 0;
    if (request.verb == "job" || request.verb == "jobs")
      for (const pb::Record& record : records_of(host_)) {
        if (!wants(request, record) || found == most) continue;
        ++found;
        say(caller, make_answer({'R', record.SerializeAsString()}));
        if (manner_ == "dying") return;
      }
    if (request.verb == "job" && found == 0)
      return say(caller, make_answer(make_refusal({ErrorKind::absent, "no such job"})));
    say(caller, make_answer({'D', ""}));
  }

  std::string host_, manner_;
};
}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const Fd listener(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const auto address = make_unix_address(argv[1]);
  if (!address || ::bind(listener.get(), as_sockaddr(*address), sizeof *address) != 0 ||
      ::listen(listener.get(), 8) != 0)
    return 1;
  const Daemon daemon(argv[2], argc > 3 ? argv[3] : "");
  for (;;) {
    const Fd caller(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (caller) daemon.serve(caller.get());
  }
}
