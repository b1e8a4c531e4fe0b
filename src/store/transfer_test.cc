#include "store/transfer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "store/frames.h"
#include "store/packed.h"
#include "store/scratch.h"

namespace nw {
namespace {

std::vector<pb::Record> make_records(int count) {
  std::vector<pb::Record> records;
  for (int i = 0; i < count; ++i) records.push_back(make_record("run " + std::to_string(i), 1000 + i));
  return records;
}

class Transfer : public testing::Test {
 protected:
  std::unique_ptr<Store> make_store(const std::string& name) { return make_sqlite_store(scratch_ / name).value(); }
  std::size_t size_of(Store& store) {
    Query all;
    all.limit = 0;
    return store.find(all).value().size();
  }
  Scratch scratch_;
  std::string path_ = scratch_ / "records.nwr";
};

TEST_F(Transfer, a_file_carries_records_and_twice_is_once) {
  const auto records = make_records(5);
  ASSERT_TRUE(export_records(path_, records));
  const auto store = make_store("a.db");
  ASSERT_TRUE(store->append(records[2]));
  const auto first = import_records(path_, *store).value();
  EXPECT_EQ(first.added, 4U);
  EXPECT_EQ(first.present, 1U);
  EXPECT_EQ(import_records(path_, *store).value().present, 5U);
  Query query;
  query.ids = {records[3].uid()};
  EXPECT_EQ(store->find(query).value().at(0).SerializeAsString(), records[3].SerializeAsString());
}

TEST_F(Transfer, an_older_export_is_replaced_whole_or_not_at_all) {
  ASSERT_TRUE(export_records(path_, make_records(1)));
  const auto before = slurp(path_);
  EXPECT_EQ(in_child([&] {
              fill_disk_at(200);
              const auto done = export_records(path_, make_records(50));
              return !done && done.error().what == path_ + ": File too large" ? 0 : 1;
            }),
            0);
  EXPECT_EQ(slurp(path_), before);
  ASSERT_TRUE(export_records(path_, make_records(2)));
  EXPECT_NE(slurp(path_), before);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(scratch_.dir()), {}), 1) << "no partial file stays";
}

TEST_F(Transfer, half_a_file_gives_its_whole_records) {
  constexpr int kRecords = 4;
  ASSERT_TRUE(export_records(path_, make_records(kRecords)));
  const auto whole = slurp(path_);
  const auto store = make_store("a.db");
  std::size_t known = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    spill(path_, std::string_view(whole).substr(0, at));
    const auto before = read_frames(bytes_of_memory(std::string_view(whole).substr(0, at)), "").payloads.size();
    const auto count = import_records(path_, *store);
    known = std::max(known, before > 0 ? before - 1 : 0);
    ASSERT_EQ(size_of(*store), known) << "cut at " << at;
    if (count) continue;  // the cut fell between two frames
    EXPECT_TRUE(count.error().what.starts_with(path_ + ": ")) << count.error().what;
    EXPECT_NE(count.error().what.find("(records before it: "), std::string::npos) << count.error().what;
  }
  EXPECT_EQ(known, kRecords - 1U);
}

TEST_F(Transfer, damage_names_file_and_offset) {
  ASSERT_TRUE(export_records(path_, make_records(3)));
  auto bytes = slurp(path_);
  bytes[bytes.size() - 3] ^= 1;
  spill(path_, bytes);
  const auto store = make_store("a.db");
  const auto count = import_records(path_, *store);
  ASSERT_FALSE(count);
  EXPECT_EQ(count.error().kind, ErrorKind::malformed);
  EXPECT_NE(count.error().what.find(path_ + ": byte "), std::string::npos) << count.error().what;
  EXPECT_NE(count.error().what.find("(records before it: 2 added, 0 already there)"), std::string::npos);
  EXPECT_EQ(size_of(*store), 2U);
}

TEST_F(Transfer, whole_frames_of_something_else_are_refused) {
  const auto store = make_store("a.db");
  const auto error_of = [&](const std::vector<std::string>& payloads) {
    std::string bytes(kFramesMagic);
    for (const auto& payload : payloads) bytes += make_frame(payload).value();
    spill(path_, bytes);
    return import_records(path_, *store).error().what;
  };
  EXPECT_NE(error_of({}).find("no file of records"), std::string::npos);
  EXPECT_NE(error_of({"sample"}).find("no file of records"), std::string::npos);
  EXPECT_NE(error_of({"nodewatt-records 2"}).find("another version"), std::string::npos);
  EXPECT_NE(error_of({"nodewatt-records 1", "garbage"}).find(path_ + ": byte 44: not a packed record"),
            std::string::npos);
  EXPECT_NE(error_of({"nodewatt-records 1", pack_record(pb::Record()).value()}).find("uid"), std::string::npos);
  EXPECT_EQ(import_records(scratch_ / "absent", *store).error().kind, ErrorKind::absent);
  EXPECT_EQ(size_of(*store), 0U);
}

TEST_F(Transfer, fields_of_a_newer_version_travel_along) {
  auto record = make_record("new", 1);
  auto bytes = record.SerializeAsString();
  bytes += std::string("\xba\x7d\x03new", 6);  // field 2007, a string
  ASSERT_TRUE(record.ParseFromString(bytes));
  ASSERT_TRUE(export_records(path_, {record}));
  const auto store = make_store("a.db");
  ASSERT_EQ(import_records(path_, *store).value().added, 1U);
  const auto found = store->find({}).value();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].SerializeAsString(), bytes);
}

// Two machines' stores may hold one uid with different contents (a merge, redone): what is here stays.
TEST_F(Transfer, what_is_kept_already_is_not_replaced) {
  auto records = make_records(1);
  const auto store = make_store("a.db");
  ASSERT_TRUE(store->append(records[0]));
  records[0].set_name("another content");
  ASSERT_TRUE(export_records(path_, records));
  EXPECT_EQ(import_records(path_, *store).value().present, 1U);
  EXPECT_EQ(store->find(Query{}).value().at(0).name(), "run 0");
}

// A kind, a boundary and a mark of severity that this version does not know are kept as the numbers they are.
TEST_F(Transfer, words_of_a_newer_version_travel_along) {
  auto records = make_records(1);
  records[0].mutable_energy()->set_kind(static_cast<pb::Kind>(77));
  records[0].mutable_energy()->set_boundary(static_cast<pb::Boundary>(9));
  records[0].add_anomalies()->set_name("from_the_future");
  ASSERT_TRUE(export_records(path_, records));
  const auto store = make_store("a.db");
  ASSERT_TRUE(import_records(path_, *store));
  EXPECT_EQ(store->find(Query{}).value().at(0).SerializeAsString(), records[0].SerializeAsString());
}

TEST_F(Transfer, reading_alone_gives_all_or_nothing) {
  const auto records = make_records(3);
  ASSERT_TRUE(export_records(path_, records));
  const auto read = read_records(path_);
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), 3U);
  EXPECT_EQ(read->at(2).SerializeAsString(), records[2].SerializeAsString());
  const auto whole = slurp(path_);
  spill(path_, whole.substr(0, whole.size() - 1));
  EXPECT_EQ(read_records(path_).error().kind, ErrorKind::malformed);
  EXPECT_EQ(read_records(scratch_ / "none").error().kind, ErrorKind::absent);
}

TEST_F(Transfer, through_a_pipe_by_standard_output_and_input) {
  const auto fifo = scratch_ / "pipe";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const auto writer = start_child([&] {
    const int fd = ::open(fifo.c_str(), O_WRONLY);
    ::dup2(fd, STDOUT_FILENO);
    return export_records("-", make_records(100)) ? 0 : 1;
  });
  const auto reader = start_child([&] {
    const int fd = ::open(fifo.c_str(), O_RDONLY);
    ::dup2(fd, STDIN_FILENO);
    auto store = make_store("a.db");
    return static_cast<int>(import_records("-", *store).value_or(ImportCount{}).added);
  });
  EXPECT_EQ(wait_child(writer), 0);
  EXPECT_EQ(wait_child(reader), 100);
}

// A few kilobytes that would become many megabytes, by one record or by many.
TEST_F(Transfer, what_is_made_to_fill_a_memory_is_refused_before_it_does) {
  const auto write = [&](const std::vector<std::string>& packed) {
    std::string bytes = std::string(kFramesMagic) + make_frame("nodewatt-records 1").value();
    for (const auto& one : packed) bytes += make_frame(one).value();
    spill(path_, bytes);
    EXPECT_LT(bytes.size(), 20'000U);
  };
  auto record = make_record("large", 1);
  record.set_command(std::string(1 << 20, 'x'));
  write(std::vector<std::string>(64, pack_record(record).value()));
  const auto refused = read_records(path_);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("times as many"), std::string::npos) << refused.error().what;

  const std::string numbers(10'000'000, '\0');
  pb::Record bomb = make_record("bomb", 2);
  std::string plain = bomb.SerializeAsString();
  const auto nest = [&](int field, const std::string& inner) {
    std::string length;
    std::size_t left = inner.size();
    for (; left > 0x7f; left >>= 7) length += static_cast<char>((left & 0x7f) | 0x80);
    const unsigned tag = static_cast<unsigned>(field) << 3 | 2;
    const std::string head = tag > 0x7f
                                 ? std::string{static_cast<char>((tag & 0x7f) | 0x80), static_cast<char>(tag >> 7)}
                                 : std::string(1, static_cast<char>(tag));
    return head + length + static_cast<char>(left) + inner;
  };
  plain += nest(pb::Record::kTimelineFieldNumber,
                nest(pb::Timeline::kSeriesFieldNumber, nest(pb::Series::kEnergyUjFieldNumber, numbers)));
  write({compress(plain, 3, "bomb").value()});
  const auto store = make_store("a.db");
  const auto count = import_records(path_, *store);
  ASSERT_FALSE(count);
  EXPECT_NE(count.error().what.find(path_ + ": byte 44: a timeline of over 2000000 values"), std::string::npos)
      << count.error().what;
  EXPECT_EQ(size_of(*store), 0U);
}

TEST_F(Transfer, a_device_is_written_into_and_stays) {
  EXPECT_TRUE(export_records("/dev/null", make_records(1)));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  if (!std::filesystem::is_character_file("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  EXPECT_EQ(export_records("/dev/full", make_records(1)).error().what, "/dev/full: No space left on device");
}

TEST(Packed, claims_of_size_are_not_believed) {
  auto packed = pack_record(make_record("x", 1)).value();
  EXPECT_TRUE(unpack_record(packed, "p"));
  for (std::size_t i = 0; i < packed.size(); ++i)
    EXPECT_FALSE(unpack_record(std::string_view(packed).substr(0, i), "p")) << i;
  // A zstd frame that says it holds 2^40 bytes.
  const std::string bomb("\x28\xb5\x2f\xfd\xe0\x00\x00\x00\x00\x00\x01\x00\x00\x01\x00\x00", 16);
  EXPECT_NE(unpack_record(bomb, "p").error().what.find("1099511627776 bytes"), std::string::npos);
}

}  // namespace
}  // namespace nw
