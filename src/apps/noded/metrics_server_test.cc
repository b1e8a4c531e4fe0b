#include "apps/noded/metrics_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "base/monotonic.h"

namespace nw::noded {
namespace {
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kGet = "GET /metrics HTTP/1.1\r\nHost: n1\r\n\r\n";

Fd connect_to(std::uint16_t port) {
  Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  return socket;
}

void send_bytes(const Fd& socket, std::string_view bytes) {
  ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

// The daemon's loop around a MetricsServer, one turn at a time.
class Loop {
 public:
  explicit Loop(Nanos patience = seconds(5)) : server_(MetricsServer::open("127.0.0.1:0", patience).value()) {}

  std::uint16_t port() const { return server_.port(); }
  const MetricsServer& server() const { return server_; }
  int pages() const { return pages_; }
  void set_page(std::string page) { page_ = std::move(page); }

  // The clients that it holds, before the round.
  std::size_t turn(int wait_ms = 5) {
    std::vector<pollfd> polled = {{-1, POLLIN, 0}};  // not the server's
    server_.add_to(polled);
    const std::size_t clients = polled.size() - 2;
    ::poll(polled.data(), polled.size(), wait_ms);
    server_.serve(polled, [this](MetricsFormat form) {
      ++pages_;
      return page_ + (form == MetricsFormat::open ? "# EOF\n" : "");
    });
    return clients;
  }

  // Everything until the server closes the connection, or nothing comes for half a second.
  std::string hear(const Fd& socket) {
    std::string all;
    for (Nanos end = monotonic() + millis(500); monotonic() < end;) {
      turn();
      char piece[65536];
      const ssize_t size = ::recv(socket.get(), piece, sizeof piece, 0);
      if (size == 0) return all;
      if (size <= 0) continue;
      all.append(piece, static_cast<std::size_t>(size));
      end = monotonic() + millis(500);
    }
    return all + "(open)";
  }

  std::string ask(std::string_view request) {
    const Fd socket = connect_to(port());
    send_bytes(socket, request);
    return hear(socket);
  }

 private:
  MetricsServer server_;
  std::string page_ = "up 1\n";
  int pages_ = 0;
};

TEST(MetricsServer, AnswersInTheFormThatIsAccepted) {
  Loop loop;
  EXPECT_EQ(loop.ask(kGet),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: 5\r\n"
            "Connection: close\r\n\r\nup 1\n");
  // As Prometheus 2.42 asks.
  const std::string open = loop.ask(
      "GET /metrics?a=b HTTP/1.1\r\nHost: n1\r\nUser-Agent: Prometheus/2.42.0\r\nAccept: "
      "Application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;"
      "version=0.0.4;q=0.5,*/*;q=0.1\r\nAccept-Encoding: gzip\r\nX-Prometheus-Scrape-Timeout-Seconds: 1\r\n\r\n");
  EXPECT_THAT(open, HasSubstr("\r\nContent-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"));
  EXPECT_THAT(open, EndsWith("\r\n\r\nup 1\n# EOF\n"));
}

TEST(MetricsServer, HeadIsTheHeadOfGet) {
  Loop loop;
  const std::string get = loop.ask(kGet);
  EXPECT_EQ(loop.ask("HEAD /metrics HTTP/1.1\r\n\r\n") + "up 1\n", get);
}

TEST(MetricsServer, RefusesWhatIsNoRequestForMetrics) {
  Loop loop;
  EXPECT_THAT(loop.ask("GET / HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(loop.ask("GET /metrics/../etc/passwd HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(loop.ask("POST /metrics HTTP/1.1\r\nContent-Length: 4\r\n\r\na=bc"),
              AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("\r\nAllow: GET, HEAD\r\n")));
  for (const char* garbage : {"\x16\x03\x01\x02\x01\x01", "GET /metrics\r\n\r\n", "GET /metrics HTTP/2.0\r\n\r\n",
                              "node\nnode\nnode\n", "GET /metrics HTTP/1.1\r\nHost n1\r\n\r\n"})
    EXPECT_THAT(loop.ask(garbage), StartsWith("HTTP/1.1 400 Bad Request\r\n")) << garbage;
  const std::string name(MetricsRequest::kMost, 'a');
  EXPECT_THAT(loop.ask("GET /metrics HTTP/1.1\r\nX: " + name + "\r\n\r\n"), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(loop.ask("GET /" + name), StartsWith("HTTP/1.1 431 "));
  EXPECT_EQ(loop.pages(), 0);
  EXPECT_THAT(loop.ask(kGet), EndsWith("up 1\n"));
}

TEST(MetricsServer, AnAnswerOutlivesWhatFollowsTheRequest) {
  Loop loop;
  EXPECT_THAT(loop.ask(kGet + std::string(20'000, 'x')), EndsWith("up 1\n"));
  EXPECT_THAT(loop.ask(std::string(kGet) + kGet), EndsWith("up 1\n"));  // one connection, one answer
  EXPECT_EQ(loop.pages(), 2);
}

TEST(MetricsServer, ARequestMayComeByteByByte) {
  Loop loop;
  const Fd socket = connect_to(loop.port());
  for (const char c : std::string(kGet)) {
    send_bytes(socket, {&c, 1});
    loop.turn(1);
  }
  EXPECT_THAT(loop.hear(socket), EndsWith("up 1\n"));
}

TEST(MetricsServer, WhoIsSlowIsShownOut) {
  Loop loop(millis(100));
  const Fd half = connect_to(loop.port()), mute = connect_to(loop.port()), slow = connect_to(loop.port());
  send_bytes(half, "GET /metrics HTTP/1.1\r\nHost:");
  loop.turn(), loop.turn();
  ASSERT_TRUE(loop.server().deadline());
  EXPECT_LE(*loop.server().deadline(), monotonic() + millis(100));
  const Nanos begin = monotonic();
  while (loop.turn() > 0 && monotonic() < begin + seconds(60))
    send_bytes(slow, "G");  // sending a byte now and then does not extend the time limit
  EXPECT_LT(monotonic() - begin, seconds(60)) << "who goes on sending is never shown out";
  EXPECT_FALSE(loop.server().deadline());
  EXPECT_EQ(loop.hear(half), "");
}

TEST(MetricsServer, WhoDoesNotReadIsShownOut) {
  Loop loop(millis(200));
  loop.set_page(std::string(32 << 20, 'x'));  // more than two sockets hold
  const Fd socket = connect_to(loop.port());
  send_bytes(socket, kGet);
  const Nanos begin = monotonic();
  loop.turn();
  std::size_t clients = 1;
  while (clients > 0 && monotonic() < begin + seconds(10)) clients = loop.turn();
  EXPECT_EQ(clients, 0U);
}

TEST(MetricsServer, ALongPageGoesOutInPieces) {
  Loop loop;
  const std::string page(3 << 20, 'x');
  loop.set_page(page);
  EXPECT_THAT(loop.ask(kGet).size(), ::testing::Gt(page.size()));
}

TEST(MetricsServer, AFloodLeavesRoomForAScraper) {
  Loop loop;
  std::vector<Fd> flood;
  for (int i = 0; i < 100; ++i) {
    flood.push_back(connect_to(loop.port()));
    if (i % 3 == 0) send_bytes(flood.back(), "GET /metr");
    EXPECT_LE(loop.turn(1), MetricsServer::kMostClients);
  }
  EXPECT_THAT(loop.ask(kGet), EndsWith("up 1\n"));
  EXPECT_LE(loop.turn(), MetricsServer::kMostClients);
}

TEST(MetricsServer, AFloodOfRequestsMakesOnePageARound) {
  Loop loop;
  std::vector<Fd> flood;
  for (int i = 0; i < 16; ++i) {
    flood.push_back(connect_to(loop.port()));
    send_bytes(flood.back(), kGet);
  }
  for (int i = 0; i < 4; ++i) loop.turn();
  EXPECT_LE(loop.pages(), 3);
  for (const Fd& socket : flood) EXPECT_THAT(loop.hear(socket), EndsWith("up 1\n"));
}

TEST(MetricsServer, WithoutADescriptorItWaitsAndDoesNotSpin) {
  Loop loop;
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const Fd socket = connect_to(loop.port());
  send_bytes(socket, kGet);
  const rlimit none{static_cast<rlim_t>(socket.get()), before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  loop.turn();
  ::setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_TRUE(loop.server().deadline());
  EXPECT_GT(*loop.server().deadline(), monotonic());
  std::vector<pollfd> polled;
  loop.server().add_to(polled);
  EXPECT_TRUE(polled.empty());  // nothing to be woken by
  while (loop.server().deadline()) loop.turn(50);
  EXPECT_THAT(loop.hear(socket), EndsWith("up 1\n"));
}

TEST(MetricsServer, ListensAtNumbersAlone) {
  for (const char* address : {"", ":9753", "9753", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1: 80",
                              "127.0.0.1:+80", "localhost:9753", "::1:9753", "[]:9753", "[::1]", "[::1]9753",
                              "[127.0.0.1]:9753", "127.1:9753", "[fe80::1%lo]:9753", "1.2.3.4:9753:1"}) {
    const auto server = MetricsServer::open(address);
    ASSERT_FALSE(server) << address;
    EXPECT_EQ(server.error().kind, ErrorKind::malformed) << address;
    EXPECT_THAT(server.error().what, HasSubstr("127.0.0.1:9753 or [::1]:9753"));
  }
  const auto foreign = MetricsServer::open("192.0.2.1:9753");  // a documentation address (RFC 5737)
  ASSERT_FALSE(foreign);
  EXPECT_THAT(foreign.error().what, HasSubstr("192.0.2.1:9753: "));
  const Loop loop;
  EXPECT_FALSE(MetricsServer::open("127.0.0.1:" + std::to_string(loop.port())));  // taken
  if (const auto six = MetricsServer::open("[::1]:0"))
    EXPECT_NE(six->port(), 0);
  else
    EXPECT_NE(six.error().kind, ErrorKind::malformed);  // a machine without IPv6
}

}  // namespace
}  // namespace nw::noded
