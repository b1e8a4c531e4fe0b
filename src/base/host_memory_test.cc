#include "base/host_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nw {
namespace {
using ::testing::ElementsAre;

TEST(MemoryHost, FilesChangeUnderOpenSources) {
  MemoryHost host;
  host.set_file("/n", "5\n");
  const auto source = std::move(*host.open_number("/n", kWholeNumber));
  EXPECT_EQ(source->read().value, 5u);
  host.set_file("/n", "6");
  EXPECT_EQ(source->read().value, 6u);
  host.set_file("/n", "");
  EXPECT_EQ(source->read().error, ErrorKind::malformed);
  host.set_error("/n", ErrorKind::denied);
  EXPECT_EQ(source->read().error, ErrorKind::denied);
  EXPECT_EQ(host.open_number("/n", kWholeNumber).error().kind, ErrorKind::denied);
  host.remove_file("/n");
  EXPECT_EQ(source->read().error, ErrorKind::absent);
  EXPECT_EQ(host.read_text("/n").error().kind, ErrorKind::absent);
}

TEST(MemoryHost, ListsNamesOnceAndSorted) {
  MemoryHost host;
  host.set_file("/d/b/x", "");
  host.set_file("/d/b/y", "");
  host.set_file("/d/a", "");
  host.set_link("/d/c", "../e");
  host.set_file("/dd/z", "");
  EXPECT_THAT(host.list("/d").value(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(host.list("/d/").value(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(host.list("/e").error().kind, ErrorKind::absent);
  EXPECT_EQ(host.read_link("/d/c").value(), "../e");
  EXPECT_EQ(host.read_link("/d/a").error().kind, ErrorKind::absent);
}

TEST(MemoryHost, PerfAnswersAndLibraries) {
  MemoryHost host;
  host.set_perf({18, 2, 0}, 7);
  const auto source = std::move(*host.open_perf({18, 2, 0}));
  host.set_perf({18, 2, 0}, 8);
  EXPECT_EQ(source->read().value, 8u);
  host.set_perf_error({18, 2, 0}, ErrorKind::busy);
  EXPECT_EQ(source->read().error, ErrorKind::busy);
  EXPECT_EQ(host.open_perf({18, 2, 0}).error().kind, ErrorKind::busy);
  EXPECT_EQ(host.open_perf({18, 2, 1}).error().kind, ErrorKind::absent);
  host.set_answer("k", "set");
  const Host::Ask live = [] { return Result<std::string>("live"); };
  EXPECT_EQ(host.ask("k", live).value(), "set");
  EXPECT_EQ(host.ask("other", live).value(), "live");
  EXPECT_EQ(host.load({"libc.so.6"}).error().kind, ErrorKind::absent);
}

TEST(MemoryHost, TheClockIsTurnedByHand) {
  MemoryHost host;
  host.set_wall_ns(1000);
  const Nanos start = host.now();
  host.advance(millis(5));
  EXPECT_EQ(host.now() - start, millis(5));
  EXPECT_EQ(host.wall_ns(), 1000 + 5'000'000);
  EXPECT_TRUE(host.sleep_until(start + seconds(2)));
  EXPECT_EQ(host.now(), start + seconds(2));
  EXPECT_TRUE(host.sleep_until(start));
  EXPECT_EQ(host.now(), start + seconds(2));
}

}  // namespace
}  // namespace nw
