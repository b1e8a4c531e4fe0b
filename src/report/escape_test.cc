#include "report/escape.h"

#include <gtest/gtest.h>

namespace nw {
namespace {

TEST(Escape, InvalidUtf8BecomesReplacement) {
  EXPECT_EQ(valid_utf8("a\xff"
                       "b"),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(valid_utf8("\xc3"), "\xef\xbf\xbd");
  EXPECT_EQ(valid_utf8("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd");                  // overlong
  EXPECT_EQ(valid_utf8("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");  // surrogate
  EXPECT_EQ(valid_utf8("\xf4\x90\x80\x80").substr(0, 3), "\xef\xbf\xbd");         // beyond U+10FFFF
  EXPECT_EQ(valid_utf8("µ测🙂"), "µ测🙂");
}

TEST(Escape, NothingThatATerminalObeysIsLeft) {
  EXPECT_EQ(strip("\x1b[31mred\x07\x7f"), "[31mred");
  EXPECT_EQ(strip("c1 \xc2\x9b"
                  "31m"),
            "c1 31m");
  EXPECT_EQ(strip("\xe2\x80\xae"
                  "abc\xe2\x81\xa6\xe2\x80\x8b\xef\xbb\xbf"),
            "abc");
  EXPECT_EQ(strip("a\tb\r\nc"), "a b  c");
  for (int byte = 0; byte < 256; ++byte)
    for (const char c : strip(std::string(1, static_cast<char>(byte))))
      EXPECT_FALSE(static_cast<unsigned char>(c) < 0x20 || c == 0x7f) << byte;
}

// A JSON document in a terminal: what the terminal would obey is escaped, and the document is the same.
TEST(Escape, JsonHoldsNothingThatATerminalObeys) {
  const std::string hostile =
      "\"\xc2\x9b"
      "31m \x7f \xe2\x80\xaegnitset\xe2\x81\xa6 \xef\xbb\xbf \xf3\xa0\x80\x81 \xc3\xa9\"";
  EXPECT_EQ(for_json(hostile), "\"\\u009b31m \\u007f \\u202egnitset\\u2066 \\ufeff \\udb40\\udc01 \xc3\xa9\"");
}

TEST(Escape, Html) {
  EXPECT_EQ(for_html("<a href=\"x\" id='y'>&\x1b"), "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;");
}

TEST(Escape, Markdown) {
  EXPECT_EQ(for_markdown("a|b*c_[d](e)<f>`"), "a\\|b\\*c\\_\\[d\\](e)&lt;f&gt;\\`");
  EXPECT_EQ(for_markdown("a\nb"), "a b");
}

TEST(Escape, SpreadsheetsEvaluateNothing) {
  EXPECT_EQ(for_csv("=1+1"), "'=1+1");
  EXPECT_EQ(for_csv("+1"), "'+1");
  EXPECT_EQ(for_csv("-1"), "'-1");
  EXPECT_EQ(for_csv("@SUM(A1)"), "'@SUM(A1)");
  EXPECT_EQ(for_csv("\t=1"), "' =1");
  EXPECT_EQ(for_csv("a,\"b\""), "\"a,\"\"b\"\"\"");
  EXPECT_EQ(for_csv("plain name"), "plain name");
  EXPECT_EQ(for_csv(""), "");
}

// Cases that a hand-written table of wide and combining ranges gets wrong.
TEST(Escape, WidthsAreUnicodes) {
  EXPECT_EQ(display_width("\u231A\u23F0"), 4U) << "a watch, an alarm clock";
  EXPECT_EQ(display_width("\u2600\u2744"), 2U) << "sun and snowflake are narrow";
  EXPECT_EQ(display_width("\u0E01\u0E31"), 1U) << "a Thai vowel above its consonant";
  EXPECT_EQ(display_width("\u0915\u0941"), 1U) << "a Hindi one below";
  EXPECT_EQ(display_width("\u303F\uFF71"), 2U) << "half-width forms";
  EXPECT_EQ(display_width("\U0001F600\U00020000"), 4U);
  EXPECT_EQ(display_width("\uE000\u0378"), 2U) << "private use, and what is no character yet";
  EXPECT_EQ(display_width("\xff\xc3"), 2U);
  EXPECT_EQ(ascii("a\nb\u0E01\u0E31"), "a\nb?");
}

// Characters of every length go through unchanged, and no other sequence of bytes makes one.
TEST(Escape, CharactersAndBytes) {
  for (char32_t c = 1; c <= 0x10FFFF; c += c < 0x3000 ? 1 : 7) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string bytes;
    append_utf8(bytes, c);
    ASSERT_EQ(characters(bytes), std::vector<char32_t>{c}) << std::hex << static_cast<unsigned>(c);
    ASSERT_EQ(valid_utf8(bytes), bytes);
    bytes.pop_back();
    for (const char32_t part : characters(bytes)) ASSERT_EQ(part, char32_t{0xFFFD});
  }
  for (const char* none : {"\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80", "\xe0\x80\xaf"})
    for (const char32_t part : characters(none)) EXPECT_EQ(part, char32_t{0xFFFD}) << none;
}

TEST(Escape, WidthAndCutting) {
  EXPECT_EQ(display_width("aµ测"), 4U);
  EXPECT_EQ(display_width("e\xcc\x81"), 1U);
  EXPECT_EQ(cut_middle("abcdefghij", 10), "abcdefghij");
  EXPECT_EQ(cut_middle("abcdefghij", 5), "ab~ij");
  EXPECT_EQ(cut_middle("abcdefghij", 1), "~");
  EXPECT_EQ(cut_middle("abcdefghij", 0), "");
  for (std::size_t width = 0; width < 12; ++width)
    EXPECT_LE(display_width(cut_middle("测试测试测试测试", width)), width);
  EXPECT_LE(display_width(clean(std::string(1'000'000, 'x'))), kLongestName);
}

TEST(Escape, Ascii) { EXPECT_EQ(ascii("aµ\xff e\xcc\x81"), "a?? e"); }

}  // namespace
}  // namespace nw
