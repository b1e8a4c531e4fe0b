// The real client against Debian's snmpd, with a PDU's outlets behind it; skipped on a machine without snmpd.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>

#include "base/snmp.h"
#include "support/descriptors.h"
#include "support/pdu_agent.h"

namespace nw {
namespace {
using test::PduAgent;
using Clock = std::chrono::steady_clock;

constexpr const char* kApc = ".1.3.6.1.4.1.318.1.1.26.9.4.3.1.";
std::string apc(int column, int outlet) { return kApc + std::to_string(column) + "." + std::to_string(outlet); }

class RealSnmp : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    excludes_ = PduAgent::excludes();
    if (excludes_.empty()) pdu_ = new PduAgent;
  }
  static void TearDownTestSuite() {
    delete pdu_;
    pdu_ = nullptr;
  }
  void SetUp() override {
    if (!excludes_.empty()) GTEST_SKIP() << excludes_;
    ASSERT_TRUE(pdu_->runs());
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

  static std::string excludes_;
  static PduAgent* pdu_;
};
std::string RealSnmp::excludes_;
PduAgent* RealSnmp::pdu_ = nullptr;

TEST_F(RealSnmp, AnswersEachQuestionInItsPlaceAndByItsType) {
  const auto answer =
      get(pdu_->v2(), {apc(7, 3), apc(7, 1), apc(7, 9), apc(7, 5), apc(11, 2), ".1.3.6.1.2.1.1.3.0", apc(7, 4)});
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
  const auto answer = get(pdu_->v2(), oids);
  ASSERT_TRUE(answer) << answer.error().what;
  ASSERT_EQ(answer->size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ((*answer)[static_cast<unsigned>(i)].number, 250 + 50 * (i % 3));
}

TEST_F(RealSnmp, SpeaksVersionThreeWithAuthenticationAndPrivacy) {
  const auto snmp = open_real_snmp(pdu_->v3());
  ASSERT_TRUE(snmp) << snmp.error().what;
  for (int i = 0; i < 3; ++i) {
    const auto answer = (*snmp)->get({apc(7, 2)});
    ASSERT_TRUE(answer) << answer.error().what;
    EXPECT_EQ(answer->at(0).number, 300);
  }
  pdu_->write_secret("sha256",
                     "user = meter2\nauth = SHA-256\nauth_pass = authpass123\npriv = AES\npriv_pass = privpass123\n");
  SnmpOptions options = pdu_->v3();
  options.credentials_file = pdu_->at("sha256");
  const auto answer = get(options, {apc(7, 2)});
  EXPECT_TRUE(answer) << answer.error().what;
}

TEST_F(RealSnmp, AWrongUserOrPassPhraseIsDeniedAndNeverRepeated) {
  for (const char* text : {"user = nobody\nauth_pass = authpass123\npriv_pass = privpass123\n",
                           "user = meter3\nauth_pass = hunter2222\npriv_pass = privpass123\n"}) {
    pdu_->write_secret("wrong", text);
    SnmpOptions options = pdu_->v3();
    options.credentials_file = pdu_->at("wrong");
    const Error denied = error(options);
    EXPECT_EQ(denied.kind, ErrorKind::denied) << denied.what;
    EXPECT_EQ(denied.what.find("hunter2222"), std::string::npos);
  }
}

TEST_F(RealSnmp, AWrongCommunityIsNoAnswerAndSaysSo) {
  pdu_->write_secret("wrong", "community = private\n");
  SnmpOptions options = pdu_->v2();
  options.credentials_file = pdu_->at("wrong");
  const Error busy = error(options);
  EXPECT_EQ(busy.kind, ErrorKind::busy);
  EXPECT_NE(busy.what.find("another community"), std::string::npos);
  EXPECT_EQ(busy.what.find("private"), std::string::npos);
}

TEST_F(RealSnmp, ItsDeadlineHoldsAgainstAnAgentThatNeverAnswers) {
  const test::MutePort mute;
  for (SnmpOptions options : {pdu_->v2(), pdu_->v3()}) {
    options.agent = mute.agent();
    options.deadline = seconds(1);
    const auto begin = Clock::now();
    EXPECT_EQ(error(options).kind, ErrorKind::busy) << options.version;
    EXPECT_LT(Clock::now() - begin, std::chrono::seconds(30)) << options.version;
  }
}

TEST_F(RealSnmp, NothingOfItsOwnIsLeftBehindOrPrinted) {
  testing::internal::CaptureStderr();
  ASSERT_TRUE(get(pdu_->v3(), {apc(7, 1)}));
  SnmpOptions options = pdu_->v2();
  options.agent = "udp:no.such.host.invalid:161";
  error(options);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(RealSnmp, NoSocketIsInheritedByAnotherProgram) {
  const auto before = test::inherited();
  for (const SnmpOptions& options : {pdu_->v2(), pdu_->v3()}) {
    const auto snmp = open_real_snmp(options);
    ASSERT_TRUE(snmp && (*snmp)->get({apc(7, 1)})) << options.version;
    EXPECT_EQ(test::inherited(), before) << options.version;
  }
}

TEST_F(RealSnmp, NonsenseIsRefusedBeforeItIsSent) {
  for (const char* agent : {"", "udp:", "unix:/tmp/x", "alias:pdu", "pdu.example", "tcp:127.0.0.1:1", "tcp6:[::1]:1"}) {
    SnmpOptions options = pdu_->v2();
    options.agent = agent;
    EXPECT_EQ(error(options).kind, ErrorKind::malformed) << agent;
  }
  SnmpOptions options = pdu_->v2();
  options.version = "1";
  EXPECT_EQ(error(options).kind, ErrorKind::malformed);
  EXPECT_EQ(get(pdu_->v2(), {"sysUpTime.0"}).error().kind, ErrorKind::malformed);
  pdu_->write_secret("none", "auth_pass = authpass123\n");
  options = pdu_->v3();
  options.credentials_file = pdu_->at("none");
  EXPECT_NE(error(options).what.find("has no user"), std::string::npos);
  pdu_->write_secret("short", "user = meter\nauth_pass = short\npriv_pass = privpass123\n");
  options.credentials_file = pdu_->at("short");
  EXPECT_NE(error(options).what.find("8 characters"), std::string::npos);
  ::chmod(pdu_->at("short").c_str(), 0644);
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
