// Both ends of the broker with a fake controller: the four requests pass, and nothing else that is sent, at either end,
// reaches the device.
#include "apps/ipmi/broker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "base/monotonic.h"
#include "base/unix_socket.h"
#include "support/temp_dir.h"

namespace nw::ipmi_app {
namespace {
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Bytes = std::vector<std::uint8_t>;

struct Controller {
  std::atomic<int> asked = 0, opened = 0;
  std::atomic<int> slow_ms = 0;
  std::atomic<bool> is_there = true, is_broken = false;
};

class MadeUp : public Ipmi {
 public:
  explicit MadeUp(Controller& controller) : controller_(controller) {}
  IpmiAnswer send(const IpmiRequest& request, Nanos) override {
    ++controller_.asked;
    std::this_thread::sleep_for(std::chrono::milliseconds(controller_.slow_ms));
    if (controller_.is_broken) return fail(ErrorKind::failed, "made up");
    return Bytes{0x00, request.netfn, request.command, request.data[1]};
  }

 private:
  Controller& controller_;
};

Fd make_socket() { return Fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)); }

// A service that runs in a thread of its own.
class Running {
 public:
  Running(const std::string& path, Controller& controller, std::vector<uid_t> users = {::getuid()}) {
    ::unlink(path.c_str());
    Fd listener = make_socket();
    const sockaddr_un address = *make_unix_address(path);
    EXPECT_EQ(::bind(listener.get(), as_sockaddr(address), sizeof address), 0);
    EXPECT_EQ(::listen(listener.get(), 8), 0);
    thread_ = std::thread([this, &controller, users, l = std::move(listener)]() mutable {
      IpmiBroker broker(std::move(l), users, [&]() -> Result<std::shared_ptr<Ipmi>> {
        ++controller.opened;
        if (!controller.is_there) return fail(ErrorKind::absent, "made up: not there");
        return std::make_shared<MadeUp>(controller);
      });
      while (!stop_) ASSERT_TRUE(broker.serve_once(millis(5)));
    });
  }
  ~Running() {
    stop_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

class Broker : public ::testing::Test {
 protected:
  std::shared_ptr<Ipmi> open() const { return open_ipmi_broker(path).value(); }
  static IpmiRequest row(std::size_t i) { return *parse_ipmi_question(Bytes{static_cast<std::uint8_t>(i)}); }

  test::TempDir dir;
  std::string path = dir.at("ipmi.sock");
  Controller controller;
};

TEST_F(Broker, TheFourQuestionsPass) {
  const Running broker(path, controller);
  const auto ipmi = open();
  EXPECT_THAT(ipmi->send({0x2c, 0x01, {0xdc, 0x01}}, seconds(5)).value(), ElementsAre(0, 0x2c, 0x01, 0x01));
  EXPECT_THAT(ipmi->send({0x2c, 0x02, {0xdc, 1, 0, 0}}, seconds(5)).value(), ElementsAre(0, 0x2c, 0x02, 0x01));
  EXPECT_THAT(ipmi->send({0x3a, 0x32, {4, 2, 0, 0, 0}}, seconds(5)).value(), ElementsAre(0, 0x3a, 0x32, 0x02));
  EXPECT_THAT(ipmi->send({0x3a, 0x32, {4, 8, 0, 0, 0}}, seconds(5)).value(), ElementsAre(0, 0x3a, 0x32, 0x08));
  EXPECT_EQ(controller.opened, 1) << "the device is kept";
  EXPECT_EQ(std::size(kIpmiAllowed), 4U);
}

TEST_F(Broker, NothingElsePassesTheDaemonsEnd) {
  const Running broker(path, controller);
  const auto ipmi = open();
  std::vector<IpmiRequest> others = {
      {0x00, 0x02, {0x03}}, {0x06, 0x02, {}}, {0x2e, 0xc8, {0x57, 1, 0, 1, 0, 0}, 0, 0x2c}};
  for (std::size_t i = 0; i < std::size(kIpmiAllowed); ++i) {
    const IpmiRequest whole = row(i);
    others.insert(others.end(), 7, whole);
    IpmiRequest* changed = &*others.end() - 7;
    changed[0].netfn ^= 1, changed[1].command ^= 0x40, changed[2].lun = 1, changed[3].slave = 0x2c;
    changed[4].channel = 1, changed[5].data.pop_back(), changed[6].data.push_back(0);
    for (std::size_t at = 0; at < whole.data.size(); ++at) others.push_back(whole), others.back().data[at] ^= 0x80;
  }
  for (const auto& request : others) EXPECT_EQ(ipmi->send(request, seconds(5)).error().kind, ErrorKind::denied);
  EXPECT_EQ(controller.asked, 0);
}

// Any client of the socket, with every message of one byte and some longer ones.
TEST_F(Broker, NothingElsePassesTheServicesEnd) {
  const Running broker(path, controller);
  const sockaddr_un address = *make_unix_address(path);
  std::vector<Bytes> messages = {{0, 0}, {0x2c, 0x02, 0xdc, 1, 0, 0}, Bytes(8, 0), Bytes(9, 0), Bytes(4096, 1)};
  for (unsigned byte = std::size(kIpmiAllowed); byte < 256; ++byte)
    messages.push_back({static_cast<std::uint8_t>(byte)});
  for (const Bytes& message : messages) {
    const Fd socket = make_socket();
    ASSERT_EQ(::connect(socket.get(), as_sockaddr(address), sizeof address), 0);
    ASSERT_EQ(::send(socket.get(), message.data(), message.size(), 0), static_cast<ssize_t>(message.size()));
    char answer[256];
    ASSERT_GT(::recv(socket.get(), answer, sizeof answer, 0), 2);
    EXPECT_EQ(std::string_view(answer, 2), "Ed");
    EXPECT_EQ(::recv(socket.get(), answer, sizeof answer, 0), 0) << "and is let go of";
  }
  EXPECT_EQ(controller.asked, 0);
}

TEST_F(Broker, OtherUsersAreDenied) {
  if (::getuid() == 0) GTEST_SKIP() << "root is always let in; tests/e2e/deploy.sh asks as another user";
  const Running broker(path, controller, {::getuid() + 1});
  EXPECT_EQ(open()->send(row(0), seconds(5)).error().kind, ErrorKind::denied);
  EXPECT_EQ(controller.asked, 0);
}

TEST_F(Broker, ADeviceThatComesOrBreaksIsOpenedAgain) {
  const Running broker(path, controller);
  const auto ipmi = open();
  controller.is_there = false;
  const auto none = ipmi->send(row(0), seconds(5));
  EXPECT_EQ(none.error().kind, ErrorKind::absent);
  EXPECT_EQ(none.error().what, "made up: not there");
  controller.is_there = true;
  EXPECT_TRUE(ipmi->send(row(0), seconds(5)));
  controller.is_broken = true;
  EXPECT_EQ(ipmi->send(row(0), seconds(5)).error().kind, ErrorKind::failed);
  controller.is_broken = false;
  EXPECT_TRUE(ipmi->send(row(0), seconds(5)));
  EXPECT_EQ(controller.opened, 3);
}

TEST_F(Broker, ALateAnswerIsNotTakenForTheNextOne) {
  const Running broker(path, controller);
  const auto ipmi = open();
  controller.slow_ms = 200;
  EXPECT_EQ(ipmi->send(row(2), millis(20)).error().kind, ErrorKind::busy);
  controller.slow_ms = 0;
  EXPECT_THAT(ipmi->send(row(3), seconds(5)).value(), ElementsAre(0, 0x3a, 0x32, 0x08));
}

TEST_F(Broker, OutlivesTheBroker) {
  auto broker = std::make_unique<Running>(path, controller);
  const auto ipmi = open();
  EXPECT_TRUE(ipmi->send(row(0), seconds(5)));
  broker.reset();
  EXPECT_FALSE(ipmi->send(row(0), millis(100)));
  broker = std::make_unique<Running>(path, controller);
  EXPECT_TRUE(ipmi->send(row(0), seconds(5)));
}

TEST_F(Broker, MoreAskersThanItHearsAtOnceWaitTheirTurn) {
  const Running broker(path, controller);
  std::vector<std::shared_ptr<Ipmi>> askers;
  for (int i = 0; i < 4; ++i) askers.push_back(open());
  for (const auto& asker : askers) EXPECT_TRUE(asker->send(row(1), seconds(5)));
  const auto fifth = open();
  EXPECT_EQ(fifth->send(row(1), millis(50)).error().kind, ErrorKind::busy);
  askers.pop_back();
  EXPECT_TRUE(fifth->send(row(1), seconds(5)));
}

TEST_F(Broker, IsTakenWhereTheDeviceIsNotToBeSeen) {
  EXPECT_EQ(open_ipmi_or_broker(dir.at("none"), path).error().what, dir.at("none") + ": No such file or directory");
  const Running broker(path, controller);
  const auto ipmi = open_ipmi_or_broker(dir.at("none"), path);
  ASSERT_TRUE(ipmi);
  EXPECT_TRUE((*ipmi)->send(row(0), seconds(5)));
  dir.write("device", "x");
  EXPECT_THAT((*open_ipmi_or_broker(dir.at("device"), path))->send(row(0), millis(50)).error().what,
              HasSubstr("Inappropriate ioctl"))
      << "what can be opened is used itself";
}

TEST(BrokerAnswer, ThereAndBack) {
  const auto back = [](const IpmiAnswer& answer) {
    const std::string bytes = make_ipmi_answer(answer);
    return parse_ipmi_answer({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  };
  EXPECT_EQ(back(Bytes{0, 0xdc}).value(), (Bytes{0, 0xdc}));
  EXPECT_EQ(back(Bytes(272, 7)).value(), Bytes(272, 7));
  for (const auto kind :
       {ErrorKind::absent, ErrorKind::denied, ErrorKind::busy, ErrorKind::malformed, ErrorKind::failed}) {
    EXPECT_EQ(back(fail(kind, "why")).error().kind, kind);
    EXPECT_EQ(back(fail(kind, "why")).error().what, "why");
  }
  for (const Bytes& odd : {Bytes{}, Bytes{'A'}, Bytes{'E'}, Bytes{'E', 'x'}, Bytes{'D', 0}})
    EXPECT_EQ(parse_ipmi_answer(odd).error().kind, ErrorKind::malformed);
}

}  // namespace
}  // namespace nw::ipmi_app
