#include "store/packed.h"

#include <gtest/gtest.h>
#include <zstd.h>

namespace nw {
namespace {

std::string pack(const std::string& plain) {
  std::string packed(ZSTD_compressBound(plain.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), 3));
  return packed;
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
  std::string nested;  // the same, inside one phase
  for (std::string inner = plain.substr(0, 1'500'000 * 3); nested.empty();) {
    std::string length;
    for (std::size_t n = inner.size(); length.empty() || n > 0; n >>= 7)
      length += static_cast<char>((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
    nested = "\xca\x01" + length + inner;
  }
  EXPECT_FALSE(unpack_record(pack(nested), "nested"));
}

}  // namespace
}  // namespace nw
