// Properties of the layer base over random input.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/host_tape.h"
#include "base/parse.h"
#include "base/tape.h"
#include "support/temp_dir.h"

namespace nw {
namespace {

TEST(BaseProperties, NumbersComeBack) {
  EXPECT_TRUE(rc::check("u64", [](std::uint64_t n) { RC_ASSERT(parse_u64(" " + std::to_string(n) + "\n") == n); }));
  EXPECT_TRUE(rc::check("i64", [](std::int64_t n) { RC_ASSERT(parse_i64(std::to_string(n)) == n); }));
  EXPECT_TRUE(rc::check("milliseconds", [](std::uint32_t n) {
    RC_PRE(n > 0u);
    RC_ASSERT(parse_duration_ns(std::to_string(n) + "ms") == std::int64_t{n} * 1'000'000);
  }));
}

TEST(BaseProperties, SplitFieldsJoinToTheText) {
  EXPECT_TRUE(rc::check([](const std::string& text) {
    std::string joined;
    for (const auto field : split(text, ',')) joined += std::string(field) + ",";
    RC_ASSERT(joined == text + ",");
  }));
}

TEST(BaseProperties, MulDivIsWithinHalfACount) {
  EXPECT_TRUE(rc::check([](std::int64_t value, std::int32_t num, std::int32_t den) {
    RC_PRE(den > 0);
    const Int128 exact_times_den = Int128{value} * num;
    if (exact_times_den / den > INT64_MAX || exact_times_den / den < INT64_MIN) return;
    const Int128 off = (Int128{mul_div(value, num, den)} * den - exact_times_den) * 2;
    RC_ASSERT(off <= den && off >= -Int128{den});
  }));
}

TEST(BaseProperties, AnyTextSurvivesATape) {
  const test::TempDir dir;
  EXPECT_TRUE(rc::check([&](const std::map<std::string, std::string>& texts, const std::vector<std::string>& names) {
    {
      const auto writer = TapeWriter::create(dir.at("a.tape"));
      for (const auto& [path, text] : texts) (*writer)->line({"text", path, text});
      std::vector<std::string> list{"list", "/d"};
      list.insert(list.end(), names.begin(), names.end());
      (*writer)->fields(list);
    }
    const auto tape = read_tape(dir.at("a.tape"));
    RC_ASSERT(tape.has_value());
    RC_ASSERT(tape->texts.size() == texts.size());
    for (const auto& [path, text] : texts) RC_ASSERT(tape->texts.at(path).value() == text);
    RC_ASSERT(tape->lists.at("/d").value() == names);
  }));
}

TEST(BaseProperties, AnyBytesAreATapeOrAnErrorThatNamesALine) {
  const auto fragment = rc::gen::element<std::string>("open\t0\t/a\n", "open\t1\t/b\n", "t\t", "t\t0\n", "t\t5\n",
                                                      "=\t0\t", "!\t0\tbusy\n", "1\n", "\n", "text\t/a\t", "\\x4", "\\",
                                                      "fail\topen\t/a\tdenied\tno\n", "\t", "99999999999999999999");
  EXPECT_TRUE(rc::check([&] {
    const auto pieces = *rc::gen::container<std::vector<std::string>>(fragment);
    std::string text = "nodewatt-tape 1\n";
    for (const auto& piece : pieces) text += piece;
    const auto tape = parse_tape(text);
    if (!tape) {
      RC_ASSERT(tape.error().what.starts_with("line "));
      return;
    }
    TapedHost host(*tape);
    Nanos last = host.now();
    do {
      for (const char* path : {"/a", "/b"})
        if (auto source = host.open_number(path, kWholeNumber)) (*source)->read();
      RC_ASSERT(host.now() >= last);
      last = host.now();
    } while (host.sleep_until(last));
  }));
}

}  // namespace
}  // namespace nw
