#include "base/host_tape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/host_memory.h"
#include "support/temp_dir.h"

namespace nw {
namespace {

// Reads that take time on the memory host's clock, as real ones do.
Host::Count timed(MemoryHost& host, Nanos delay, const Reading& reading) {
  return [&host, delay, &reading] {
    host.advance(delay);
    return reading;
  };
}

// What a program would see: every reading with the time after it.
struct Seen {
  std::vector<std::pair<std::int64_t, std::int64_t>> times;  // of sample set and read, from the start
  std::vector<std::string> readings;
  bool operator==(const Seen&) const = default;
};

void see(Host& host, Nanos start, std::vector<std::unique_ptr<Source>>& sources, Seen& seen) {
  const auto sample_set = (host.now() - start).count();
  for (auto& source : sources) {
    const Reading reading = source->read();
    seen.times.emplace_back(sample_set, (host.now() - start).count());
    seen.readings.push_back(reading.ok ? std::to_string(reading.value) : std::string(name(reading.error)));
  }
}

template <class AnyHost>
std::vector<std::unique_ptr<Source>> open_all(AnyHost& host, MemoryHost& live, const Reading& bound) {
  std::vector<std::unique_ptr<Source>> sources;
  sources.push_back(std::move(*host.open_number("/counter", kWholeNumber)));
  sources.push_back(std::move(*host.open_perf({18, 2, 0})));
  sources.push_back(std::move(*host.bind("nvml:gpu", timed(live, Nanos::of(70'000), bound))));
  sources.push_back(std::move(*host.bind("nvml:slow", timed(live, millis(3), bound))));
  return sources;
}

TEST(TapeRoundTrip, GivesTheSameReadingsAtTheSameTimes) {
  const test::TempDir dir;
  MemoryHost live;
  live.set_wall_ns(1767225600000000000);
  live.set_file("/counter", "1\n");
  live.set_perf({18, 2, 0}, 5);
  Reading bound = Reading::of(1000);
  Seen recorded;
  {
    const auto writer = TapeWriter::create(dir.at("a.tape"));
    TapingHost taping(live, **writer);
    auto sources = open_all(taping, live, bound);
    const Nanos start = live.now();
    for (std::uint64_t i = 0; i < 6; ++i) {
      taping.begin_sample_set();
      see(taping, start, sources, recorded);
      taping.sleep_until(start + millis(static_cast<std::int64_t>(100 * (i + 1))));
      live.set_file("/counter", i == 3 ? "garbage" : std::to_string(i * 7));
      if (i == 4) live.remove_file("/counter");
      live.set_perf({18, 2, 0}, i * i);
      bound = i % 2 == 0 ? Reading::none(ErrorKind::busy) : Reading::of(i);
    }
  }
  auto tape = read_tape(dir.at("a.tape"));
  ASSERT_TRUE(tape) << tape.error().what;
  TapedHost taped(std::move(*tape));
  EXPECT_EQ(taped.wall_ns(), 1767225600000000000);
  auto sources = open_all(taped, live, bound);
  const Nanos start = taped.now();
  Seen played;
  do see(taped, start, sources, played);
  while (taped.sleep_until(taped.now()));
  EXPECT_EQ(played.readings, recorded.readings);
  EXPECT_EQ(played.times, recorded.times);
}

// A driver may read a register to determine its unit; that is an answer and not a reading of a sample set.
TEST(TapeRoundTrip, AReadBeforeTheFirstSampleSetIsAskedFor) {
  const test::TempDir dir;
  MemoryHost live;
  live.set_register("/dev/cpu/0/msr", 0x606, 7);
  const auto probe = [](Host& host) {
    return host.ask("msr:0x606", [&]() -> Result<std::string> {
      return std::to_string(NW_TRY(host.open_register("/dev/cpu/0/msr", 0x606))->read().value);
    });
  };
  {
    const auto writer = TapeWriter::create(dir.at("a.tape"));
    TapingHost taping(live, **writer);
    EXPECT_EQ(*probe(taping), "7");
    taping.begin_sample_set();
  }
  auto tape = read_tape(dir.at("a.tape"));
  ASSERT_TRUE(tape) << tape.error().what;
  TapedHost taped(std::move(*tape));
  EXPECT_EQ(*probe(taped), "7");
}

TEST(TapeRoundTrip, ProbesAnswerAlikeWithTheirErrors) {
  const test::TempDir dir;
  MemoryHost live;
  live.set_file("/a/text", "some\ttext\n");
  live.set_file("/a/empty", "");
  live.set_error("/a/secret", ErrorKind::denied);
  live.set_link("/a/link", "../b");
  const Host::Ask two = [] { return Result<std::string>("2"); };
  const Host::Ask none = [] { return Result<std::string>(fail(ErrorKind::absent, "no library")); };
  const auto probe = [&](Host& host) {
    std::string seen;
    const auto add = [&](const Result<std::string>& r) { seen += r ? "[" + *r + "]" : "<" + r.error().what + ">"; };
    for (const char* path : {"/a/text", "/a/empty", "/a/secret"}) add(host.read_text(path));
    add(host.read_link("/a/link"));
    add(host.ask("nvml:count", two));
    add(host.ask("rocm:count", none));
    for (const char* path : {"/a", "/b"}) {
      const auto names = host.list(path);
      for (const auto& name : names.value_or(std::vector<std::string>{"-"})) seen += name + ",";
    }
    seen += host.open_number("/a/secret").error().what;
    seen += host.open_perf({1, 2, 3}).error().what;
    return seen;
  };
  std::string recorded;
  {
    const auto writer = TapeWriter::create(dir.at("a.tape"));
    TapingHost taping(live, **writer);
    recorded = probe(taping);
  }
  TapedHost taped(std::move(*read_tape(dir.at("a.tape"))));
  EXPECT_EQ(probe(taped), recorded);
  EXPECT_EQ(taped.read_text("/never asked").error().kind, ErrorKind::absent);
  EXPECT_EQ(taped.load({"libc.so.6"}).error().kind, ErrorKind::absent);
}

Tape make_tape(const std::string& lines) {
  auto tape = parse_tape("nodewatt-tape 1\n" + lines);
  EXPECT_TRUE(tape) << tape.error().what;
  return std::move(*tape);
}

TEST(TapedHost, TheClockNeverGoesBack) {
  // The read of the first sample set ends long after the second sample set begins.
  TapedHost host(make_tape("open\t0\t/a\nt\t0\n=\t0\t1\t5000\nt\t10\n=\t0\t2\t0\n"));
  auto source = host.open_number("/a", kWholeNumber);
  Nanos last = host.now();
  do {
    EXPECT_GE(host.now(), last);
    (*source)->read();
    EXPECT_GE(host.now(), last);
    last = host.now();
  } while (host.sleep_until(last));
  EXPECT_GE(host.now(), last);
}

TEST(TapedHost, TimesAtTheEndOfTheirRangeDoNotOverflow) {
  const auto tape = parse_tape(
      "nodewatt-tape "
      "1\nwall\t9223372036854775807\nopen\t0\t/a\nt\t1000000000000000000\n=\t0\t1\t1000000000000000000\n");
  if (!tape) return;  // refusing such a wall clock is as good
  TapedHost host(*tape);
  (*host.open_number("/a", kWholeNumber))->read();
  EXPECT_GT(host.wall_ns(), 0);
}

TEST(TapedHost, ASourceThatASampleSetDoesNotMentionReadsAsBefore) {
  TapedHost host(make_tape("open\t0\t/a\nopen\t1\t/b\nt\t0\n=\t0\t1\nt\t10\n=\t1\t9\nt\t20\n!\t0\tdenied\n"));
  auto a = std::move(*host.open_number("/a", kWholeNumber));
  auto b = std::move(*host.open_number("/b", kWholeNumber));
  EXPECT_EQ(b->read().error, ErrorKind::absent);
  EXPECT_EQ(a->read().value, 1u);
  EXPECT_TRUE(host.sleep_until({}));
  EXPECT_EQ(a->read().value, 1u);
  EXPECT_EQ(b->read().value, 9u);
  EXPECT_TRUE(host.sleep_until({}));
  EXPECT_EQ(a->read().error, ErrorKind::denied);
  EXPECT_FALSE(host.sleep_until({}));
  EXPECT_EQ(b->read().value, 9u);
}

TEST(TapedHost, AKeyOpenedTwiceIsSafeToRead) {
  TapedHost host(make_tape("open\t0\t/a\nopen\t1\t/b\nopen\t2\t/a\nt\t0\n=\t0\t1\n=\t1\t2\n=\t2\t3\n"));
  EXPECT_EQ((*host.open_number("/a", kWholeNumber))->read().value, 3u);
  EXPECT_EQ((*host.open_number("/b", kWholeNumber))->read().value, 2u);
}

TEST(TapedHost, AnEmptyTapeIsAMachineWithNothing) {
  TapedHost host(make_tape(""));
  EXPECT_EQ(host.now(), Nanos{});
  EXPECT_FALSE(host.sleep_until(seconds(1)));
  EXPECT_EQ(host.open_perf({}).error().kind, ErrorKind::absent);
}

TEST(TapedHost, SourcesOutliveTheHost) {
  auto host = std::make_unique<TapedHost>(make_tape("open\t0\t/a\nt\t0\n=\t0\t1\n"));
  auto source = std::move(*host->open_number("/a", kWholeNumber));
  host.reset();
  EXPECT_EQ(source->read().value, 1u);
}

TEST(SourceKey, NamesExtractAndCounter) {
  const Extract ticks{"busy", kWholeNumber.parse};
  EXPECT_EQ(source_key("/proc/stat", kWholeNumber), "/proc/stat");
  EXPECT_EQ(source_key("/proc/stat", ticks), "/proc/stat#busy");
  EXPECT_EQ(source_key(PerfEvent{18, 2, 3}), "perf:18/2/3");
}

// Two sources that read one file at different rates: on the tape they are one source, or the slower one's readings
// would be returned to both.
TEST(TapeRoundTrip, OneKeyIsOneSource) {
  const test::TempDir dir;
  MemoryHost live;
  live.set_file("/proc/stat", "1");
  {
    const auto writer = TapeWriter::create(dir.at("a.tape"));
    TapingHost taping(live, **writer);
    const auto often = *taping.open_number("/proc/stat", kWholeNumber),
               seldom = *taping.open_number("/proc/stat", kWholeNumber);
    for (int i = 1; i <= 3; ++i) {
      taping.begin_sample_set();
      if (i == 1) seldom->read();
      live.set_file("/proc/stat", std::to_string(10 * i));
      often->read();
      live.advance(seconds(1));
    }
  }
  auto tape = read_tape(dir.at("a.tape"));
  ASSERT_TRUE(tape) << tape.error().what;
  EXPECT_EQ(tape->opened, 1u);
  TapedHost taped(std::move(*tape));
  const auto source = *taped.open_number("/proc/stat", kWholeNumber);
  std::vector<std::uint64_t> values;
  do values.push_back(source->read().value);
  while (taped.sleep_until({}));
  EXPECT_EQ(values, (std::vector<std::uint64_t>{10, 20, 30}));
}

}  // namespace
}  // namespace nw
