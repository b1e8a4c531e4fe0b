// The filter, and attaching to NVTX: a caller of our own, which holds NVTX's tables as its headers do, attaches in a
// child and makes calls; then the events are checked.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "accounting/phases.h"
#include "client/nvtx/attach.h"
#include "client/nvtx/filter.h"
#include "client/nvtx/names.h"
#include "consumer/channel.h"
#include "nvtx_program/nvtx_caller.h"

namespace nw::nvtx {
namespace {

using nvtx_caller::named;

TEST(NvtxFilter, PatternsAreLikeAShells) {
  EXPECT_TRUE(is_like("", ""));
  EXPECT_TRUE(is_like("", "*"));
  EXPECT_FALSE(is_like("", "?"));
  EXPECT_TRUE(is_like("epoch 12", "epoch*"));
  EXPECT_TRUE(is_like("epoch 12", "*12"));
  EXPECT_TRUE(is_like("epoch 12", "e*o*h*1?"));
  EXPECT_FALSE(is_like("epoch 12", "epoch"));
  EXPECT_FALSE(is_like("epoch", "epoch ?"));
  EXPECT_TRUE(is_like("aab", "*ab"));
  EXPECT_TRUE(is_like("abcabd", "*abd"));
  EXPECT_FALSE(is_like(std::string(20'000, 'a').c_str(), (std::string(1'000, '*') + "b").c_str()));
  EXPECT_TRUE(is_like("gr\xc3\xbcn", "gr?n"));
  EXPECT_FALSE(is_like("Epoch", "epoch"));
}

// What the filter takes of these.
struct Case {
  const char* filter;
  bool train, warm, default_sort, nccl;
};

TEST(NvtxFilter, TakesWhatIsWantedAndNotExcluded) {
  constexpr Case kCases[] = {
      {"", true, true, true, true},
      {"*", true, true, true, true},
      {"train", true, false, false, false},
      {"!train", false, true, true, true},
      {"app:*", true, true, false, false},
      {"app:*,!*:warm*", true, false, false, false},
      {"!app:*", false, false, true, true},
      {":*", false, false, true, false},
      {"std::sort", false, false, true, false},
      {":std::*", false, false, true, false},
      {"!NCCL:*,!warm up", true, false, true, false},
      {"train,std*", true, false, true, false},
      {"!train,train", false, false, false, false},
  };
  for (const Case& one : kCases) {
    Filter filter;
    ASSERT_EQ(filter.set(one.filter), nullptr) << one.filter;
    EXPECT_EQ(filter.takes("app", "train"), one.train) << one.filter;
    EXPECT_EQ(filter.takes("app", "warm up"), one.warm) << one.filter;
    EXPECT_EQ(filter.takes("", "std::sort"), one.default_sort) << one.filter;
    EXPECT_EQ(filter.takes("NCCL", "ncclAllReduce"), one.nccl) << one.filter;
    EXPECT_TRUE(filter.may_take("app") || !(one.train || one.warm)) << one.filter;
    EXPECT_TRUE(filter.may_take("NCCL") || !one.nccl) << one.filter;
  }
  Filter filter;
  ASSERT_EQ(filter.set("app:*,!:*"), nullptr);
  EXPECT_FALSE(filter.may_take("NCCL"));
  EXPECT_FALSE(filter.may_take(""));
}

TEST(NvtxFilter, SaysWhatIsWrong) {
  Filter filter;
  std::string many = "a";
  for (std::size_t i = 1; i < Filter::kMaxPatterns; ++i) many += ",a";
  EXPECT_EQ(filter.set(many.c_str()), nullptr);
  EXPECT_NE(filter.set((many + ",a").c_str()), nullptr);
  EXPECT_EQ(filter.set(std::string(Filter::kMaxText, 'x').c_str()), nullptr);
  EXPECT_NE(filter.set(std::string(Filter::kMaxText + 1, 'x').c_str()), nullptr);
  for (const char* bad : {",", "a,", ",a", "a,,b", "!", "app:", "!app:,b"}) EXPECT_NE(filter.set(bad), nullptr) << bad;
  EXPECT_EQ(filter.set(""), nullptr);
  EXPECT_TRUE(filter.takes("", "anything"));
}

// The events of a program that NVTX was attached to. A child's exit code says which of its expectations failed.
std::vector<ProgramEvent> events_of(const std::function<int()>& program, const char* filter = nullptr,
                                    const char* depth = nullptr) {
  const auto channel = std::move(Channel::create().value());
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv(kChannelVariable, channel->path().c_str(), 1);
    if (filter != nullptr) ::setenv(kFilterVariable, filter, 1);
    if (depth != nullptr) ::setenv(kDepthVariable, depth, 1);
    nvtx_caller::begin();  // sets up the tables; there is no library in the environment
    nvtx_caller::Segment segment;
    nvtx_caller::Module module;
    module.segment = &segment;
    if (attach(nvtx_caller::export_table) != 1) ::_exit(101);
    if (attach_extension(reinterpret_cast<ModuleInfo*>(&module)) != 1) ::_exit(102);
    ::_exit(program());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0) << "exit code " << WEXITSTATUS(status);
  return channel->take();
}

// The phases that such events make, "path x count", in order.
std::vector<std::string> phases_of(const std::vector<ProgramEvent>& events) {
  Phases phases;
  for (const ProgramEvent& event : events) phases.add(event);
  EXPECT_EQ(phases.anomalies().count(Anomaly::phase_unmatched), 0u);
  phases.settle(MeterCurve({}), Nanos::of(INT64_MAX));
  std::vector<std::string> all;
  for (const auto& path : phases.order()) all.push_back(path + " x " + std::to_string(phases.at(path).count));
  return all;
}

using Lines = std::vector<std::string>;

TEST(Nvtx, PushAndPopNestAndTellTheirLevels) {
  const auto events = events_of([] {
    if (nvtx_caller::push("fit") != 0) return 1;
    if (nvtx_caller::push_wide(L"Pr\u00fcfung \U0001F50B") != 1) return 2;
    const auto event = named(1, "step");
    if (nvtx_caller::push_ex(&event) != 2) return 3;
    if (nvtx_caller::pop() != 2 || nvtx_caller::pop() != 1 || nvtx_caller::pop() != 0) return 4;
    return nvtx_caller::pop() == -1 && nvtx_caller::pop() == -1 ? 0 : 5;
  });
  EXPECT_EQ(phases_of(events), (Lines{"fit x 1",
                                      "fit/Pr\xc3\xbc"
                                      "fung \xf0\x9f\x94\x8b x 1",
                                      "fit/Pr\xc3\xbc"
                                      "fung \xf0\x9f\x94\x8b/step x 1"}));
}

// NVTX nests by domain; ranges of two domains need not lie inside each other.
TEST(Nvtx, DomainsNestEachForItself) {
  const auto events = events_of([] {
    auto* app = nvtx_caller::make_domain("app");
    auto* io = nvtx_caller::make_domain("io");
    if (nvtx_caller::make_domain("app") != app || app == io) return 1;
    const auto train = named(1, "train");
    const auto read = named(3, nvtx_caller::register_string(io, "read"));
    if (nvtx_caller::register_string(io, "read") != read.message) return 2;
    nvtx_caller::push("main");
    if (nvtx_caller::push(app, &train) != 0 || nvtx_caller::push(io, &read) != 0) return 3;
    if (nvtx_caller::pop(app) != 0) return 4;  // not the innermost
    if (nvtx_caller::push(io, &train) != 1 || nvtx_caller::pop(io) != 1 || nvtx_caller::pop(io) != 0) return 5;
    nvtx_caller::pop();
    return 0;
  });
  EXPECT_EQ(phases_of(events), (Lines{"main x 1", "app:train x 1", "io:read x 1", "io:read/io:train x 1"}));
}

TEST(Nvtx, StartAndEndCrossThreadsAndOverlap) {
  const auto events = events_of([] {
    nvtx_caller::push("main");
    const auto a = nvtx_caller::start("a"), b = nvtx_caller::start("b");
    if (a == 0 || b == 0 || a == b) return 1;
    std::thread([a] { nvtx_caller::end(a); }).join();
    nvtx_caller::push("inner");
    nvtx_caller::end(b);
    nvtx_caller::pop();
    nvtx_caller::pop();
    return 0;
  });
  EXPECT_EQ(phases_of(events), (Lines{"main x 1", "a x 1", "b x 1", "main/inner x 1"}));
}

TEST(Nvtx, DepthAndFilterLeaveThePopsMatched) {
  const auto nest = [] {
    for (int round = 0; round < 2; ++round) {
      for (const char* name : {"a", "b", "c", "d", "e"}) nvtx_caller::push(name);
      for (int level = 4; level >= 0; --level)
        if (nvtx_caller::pop() != level) return 1;
    }
    return 0;
  };
  EXPECT_EQ(phases_of(events_of(nest)), (Lines{"a x 2", "a/b x 2", "a/b/c x 2"}));
  EXPECT_EQ(phases_of(events_of(nest, nullptr, "1")), (Lines{"a x 2"}));
  EXPECT_EQ(phases_of(events_of(nest, nullptr, "99")).size(), 5u);
  EXPECT_EQ(phases_of(events_of(nest, nullptr, "nonsense")).size(), 3u);
  EXPECT_EQ(phases_of(events_of(nest, "!b,!d", "2")), (Lines{"a x 2", "a/c x 2"})) << "what is not taken has no depth";
  EXPECT_EQ(phases_of(events_of(nest, "e,b", "3")), (Lines{"b x 2", "b/e x 2"}));
}

TEST(Nvtx, AFilteredDomainIsNotEnabled) {
  const auto events = events_of(
      [] {
        auto* app = nvtx_caller::make_domain("app");
        auto* nccl = nvtx_caller::make_domain("NCCL");
        if (!nvtx_caller::is_enabled(app) || nvtx_caller::is_enabled(nccl) || !nvtx_caller::is_enabled(nullptr))
          return 1;
        const auto event = named(1, "x");
        if (nvtx_caller::push(nccl, &event) != 0 || nvtx_caller::pop(nccl) != 0) return 2;
        const auto id = nvtx_caller::start(nccl, &event);
        nvtx_caller::end(nccl, id);
        nvtx_caller::push(app, &event);
        if (nvtx_caller::push_payload(app) != 1 || nvtx_caller::pop(app) != 1) return 3;
        nvtx_caller::pop(app);
        return id != 0 ? 0 : 4;
      },
      "!NCCL:*");
  EXPECT_EQ(phases_of(events), (Lines{"app:x x 1"}));
}

TEST(Nvtx, NonsenseDoesNoHarm) {
  const auto events = events_of([] {
    nvtx_caller::push(nullptr);
    nvtx_caller::push("");
    nvtx_caller::push_wide(nullptr);
    nvtx_caller::push_ex(nullptr);
    auto short_one = named(1, "short");
    for (int size = 0; size < 48; ++size) {
      short_one.size = static_cast<std::uint16_t>(size);
      nvtx_caller::push_ex(&short_one);
    }
    for (const int type : {0, 1, 2, 3, 4, -1, 0x7fffffff}) {
      const auto nothing = named(type, nullptr);
      nvtx_caller::push_ex(&nothing);
    }
    for (const std::uintptr_t handle :
         {std::uintptr_t{1}, std::uintptr_t{32'768}, std::uintptr_t{40'000}, ~std::uintptr_t{0}}) {
      const auto foreign = named(3, reinterpret_cast<const void*>(handle));
      nvtx_caller::push_ex(&foreign);
      auto* domain = reinterpret_cast<void*>(handle);
      nvtx_caller::push(domain, &foreign);
      nvtx_caller::pop(domain);
      nvtx_caller::is_enabled(domain);
      nvtx_caller::register_string(domain, "x");
    }
    if (nvtx_caller::pop() != 4 + 48 + 7 + 4 - 1) return 1;
    nvtx_caller::end(std::uint64_t{0});
    nvtx_caller::end(nullptr, ~std::uint64_t{0});
    nvtx_caller::make_domain(nullptr);
    nvtx_caller::register_string(nullptr, nullptr);
    return nvtx_caller::push("sane") == 4 + 48 + 7 + 4 - 1 ? 0 : 2;
  });
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].name, "sane");
}

TEST(Nvtx, TablesThatAreFullLoseNoRange) {
  const auto events = events_of([] {
    std::vector<void*> domains;
    for (int i = 0; i < 1000; ++i) domains.push_back(nvtx_caller::make_domain(std::to_string(i).c_str()));
    if (nvtx_caller::is_enabled(domains.back()) || !nvtx_caller::is_enabled(domains.front())) return 1;
    for (int i = 0; i < 40'000; ++i) nvtx_caller::register_string(nullptr, std::to_string(i).c_str());
    const auto event = named(3, nvtx_caller::register_string(nullptr, "one more"));
    nvtx_caller::push_ex(&event);
    const auto again = named(3, nvtx_caller::register_string(domains.back(), "x"));
    nvtx_caller::push(domains.back(), &again);
    nvtx_caller::pop(domains.back());
    nvtx_caller::pop();
    return 0;
  });
  EXPECT_EQ(phases_of(events), (Lines{"(others) x 1"}));
}

TEST(Nvtx, LongNamesAreCutAtACharacter) {
  const auto events = events_of([] {
    auto* domain = nvtx_caller::make_domain(std::string(30, 'd').c_str());
    const std::string name = std::string(15, 'n') +
                             "\xc3\xbc"
                             "berlang";
    const auto event = named(1, name.c_str());
    const auto again = named(3, nvtx_caller::register_string(domain, name.c_str()));
    nvtx_caller::push(domain, &event);
    nvtx_caller::push(domain, &again);
    nvtx_caller::push(std::string(100'000, 'x').c_str());
    nvtx_caller::push_wide(std::wstring(100'000, L'y').c_str());
    return 0;
  });
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0].name, std::string(30, 'd') + ":" + std::string(15, 'n'));
  EXPECT_EQ(events[1].name, events[0].name);
  EXPECT_EQ(events[2].name, std::string(47, 'x'));
  EXPECT_EQ(events[3].name, std::string(47, 'y'));
}

TEST(Nvtx, AForkedChildIsInNoneOfItsParentsRanges) {
  const auto events = events_of([] {
    for (const char* name : {"a", "b", "c"}) nvtx_caller::push(name);
    const pid_t child = ::fork();
    if (child == 0) {
      if (nvtx_caller::push("child") != 3 || nvtx_caller::pop() != 3) ::_exit(1);
      for (int level = 2; level >= 0; --level)
        if (nvtx_caller::pop() != level) ::_exit(2);
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    for (int i = 0; i < 3; ++i) nvtx_caller::pop();
    return WEXITSTATUS(status);
  });
  EXPECT_EQ(phases_of(events), (Lines{"a x 1", "a/b x 1", "a/b/c x 1", "child x 1"}));
}

TEST(Nvtx, ThreadsAtOnce) {
  const auto events = events_of([] {
    if (attach(nvtx_caller::export_table) != 1) return 1;  // as another library of the program does
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t)
      threads.emplace_back([t] {
        auto* domain = nvtx_caller::make_domain(std::to_string(t % 3).c_str());
        for (int i = 0; i < 100; ++i) {
          const auto event = named(3, nvtx_caller::register_string(domain, std::to_string(i % 5).c_str()));
          nvtx_caller::push(domain, &event);
          nvtx_caller::pop(domain);
        }
      });
    for (auto& thread : threads) thread.join();
    return 0;
  });
  EXPECT_EQ(phases_of(events).size(), 15u);
  EXPECT_EQ(events.size(), 1600u);
}

TEST(Nvtx, TablesThatAreNotWhatWeKnowAreLeftAlone) {
  events_of([] {
    if (attach(nullptr) != 0) return 1;
    if (attach([](std::uint32_t) -> const void* { return nullptr; }) != 0) return 2;
    static const std::size_t small[2] = {8, 0};
    if (attach([](std::uint32_t) -> const void* { return small; }) != 0) return 3;
    static const CallbacksTable refuses{sizeof(CallbacksTable), [](int, Function***, unsigned*) { return 0; }};
    if (attach([](std::uint32_t id) -> const void* { return id == kCallbacksTable ? &refuses : nullptr; }) != 0)
      return 4;
    static Function* none[3] = {};  // an older NVTX: fewer functions, and an empty slot
    static const CallbacksTable few{sizeof(CallbacksTable), [](int, Function*** table, unsigned* size) {
                                      *table = none;
                                      *size = 3;
                                      return 1;
                                    }};
    if (attach([](std::uint32_t id) -> const void* { return id == kCallbacksTable ? &few : nullptr; }) != 1) return 5;
    ModuleInfo module{};
    if (attach_extension(nullptr) != 0 || attach_extension(&module) != 0) return 6;
    module.struct_size = sizeof module;
    module.module_id = kPayloadModule;
    if (attach_extension(&module) != 0) return 7;
    ModuleSegment segment{0, 2, nullptr};
    module.segments = &segment;
    module.segment_count = 1;
    if (attach_extension(&module) != 0) return 8;
    std::intptr_t slots[2] = {7, 7};
    segment.slots = slots;
    return attach_extension(&module) == 1 && slots[0] == 7 && slots[1] == 7 ? 0 : 9;
  });
}

TEST(Nvtx, NobodyMeasuringMeansNobodyAttaches) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::unsetenv(kChannelVariable);
    nvtx_caller::begin();
    const bool attached = attach(nvtx_caller::export_table) != 0;
    ::_exit(attached || nvtx_caller::push("a") != nvtx_caller::kNoTool ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace nw::nvtx
