#include "store/deferred.h"

#include <gtest/gtest.h>

#include "record/record.pb.h"

namespace nw {
namespace {

struct Kept : Store {
  Result<bool> append(const pb::Record&) override { return true; }
  Result<std::vector<pb::Record>> find(const Query&) override { return std::vector<pb::Record>(1); }
};

TEST(DeferredStore, IsOpenedWhenItCanBe) {
  Nanos now = seconds(100);
  bool full = true;
  int tries = 0;
  DeferredStore store(
      [&]() -> Result<std::unique_ptr<Store>> {
        ++tries;
        if (full) return fail(ErrorKind::failed, "no space");
        return std::make_unique<Kept>();
      },
      [&] { return now; });
  EXPECT_EQ(store.opened().error().what, "no space");
  EXPECT_EQ(store.append({}).error().what, "no space");
  EXPECT_EQ(store.find({}).error().what, "no space");
  EXPECT_EQ(tries, 1) << "a full disk is not asked at every call";
  full = false;
  now += DeferredStore::kBetweenTries;
  EXPECT_TRUE(store.append({}));
  EXPECT_TRUE(store.opened());
  EXPECT_EQ(store.find({})->size(), 1U);
  EXPECT_EQ(tries, 2);
}

}  // namespace
}  // namespace nw
