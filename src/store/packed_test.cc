#include "store/packed.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <filesystem>
#include <fstream>
#include <regex>

#include "record/record.pb.h"

namespace nw {
namespace {

std::string pack(const std::string& plain) {
  std::string packed(ZSTD_compressBound(plain.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), 3));
  return packed;
}

// A field of variable length, as protobuf writes it.
std::string field(int number, const std::string& inner) {
  const auto varint = [](std::size_t value) {
    std::string bytes;
    for (; value > 0x7f; value >>= 7) bytes += static_cast<char>((value & 0x7f) | 0x80);
    return bytes + static_cast<char>(value);
  };
  return varint(static_cast<std::size_t>(number) << 3 | 2) + varint(inner.size()) + inner;
}

std::string timeline(const std::string& values) {
  return field(pb::Record::kTimelineFieldNumber, field(pb::Timeline::kSeriesFieldNumber, values));
}

TEST(Packed, ComesBackAsItWas) {
  pb::Record record;
  record.set_uid("x");
  for (int i = 0; i < 20'000; ++i)
    record.add_phases()->set_path("a phase of a long name, so that it is over a megabyte");
  const auto packed = pack_record(record);
  ASSERT_TRUE(packed);
  const auto back = unpack_record(*packed, "here");
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(back->SerializeAsString(), record.SerializeAsString());
}

// A few kilobytes that would become gigabytes of objects.
TEST(Packed, FieldsWithoutEndAreRefused) {
  std::string plain;
  for (int i = 0; i < 2'000'000; ++i) plain += std::string("\xc2\x01\x00", 3);  // an empty component
  const std::string packed = pack(plain);
  EXPECT_LT(packed.size(), 10'000u);
  const auto back = unpack_record(packed, "bomb.nw");
  ASSERT_FALSE(back);
  EXPECT_NE(back.error().what.find("bomb.nw"), std::string::npos);
  const std::string nested = field(pb::Record::kPhasesFieldNumber, plain.substr(0, 1'500'000 * 3));
  EXPECT_FALSE(unpack_record(pack(nested), "nested"));
}

// The same by numbers, of which a byte makes eight.
TEST(Packed, NumbersWithoutEndAreRefused) {
  const std::string zeros(kMaxNumbers + 1, '\0');
  std::string one_by_one;
  for (std::size_t i = 0; i <= kMaxNumbers; ++i) one_by_one += std::string("\x18\x00", 2);
  const std::string half = timeline(field(pb::Series::kEnergyUjFieldNumber, zeros.substr(kMaxNumbers / 2)));
  for (const std::string& plain :
       {timeline(field(pb::Series::kEnergyUjFieldNumber, zeros)), timeline(one_by_one), half + half + half,
        field(pb::Record::kTimelineFieldNumber, "") + half + half + half}) {
    for (const bool without_timeline : {false, true}) {
      const auto back = Unpacker().unpack(pack(plain), "bomb.nw", without_timeline);
      ASSERT_FALSE(back);
      EXPECT_EQ(back.error().what, "bomb.nw: a timeline of over 2000000 values");
    }
  }
  EXPECT_TRUE(unpack_record(pack(half), "half"));
}

TEST(Packed, WhatWouldNotBeReadIsNotKept) {
  pb::Record record;
  record.set_uid("x");
  auto& series = *record.mutable_timeline()->add_series();
  for (std::size_t i = 0; i <= kMaxNumbers; ++i) series.add_energy_uj(0);
  EXPECT_EQ(pack_record(record).error().what, "record x: a timeline of over 2000000 values");
  record.clear_timeline();
  for (std::size_t i = 0; i <= kMaxFields; ++i) record.add_work();
  EXPECT_EQ(pack_record(record).error().what, "record x: a record of over 1000000 fields");
}

TEST(Packed, CountsWhatIsInARecord) {
  pb::Record record;
  record.set_uid("x");
  for (const std::int64_t value : {0, 1, -1, 1 << 20}) record.mutable_timeline()->add_series()->add_energy_uj(value);
  record.mutable_timeline()->mutable_series(0)->add_energy_uj(std::int64_t{1} << 60);
  record.add_phases()->add_components()->mutable_energy()->add_terms()->set_name("y");
  const Contents counts = count_contents(record.SerializeAsString());
  EXPECT_EQ(counts.numbers, 5U);
  EXPECT_EQ(counts.fields, 1U + 1 + 4 + 4 + 5);  // uid; timeline, its series, their values; phase to name
}

// A new field of repeated numbers has to be counted too (kSeries in packed.cc).
TEST(Packed, NoOtherFieldOfARecordIsARowOfNumbers) {
  const std::regex numbers(
      R"(repeated\s+(double|float|bool|u?int32|u?int64|sint32|sint64|s?fixed32|s?fixed64)\s+(\w+))");
  std::string found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(NODEWATT_SOURCE_DIR "/src")) {
    if (entry.path().filename() != "record.proto") continue;
    std::ifstream file(entry.path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (std::sregex_iterator at(text.begin(), text.end(), numbers), end; at != end; ++at) found += at->str(2) + " ";
  }
  EXPECT_EQ(found, "energy_uj ");
}

}  // namespace
}  // namespace nw
