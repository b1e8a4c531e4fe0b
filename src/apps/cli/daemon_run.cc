#include "apps/cli/daemon_run.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <cstdlib>

#include "base/monotonic.h"
#include "client/daemon_link.h"

namespace nw::cli {

namespace {
constexpr Nanos kUntilBegun = seconds(2);    // a daemon that takes longer is no help
constexpr Nanos kUntilRecord = seconds(10);  // slow sensors, and a daemon that is just being restarted
constexpr int kBetweenTriesMs = 500;
}  // namespace

std::string daemon_socket() {
  const char* named = std::getenv(kSocketVariable);
  const std::string paths = named == nullptr ? kDaemonSocket : named;
  return paths.substr(0, paths.find(':'));
}

Result<std::unique_ptr<DaemonRun>> DaemonRun::begin(const std::string& socket,
                                                    std::map<std::string, std::string> wanted) {
  wanted["protocol"] = std::to_string(kLinkProtocol);
  Fd connection = NW_TRY(connect_to_daemon(socket, kUntilBegun));  // before memory is made for nothing
  auto channel = NW_TRY(Channel::create());
  std::unique_ptr<DaemonRun> run(new DaemonRun(socket, {"run", std::move(wanted)}, std::move(channel)));
  run->connection_ = std::move(connection);
  NW_CHECK(run->connect());
  run->stop_ = Fd(::eventfd(0, EFD_CLOEXEC));
  run->watching_ = std::thread([self = run.get()] { self->keep_connected(); });
  return run;
}

DaemonRun::~DaemonRun() { stop_watching(); }

void DaemonRun::stop_watching() {
  if (!watching_.joinable()) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(stop_.get(), &one, sizeof one);
  watching_.join();
}

// Asks for the run, over a fresh connection where the old one has ended. A daemon that knows the channel goes on with
// the run.
Done DaemonRun::connect() {
  if (!connection_) connection_ = NW_TRY(connect_to_daemon(socket_, kUntilBegun));
  const std::string request = make_request(request_);
  if (!send_memory(connection_.get(), request.data(), request.size(), channel_->descriptor(), 0))
    return tl::make_unexpected(system_error(errno, socket_));
  const auto answers = receive_answers(connection_.get(), socket_, kUntilBegun);
  return answers ? Done() : tl::make_unexpected(answers.error());
}

// A daemon that was restarted must hear of us before its job's next intervals are over, not at our end.
void DaemonRun::keep_connected() {
  for (;;) {
    pollfd polled[] = {{stop_.get(), POLLIN, 0}, {connection_ ? connection_.get() : -1, 0, 0}};
    const int ready = ::poll(polled, 2, connection_ ? -1 : kBetweenTriesMs);
    if (ready < 0 && errno != EINTR) return;
    if (ready > 0 && polled[0].revents != 0) return;
    const std::lock_guard lock(mutex_);
    if (ready > 0 && polled[1].revents != 0) connection_ = Fd();
    if (!connection_ && !connect()) connection_ = Fd();
  }
}

Result<pb::Record> DaemonRun::end(Nanos at) {
  stop_watching();
  const Nanos until = monotonic() + kUntilRecord;
  for (;;) {
    auto record = ask_record(at);
    if (record || monotonic() > until) return record;
    connection_ = Fd();  // it may just be being restarted
    ::poll(nullptr, 0, kBetweenTriesMs);
  }
}

Result<pb::Record> DaemonRun::ask_record(Nanos at) {
  if (!connection_) NW_CHECK(connect());
  const Request request{"end", {{"at_ns", std::to_string(at.count())}}};
  const auto answers = NW_TRY(ask_over(connection_.get(), socket_, request, kUntilRecord));
  pb::Record record;
  if (answers.empty() || answers[0].kind != 'R' || !record.ParseFromString(answers[0].body))
    return fail(ErrorKind::malformed, socket_ + ": nodewattd sent no record");
  return record;
}

}  // namespace nw::cli
