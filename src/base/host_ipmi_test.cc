#include "base/host_ipmi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <deque>

#include "base/host.h"
#include "support/temp_dir.h"

namespace nw {
namespace {
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Bytes = std::vector<std::uint8_t>;

// What waits in the descriptor's queue; `back` counts the request it answers from the newest, 0.
struct Message {
  Bytes data;
  int error = 0;
  long back = 0;
  int type = IPMI_RESPONSE_RECV_TYPE;
  int netfn_off = 1;
};

struct Script {
  std::deque<Message> queue;
  std::deque<int> waits;  // errors of wait() before the queue counts
  int send_error = 0;
  Bytes address, sent;
  int asked = 0;
};

class ScriptedPort : public IpmiPort {
 public:
  explicit ScriptedPort(Script& script) : script_(script) {}
  int send(ipmi_req& request) override {
    ++script_.asked;
    if (script_.send_error != 0) return script_.send_error;
    id_ = request.msgid;
    netfn_ = request.msg.netfn, command_ = request.msg.cmd;
    script_.address.assign(request.addr, request.addr + request.addr_len);
    script_.sent.assign(request.msg.data, request.msg.data + request.msg.data_len);
    return 0;
  }
  int wait(Nanos) override {
    if (!script_.waits.empty()) {
      const int error = script_.waits.front();
      script_.waits.pop_front();
      if (error != 0) return error;
    }
    return script_.queue.empty() ? ETIMEDOUT : 0;
  }
  int receive(ipmi_recv& in) override {
    const Message message = script_.queue.front();
    script_.queue.pop_front();
    in.recv_type = message.type;
    in.msgid = id_ - message.back;
    in.msg.netfn = static_cast<unsigned char>(netfn_ + message.netfn_off);
    in.msg.cmd = command_;
    const std::size_t length = std::min<std::size_t>(message.data.size(), in.msg.data_len);
    if (length > 0) std::memcpy(in.msg.data, message.data.data(), length);
    in.msg.data_len = static_cast<unsigned short>(length);
    return length < message.data.size() ? EMSGSIZE : message.error;
  }

 private:
  Script& script_;
  long id_ = 0;
  unsigned char netfn_ = 0, command_ = 0;
};

class HostIpmi : public ::testing::Test {
 protected:
  Result<Bytes> send(const IpmiRequest& request = {0x2c, 0x02, {0xdc, 1, 0, 0}}) {
    return ipmi->send(request, millis(500));
  }
  Script script;
  std::shared_ptr<Ipmi> ipmi = make_ipmi("/dev/ipmi0", std::make_unique<ScriptedPort>(script));
};

TEST_F(HostIpmi, AsksTheControllerItselfAndReturnsItsAnswer) {
  script.queue.push_back({{0x00, 0xdc, 0x40}});
  EXPECT_THAT(send().value(), ElementsAre(0x00, 0xdc, 0x40));
  EXPECT_THAT(script.sent, ElementsAre(0xdc, 1, 0, 0));
  ipmi_system_interface_addr address{};
  ASSERT_EQ(script.address.size(), sizeof address);
  std::memcpy(&address, script.address.data(), sizeof address);
  EXPECT_EQ(address.addr_type, 0x0c);
  EXPECT_EQ(address.channel, 0x0f);
  EXPECT_EQ(address.lun, 0);
}

TEST_F(HostIpmi, ABridgedRequestGoesToItsSlaveAddress) {
  script.queue.push_back({{0x00}});
  ASSERT_TRUE(send({0x2e, 0xc8, {0x57}, 0, 0x2c, 0}));
  ipmi_ipmb_addr address{};
  ASSERT_EQ(script.address.size(), sizeof address);
  std::memcpy(&address, script.address.data(), sizeof address);
  EXPECT_EQ(address.addr_type, IPMI_IPMB_ADDR_TYPE);
  EXPECT_EQ(address.channel, 0);
  EXPECT_EQ(address.slave_addr, 0x2c);
}

TEST_F(HostIpmi, ALateAnswerIsNotTakenForTheNextOne) {
  const auto late = send();
  EXPECT_EQ(late.error().kind, ErrorKind::busy);
  EXPECT_EQ(late.error().what, "/dev/ipmi0: netfn 0x2c, command 0x02: no answer within 500 ms");
  script.queue.push_back({{0x00, 0x01}, 0, 1});
  script.queue.push_back({{0x00, 0x02}, 0, 0, IPMI_ASYNC_EVENT_RECV_TYPE});
  script.queue.push_back({{0x00, 0x03}, 0, 0, IPMI_RESPONSE_RECV_TYPE, 0});
  script.queue.push_back({{}, EAGAIN});
  script.queue.push_back({{0x00, 0x04}});
  EXPECT_THAT(send().value(), ElementsAre(0x00, 0x04));
  script.queue.push_back({{0x00, 0x05}, 0, 1});
  EXPECT_EQ(send().error().kind, ErrorKind::busy) << "nothing but a late answer";
}

TEST_F(HostIpmi, LongestAndTooLongAndEmptyAnswers) {
  script.queue.push_back({Bytes(272, 7)});
  EXPECT_EQ(send().value().size(), 272u);
  script.queue.push_back({Bytes(273, 7)});
  EXPECT_EQ(send().error().kind, ErrorKind::malformed);
  script.queue.push_back({Bytes(273, 7)});
  EXPECT_THAT(send().error().what, HasSubstr("more than 272 bytes"));
  script.queue.push_back({Bytes(273, 7), 0, 1});  // a late one that is too long as well
  script.queue.push_back({{}});
  EXPECT_THAT(send().error().what, HasSubstr("0 bytes"));
}

TEST_F(HostIpmi, ErrorsOfTheDevice) {
  script.waits = {EINTR, EINTR, 0};
  script.queue.push_back({{0x00}});
  EXPECT_TRUE(send()) << "a signal is no error";
  script.waits = {EIO};
  EXPECT_EQ(send().error().kind, ErrorKind::failed);
  script.queue.push_back({{}, ENODEV});
  EXPECT_EQ(send().error().kind, ErrorKind::absent);
  script.send_error = EBUSY;
  const auto full = send();
  EXPECT_EQ(full.error().kind, ErrorKind::busy);
  EXPECT_EQ(full.error().what, "/dev/ipmi0: netfn 0x2c, command 0x02: Device or resource busy");
}

TEST(HostIpmiDevice, WhatIsNotThereIsAbsent) {
  const test::TempDir dir;
  EXPECT_EQ(open_real_ipmi(dir.at("none")).error().kind, ErrorKind::absent);
  EXPECT_EQ(open_real_ipmi(dir.at("none")).error().what, dir.at("none") + ": No such file or directory");
  EXPECT_EQ(make_real_host(dir.path())->open_ipmi("/dev/ipmi0").error().kind, ErrorKind::absent);
  EXPECT_EQ(make_real_host()->open_ipmi(dir.at("none")).error().kind, ErrorKind::absent);
}

TEST(HostIpmiDevice, AFileThatIsNoDeviceAnswersNothing) {
  const test::TempDir dir;
  dir.write("file", "x");
  const auto ipmi = make_real_host()->open_ipmi(dir.at("file"));
  ASSERT_TRUE(ipmi) << ipmi.error().what;
  const auto answer = (*ipmi)->send({0x2c, 0x02, {0xdc}}, millis(100));
  EXPECT_EQ(answer.error().kind, ErrorKind::failed);
  EXPECT_THAT(answer.error().what, HasSubstr("Inappropriate ioctl"));
}

}  // namespace
}  // namespace nw
