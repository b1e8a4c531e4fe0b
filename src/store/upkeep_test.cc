// Damaged stores: the rest is found, and what is damaged is named, removed, and found by a check.
#include "store/upkeep.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <random>

#include "store/packed.h"
#include "store/scratch.h"
#include "store/store.h"

namespace nw {
namespace {

using Texts = std::vector<std::string>;

class Upkeep : public testing::Test {
 protected:
  // Five runs, r0 to r4, of which r1 and r2 are repeats of one group.
  void SetUp() override {
    const auto store = make_sqlite_store(path_).value();
    const std::string group = make_uid().value();
    for (int i = 0; i < 5; ++i) {
      auto record = make_record("r" + std::to_string(i), 1000 + i);
      if (i == 1 || i == 2) record.set_group(group);
      auto* label = record.add_labels();
      label->set_key("number");
      label->set_value(std::to_string(i));
      uids_.push_back(record.uid());
      ASSERT_TRUE(store->append(record).value());
    }
    group_ = group;
  }
  // Through SQLite itself, not our code.
  void execute(const std::string& sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_close(database);
  }
  void damage(int i, const std::string& blob = "x'00112233'") {
    execute("UPDATE records SET record = " + blob + " WHERE uid = '" + uids_[static_cast<std::size_t>(i)] + "'");
  }
  // What is found, including what was reported to told_.
  Result<Texts> find(const Query& query) {
    told_.clear();
    const auto store = make_sqlite_store(path_, [&](const Error& error) { told_.push_back(error.what); });
    return store.value()->find(query).map([](const std::vector<pb::Record>& records) {
      Texts names;
      for (const auto& record : records) names.push_back(record.name());
      return names;
    });
  }
  Texts find_all(std::size_t limit = 0) {
    Query query;
    query.limit = limit;
    return find(query).value();
  }
  Result<Texts> find_ids(const Texts& ids) {
    Query query;
    query.ids = ids;
    return find(query);
  }
  std::string name_of(int i) const { return path_ + ": record " + uids_[static_cast<std::size_t>(i)]; }

  Scratch scratch_;
  std::string path_ = scratch_ / "records.db", group_;
  Texts uids_, told_;
};

TEST_F(Upkeep, one_damaged_record_leaves_the_others) {
  const auto packed = pack_record(make_record("r2", 1002)).value();
  Texts blobs{"x'00112233'", "x''", "zeroblob(100)", "substr(record, 1, length(record) - 1)"};
  for (std::size_t at = 0; at < packed.size(); at += 7)  // one byte of it
    blobs.push_back("CAST(substr(record, 1, " + std::to_string(at) + ") || x'5a' || substr(record, " +
                    std::to_string(at + 2) + ") AS BLOB)");
  for (const auto& blob : blobs) {
    damage(2, blob);
    const Texts names = find_all();
    ASSERT_GE(names.size(), 4U) << blob;  // a byte of a text may be another one and make a whole record
    if (names.size() == 5) continue;
    EXPECT_EQ(names, (Texts{"r4", "r3", "r1", "r0"})) << blob;
    ASSERT_EQ(told_.size(), 1U) << blob;
    EXPECT_TRUE(told_[0].starts_with(name_of(2) + ": ")) << told_[0];
  }
}

TEST_F(Upkeep, a_limit_counts_what_is_found) {
  damage(3);
  EXPECT_EQ(find_all(3), (Texts{"r4", "r2", "r1"}));
  EXPECT_EQ(told_.size(), 1U);
  EXPECT_EQ(find_all(1), Texts{"r4"});
  EXPECT_EQ(told_.size(), 0U) << "it was not come upon";
  Query query;
  query.patterns = {{"name", "r*"}};
  query.limit = 2;
  EXPECT_EQ(find(query).value(), (Texts{"r4", "r2"}));
}

TEST_F(Upkeep, each_damage_is_told_once) {
  damage(3);
  Texts told;
  const auto store = make_sqlite_store(path_, [&](const Error& error) { told.push_back(error.what); }).value();
  ASSERT_TRUE(store->find({}));
  ASSERT_TRUE(store->find({}));
  EXPECT_EQ(told, Texts{name_of(3) + ": not a packed record"});
}

TEST_F(Upkeep, an_id_of_a_damaged_record_is_answered_so) {
  damage(4);
  damage(2);
  EXPECT_EQ(find_ids({uids_[2]}).error().what, name_of(2) + ": not a packed record");
  EXPECT_EQ(find_ids({"last"}).error().what, name_of(4) + ": not a packed record") << "r3 is not the last one";
  EXPECT_EQ(find_ids({group_}).value(), Texts{"r1"});
  EXPECT_EQ(told_, Texts{name_of(2) + ": not a packed record"});
  EXPECT_EQ(find_ids({uids_[3], uids_[1]}).value(), (Texts{"r3", "r1"}));
  EXPECT_TRUE(told_.empty());
}

// A page of the file that only one record has: the others are found.
TEST_F(Upkeep, a_damaged_page_leaves_the_others) {
  auto large = make_record("large", 5000);
  std::mt19937 random(1);  // NOLINT: the same on every machine
  std::string noise(50'000, ' ');
  for (char& c : noise) c = static_cast<char>('!' + random() % 90);
  large.set_command(noise);
  ASSERT_TRUE(make_sqlite_store(path_).value()->append(large).value());
  execute("PRAGMA wal_checkpoint(TRUNCATE)");
  std::string bytes = slurp(path_);
  constexpr std::size_t kPage = 4096;
  const std::size_t last = bytes.size() / kPage - 1;  // of its chain
  bytes.replace((last - 2) * kPage, 4, "\xff\xff\xff\xff");
  spill(path_, bytes);
  EXPECT_EQ(find_all(), (Texts{"r4", "r3", "r2", "r1", "r0"}));
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_NE(told_[0].find("malformed"), std::string::npos) << told_[0];
  const auto check = check_store(path_).value();
  EXPECT_EQ(check.records, 6U);
  EXPECT_FALSE(check.faults.empty());
}

TEST_F(Upkeep, takes_records_out_by_every_kind_of_id) {
  damage(0);
  EXPECT_EQ(find_uids(path_, {uids_[0], "last", group_}).value(), (Texts{uids_[0], uids_[4], uids_[2], uids_[1]}));
  EXPECT_EQ(find_uids(path_, {group_, uids_[1]}).value(), (Texts{uids_[2], uids_[1]})) << "nothing twice";
  EXPECT_EQ(find_uids(path_, {uids_[0], "00000"}).error().kind, ErrorKind::absent);
  EXPECT_EQ(remove_records(path_, {uids_[0], uids_[2]}).value(), 2U);
  EXPECT_EQ(remove_records(path_, {uids_[0]}).value(), 0U);
  EXPECT_EQ(find_all(), (Texts{"r4", "r3", "r1"}));
  EXPECT_TRUE(told_.empty());
  Query by_label;
  by_label.labels = {{"number", "2"}};
  EXPECT_TRUE(find(by_label).value().empty());
  EXPECT_TRUE(check_store(path_).value().faults.empty());
  auto again = make_record("r2", 1002);
  again.set_uid(uids_[2]);
  EXPECT_TRUE(make_sqlite_store(path_).value()->append(again).value()) << "it may come back";
}

TEST_F(Upkeep, removing_is_all_or_nothing) {
  execute("CREATE TRIGGER stays BEFORE DELETE ON labels BEGIN SELECT RAISE(ABORT, 'stays'); END");
  EXPECT_EQ(remove_records(path_, uids_).error().what, path_ + ": stays");
  EXPECT_EQ(find_all().size(), 5U);
}

TEST_F(Upkeep, a_check_names_all_that_is_wrong) {
  auto check = check_store(path_).value();
  EXPECT_EQ(check.records, 5U);
  EXPECT_TRUE(check.faults.empty());
  damage(1);
  damage(3, "zeroblob(10)");
  execute("UPDATE records SET name = 'other', energy_uj = NULL WHERE name = 'r0'");
  execute("DELETE FROM labels WHERE uid = '" + uids_[4] + "'");
  const auto before = slurp(path_);
  check = check_store(path_).value();
  EXPECT_EQ(check.records, 5U);
  EXPECT_EQ(check.unreadable, (Texts{uids_[3], uids_[1]}));
  EXPECT_EQ(check.faults, (Texts{name_of(4) + ": is listed by another label than its own",
                                 name_of(3) + ": not a packed record", name_of(1) + ": not a packed record",
                                 name_of(0) + ": is listed by another name, energy than its own"}));
  EXPECT_EQ(slurp(path_), before);
}

TEST_F(Upkeep, a_check_makes_nothing) {
  EXPECT_EQ(check_store(scratch_ / "none.db").error().kind, ErrorKind::absent);
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "none.db"));
  EXPECT_EQ(find_uids(scratch_ / "none.db", {"last"}).error().kind, ErrorKind::absent);
  spill(scratch_ / "text", std::string(5000, 'x'));
  EXPECT_EQ(check_store(scratch_ / "text").error().kind, ErrorKind::malformed);
  spill(scratch_ / "empty", "");
  EXPECT_EQ(check_store(scratch_ / "empty").error().kind, ErrorKind::absent);
}

}  // namespace
}  // namespace nw
