#include "apps/cli/power_limit_note.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace nw::cli {
namespace {

constexpr const char* kPlace = "run/nodewatt/power-limits";

// GPUs that obey, except for broken ones.
struct Gpus : PowerLimits {
  std::vector<GpuLimit> all;
  std::map<std::string, Watts> now;
  std::set<std::string> broken;
  int sets = 0;

  void add(const std::string& uuid, Watts limit) {
    all.push_back({uuid, "GPU", 0, watts(100), watts(500), watts(400), limit});
    now[uuid] = limit;
  }
  const std::vector<GpuLimit>& gpus() const override { return all; }
  Result<Watts> read_limit(const std::string& uuid) override { return now.at(uuid); }
  Result<Watts> read_enforced(const std::string& uuid) override { return now.at(uuid); }
  Done set(const std::string& uuid, Watts limit) override {
    if (broken.contains(uuid)) return fail(ErrorKind::denied, uuid + " refuses");
    ++sets;
    now[uuid] = limit;
    return {};
  }
};

TEST(LimitNote, IsReadAsItWasWritten) {
  const test::TempDir root;
  auto file = NoteFile::create(root.path());
  ASSERT_TRUE(file) << file.error().what;
  ASSERT_TRUE(file->add("GPU-1", watts(400)));
  ASSERT_TRUE(file->add("GPU-2", watts(350)));
  const auto note = file->read();
  ASSERT_TRUE(note);
  ASSERT_EQ(note->lines.size(), 2U);
  EXPECT_EQ(note->lines[1].uuid, "GPU-2");
  EXPECT_EQ(note->lines[1].was, watts(350));
  EXPECT_FALSE(file->add("two words", watts(1)));
  ASSERT_TRUE(file->remove());
  EXPECT_TRUE(file->remove()) << "gone is gone";
}

TEST(LimitNote, OneWriterAtATime) {
  const test::TempDir root;
  {
    auto first = NoteFile::create(root.path() + "/");
    ASSERT_TRUE(first);
    EXPECT_EQ(NoteFile::create(root.path()).error().kind, ErrorKind::busy);
    EXPECT_EQ(restore_left_limits(Root{root.path()}), "") << "its keeper lives, and has set nothing";
    ASSERT_TRUE(first->add("GPU-1", watts(400)));
    EXPECT_NE(restore_left_limits(Root{root.path()}).find("in use by a sweep"), std::string::npos);
    EXPECT_TRUE(std::filesystem::exists(root.at(kPlace)));
    ASSERT_TRUE(first->remove());
  }
  EXPECT_TRUE(NoteFile::create(root.path())) << "nothing had been set";
  root.write(kPlace, "nodewatt-power-limits 1\nboot \ngpu GPU-1 400000\n");
  EXPECT_EQ(NoteFile::create(root.path()).error().kind, ErrorKind::busy) << "what is left comes first";
}

TEST(LimitNote, ALineWithoutItsEndWasNeverActedOn) {
  const std::string whole = "nodewatt-power-limits 1\nboot b\ngpu GPU-1 400000\ngpu GPU-2 300000\n";
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    const auto note = parse_limit_note(std::string_view(whole).substr(0, length));
    ASSERT_TRUE(note) << length;
    EXPECT_LE(note->lines.size(), 2U);
  }
  EXPECT_EQ(parse_limit_note(whole.substr(0, whole.size() - 1))->lines.size(), 1U);
}

TEST(LimitNote, RefusesWhatIsNone) {
  for (const char* bad :
       {"hello\n", "nodewatt-power-limits 2\n", "nodewatt-power-limits 1\nboot b\ngpu GPU-1\n",
        "nodewatt-power-limits 1\nboot b\ngpu GPU-1 0\n", "nodewatt-power-limits 1\nboot b\ngpu GPU-1 -5\n",
        "nodewatt-power-limits 1\nboot b\ngpu GPU-1 99999999999\n", "nodewatt-power-limits 1\nboot b\n\n",
        "nodewatt-power-limits 1\nboot b\ngpu \x1b[2J 400000\n"})
    EXPECT_FALSE(parse_limit_note(bad)) << bad;
  EXPECT_FALSE(parse_limit_note(std::string(100'000, '\n')));
}

TEST(LimitNote, CanBeReadByEverybodyAndLockedByItsOwnerAlone) {
  const test::TempDir root;
  const auto file = NoteFile::create(root.path());
  ASSERT_TRUE(file);
  const auto mode = [&](const std::string& path) { return std::filesystem::status(root.at(path)).permissions(); };
  EXPECT_EQ(mode(std::string(kPlace) + ".lock"), std::filesystem::perms{0600});
  const Fd note(::open(root.at(kPlace).c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(::flock(note.get(), LOCK_EX | LOCK_NB), 0) << "a lock on the note is nobody's";
}

TEST(LimitNote, ALockOnTheNoteKeepsNobodyFromPuttingBack) {
  const test::TempDir root;
  root.write(kPlace, "nodewatt-power-limits 1\nboot \ngpu GPU-1 400000\n");
  const Fd note(::open(root.at(kPlace).c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(::flock(note.get(), LOCK_EX | LOCK_NB), 0);
  EXPECT_NE(restore_left_limits(Root{root.path()}).find("which are to be put back"), std::string::npos);
}

TEST(PutBack, SetsWhatDiffersAndNamesWhatItCannot) {
  Gpus gpus;
  gpus.add("a", watts(200));
  gpus.add("b", watts(400));
  gpus.add("c", watts(200));
  const LimitNote note{"", {{"a", watts(400)}, {"b", watts(400)}, {"gone", watts(400)}, {"c", watts(300)}}};
  gpus.broken = {"a"};
  const PutBack back = put_back(note, gpus);
  EXPECT_EQ(back.error.what, "a refuses");
  EXPECT_EQ(back.done().error().what, "a refuses; gone to 400 W, not visible here");
  EXPECT_EQ(back.done().error().kind, ErrorKind::denied);
  EXPECT_EQ(gpus.now["c"], watts(300)) << "one that refuses does not keep the others";
  ASSERT_EQ(back.set.size(), 1U) << "what is as it was is not set";
  EXPECT_EQ(back.set[0].uuid, "c");
  EXPECT_EQ(back.left("b").lines.size(), 2U);
  gpus.broken.clear();
  const PutBack again = put_back(back.left("b"), gpus);
  EXPECT_EQ(gpus.now["a"], watts(400));
  EXPECT_EQ(again.done().error().kind, ErrorKind::absent);
  EXPECT_EQ(gpus.sets, 2);
  gpus.add("gone", watts(200));
  EXPECT_TRUE(put_back(again.left("b"), gpus).done()) << "seen again";
}

TEST(LimitNote, KeepsWhatIsStillToBePutBack) {
  const test::TempDir root;
  root.write("proc/sys/kernel/random/boot_id", "now\n");
  Gpus gpus;
  gpus.add("a", watts(200));
  {
    auto file = NoteFile::create(root.path());
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->add("a", watts(400)) && file->add("b", watts(350)));
    EXPECT_FALSE(file->settle(gpus));
  }
  EXPECT_EQ(test::slurp(root.at(kPlace)), "nodewatt-power-limits 1\nboot now\ngpu b 350000\n");
  EXPECT_NE(NoteFile::create(root.path()).error().what.find("b to 350 W"), std::string::npos);
}

TEST(LeftLimits, AreForgottenWithTheBootThatSetThem) {
  const test::TempDir root;
  EXPECT_EQ(restore_left_limits(Root{root.path()}), "");
  root.write("proc/sys/kernel/random/boot_id", "now\n");
  root.write(kPlace, "nodewatt-power-limits 1\nboot before\ngpu GPU-1 400000\n");
  EXPECT_EQ(restore_left_limits(Root{root.path()}), "");
  EXPECT_FALSE(std::filesystem::exists(root.at(kPlace)));
}

// The daemon's user owns the folder: root does not act on a note that he wrote.
TEST(LeftLimits, AreBelievedOnlyFromRoot) {
  const test::TempDir root;
  root.write(kPlace, "nodewatt-power-limits 1\nboot \ngpu GPU-1 400000\n");
  const std::string note = root.at(kPlace);
  ASSERT_EQ(::chmod(note.c_str(), 0646), 0);
  EXPECT_NE(restore_left_limits(Root{root.path()}).find("believed only from root"), std::string::npos);
  EXPECT_EQ(NoteFile::create(root.path()).error().kind, ErrorKind::denied);
  ASSERT_EQ(::chmod(note.c_str(), 0644), 0);
  EXPECT_NE(restore_left_limits(Root{root.path()}).find("which are to be put back"), std::string::npos) << "our own";
  ASSERT_EQ(::link(note.c_str(), (note + ".other").c_str()), 0);
  EXPECT_NE(restore_left_limits(Root{root.path()}).find("believed only from root"), std::string::npos)
      << "a file of somebody";
  ASSERT_EQ(::unlink((note + ".other").c_str()), 0);
  if (::geteuid() != 0) GTEST_SKIP() << "to make a file of another user's takes root";
  ASSERT_EQ(::chown(note.c_str(), 5, 5), 0);
  const std::string said = restore_left_limits(Root{root.path()});
  EXPECT_NE(said.find("written by user 5"), std::string::npos) << said;
  EXPECT_NE(said.find("no power limit is put back"), std::string::npos) << said;
}

TEST(LeftLimits, StayWhereTheyCannotBePutBack) {
  const test::TempDir root;  // no libnvidia-ml below it
  root.write(kPlace, "nodewatt-power-limits 1\nboot \ngpu GPU-1 400000\n");
  EXPECT_NE(restore_left_limits(Root{root.path()}).find("GPU-1 to 400 W"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(root.at(kPlace)));
  root.write(kPlace, "rubbish\n");
  EXPECT_NE(restore_left_limits(Root{root.path()}).find("no power limit is put back"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(root.at(kPlace)));
}

}  // namespace
}  // namespace nw::cli
