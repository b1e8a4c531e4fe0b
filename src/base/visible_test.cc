#include "base/visible.h"

#include <gtest/gtest.h>

namespace nw {
namespace {

TEST(Visible, WhatATerminalObeysIsShown) {
  EXPECT_EQ(visible("plain 'words', größe 表"), "plain 'words', größe 表");
  EXPECT_EQ(visible("a\x1b[31mb\n\t\x7f"), "a\\x1b[31mb\\x0a\\x09\\x7f");
  EXPECT_EQ(visible("c1 \xc2\x9b"
                    "31m, bidi \xe2\x80\xae, tag \xf3\xa0\x80\x81"),
            "c1 \\x9b31m, bidi \\u202e, tag \\U000e0001");
  EXPECT_EQ(visible("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(visible(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(visible(""), "");
}

}  // namespace
}  // namespace nw
