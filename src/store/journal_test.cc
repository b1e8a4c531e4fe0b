#include "store/journal.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "store/scratch.h"

namespace nw {
namespace {

constexpr const char* kUid = "7f3k2abcdefghjkmnpqrstvwxy";

std::vector<std::string> payloads_of(FrameReader reader) {
  std::vector<std::string> payloads;
  while (auto payload = reader.next()) payloads.push_back(*payload);
  return payloads;
}

// A writer that appends "0", "1", ... and is killed once `reached` of them are there.
void run_and_kill_writer(const std::string& dir, const std::string& path, std::uintmax_t reached) {
  const auto writer = start_child([&] {
    auto journal = Journal::create(dir, kUid);
    for (int i = 0; journal && journal->append(std::to_string(i)); ++i) {
    }
    return 1;
  });
  std::error_code ignored;
  for (std::uintmax_t size = 0; size < reached || size == static_cast<std::uintmax_t>(-1);)
    size = std::filesystem::file_size(path, ignored);
  EXPECT_TRUE(orphaned_journals(dir).value().empty()) << "its writer lives";
  EXPECT_EQ(OrphanedJournal::claim(dir, kUid).error().kind, ErrorKind::busy);
  ::kill(writer, SIGKILL);
  EXPECT_EQ(wait_child(writer), -SIGKILL);
}

TEST(Journal, is_private_and_holds_what_was_appended) {
  const Scratch scratch;
  const auto dir = scratch / "data/journal";
  auto journal = Journal::create(dir, kUid).value();
  ASSERT_TRUE(journal.append("one"));
  ASSERT_TRUE(journal.append(""));
  ASSERT_TRUE(journal.append(std::vector<std::string>{"two", "three"}));
  ASSERT_TRUE(journal.sync());
  EXPECT_EQ(journal.path(), dir + "/" + kUid + ".journal");
  EXPECT_EQ(mode_of(journal.path()), 0600U);
  EXPECT_EQ(mode_of(dir), 0700U);
  EXPECT_EQ(read_frames(journal.path()).value().payloads, (std::vector<std::string>{"one", "", "two", "three"}));
  EXPECT_TRUE(orphaned_journals(dir).value().empty());
  ASSERT_TRUE(journal.remove());
  EXPECT_TRUE(std::filesystem::is_empty(dir));
}

TEST(Journal, exists_once_and_only_under_a_uid) {
  const Scratch scratch;
  const auto journal = Journal::create(scratch.dir(), kUid);
  ASSERT_TRUE(journal);
  EXPECT_EQ(Journal::create(scratch.dir(), kUid).error().kind, ErrorKind::busy);
  EXPECT_EQ(Journal::create(scratch.dir(), "../x").error().kind, ErrorKind::malformed);
  EXPECT_EQ(OrphanedJournal::claim(scratch.dir(), "../x").error().kind, ErrorKind::malformed);
}

TEST(Journal, of_a_killed_writer_is_recovered_by_one) {
  const Scratch scratch;
  const auto path = scratch / (std::string(kUid) + ".journal");
  run_and_kill_writer(scratch.dir(), path, 4000);
  ASSERT_EQ(orphaned_journals(scratch.dir()).value(), std::vector<std::string>{kUid});

  auto orphaned_journal = OrphanedJournal::claim(scratch.dir(), kUid).value();
  EXPECT_EQ(in_child([&] { return static_cast<int>(OrphanedJournal::claim(scratch.dir(), kUid).error().kind); }),
            static_cast<int>(ErrorKind::busy));
  EXPECT_TRUE(orphaned_journals(scratch.dir()).value().empty()) << "somebody recovers it";
  const auto payloads = payloads_of(orphaned_journal.frames());
  ASSERT_GT(payloads.size(), 300U);
  for (std::size_t i = 0; i < payloads.size(); ++i) ASSERT_EQ(payloads[i], std::to_string(i));
  EXPECT_EQ(payloads_of(orphaned_journal.frames()).size(), payloads.size()) << "read twice";

  ASSERT_TRUE(orphaned_journal.remove());
  EXPECT_EQ(OrphanedJournal::claim(scratch.dir(), kUid).error().kind, ErrorKind::absent);
}

TEST(Journal, its_lock_is_not_inherited_through_exec) {
  const Scratch scratch;
  const auto writer = start_child([&] {
    auto journal = Journal::create(scratch.dir(), kUid);
    int running[2];
    if (::pipe2(running, O_CLOEXEC) != 0) return 1;
    const auto program = ::fork();
    if (program == 0) ::execlp("sleep", "sleep", "60", nullptr);
    spill(scratch / "pid", std::to_string(program));
    ::close(running[1]);
    char none = 0;
    if (::read(running[0], &none, 1) != 0) return 2;  // the exec closes the other end
    ::raise(SIGKILL);
    return 3;
  });
  EXPECT_EQ(wait_child(writer), -SIGKILL);
  EXPECT_EQ(orphaned_journals(scratch.dir()).value().size(), 1U)
      << "the program that outlives the writer holds no lock";
  ::kill(std::stoi(slurp(scratch / "pid")), SIGKILL);
}

TEST(Journal, eight_commands_recover_a_orphaned_journal_once) {
  const Scratch scratch;
  { auto left = Journal::create(scratch.dir(), kUid).value().append("x"); }
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i)
    children.push_back(start_child([&] {
      auto orphaned_journal = OrphanedJournal::claim(scratch.dir(), kUid);
      return orphaned_journal && orphaned_journal->remove() ? 1 : 0;
    }));
  int recovered = 0;
  for (const auto child : children) recovered += wait_child(child);
  EXPECT_EQ(recovered, 1);
}

TEST(Journal, a_full_disk_keeps_the_frames_before) {
  const Scratch scratch;
  const auto path = scratch / (std::string(kUid) + ".journal");
  EXPECT_EQ(in_child([&] {
              auto journal = Journal::create(scratch.dir(), kUid);
              fill_disk_at(1000);
              Done done;
              for (int i = 0; done && i < 100; ++i) done = journal->append(std::string(30, 'x'));
              if (done || done.error().what != path + ": File too large") return 1;
              return journal->append("y") ? 0 : 2;  // a smaller one still fits, behind a whole frame
            }),
            0);
  const auto frames = read_frames(path).value();
  EXPECT_EQ(frames.end.stop, Stop::clean);
  ASSERT_EQ(frames.payloads.size(), 26U);
  EXPECT_EQ(frames.payloads.back(), "y");
}

TEST(Journal, cannot_begin_on_a_full_disk_and_leaves_nothing) {
  const Scratch scratch;
  EXPECT_EQ(in_child([&] {
              fill_disk_at(5);
              const auto journal = Journal::create(scratch.dir(), kUid);
              return !journal && journal.error().what.ends_with(".journal: File too large") ? 0 : 1;
            }),
            0);
  EXPECT_TRUE(std::filesystem::is_empty(scratch.dir()));
}

TEST(Journal, says_who_forbids_it) {
  const Scratch scratch;
  ::chmod(scratch.dir().c_str(), 0555);
  EXPECT_EQ(in_child([&] {
              become_nobody();
              const auto journal = Journal::create(scratch.dir(), kUid);
              return journal ? 99 : static_cast<int>(journal.error().kind);
            }),
            static_cast<int>(ErrorKind::denied));
}

TEST(Journal, orphaned_journals_of_no_directory_and_of_strange_files) {
  const Scratch scratch;
  EXPECT_TRUE(orphaned_journals(scratch / "absent").value().empty());
  spill(scratch / "x.journal", "");
  spill(scratch / (std::string(kUid) + ".journal.new"), "");
  std::filesystem::create_symlink("/dev/null", scratch / (std::string(kUid) + ".journal"));
  EXPECT_TRUE(orphaned_journals(scratch.dir()).value().empty());
}

}  // namespace
}  // namespace nw
