// The real broker against a real server over TLS; a machine without Python or openssl skips it.
#include <gtest/gtest.h>

#include <chrono>

#include "base/http.h"
#include "base/secret_file.h"
#include "support/bmc.h"
#include "support/descriptors.h"

namespace nw {
namespace {
using test::Bmc;

class RealHttp : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    excludes_ = Bmc::excludes();
    if (excludes_.empty()) bmc_ = new Bmc;
  }
  static void TearDownTestSuite() {
    delete bmc_;
    bmc_ = nullptr;
  }
  void SetUp() override {
    if (!excludes_.empty()) GTEST_SKIP() << excludes_;
    ASSERT_TRUE(bmc_->runs());
  }

  static Result<std::string> get(const HttpOptions& options, const std::string& path) {
    const auto http = open_real_http(options);
    return http ? (*http)->get(path) : tl::make_unexpected(http.error());
  }
  static Error error(const HttpOptions& options, const std::string& path) {
    const auto answer = get(options, path);
    EXPECT_FALSE(answer) << path << " answered " << answer->substr(0, 100);
    return answer ? Error{} : answer.error();
  }
  static Error manner(const std::string& name, Nanos deadline = seconds(5)) {
    HttpOptions options = bmc_->trusted();
    options.deadline = deadline;
    return error(options, "/manners/" + name);
  }

  static std::string excludes_;
  static Bmc* bmc_;
};
std::string RealHttp::excludes_;
Bmc* RealHttp::bmc_ = nullptr;

constexpr const char* kPower = "/redfish/v1/Chassis/1/Power";

TEST_F(RealHttp, ReadsWhatTheServerSaysAgainAndAgain) {
  const auto http = open_real_http(bmc_->trusted());
  ASSERT_TRUE(http) << http.error().what;
  for (int i = 0; i < 3; ++i) {
    const auto answer = (*http)->get(kPower);
    ASSERT_TRUE(answer) << answer.error().what;
    EXPECT_NE(answer->find("\"PowerConsumedWatts\": 480"), std::string::npos) << *answer;
  }
  const auto missing = (*http)->get("/redfish/v1/Chassis/2");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::absent);
  EXPECT_TRUE((*http)->get(kPower)) << "an error leaves the connection usable";
}

TEST_F(RealHttp, NoConnectionIsInheritedByAnotherProgram) {
  const auto before = test::inherited();
  const auto http = open_real_http(bmc_->trusted());
  ASSERT_TRUE(http && (*http)->get(kPower));
  EXPECT_EQ(test::inherited(), before);
}

TEST_F(RealHttp, AWrongPasswordIsDeniedAndNeverRepeated) {
  bmc_->write_secret("wrong", "root\nhunter22\n");
  HttpOptions options = bmc_->trusted();
  options.credentials_file = bmc_->at("wrong");
  const Error denied = error(options, kPower);
  EXPECT_EQ(denied.kind, ErrorKind::denied);
  EXPECT_EQ(denied.what.find("hunter22"), std::string::npos);
  EXPECT_NE(denied.what.find("401"), std::string::npos);
  options.credentials_file.clear();
  EXPECT_EQ(error(options, kPower).kind, ErrorKind::denied);
}

TEST_F(RealHttp, ACertificateThatNobodyVouchesForIsRefused) {
  HttpOptions options = bmc_->trusted();
  options.ca_file.clear();
  EXPECT_EQ(error(options, kPower).kind, ErrorKind::denied) << "the system's own store does not know it";
  options.ca_file = bmc_->at("other.pem");
  EXPECT_NE(error(options, kPower).what.find("not vouched for"), std::string::npos);
  options.ca_file = bmc_->at("nowhere.pem");
  EXPECT_NE(error(options, kPower).what.find("nowhere.pem"), std::string::npos);
}

TEST_F(RealHttp, ACertificateForAnotherNameIsRefusedByACaAndNotByAPin) {
  HttpOptions options = bmc_->trusted();
  options.origin.replace(options.origin.find("127.0.0.1"), 9, "localhost");
  EXPECT_EQ(error(options, kPower).kind, ErrorKind::denied);
  options.ca_file.clear();
  options.pinned_key = bmc_->pin();
  const auto answer = get(options, kPower);
  EXPECT_TRUE(answer) << answer.error().what;
}

TEST_F(RealHttp, OnlyThePinnedKeyIsSpokenTo) {
  HttpOptions options = bmc_->trusted();
  options.ca_file.clear();
  options.pinned_key = bmc_->pin();
  EXPECT_TRUE(get(options, kPower));
  options.pinned_key = bmc_->other_pin();
  EXPECT_NE(error(options, kPower).what.find("not the pinned one"), std::string::npos);
  options.ca_file = bmc_->at("server.pem");
  EXPECT_EQ(error(options, kPower).kind, ErrorKind::denied) << "a CA does not stand in for the pin";
  options.pinned_key = "sha256//nonsense";
  EXPECT_FALSE(get(options, kPower));
  options.pinned_key = "nonsense";
  EXPECT_FALSE(get(options, kPower));
}

TEST_F(RealHttp, ARedirectIsNotFollowedAndItsTargetNamed) {
  const Error redirect = manner("redirect");
  EXPECT_EQ(redirect.kind, ErrorKind::malformed);
  EXPECT_NE(redirect.what.find("https://elsewhere.example"), std::string::npos) << redirect.what;
}

TEST_F(RealHttp, ARedirectToTheSamePathWithOrWithoutItsSlashIsFollowedOnce) {
  const auto http = open_real_http(bmc_->trusted());
  ASSERT_TRUE(http) << http.error().what;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ((*http)->get("/manners/slash").value_or("none"), "with a slash") << i;
    EXPECT_EQ((*http)->status(), 200) << i;
    EXPECT_EQ((*http)->get("/manners/unslash/").value_or("none"), "without a slash") << i;
  }
  const Error circle = manner("circle");
  EXPECT_EQ(circle.kind, ErrorKind::malformed);
  EXPECT_EQ(circle.what.find("calvin"), std::string::npos) << "libcurl adds it to the target: " << circle.what;
  EXPECT_EQ(manner("plain").kind, ErrorKind::malformed) << "the password would leave in the clear";
}

TEST_F(RealHttp, ItsDeadlineHoldsAgainstAServerThatHangsOrDrips) {
  for (const char* name : {"hang", "drip"}) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(manner(name, millis(700)).kind, ErrorKind::busy) << name;
    const auto took = std::chrono::steady_clock::now() - begin;
    EXPECT_GE(took, std::chrono::milliseconds(600)) << name;
    EXPECT_LT(took, std::chrono::seconds(5)) << name;
  }
}

TEST_F(RealHttp, BadAnswersHaveTheirKinds) {
  EXPECT_EQ(manner("long").kind, ErrorKind::malformed);
  EXPECT_NE(manner("long").what.find("longer than 1048576"), std::string::npos);
  EXPECT_EQ(manner("half").kind, ErrorKind::malformed);
  EXPECT_EQ(manner("empty").kind, ErrorKind::malformed);
  EXPECT_EQ(manner("busy").kind, ErrorKind::busy);
  EXPECT_EQ(manner("away").kind, ErrorKind::busy);
  EXPECT_EQ(manner("forbidden").kind, ErrorKind::denied);
  EXPECT_EQ(manner("nothing").kind, ErrorKind::absent);
}

TEST_F(RealHttp, AMuteServerAndAPortThatIsShutAreErrors) {
  EXPECT_EQ(error(Bmc::at_origin("https://127.0.0.1:1"), "/").kind, ErrorKind::failed);
  HttpOptions options = bmc_->trusted();
  options.origin.replace(0, 5, "http");
  EXPECT_FALSE(get(options, kPower)) << "plain http to a TLS port";
}

TEST_F(RealHttp, AProxyOfTheEnvironmentIsNotAsked) {
  ::setenv("https_proxy", "http://127.0.0.1:1", 1);
  const auto answer = get(bmc_->trusted(), kPower);
  ::unsetenv("https_proxy");
  EXPECT_TRUE(answer) << answer.error().what;
}

TEST_F(RealHttp, APathCannotBecomeAnotherRequest) {
  for (const char* path : {"", "redfish", "/a b", "/a\r\nX: y", "@evil.example/"})
    EXPECT_EQ(error(bmc_->trusted(), path).kind, ErrorKind::malformed) << path;
}

TEST(RealHttpOrigin, IsSchemeHostAndPortAndEncryptedUnlessItStaysHere) {
  for (const char* origin : {"", "bmc.example", "ftp://bmc.example", "https://", "https://bmc.example/redfish",
                             "https://user:word@bmc.example", "https://bmc.example?x", "https://bmc .example"}) {
    const auto http = open_real_http(Bmc::at_origin(origin));
    ASSERT_FALSE(http) << origin;
    EXPECT_EQ(http.error().kind, ErrorKind::malformed) << origin;
  }
  for (const char* origin : {"http://bmc.example", "http://127.0.0.1.example", "http://localhost.example:80"}) {
    const auto http = open_real_http(Bmc::at_origin(origin));
    ASSERT_FALSE(http) << origin;
    EXPECT_EQ(http.error().kind, ErrorKind::denied) << origin;
  }
}

class Secret : public testing::Test {
 protected:
  Error refusal(const std::string& path) const {
    const auto text = read_secret(path);
    EXPECT_FALSE(text);
    return text ? Error{} : text.error();
  }
  test::TempDir folder_;
};

TEST_F(Secret, IsReadWhereOnlyItsOwnerMay) {
  folder_.write("file", "root\ncalvin\n");
  for (const mode_t mode : {0600u, 0400u, 0700u}) {
    ::chmod(folder_.at("file").c_str(), mode);
    const auto text = read_secret(folder_.at("file"));
    ASSERT_TRUE(text) << text.error().what;
    EXPECT_EQ(*text, "root\ncalvin\n");
  }
}

TEST_F(Secret, IsRefusedWithItsRepairWhereOthersMayTouchIt) {
  folder_.write("file", "root\ncalvin\n");
  for (const mode_t mode : {0640u, 0604u, 0620u, 0602u, 0610u}) {
    ::chmod(folder_.at("file").c_str(), mode);
    const Error error = refusal(folder_.at("file"));
    EXPECT_EQ(error.kind, ErrorKind::denied);
    EXPECT_NE(error.what.find("chmod 0600 " + folder_.at("file")), std::string::npos) << error.what;
    EXPECT_EQ(error.what.find("calvin"), std::string::npos);
  }
}

TEST_F(Secret, IsRefusedWhenAStrangerOwnsIt) {
  folder_.write("file", "x");
  ::chmod(folder_.at("file").c_str(), 0600);
  if (::chown(folder_.at("file").c_str(), 12345, 12345) != 0) GTEST_SKIP() << "only root can give a file away";
  EXPECT_NE(refusal(folder_.at("file")).what.find("chown"), std::string::npos);
}

TEST_F(Secret, IsARegularFileOfModestSize) {
  EXPECT_EQ(refusal(folder_.path()).kind, ErrorKind::denied);
  EXPECT_EQ(refusal(folder_.at("nothing")).kind, ErrorKind::absent);
  const std::string fifo = folder_.at("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(refusal(fifo).kind, ErrorKind::denied);
  folder_.write("long", std::string(5000, 'x'));
  ::chmod(folder_.at("long").c_str(), 0600);
  EXPECT_EQ(refusal(folder_.at("long")).kind, ErrorKind::malformed);
}

}  // namespace
}  // namespace nw
