#include "store/paths.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>

#include "store/scratch.h"

namespace nw {
namespace {

// The two variables as they are set here, and as they were afterwards.
class Environment {
 public:
  Environment(const char* xdg, const char* home) : xdg_("XDG_DATA_HOME", xdg), home_("HOME", home) {}

 private:
  struct Variable {
    Variable(const char* name, const char* value) : name_(name) {
      if (const char* was = std::getenv(name)) was_ = was;
      set(value);
    }
    ~Variable() { set(was_ ? was_->c_str() : nullptr); }
    void set(const char* value) const {
      if (value != nullptr)
        ::setenv(name_, value, 1);
      else
        ::unsetenv(name_);
    }
    const char* name_;
    std::optional<std::string> was_;
  };
  Variable xdg_, home_;
};

TEST(Paths, xdg_comes_before_home) {
  const Environment environment("/x", "/h");
  EXPECT_EQ(data_dir().value(), "/x/nodewatt");
  EXPECT_EQ(store_path().value(), "/x/nodewatt/records.db");
  EXPECT_EQ(journal_dir().value(), "/x/nodewatt/journal");
}

TEST(Paths, a_relative_or_empty_xdg_counts_as_unset) {
  for (const char* xdg : {"relative", "", "./x"}) {
    const Environment environment(xdg, "/h");
    EXPECT_EQ(data_dir().value(), "/h/.local/share/nodewatt");
  }
}

TEST(Paths, without_home_the_password_database_is_asked) {
  for (const char* home : {static_cast<const char*>(nullptr), "", "relative"}) {
    const Environment environment(nullptr, home);
    const auto dir = data_dir();
    if (dir)
      EXPECT_TRUE(dir->starts_with('/') && dir->ends_with("/.local/share/nodewatt")) << *dir;
    else
      EXPECT_NE(dir.error().what.find("HOME"), std::string::npos);
  }
}

TEST(Paths, private_directories_are_made_down_to_the_last) {
  const Scratch scratch;
  const auto path = scratch / "a/b/c";
  ASSERT_TRUE(make_private_dir(path));
  EXPECT_TRUE(make_private_dir(path));
  for (const auto* each : {"a", "a/b", "a/b/c"}) EXPECT_EQ(mode_of(scratch / each), 0700U);
}

TEST(Paths, a_file_in_the_way_is_named) {
  const Scratch scratch;
  spill(scratch / "a", "");
  const auto done = make_private_dir(scratch / "a/b");
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().what.find(scratch / "a"), std::string::npos);
  EXPECT_NE(done.error().what.find("Not a directory"), std::string::npos);
}

}  // namespace
}  // namespace nw
