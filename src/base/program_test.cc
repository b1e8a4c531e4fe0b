#include "base/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nw {
namespace {

using testing::HasSubstr;

Result<std::string> shell(const std::string& script, std::string_view input = {}, ProgramLimits limits = {}) {
  return run_program({"sh", "-c", script}, input, Errors::dropped, limits);
}

TEST(Program, gives_what_it_prints) {
  EXPECT_EQ(run_program({"echo", "a b", ""}).value(), "a b \n");
  EXPECT_EQ(shell("printf 'a\\0b'").value(), std::string("a\0b", 3));
  EXPECT_EQ(shell(":").value(), "");
}

TEST(Program, reads_its_input_whatever_it_prints_meanwhile) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += std::to_string(i) + "\n";
  EXPECT_EQ(shell("cat", text).value(), text);
  EXPECT_EQ(shell("cat").value(), "") << "no input is an empty one, not ours";
  EXPECT_EQ(shell("head -c 3", text).value(), "0\n1");
}

TEST(Program, an_end_that_is_none_is_an_error) {
  EXPECT_EQ(run_program({"no-such-program-here"}).error().kind, ErrorKind::absent);
  EXPECT_THAT(run_program({"no-such-program-here"}).error().what, HasSubstr("no-such-program-here: "));
  EXPECT_EQ(run_program({"/"}).error().kind, ErrorKind::denied);
  EXPECT_EQ(shell("echo x; exit 3").error().what, "sh: ended with code 3");
  EXPECT_EQ(shell("kill -9 $$").error().what, "sh: ended by signal 9");
}

TEST(Program, what_takes_too_long_is_killed) {
  ProgramLimits limits;
  limits.patience = millis(20);
  for (const char* script : {"exec sleep 600", "exec sleep 600 >&-", "while echo x; do :; done"}) {
    const auto said = shell(script, {}, limits);
    ASSERT_FALSE(said) << script;
    EXPECT_EQ(said.error().what, "sh: not done in the time that it has") << script;
  }
}

TEST(Program, what_prints_too_much_is_killed) {
  ProgramLimits limits;
  limits.output = 100'000;
  const auto said = shell("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", {}, limits);
  ASSERT_FALSE(said);
  EXPECT_EQ(said.error().kind, ErrorKind::malformed);
  EXPECT_EQ(said.error().what, "sh: prints over 100000 bytes");
}

}  // namespace
}  // namespace nw
