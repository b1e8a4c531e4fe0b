#include "store/uid.h"

#include <gtest/gtest.h>

#include <set>

namespace nw {
namespace {

TEST(Uid, is_26_characters_of_the_alphabet_and_never_the_same) {
  std::set<std::string> uids;
  std::set<char> letters;
  for (int i = 0; i < 1000; ++i) {
    const auto uid = make_uid().value();
    EXPECT_TRUE(is_uid(uid)) << uid;
    letters.insert(uid.begin(), uid.end());
    uids.insert(uid);
  }
  EXPECT_EQ(uids.size(), 1000U);
  EXPECT_EQ(letters.size(), kUidAlphabet.size());
}

TEST(Uid, short_id_is_its_beginning) {
  const std::string uid = "7f3k2abcdefghjkmnpqrstvwxy";
  EXPECT_EQ(short_id(uid), "7f3k2");
  EXPECT_EQ(short_id(uid, 8), "7f3k2abc");
  EXPECT_EQ(short_id("7f", 5), "7f");
}

TEST(Uid, derived_ones_follow_from_their_set_alone) {
  const auto a = make_uid().value(), b = make_uid().value(), c = make_uid().value();
  EXPECT_TRUE(is_uid(derive_uid({a, b})));
  EXPECT_EQ(derive_uid({a, b, c}), derive_uid({c, a, b}));
  std::set<std::string> all{a,
                            b,
                            c,
                            derive_uid({a}),
                            derive_uid({a, b}),
                            derive_uid({a, c}),
                            derive_uid({a, b, c}),
                            derive_uid({}),
                            derive_uid({a + b})};
  EXPECT_EQ(all.size(), 9U);
  std::set<char> letters;
  for (int i = 0; i < 50; ++i)
    for (const char letter : derive_uid({std::to_string(i)})) letters.insert(letter);
  EXPECT_EQ(letters.size(), kUidAlphabet.size());
}

TEST(Uid, foreign_text_is_none) {
  EXPECT_FALSE(is_uid(""));
  EXPECT_FALSE(is_uid("../../../../etc/passwd..xx"));
  EXPECT_FALSE(is_uid("7F3K2ABCDEFGHJKMNPQRSTVWXY"));
  EXPECT_FALSE(is_uid("7f3k2abcdefghjkmnpqrstvwxyz"));
}

TEST(Uid, prefixes_are_read_as_people_type_them) {
  EXPECT_EQ(parse_uid_prefix("@7f3k2").value(), "7f3k2");
  EXPECT_EQ(parse_uid_prefix("7F3K2").value(), "7f3k2");
  EXPECT_EQ(parse_uid_prefix("oOiIlL").value(), "001111");
  for (const auto* text : {"", "@", "@@7f", "7f u", "7f3k!", "7f3k2abcdefghjkmnpqrstvwxyz", "%", "\xc3\xa4"}) {
    const auto prefix = parse_uid_prefix(text);
    ASSERT_FALSE(prefix) << text;
    EXPECT_EQ(prefix.error().kind, ErrorKind::malformed);
  }
}

}  // namespace
}  // namespace nw
