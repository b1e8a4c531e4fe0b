// A restarted job in text, JSON and CSV: the same figures, and unknown ones unknown.
#include "report/attempts.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "report/formats.h"
#include "support/golden.h"
#include "support/restarted.h"

namespace nw {
namespace {

std::string made(const char* format, const pb::Record& record) {
  const pb::Record* one[] = {&record};
  TextStyle style;
  style.width = 120;
  style.utf8 = false;
  return make_format(format, one, style).value_or("");
}

TEST(AttemptsReport, InATerminal) { expect_golden("restarted.text", made("text", sample::restarted())); }

TEST(AttemptsReport, TheSameInJsonCsvAndWords) {
  pb::Record record = sample::restarted();
  auto json = nlohmann::json::parse(made("json", record))["parallel"];
  EXPECT_EQ(json["attempts"].size(), 3u);
  EXPECT_EQ(json["attempts"][0]["energy_j"], 180'000);
  EXPECT_EQ(json["attempts"][0]["fraction"], 0.3);
  EXPECT_TRUE(json["attempts"][1]["energy_j"].is_null());
  EXPECT_TRUE(json["attempts"][2]["failed"].is_null());
  EXPECT_EQ(json["failed_attempts"]["count"], 2);
  EXPECT_TRUE(json["failed_attempts"]["energy_j"].is_null()) << "one's energy and one's end are unknown";
  const std::string csv = made("csv", record);
  EXPECT_NE(csv.find(",attempt,,,100,total,0,failed,180000,3600,"), std::string::npos) << csv;
  EXPECT_NE(csv.find(",attempt,,,100,total,1,failed,,,"), std::string::npos) << csv;
  EXPECT_NE(csv.find(",attempt,,,100,total,2,,420000,8400,"), std::string::npos) << csv;
  EXPECT_NE(csv.find(",member,,,100,total,2,,420000,"), std::string::npos) << csv;

  record.mutable_attempts()->DeleteSubrange(1, 1);
  record.mutable_attempts(1)->set_failed(false);
  json = nlohmann::json::parse(made("json", record))["parallel"];
  EXPECT_EQ(json["failed_attempts"]["energy_j"], 180'000);
  EXPECT_EQ(json["failed_attempts"]["fraction"], 0.3);
  EXPECT_EQ(compute_attempts_words(record, {}),
            "2, 1 failed: 50.0 +- 1.0 Wh (180.0 kJ), 30.0 % of the job's energy; attempt 2 ended well: 116.7 +- 2.3 Wh "
            "(420.0 kJ)");
  EXPECT_NE(made("markdown", record).find("| 0 | failed, exit 1 |"), std::string::npos);
  EXPECT_NE(made("html", record).find("<h2>The attempts</h2>"), std::string::npos);
}

TEST(AttemptsReport, OneAttemptHasNone) {
  EXPECT_EQ(compute_attempts_words(sample::merged(), {}), "");
  EXPECT_EQ(make_failed_attempts_json(sample::merged()), nullptr);
}

}  // namespace
}  // namespace nw
