// The real door against Debian's snmpd, with a PDU's outlets behind it; a machine without snmpd skips it.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <chrono>
#include <thread>

#include "base/snmp.h"
#include "support/program.h"
#include "support/temp_dir.h"

namespace nw {
namespace {
using Clock = std::chrono::steady_clock;

// A UDP port of this machine that nobody answers at, and that nobody gets while it lives.
class MutePort {
 public:
  MutePort() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0)
      number_ = ntohs(address.sin_port);
  }
  ~MutePort() { ::close(socket_); }
  MutePort(const MutePort&) = delete;
  MutePort& operator=(const MutePort&) = delete;
  int number() const { return number_; }

 private:
  int socket_, number_ = 0;
};

constexpr const char* kApc = ".1.3.6.1.4.1.318.1.1.26.9.4.3.1.";
std::string apc(int column, int outlet) { return kApc + std::to_string(column) + "." + std::to_string(outlet); }

class RealSnmp : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!test::have("snmpd")) return;
    folder_ = new test::TempDir;
    const int port = MutePort().number();
    agent_ = "udp:127.0.0.1:" + std::to_string(port);
    const std::string script = "/usr/bin/env python3 " NODEWATT_SOURCE_DIR "/tests/e2e/pdu_agent.py\n";
    folder_->write("snmpd.conf",
                   "agentaddress " + agent_ +
                       "\nrocommunity public 127.0.0.1\n"
                       "createUser meter SHA \"authpass123\" AES \"privpass123\"\nrouser meter priv\n"
                       "createUser meter2 SHA-256 \"authpass123\" AES \"privpass123\"\nrouser meter2 priv\n"
                       "createUser meter3 SHA \"authpass123\" AES \"privpass123\"\nrouser meter3 priv\n"
                       "pass_persist .1.3.6.1.4.1.318.1.1.26.9.4.3.1 " +
                       script + "pass_persist .1.3.6.1.4.1.13742.6 " + script);
    folder_->write("persist/empty", "");
    write_secret("public", "community = public\n");
    write_secret("v3", "user = meter\nauth_pass = authpass123\npriv_pass = privpass123\n");
    snmpd_ = new test::Program(
        {"/usr/sbin/snmpd", "-f", "-Lf", folder_->at("log"), "-C", "-c", folder_->at("snmpd.conf"), "-r"},
        {"SNMP_PERSISTENT_DIR=" + folder_->at("persist")});
    for (int i = 0; i < 100 && !get(v2(), {apc(7, 1)}); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  static void TearDownTestSuite() {
    delete snmpd_;
    delete folder_;
    snmpd_ = nullptr;
    folder_ = nullptr;
  }
  void SetUp() override {
    if (snmpd_ == nullptr) GTEST_SKIP() << "snmpd is not installed";
  }

  static void write_secret(const std::string& name, const std::string& text) {
    folder_->write(name, text);
    ::chmod(folder_->at(name).c_str(), 0600);
  }
  static SnmpOptions v2() {
    return {.agent = agent_, .version = "2c", .credentials_file = folder_->at("public"), .deadline = millis(1000)};
  }
  static SnmpOptions v3() {
    return {.agent = agent_, .version = "3", .credentials_file = folder_->at("v3"), .deadline = seconds(4)};
  }
  static Result<std::vector<SnmpValue>> get(const SnmpOptions& options, const std::vector<std::string>& oids) {
    const auto snmp = open_real_snmp(options);
    return snmp ? (*snmp)->get(oids) : tl::make_unexpected(snmp.error());
  }
  static Error error(const SnmpOptions& options) {
    const auto answer = get(options, {apc(7, 1)});
    EXPECT_FALSE(answer);
    return answer ? Error{} : answer.error();
  }

  static test::TempDir* folder_;
  static test::Program* snmpd_;
  static std::string agent_;
};
test::TempDir* RealSnmp::folder_ = nullptr;
test::Program* RealSnmp::snmpd_ = nullptr;
std::string RealSnmp::agent_;

TEST_F(RealSnmp, AnswersEachQuestionInItsPlaceAndByItsType) {
  const auto answer =
      get(v2(), {apc(7, 3), apc(7, 1), apc(7, 9), apc(7, 5), apc(11, 2), ".1.3.6.1.2.1.1.3.0", apc(7, 4)});
  ASSERT_TRUE(answer) << answer.error().what;
  ASSERT_EQ(answer->size(), 7u);
  EXPECT_EQ((*answer)[0].number, 350);
  EXPECT_EQ((*answer)[1].number, 250);
  EXPECT_FALSE((*answer)[2].number || (*answer)[2].text) << "there is no such outlet";
  EXPECT_FALSE((*answer)[3].number);
  EXPECT_EQ((*answer)[3].text, "lots");
  EXPECT_EQ((*answer)[4].number, 200);
  EXPECT_TRUE((*answer)[5].number) << "time ticks";
  EXPECT_EQ((*answer)[6].number, -1);
}

TEST_F(RealSnmp, AsksMoreThanFitsOneDatagramInSeveral) {
  std::vector<std::string> oids;
  for (int i = 0; i < 100; ++i) oids.push_back(apc(7, 1 + i % 3));
  const auto answer = get(v2(), oids);
  ASSERT_TRUE(answer) << answer.error().what;
  ASSERT_EQ(answer->size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ((*answer)[static_cast<unsigned>(i)].number, 250 + 50 * (i % 3));
}

TEST_F(RealSnmp, SpeaksVersionThreeWithAuthenticationAndPrivacy) {
  const auto snmp = open_real_snmp(v3());
  ASSERT_TRUE(snmp) << snmp.error().what;
  for (int i = 0; i < 3; ++i) {
    const auto answer = (*snmp)->get({apc(7, 2)});
    ASSERT_TRUE(answer) << answer.error().what;
    EXPECT_EQ(answer->at(0).number, 300);
  }
  write_secret("sha256",
               "user = meter2\nauth = SHA-256\nauth_pass = authpass123\npriv = AES\npriv_pass = privpass123\n");
  SnmpOptions options = v3();
  options.credentials_file = folder_->at("sha256");
  const auto answer = get(options, {apc(7, 2)});
  EXPECT_TRUE(answer) << answer.error().what;
}

TEST_F(RealSnmp, AWrongUserOrPassPhraseIsDeniedAndNeverRepeated) {
  for (const char* text : {"user = nobody\nauth_pass = authpass123\npriv_pass = privpass123\n",
                           "user = meter3\nauth_pass = hunter2222\npriv_pass = privpass123\n"}) {
    write_secret("wrong", text);
    SnmpOptions options = v3();
    options.credentials_file = folder_->at("wrong");
    const Error denied = error(options);
    EXPECT_EQ(denied.kind, ErrorKind::denied) << denied.what;
    EXPECT_EQ(denied.what.find("hunter2222"), std::string::npos);
  }
}

TEST_F(RealSnmp, AWrongCommunityIsNoAnswerAndSaysSo) {
  write_secret("wrong", "community = private\n");
  SnmpOptions options = v2();
  options.credentials_file = folder_->at("wrong");
  const Error busy = error(options);
  EXPECT_EQ(busy.kind, ErrorKind::busy);
  EXPECT_NE(busy.what.find("another community"), std::string::npos);
  EXPECT_EQ(busy.what.find("private"), std::string::npos);
}

TEST_F(RealSnmp, ItsDeadlineHoldsAgainstAnAgentThatNeverAnswers) {
  const MutePort mute;
  for (SnmpOptions options : {v2(), v3()}) {
    options.agent = "udp:127.0.0.1:" + std::to_string(mute.number());
    options.deadline = seconds(1);
    const auto begin = Clock::now();
    EXPECT_EQ(error(options).kind, ErrorKind::busy) << options.version;
    EXPECT_LT(Clock::now() - begin, std::chrono::milliseconds(1500)) << options.version;
  }
}

TEST_F(RealSnmp, NothingOfItsOwnIsLeftBehindOrPrinted) {
  testing::internal::CaptureStderr();
  ASSERT_TRUE(get(v3(), {apc(7, 1)}));
  SnmpOptions options = v2();
  options.agent = "udp:no.such.host.invalid:161";
  error(options);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(RealSnmp, NonsenseIsRefusedBeforeItIsSent) {
  for (const char* agent : {"", "udp:", "unix:/tmp/x", "alias:pdu", "pdu.example"}) {
    SnmpOptions options = v2();
    options.agent = agent;
    EXPECT_EQ(error(options).kind, ErrorKind::malformed) << agent;
  }
  SnmpOptions options = v2();
  options.version = "1";
  EXPECT_EQ(error(options).kind, ErrorKind::malformed);
  EXPECT_EQ(get(v2(), {"sysUpTime.0"}).error().kind, ErrorKind::malformed);
  write_secret("none", "auth_pass = authpass123\n");
  options = v3();
  options.credentials_file = folder_->at("none");
  EXPECT_NE(error(options).what.find("has no user"), std::string::npos);
  write_secret("short", "user = meter\nauth_pass = short\npriv_pass = privpass123\n");
  options.credentials_file = folder_->at("short");
  EXPECT_NE(error(options).what.find("8 characters"), std::string::npos);
  ::chmod(folder_->at("short").c_str(), 0644);
  EXPECT_EQ(error(options).kind, ErrorKind::denied);
}

TEST(Oid, IsDigitsAndPoints) {
  EXPECT_EQ(parse_oid(".1.3.6.4294967295"), (std::vector<std::uint32_t>{1, 3, 6, 4294967295}));
  for (const char* text : {"", ".", ".1", "1.3.6", ".1..3", ".1.3.", ".1.3.4294967296", ".1.3.-1", ".1.3. 6", ".3.1",
                           ".1.40", ".1.3.6.1.x", ".1.3.0x6"})
    EXPECT_FALSE(parse_oid(text)) << text;
  std::string longest = ".1.3";
  for (int i = 0; i < 126; ++i) longest += ".1";
  EXPECT_TRUE(parse_oid(longest));
  EXPECT_FALSE(parse_oid(longest + ".1"));
}

}  // namespace
}  // namespace nw
