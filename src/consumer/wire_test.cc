// The daemon's socket: what is written can be read again, malformed input gets an error that states the position, and a
// daemon that is absent, does not answer, answers nonsense or dies in the middle is an error and never an unbounded
// wait.
#include "consumer/wire.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <rapidcheck.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <thread>

#include "base/fd.h"
#include "base/monotonic.h"
#include "base/units.h"
#include "base/unix_socket.h"
#include "support/temp_dir.h"

namespace nw {
namespace {

std::string refusal_of(std::string_view bytes) {
  const auto request = parse_request(bytes);
  if (request) return "(taken)";
  EXPECT_EQ(request.error().kind, ErrorKind::malformed);
  return request.error().what;
}

TEST(WireRequest, IsTextThatAShellCanSay) {
  EXPECT_EQ(make_request({"job", {{"id", "4711"}, {"step", "0"}}}), "job id=4711 step=0");
  EXPECT_EQ(make_request({"begin", {{"name", "a b%\x1b\xc3\xa9=\n"}}}), "begin name=a%20b%25%1B%C3%A9=%0A");
  const auto request = parse_request("begin job=4711 name=a%20b%3d=c user=");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->verb, "begin");
  EXPECT_EQ(request->get("name"), "a b==c");
  EXPECT_EQ(request->values.count("user"), 1U);
  EXPECT_EQ(request->get("user"), "");
  EXPECT_EQ(request->get("uid"), "");
  EXPECT_TRUE(parse_request("a_verb_of_next_year"));
}

TEST(WireRequest, WhatIsNotWellFormedIsRefusedWithItsPlace) {
  EXPECT_EQ(refusal_of(""), "a request without a verb at byte 0");
  EXPECT_EQ(refusal_of(" job"), "a request without a verb at byte 0");
  EXPECT_EQ(refusal_of("Job id=1"), "the verb 'Job' at byte 0 is not of a-z, 0-9 and _");
  EXPECT_EQ(refusal_of("job id=1 id=2"), "id is said twice, at byte 9");
  EXPECT_EQ(refusal_of("job =1"), "a value without a key at byte 4");
  EXPECT_EQ(refusal_of("job id"), "no '=' in 'id' at byte 4");
  EXPECT_EQ(refusal_of("job I%44=1"), "the key 'I%44' at byte 4 is not of a-z, 0-9 and _");
  EXPECT_EQ(refusal_of("job id=1 "), "a space too many at byte 9");
  EXPECT_EQ(refusal_of("job  id=1"), "a space too many at byte 4");
  EXPECT_EQ(refusal_of("job id=%"), "a percent sign without two hex digits at byte 7");
  EXPECT_EQ(refusal_of("job id=1%2"), "a percent sign without two hex digits at byte 8");
  EXPECT_EQ(refusal_of("job id=%2g0"), "a percent sign without two hex digits at byte 7");
  EXPECT_EQ(refusal_of("job id=1\n"), "the byte 0x0a at byte 8");
  EXPECT_EQ(refusal_of(std::string_view("job id=\0", 8)), "the byte 0x00 at byte 7");
  EXPECT_EQ(refusal_of("job id=\xff"), "the byte 0xff at byte 7");
  EXPECT_EQ(refusal_of("job id=" + std::string(kMaxRequest - 6, '1')), "a request of 4097 bytes; 4096 are allowed");
  EXPECT_TRUE(parse_request("job id=" + std::string(kMaxRequest - 7, '1')));
}

TEST(WireRequest, AnyValueComesThrough) {
  rc::check("parse_request(make_request(r)) == r", [](const std::map<std::uint8_t, std::string>& values) {
    Request request{"begin", {}};
    for (const auto& [key, value] : values) request.values["k" + std::to_string(key)] = value;
    const std::string bytes = make_request(request);
    const auto parsed = parse_request(bytes);
    if (bytes.size() > kMaxRequest) RC_ASSERT(!parsed);
    if (bytes.size() <= kMaxRequest) RC_ASSERT(parsed && *parsed == request);
  });
}

TEST(WireAnswer, KeepsItsBytes) {
  const std::string body("\0\xff R", 4);
  const auto answer = parse_answer(make_answer({'R', body}));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->kind, 'R');
  EXPECT_EQ(answer->body, body);
  EXPECT_FALSE(parse_answer(""));
  EXPECT_FALSE(parse_answer("X"));
  EXPECT_FALSE(parse_answer("Dx"));
  const Error error = parse_refusal(make_refusal({ErrorKind::busy, "ask again in 1 s"}).body);
  EXPECT_EQ(error.kind, ErrorKind::busy);
  EXPECT_EQ(error.what, "ask again in 1 s");
  EXPECT_EQ(parse_refusal("gibberish").kind, ErrorKind::failed);
}

// A daemon of one caller: what `serve` does with the connection after it has read the request.
class Listener {
 public:
  explicit Listener(std::function<void(int, const std::string&)> serve) : path_(dir_.at("nodewatt.sock")) {
    listener_ = Fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    const sockaddr_un address = *make_unix_address(path_);
    EXPECT_EQ(::bind(listener_.get(), as_sockaddr(address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.get(), 4), 0);
    thread_ = std::thread([this, serve = std::move(serve)] {
      pollfd polled{listener_.get(), POLLIN, 0};
      if (::poll(&polled, 1, 5000) != 1) return;
      const Fd caller(::accept(listener_.get(), nullptr, nullptr));
      std::string bytes(8192, '\0');
      bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::recv(caller.get(), bytes.data(), bytes.size(), 0))));
      serve(caller.get(), bytes);
    });
  }
  ~Listener() { thread_.join(); }
  const std::string& path() const { return path_; }

 private:
  test::TempDir dir_;
  std::string path_;
  Fd listener_;
  std::thread thread_;
};

void send_answer(int socket, const Answer& answer) {
  const std::string bytes = make_answer(answer);
  ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

constexpr long long kSecond = 1'000'000'000;

TEST(AskDaemon, TakesTheWholeAnswer) {
  std::string asked;
  const std::string large(100'000, 'x');
  const Listener daemon([&](int socket, const std::string& request) {
    asked = request;
    send_answer(socket, {'R', "one"});
    send_answer(socket, {'R', large});
    send_answer(socket, {'S', ""});
    send_answer(socket, {'D', ""});
  });
  const auto answers = ask_daemon(daemon.path(), {"job", {{"id", "4711"}}}, 5 * kSecond);
  ASSERT_TRUE(answers) << answers.error().what;
  ASSERT_EQ(answers->size(), 3U);
  EXPECT_EQ((*answers)[0].body, "one");
  EXPECT_EQ((*answers)[1].body, large);
  EXPECT_EQ((*answers)[2].kind, 'S');
  EXPECT_EQ(asked, "job id=4711");
}

Error error_of(std::function<void(int, const std::string&)> serve, long long patience = 5 * kSecond) {
  const Listener daemon(std::move(serve));
  const auto answers = ask_daemon(daemon.path(), {"jobs", {}}, patience);
  if (answers) return {ErrorKind::failed, "(answered)"};
  return {answers.error().kind, answers.error().what.substr(answers.error().what.rfind("sock:") + 1)};
}

TEST(AskDaemon, WhatTheDaemonRefusesIsItsError) {
  const Error error = error_of([](int socket, const std::string&) {
    send_answer(socket, {'R', "one"});
    send_answer(socket, {'E', "denied not for you"});
  });
  EXPECT_EQ(error.kind, ErrorKind::denied);
  EXPECT_EQ(error.what, "not for you");
}

TEST(AskDaemon, APeerThatFailsIsAnErrorAndNoWait) {
  EXPECT_NE(error_of([](int socket, const std::string&) {
              send_answer(socket, {'R', "one"});
            }).what.find("hung up"),
            std::string::npos);
  EXPECT_EQ(error_of([](int socket, const std::string&) {
              send_answer(socket, {'x', "HTTP/1.1"});
            }).kind,
            ErrorKind::malformed);
  const Nanos before = monotonic();
  const Error silent = error_of([](int, const std::string&) { ::usleep(300'000); }, kSecond / 20);
  EXPECT_EQ(silent.kind, ErrorKind::busy);
  EXPECT_LT(to_seconds(monotonic() - before), 2);
}

TEST(AskDaemon, WhereNobodyListensItSaysSo) {
  const test::TempDir dir;
  const auto nobody = ask_daemon(dir.at("none.sock"), {"ping", {}}, kSecond);
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().kind, ErrorKind::absent);
  EXPECT_EQ(nobody.error().what, "no nodewattd listens at " + dir.at("none.sock"));
  dir.write("file", "");
  EXPECT_EQ(ask_daemon(dir.at("file"), {"ping", {}}, kSecond).error().kind, ErrorKind::absent);
  EXPECT_EQ(ask_daemon(dir.at(std::string(200, 'x')), {"ping", {}}, kSecond).error().kind, ErrorKind::malformed);
}

// Every letter that this file's other side sends is understood.
TEST(Answers, EachKindIsReadAsItWasWritten) {
  for (const char kind : std::string("RSWEM")) {
    const auto read = parse_answer(make_answer({kind, "body"}));
    ASSERT_TRUE(read) << kind;
    EXPECT_EQ(read->kind, kind);
  }
  EXPECT_TRUE(parse_answer("D"));
  EXPECT_FALSE(parse_answer("Dx"));
  EXPECT_FALSE(parse_answer("X"));
}

}  // namespace
}  // namespace nw
