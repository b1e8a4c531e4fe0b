// Other processes, a full disk, missing permissions and kill -9: an error message, and no stored record is lost.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <chrono>

#include "store/scratch.h"
#include "store/store.h"

namespace nw {
namespace {

class SqliteFaults : public testing::Test {
 protected:
  std::vector<pb::Record> read_all() {
    Query all;
    all.limit = 0;
    return make_sqlite_store(path_).value()->find(all).value();
  }

  Scratch scratch_;
  std::string path_ = scratch_ / "records.db";
};

TEST_F(SqliteFaults, eight_processes_make_it_and_append_at_once) {
  constexpr int kProcesses = 8;
  constexpr int kRecords = 25;
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i)
    children.push_back(start_child([&] {
      for (int k = 0; k < kRecords; ++k) {
        const auto store = make_sqlite_store(path_);
        const auto added = store ? (*store)->append(make_record("p", k)) : tl::make_unexpected(store.error());
        if (!added) return ::fprintf(stderr, "%s\n", added.error().what.c_str()), 1;
        if (!*added) return 2;
      }
      return 0;
    }));
  for (const auto child : children) EXPECT_EQ(wait_child(child), 0);
  EXPECT_EQ(read_all().size(), static_cast<std::size_t>(kProcesses * kRecords));
}

TEST_F(SqliteFaults, a_full_disk_loses_nothing_that_was_there) {
  ASSERT_TRUE(make_sqlite_store(path_).value()->append(make_record("before", 1)));
  EXPECT_EQ(in_child([&] {
              fill_disk_at(100000);
              const auto store = make_sqlite_store(path_);
              if (!store) return 1;
              Result<bool> added = true;
              for (int i = 0; added && i < 1000; ++i) added = (*store)->append(make_record("more", 2 + i));
              if (added) return 2;
              const auto& what = added.error().what;
              if (!what.starts_with(path_ + ": ") || what.find("File too large") == std::string::npos)
                return ::fprintf(stderr, "%s\n", what.c_str()), 3;
              return (*store)->find({}) ? 0 : 4;
            }),
            0);
  const auto records = read_all();
  EXPECT_GT(records.size(), 1U);
  EXPECT_EQ(records.back().name(), "before");
  EXPECT_TRUE(make_sqlite_store(path_).value()->append(make_record("after", 3)).value());
}

TEST_F(SqliteFaults, a_killed_writer_loses_nothing_it_was_told_is_kept) {
  int told[2];
  ASSERT_EQ(::pipe(told), 0);
  const auto writer = start_child([&] {
    const auto store = make_sqlite_store(path_).value();
    for (std::uint32_t i = 1;; ++i)
      if (!store->append(make_record("x", i)) || ::write(told[1], &i, sizeof i) != sizeof i) return 1;
  });
  std::uint32_t last = 0;
  while (last < 200) ASSERT_EQ(::read(told[0], &last, sizeof last), static_cast<ssize_t>(sizeof last));
  ::kill(writer, SIGKILL);
  EXPECT_EQ(wait_child(writer), -SIGKILL);
  ::close(told[1]);
  while (::read(told[0], &last, sizeof last) > 0) {
  }
  ::close(told[0]);
  const auto count = read_all().size();
  EXPECT_GE(count, last);
  EXPECT_LE(count, last + 1);  // stored, and killed before it could report it
}

TEST_F(SqliteFaults, waits_for_a_writer_and_gives_up_in_words) {
  auto store = make_sqlite_store(path_).value();
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_TRUE(store->find({})) << "readers do not wait";
  const auto began = std::chrono::steady_clock::now();
  const auto added = store->append(make_record("x", 1));
  const auto waited = std::chrono::steady_clock::now() - began;
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().kind, ErrorKind::busy);
  EXPECT_EQ(added.error().what, path_ + ": database is locked");
  EXPECT_GT(waited, std::chrono::seconds(4));
  EXPECT_LT(waited, std::chrono::seconds(60));
  sqlite3_close(other);
  EXPECT_TRUE(store->append(make_record("x", 1)).value());
}

TEST_F(SqliteFaults, a_directory_that_may_not_be_written_is_named) {
  ::chmod(scratch_.dir().c_str(), 0555);
  EXPECT_EQ(in_child([&] {
              become_nobody();
              const auto store = make_sqlite_store(path_);
              const bool right = !store && store.error().kind == ErrorKind::denied &&
                                 store.error().what == path_ + ": Permission denied";
              return right ? 0 : 1;
            }),
            0);
}

TEST_F(SqliteFaults, a_store_of_somebody_else_is_not_written) {
  ASSERT_TRUE(make_sqlite_store(path_).value()->append(make_record("x", 1)));
  ::chmod(scratch_.dir().c_str(), 0755);
  EXPECT_EQ(in_child([&] {
              ::chmod(path_.c_str(), 0400);
              become_nobody();
              const auto store = make_sqlite_store(path_);
              const auto added = store ? (*store)->append(make_record("y", 2)) : tl::make_unexpected(store.error());
              if (added) return 1;
              return added.error().what.starts_with(path_ + ": ") ? 0 : 2;
            }),
            0);
  ::chmod(path_.c_str(), 0600);
  EXPECT_EQ(read_all().size(), 1U);
}

}  // namespace
}  // namespace nw
