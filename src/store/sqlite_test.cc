#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "store/scratch.h"
#include "store/store.h"

namespace nw {
namespace {

class Sqlite : public testing::Test {
 protected:
  std::unique_ptr<Store> open() { return make_sqlite_store(path_).value(); }
  std::string open_error() {
    const auto store = make_sqlite_store(path_);
    return store ? "" : store.error().what;
  }
  // Through SQLite itself, not our code.
  void execute(const std::string& sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_close(database);
  }
  static std::vector<std::string> names_of(Store& store, const Query& query) {
    std::vector<std::string> names;
    const auto records = store.find(query).value();
    for (const auto& record : records) names.push_back(record.name());
    return names;
  }

  Scratch scratch_;
  std::string path_ = scratch_ / "data/nodewatt/records.db";
};

using Names = std::vector<std::string>;

TEST_F(Sqlite, keeps_a_record_once_and_for_ever) {
  auto record = make_record("first", 5);
  record.clear_energy();
  EXPECT_TRUE(open()->append(record).value());
  auto changed = record;
  changed.set_name("changed");
  EXPECT_FALSE(open()->append(changed).value());
  const auto found = open()->find({}).value();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].SerializeAsString(), record.SerializeAsString());
  EXPECT_FALSE(found[0].energy().has_energy_uj()) << "unknown is not 0";
}

TEST_F(Sqlite, is_private) {
  auto store = open();
  ASSERT_TRUE(store->append(make_record("x", 1)));
  for (const auto* suffix : {"", "-wal", "-shm"}) {  // the latter two on a local disk only
    if (std::filesystem::exists(path_ + suffix)) {
      EXPECT_EQ(mode_of(path_ + suffix), 0600U) << suffix;
    }
  }
  EXPECT_EQ(mode_of(scratch_ / "data"), 0700U);
  EXPECT_EQ(mode_of(scratch_ / "data/nodewatt"), 0700U);
}

TEST_F(Sqlite, finds_newest_first_by_every_filter) {
  auto store = open();
  for (int i = 0; i < 30; ++i) {
    auto record = make_record("run" + std::to_string(i % 3), 100 + i);
    auto* label = record.add_labels();
    label->set_key("parity");
    label->set_value(i % 2 == 0 ? "even" : "odd");
    ASSERT_TRUE(store->append(record).value());
  }
  EXPECT_EQ(store->find({}).value().size(), 20U);
  EXPECT_EQ(store->find({}).value().front().start_unix_ns(), 129);
  Query query;
  query.limit = 0;
  EXPECT_EQ(store->find(query).value().size(), 30U);
  query.name = "run1";
  EXPECT_EQ(store->find(query).value().size(), 10U);
  query.labels = {{"parity", "even"}};
  EXPECT_EQ(store->find(query).value().size(), 5U);
  query.since_unix_ns = 104;
  query.until_unix_ns = 116;
  std::vector<std::int64_t> starts;
  const auto records = store->find(query).value();
  for (const auto& record : records) starts.push_back(record.start_unix_ns());
  EXPECT_EQ(starts, (std::vector<std::int64_t>{110, 104}));
  query.labels.emplace_back("parity", "odd");
  EXPECT_TRUE(store->find(query).value().empty());
}

TEST_F(Sqlite, finds_the_records_of_one_job) {
  const auto store = open();
  for (int i = 0; i < 4; ++i) {
    auto record = make_record("run", 1000 + i);
    if (i > 0) record.set_job_key(i < 3 ? "slurm-1234.0" : "slurm-1234.1");
    ASSERT_TRUE(store->append(record).value());
  }
  Query query;
  for (const auto& [job, count] :
       {std::pair("slurm-1234.0", 2U), {"1234.0", 2U}, {"1234.1", 1U}, {"1234", 0U}, {"34.0", 0U}, {"0", 0U}}) {
    query.job = job;
    EXPECT_EQ(store->find(query).value().size(), count) << job;
  }
}

TEST_F(Sqlite, finds_by_short_id_group_and_last) {
  auto store = open();
  const std::string tail = "bcdefghjkmnpqrstvwxy";
  const std::string group = "9group" + tail.substr(0, 20);
  for (const auto& [uid, name] :
       {std::pair("7f3k2a" + tail, "a"), std::pair("7f3k2b" + tail, "b"), std::pair("8zzzzz" + tail, "c")}) {
    auto record = make_record(name, name[0]);
    record.set_uid(uid);
    if (uid[0] == '7') record.set_group(std::string("9g0") + tail + "xyz");
    ASSERT_TRUE(store->append(record).value());
  }
  const auto by = [&](Names ids) {
    Query query;
    query.ids = std::move(ids);
    query.limit = 1;
    return names_of(*store, query);
  };
  EXPECT_EQ(by({"@7f3k2a"}), Names{"a"});
  EXPECT_EQ(by({"8Z"}), Names{"c"});
  EXPECT_EQ(by({"last"}), Names{"c"});
  EXPECT_EQ(by({"@9go"}), (Names{"b", "a"})) << "a group is all its repeats, whatever the limit";
  EXPECT_EQ(by({"7f3k2a", "last", "9g", "8z"}), (Names{"a", "c", "b"})) << "in this order, nothing twice";

  Query query;
  query.ids = {"7f3k2"};
  EXPECT_NE(store->find(query).error().what.find("@7f3k2a, @7f3k2b"), std::string::npos);
  query.ids = {"@0000"};
  EXPECT_EQ(store->find(query).error().kind, ErrorKind::absent);
  query.ids = {"' OR 1"};
  EXPECT_EQ(store->find(query).error().kind, ErrorKind::malformed);
  query.ids = {"last"};
  query.name = "a";
  EXPECT_EQ(names_of(*store, query), Names{"a"});
}

TEST_F(Sqlite, an_empty_store_has_no_last) {
  auto store = open();
  EXPECT_TRUE(store->find({}).value().empty());
  Query query;
  query.ids = {"last"};
  EXPECT_EQ(store->find(query).error().kind, ErrorKind::absent);
}

TEST_F(Sqlite, refuses_what_has_no_uid) {
  auto record = make_record("x", 1);
  record.set_uid("7f3k2");
  EXPECT_EQ(open()->append(record).error().kind, ErrorKind::malformed);
}

TEST_F(Sqlite, unknown_fields_survive) {
  auto bytes = make_record("new", 1).SerializeAsString() + std::string("\xba\x7d\x03new", 6);
  pb::Record record;
  ASSERT_TRUE(record.ParseFromString(bytes));
  ASSERT_TRUE(open()->append(record));
  EXPECT_EQ(open()->find({}).value().at(0).SerializeAsString(), bytes);
}

TEST_F(Sqlite, a_timeline_is_left_out_when_nobody_needs_it) {
  auto record = make_record("x", 1);
  record.mutable_timeline()->set_step_ns(5);
  record.mutable_timeline()->add_series()->add_energy_uj(-1);
  record.set_monitor_cpu_s(0.5);  // stands behind it
  ASSERT_TRUE(open()->append(record));
  EXPECT_EQ(open()->find({}).value()[0].SerializeAsString(), record.SerializeAsString());
  record.clear_timeline();
  Query query;
  query.without_timeline = true;
  EXPECT_EQ(open()->find(query).value()[0].SerializeAsString(), record.SerializeAsString());
}

TEST_F(Sqlite, foreign_files_are_refused_and_left_alone) {
  std::filesystem::create_directories(scratch_ / "data/nodewatt");
  const std::string text(5000, 'x');
  spill(path_, text);
  EXPECT_NE(open_error().find("file is not a database"), std::string::npos) << open_error();
  EXPECT_EQ(slurp(path_), text);

  std::filesystem::remove(path_);
  execute("CREATE TABLE theirs(x)");
  const auto theirs = slurp(path_);
  EXPECT_EQ(open_error(), path_ + ": a database of another program, not a nodewatt store");
  EXPECT_EQ(slurp(path_), theirs);

  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  EXPECT_NE(open_error().find(path_), std::string::npos) << open_error();
}

TEST_F(Sqlite, a_newer_schema_is_refused) {
  open();
  execute("PRAGMA user_version=3");
  EXPECT_NE(open_error().find("written by a newer nodewatt"), std::string::npos) << open_error();
}

// A store of version 1 had the name of a job with its manager alone, and no label of user and job.
TEST_F(Sqlite, an_earlier_schema_is_upgraded) {
  auto record = make_record("x", 1);
  record.set_job_key("slurm-1234");
  record.mutable_job()->set_manager("slurm");
  record.mutable_job()->set_id("1234");
  record.mutable_job()->set_uid(1000);
  ASSERT_TRUE(open()->append(record));
  execute("DELETE FROM labels WHERE key = char(1) || 'user_job' OR value = '1234'");
  execute("PRAGMA user_version=1");
  const auto store = open();
  for (const auto& [job, user, count] : {std::tuple{"1234", 1000U, 1U}, std::tuple{"slurm-1234", 1000U, 1U},
                                         std::tuple{"1234", 1001U, 0U}, std::tuple{"123", 1000U, 0U}}) {
    Query query;
    query.job = job;
    EXPECT_EQ(store->find(query).value().size(), std::string(job) == "123" ? 0U : 1U) << job;
    query.user = user;
    EXPECT_EQ(store->find(query).value().size(), count) << job << " of " << user;
  }
}

TEST_F(Sqlite, a_damaged_record_names_itself) {
  const auto record = make_record("x", 1);
  ASSERT_TRUE(open()->append(record));
  execute("UPDATE records SET record = x'00112233'");
  const auto found = open()->find({});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().what, path_ + ": record " + record.uid() + ": not a packed record");
}

TEST_F(Sqlite, the_log_is_taken_in_before_it_grows_long) {
  auto record = make_record("x", 1);
  record.set_boundary_note(std::string(1500, 'x'));
  for (int i = 0; i < 200; ++i) {
    record.set_uid(make_uid().value());
    ASSERT_TRUE(open()->append(record).value());
    std::error_code gone;
    const auto size = std::filesystem::file_size(path_ + "-wal", gone);
    ASSERT_TRUE(gone || size < (std::uintmax_t{5} << 18)) << size;  // 1.25 MiB
  }
  EXPECT_GT(std::filesystem::file_size(path_), 50000U);
}

}  // namespace
}  // namespace nw
