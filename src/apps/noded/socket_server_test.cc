// The socket and the request handler behind it, with real sockets: who may see what, and what untrusted clients can do.
#include "apps/noded/socket_server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <cstring>
#include <map>
#include <thread>

#include "apps/noded/request_handler.h"
#include "base/monotonic.h"
#include "base/unix_socket.h"
#include "support/temp_dir.h"

namespace nw::noded {
namespace {

Fd connect_to(const std::string& path) {
  Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const sockaddr_un address = *make_unix_address(path);
  EXPECT_EQ(::connect(socket.get(), as_sockaddr(address), sizeof address), 0);
  return socket;
}

class ServiceTest : public ::testing::Test {
 protected:
  // One round of the daemon's loop.
  void turn(const SocketServer::Handler& handler, Nanos later = {}) {
    std::vector<pollfd> polled;
    socket_server->add_to(polled, monotonic() + later);
    ::poll(polled.data(), polled.size(), 20);
    socket_server->serve(polled, handler, monotonic() + later);
  }
  static std::string receive(const Fd& socket) {
    char bytes[100'000];
    const ssize_t size = ::recv(socket.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    return size < 0 ? "nothing" : std::string(bytes, static_cast<std::size_t>(size));
  }
  static std::vector<Answer> echo(const Peer&, const Request& request, Handed&) {
    return {{'S', request.verb}, {'D', ""}};
  }

  test::TempDir dir;
  Result<SocketServer> socket_server = SocketServer::listen(dir.at("s"));
};

TEST_F(ServiceTest, AnswersAndGoesOn) {
  ASSERT_TRUE(socket_server);
  const Fd peer = connect_to(dir.at("s"));
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(::send(peer.get(), "ping", 4, 0), 4);
    for (int round = 0; round < 3; ++round) turn(echo);
    EXPECT_EQ(receive(peer), "Sping");
    EXPECT_EQ(receive(peer), "D");
  }
}

TEST_F(ServiceTest, OneDaemonAPath) {
  const auto second = SocketServer::listen(dir.at("s"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::busy);
  socket_server = tl::make_unexpected(Error{});
  EXPECT_TRUE(SocketServer::listen(dir.at("s"))) << "a dead one's path is taken over";
}

TEST_F(ServiceTest, GarbageIsRefusedInWords) {
  const Fd peer = connect_to(dir.at("s"));
  const std::string garbage(5000, '\xff');
  ASSERT_EQ(::send(peer.get(), garbage.data(), garbage.size(), 0), 5000);
  for (int round = 0; round < 3; ++round) turn(echo);
  EXPECT_TRUE(receive(peer).starts_with("Emalformed "));
  EXPECT_EQ(socket_server->refused(), 1U);
}

TEST_F(ServiceTest, SilentPeersAreHungUpOn) {
  const Fd peer = connect_to(dir.at("s"));
  turn(echo);
  turn(echo, SocketServer::kPatience + seconds(1));
  EXPECT_EQ(receive(peer), "") << "hung up";
}

TEST_F(ServiceTest, ReaderThatDoesNotReadStopsNobody) {
  const auto large = [](const Peer&, const Request&, Handed&) {
    return std::vector<Answer>{{'R', std::string(20 << 20, 'x')}, {'D', ""}};
  };
  const Fd lazy = connect_to(dir.at("s"));
  ::send(lazy.get(), "jobs", 4, 0);
  for (int round = 0; round < 4; ++round) turn(large);
  const Fd other = connect_to(dir.at("s"));
  ::send(other.get(), "ping", 4, 0);
  for (int round = 0; round < 4; ++round) turn(echo);
  EXPECT_EQ(receive(other), "Sping");
  turn(echo, SocketServer::kPatience + seconds(1));
  EXPECT_TRUE(receive(lazy).starts_with("rxxx"));
}

TEST_F(ServiceTest, LargeAnswerComesInPieces) {
  const std::string body(200'000, 'y');
  const auto large = [&](const Peer&, const Request&, Handed&) { return std::vector<Answer>{{'R', body}, {'D', ""}}; };
  std::atomic<bool> over = false;
  std::thread daemon([&] {
    while (!over) turn(large);
  });
  const auto answers = ask_daemon(dir.at("s"), {"jobs", {}}, seconds(20).count());
  over = true;
  daemon.join();
  ASSERT_TRUE(answers) << answers.error().what;
  ASSERT_EQ(answers->size(), 1U);
  EXPECT_EQ((*answers)[0].body, body);
}

// What RequestHandler says, byte for byte.
class RequestHandlerTest : public ::testing::Test {
 protected:
  explicit RequestHandlerTest(Nanos update_interval = {}) {
    SensorInfo info;
    info.id = info.source = "rapl/package-0";
    info.part = {Domain::package, "0"};
    info.update_interval = update_interval;
    AccountedNode node;
    node.make_uid = [] { return std::string("0123456789abcdefghjkmnpqrs"); };
    accounting = std::make_unique<EnergyAccounting>(std::vector{info}, node, seconds(1));
    store = std::move(*make_sqlite_store(dir.at("jobs.db")));
    request_handler = std::make_unique<RequestHandler>(*accounting, *store, std::set<std::uint32_t>{500});
    pb::Record ended;
    ended.set_uid("abcdefghjkmnpqrstvwxyz0123");
    ended.mutable_job()->set_manager("slurm");
    ended.mutable_job()->set_id("7");
    ended.mutable_job()->set_uid(1000);
    ended.set_job_key("slurm-7");
    ended.set_duration_ns(seconds(60).count());
    EXPECT_TRUE(store->append(ended));
    CgroupSnapshot cgroups;
    cgroups.cpus = 2;
    for (int i = 1; i < 5; ++i) {
      if (i == 2) {
        CgroupUsage use;
        use.id = "8", use.uid = 1000, use.cpus = {0, 1};
        cgroups.jobs = {use};
      }
      const Nanos at = seconds(i);
      accounting->add({{at, at, {}, static_cast<std::uint64_t>(i) * 100'000'000, Status::ok, {}}}, cgroups, at.count());
      accounting->tick();
    }
  }
  std::string ask(std::uint32_t uid, const std::string& text) {
    RequestHandler::RequestEffect effect;
    std::string said;
    for (const Answer& answer : request_handler->answer({uid}, *parse_request(text), effect))
      said += make_answer(answer) + "\n";
    return said;
  }

  test::TempDir dir;
  std::unique_ptr<EnergyAccounting> accounting;
  std::unique_ptr<Store> store;
  std::unique_ptr<RequestHandler> request_handler;
};

TEST_F(RequestHandlerTest, OthersJobsAndUnknownOnesAreOneAnswer) {
  for (const char* id : {"7", "8"}) {
    const std::string asked = std::string("job id=") + id;
    EXPECT_EQ(ask(1001, asked), ask(1001, "job id=999999"));
    EXPECT_EQ(ask(1001, asked), "Eabsent no such job, or not yours\n");
    EXPECT_EQ(ask(1000, asked)[0], 'R') << id;
    EXPECT_EQ(ask(0, asked)[0], 'R');
    EXPECT_EQ(ask(500, asked)[0], 'R') << "an administrator";
    EXPECT_EQ(ask(Peer::kNobody, asked), ask(Peer::kNobody, "job id=999999"));
    EXPECT_EQ(ask(Peer::kNobody, asked)[0], 'E');
  }
  EXPECT_EQ(ask(1001, "jobs"), "D\n");
  EXPECT_EQ(ask(1001, "jobs user=1000"), "D\n");
  EXPECT_EQ(ask(1001, "jobs state=running user=1000"), "D\n");
  EXPECT_EQ(ask(1001, "job id=slurm-7")[0], 'E');
  EXPECT_EQ(ask(1001, "job id=%25")[0], 'E') << "no pattern";
  EXPECT_EQ(ask(1001, "job id='%20OR%201=1--")[0], 'E') << "no SQL";
}

// The state disk is full: what is in memory is returned, with a warning that there may be more; nobody sees other
// users' jobs.
TEST_F(RequestHandlerTest, WithoutItsStoreItTellsWhatItHas) {
  struct Full : Store {
    Result<bool> append(const pb::Record&) override { return fail(ErrorKind::failed, "no space"); }
    Result<std::vector<pb::Record>> find(const Query&) override { return fail(ErrorKind::failed, "no space"); }
  } full;
  request_handler = std::make_unique<RequestHandler>(*accounting, full, std::set<std::uint32_t>{500});
  for (const char* asked : {"job id=8", "jobs"}) {
    const std::string said = ask(1000, asked);
    EXPECT_EQ(said[0], 'R') << asked;
    EXPECT_TRUE(said.ends_with("Wjobs that were kept before cannot be read: no space\nD\n")) << asked;
  }
  EXPECT_EQ(ask(1001, "job id=8"), ask(1001, "job id=999999"));
  EXPECT_EQ(ask(1001, "job id=7"), "Efailed no space\n");
  EXPECT_EQ(ask(1000, "jobs state=ended"), "Efailed no space\n") << "not an empty list";
  EXPECT_EQ(ask(1000, "jobs state=running")[0], 'R');
}

TEST_F(RequestHandlerTest, EventsAndTheNodeAreForAdministrators) {
  for (const char* text : {"node", "begin job=9 uid=1001", "end job=8", "step job=8 step=1", "close gpus=1",
                           "open gpus=1", "release gpus=1", "hold gpus=1"})
    EXPECT_TRUE(ask(1000, text).starts_with("Edenied ")) << text;
  EXPECT_EQ(ask(0, "node")[0], 'S');
  EXPECT_EQ(ask(500, "begin job=9 uid=1001"), "D\n");
  EXPECT_TRUE(ask(0, "begin uid=1").starts_with("Emalformed "));
  EXPECT_TRUE(ask(0, "begin job=" + std::string(65, '1')).starts_with("Emalformed "));
  EXPECT_TRUE(ask(1000, "dance").starts_with("Emalformed "));
}

TEST_F(RequestHandlerTest, GpusAreClosedAndOpenedByTodaysVerbsAndEarlierOnes) {
  for (const auto& [text, opens] :
       {std::pair{"close gpus=1", false}, {"release gpus=1", false}, {"open gpus=1", true}, {"hold gpus=1", true}}) {
    RequestHandler::RequestEffect effect;
    EXPECT_EQ(request_handler->answer({0}, *parse_request(text), effect).back().kind, 'D') << text;
    EXPECT_EQ(effect.gpus, std::optional(opens)) << text;
  }
}

TEST_F(RequestHandlerTest, OwnersSeeRoundedFiguresAndRootTheBooks) {
  const auto record_of = [&](std::uint32_t uid) {
    pb::Record record;
    EXPECT_TRUE(record.ParseFromString(ask(uid, "job id=8").substr(1, ask(uid, "job id=8").size() - 4)));
    return record;
  };
  const pb::Record mine = record_of(1000);
  EXPECT_EQ(mine.energy().energy_uj(), 200'000'000);
  EXPECT_EQ(mine.state(), "running");
  EXPECT_EQ(record_of(0).energy().energy_uj(), 200'000'000);
}

// What root publishes where others read it (Slurm's accounting) is requested with the owner's view.
TEST_F(RequestHandlerTest, OwnersViewIsWhatTheOwnerIsShownWhoeverAsks) {
  pb::Record brief;  // nine seconds of a shared node, to the microjoule: the owner is shown no figure
  brief.set_uid("zyxwvtsrqpnmkjhgfedcba9876");
  brief.mutable_job()->set_manager("slurm");
  brief.mutable_job()->set_id("6");
  brief.mutable_job()->set_uid(1000);
  brief.set_job_key("slurm-6");
  brief.set_duration_ns(seconds(9).count());
  brief.mutable_energy()->set_energy_uj(123'456'789);
  ASSERT_TRUE(store->append(brief));
  for (const char* id : {"6", "7", "8"}) {
    const std::string asked = std::string("job id=") + id;
    for (const std::uint32_t uid : {0U, 500U}) EXPECT_EQ(ask(uid, asked + " view=owner"), ask(1000, asked)) << id;
    EXPECT_EQ(ask(1000, asked + " view=owner"), ask(1000, asked)) << id;
    EXPECT_EQ(ask(1001, asked + " view=owner"), ask(1001, asked)) << "it opens nothing";
  }
  EXPECT_NE(ask(0, "job id=6"), ask(1000, "job id=6"));
  EXPECT_EQ(ask(0, "jobs view=owner"), ask(1000, "jobs"));
  EXPECT_TRUE(ask(0, "job id=7 view=root").starts_with("Emalformed "));
}

TEST_F(RequestHandlerTest, AnAnswerHoldsTheNewestOfAll) {
  pb::Record late;  // ended, and begun after the one that runs
  late.set_uid("1yxwvtsrqpnmkjhgfedcba9876");
  late.mutable_job()->set_id("9");
  late.mutable_job()->set_uid(1000);
  late.set_start_unix_ns(seconds(1'000'000).count());
  late.set_duration_ns(seconds(60).count());
  ASSERT_TRUE(store->append(late));
  const std::string all = ask(0, "jobs"), one = ask(0, "jobs limit=1");
  EXPECT_EQ(one.find(late.uid()), all.find(late.uid()));
  EXPECT_NE(one.find(late.uid()), std::string::npos);
}

TEST_F(RequestHandlerTest, AnAnswerHasSoManyBytesAndSaysThatThereAreMore) {
  pb::Record large;
  large.mutable_job()->set_id("9");
  large.mutable_job()->set_uid(1000);
  large.set_duration_ns(seconds(60).count());
  large.set_command(std::string(200'000, 'x'));
  for (char last = 'a'; last < 'a' + 8; ++last)
    for (const char before : {'a', 'b'}) {
      large.set_uid(std::string("1yxwvtsrqpnmkjhgfedcba98") + before + last);
      ASSERT_TRUE(store->append(large));
    }
  RequestHandler::RequestEffect effect;
  std::map<char, int> kinds;
  for (const Answer& answer : request_handler->answer({1000}, {"jobs", {{"limit", "0"}}}, effect)) ++kinds[answer.kind];
  EXPECT_EQ(kinds['R'], 12) << "of 2 MiB, and the running one";
  EXPECT_EQ(kinds['M'], 1);
  EXPECT_EQ(kinds['D'], 1);
}

// A job that has ended waits for its counters to move before its interval is closed; it is listed meanwhile.
class SlowCounterRequestHandlerTest : public RequestHandlerTest {
 protected:
  SlowCounterRequestHandlerTest() : RequestHandlerTest(millis(100)) {}
};

TEST_F(SlowCounterRequestHandlerTest, JobIsNeverMissingBetweenItsEndAndItsRecord) {
  CgroupSnapshot nobody;
  nobody.cpus = 2;
  const Nanos at = seconds(5);
  accounting->add({{at, at, {}, 400'000'000, Status::ok, {}}}, nobody, at.count());
  ASSERT_TRUE(accounting->ended().empty()) << "the counter stands still: not settled";
  for (const std::uint32_t uid : {0U, 500U, 1000U}) EXPECT_EQ(ask(uid, "job id=8")[0], 'R') << uid;
  EXPECT_EQ(ask(1001, "job id=8")[0], 'E');
}

}  // namespace
}  // namespace nw::noded
