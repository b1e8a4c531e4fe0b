#include "consumer/line_rules.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

#include "accounting/phases.h"

namespace nw {
namespace {

using Seen = std::vector<std::string>;

// A program whose lines are a second apart, and what rules make of them.
class Printed {
 public:
  explicit Printed(const LineRuleTexts& texts) : rules_(std::move(LineRules::make(texts, 77).value())) {}

  Printed& line(const std::string& text, bool redrawn = false) {
    now_ += seconds(1);
    rules_.consume({text, redrawn}, now_, [this](const ProgramEvent& event) { phases_.add(event); });
    return *this;
  }
  // "path x count, seconds" in order of first begin.
  Seen phases() {
    now_ += seconds(1);
    phases_.close(MeterCurve({}), now_);
    Seen seen;
    for (const auto& path : phases_.order()) {
      const PhaseSum& sum = phases_.at(path);
      seen.push_back(path + " x " + std::to_string(sum.count) + ", " +
                     std::to_string(sum.duration.count() / kNanosPerSecond) + " s");
    }
    return seen;
  }
  Phases& sums() { return phases_; }

 private:
  LineRules rules_;
  Phases phases_;
  Nanos now_{};
};

TEST(LineRules, AMatchBeginsAndTheNextEnds) {
  Printed program({{"epoch $1=^Epoch (\\d+)"}, {}, {}});
  program.line("loading").line("Epoch 1").line("loss 2").line("Epoch 2 begins").line("my Epoch 3");
  EXPECT_EQ(program.phases(), (Seen{"epoch 1 x 1, 2 s", "epoch 2 x 1, 2 s"}));
  EXPECT_EQ(program.sums().anomalies().count(Anomaly::phase_unended), 1u);
}

TEST(LineRules, OneRuleOfSeveralPhasesLetsThemFollow) {
  Printed program({{"$1=(train|validat)ing"}, {}, {}});
  for (int i = 0; i < 2; ++i) program.line("training").line("...").line("validating");
  EXPECT_EQ(program.phases(), (Seen{"train x 2, 4 s", "validat x 2, 2 s"}));
}

TEST(LineRules, RulesNestAndWhatEndsEndsWhatIsInside) {
  Printed program({{"epoch=^Epoch", "step=^step"}, {"epoch=^done"}, {}});
  program.line("Epoch").line("step").line("step").line("Epoch").line("step").line("done").line("step").line("x");
  EXPECT_EQ(program.phases(), (Seen{"epoch x 2, 5 s", "epoch/step x 3, 3 s", "step x 1, 2 s"}));
  EXPECT_EQ(program.sums().anomalies().count(Anomaly::phase_unmatched), 0u);
}

TEST(LineRules, AnEndWithoutABeginIsNothing) {
  Printed program({{"a=^a"}, {"a=^end", "a=^stop"}, {}});
  program.line("end").line("a").line("stop").line("end").line("end");
  EXPECT_EQ(program.phases(), (Seen{"a x 1, 1 s"}));
  EXPECT_EQ(program.sums().anomalies().count(Anomaly::phase_unmatched), 0u);
}

TEST(LineRules, WorkGoesToThePhaseBeforeTheLine) {
  Printed program({{"epoch=^Epoch"}, {"epoch=^all done"}, {"sample=(\\d+) samples", "line=."}});
  program.line("warm-up of 5 samples").line("Epoch").line("1000 samples seen").line("Epoch, after 24 samples");
  program.line("all done, 7 samples");
  EXPECT_EQ(program.phases(), (Seen{"epoch x 2, 3 s"}));
  EXPECT_EQ(program.sums().at("epoch").work.at("sample"), 1031);
  EXPECT_EQ(program.sums().at("epoch").work.at("line"), 3);
  EXPECT_EQ(program.sums().work().at("sample"), 5);
  EXPECT_EQ(program.sums().work().at("line"), 2);
}

TEST(LineRules, WorkThatIsNoNumberIsInvalid) {
  Printed program({{}, {}, {"x=n=(\\S*)"}});
  for (const char* text : {"n=3.5", "n=1e3", "n=", "n=-1", "n=nan", "n=inf", "n=12,000", "n=0"}) program.line(text);
  program.phases();
  EXPECT_EQ(program.sums().work().at("x"), 1003.5);
  EXPECT_EQ(program.sums().anomalies().count(Anomaly::work_invalid), 5u);
}

TEST(LineRules, ARedrawnBarDoesNotBeginItsPhaseAgain) {
  Printed program({{"epoch $1=^Epoch (\\d)"}, {}, {}});
  program.line("Epoch 1: 10%", true).line("Epoch 1: 90%", true).line("Epoch 2: 10%", true).line("Epoch 2: 90%", true);
  EXPECT_EQ(program.phases(), (Seen{"epoch 1 x 1, 2 s", "epoch 2 x 1, 2 s"}));
  Printed lines({{"epoch=^Epoch"}, {}, {}});
  lines.line("Epoch").line("Epoch");
  EXPECT_EQ(lines.phases(), (Seen{"epoch x 2, 2 s"}));
}

TEST(LineRules, NamesConsumeGroupsByNumberAndName) {
  Printed program({{"${what}-$2 $9$ ${3}=(?P<what>\\w+) (\\d+)(?: of (\\d+))?(x)?(x)?(x)?(x)?(x)?(x)?"}, {}, {}});
  program.line("fold 3 of 5").line("fold 4");
  EXPECT_EQ(program.phases(), (Seen{"fold-3 $ 5 x 1, 1 s", "fold-4 $  x 1, 1 s"}));
}

TEST(LineRules, ALongMatchMakesABoundedName) {
  Printed program({{"$1$1=(.*)"}, {}, {}});
  program.line(std::string(60'000, 'x'));
  EXPECT_LT(program.sums().order().at(0).size(), 1000u);
}

TEST(LineRules, BadRulesAreNamed) {
  const auto error = [](const LineRuleTexts& texts) {
    const auto made = LineRules::make(texts, 1);
    return made ? std::string() : made.error().what;
  };
  EXPECT_EQ(error({{"a=b"}, {"a=c"}, {"u=(d)"}}), "");
  EXPECT_EQ(error({{"a=b=c"}, {}, {}}), "") << "the first '=' is the one";
  for (const char* bad : {"", "a", "=b", "a=", "^Epoch (\\d+)", "^epoch=(\\d+)", "a=(", "a=[", "a=(?=x)", "a=\\1",
                          "a=x{1,5000}", "$1=x", "${name}=(x)", "a $2=(x)", "${17}=(x)"})
    EXPECT_NE(error({{bad}, {}, {}}).find("--phase-regex '" + std::string(bad)), std::string::npos) << bad;
  EXPECT_EQ(error({{"$1=(b)"}, {"$1=c"}, {}}), "") << "an end has the name as it is written";
  EXPECT_NE(error({{"a=b"}, {"c=d"}, {}}).find("--phase-end-regex 'c=d'"), std::string::npos);
  EXPECT_NE(error({{}, {}, {"u=("}}).find("--work-regex 'u=('"), std::string::npos);
}

// Expressions with exponential run time in other engines.
TEST(LineRules, HostileLinesAreQuick) {
  Printed program({{"a=(a+)+$", "b=(.*)(.*)(.*)(.*)x$"}, {}, {"n=(a|aa)+(\\d+)$"}});
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 5; ++i) program.line(std::string(Lines::kMost - 1, 'a') + "!");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  program.line("\xff\xfe\x80 not UTF-8 \xc3");
  EXPECT_TRUE(program.phases().empty());
}

}  // namespace
}  // namespace nw
