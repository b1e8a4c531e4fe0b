// An invented measurement: a package, its DRAM and a GPU with counter and gauge, swept ten times a second, with events
// of a program.
#pragma once

#include <functional>
#include <variant>
#include <vector>

#include "accounting/journal_frames.h"
#include "accounting/run_accounting.h"
#include "record/record.pb.h"
#include "support/invented.h"

namespace nw::test {

struct InventedRun {
  using Event = std::variant<SampleSet, ProgramEvent>;

  explicit InventedRun(int sample_sets = 50) {
    infos = {counter_info(Domain::package), counter_info(Domain::dram), counter_info(Domain::gpu),
             gauge_info(Domain::gpu)};
    infos[3].id = "invented/gpu-0-power";
    for (int i = 0; i < sample_sets; ++i) {
      const Nanos now = begin + millis(100 * i);
      events.push_back(sample_set(now));
      if (i == 5) events.push_back(event(ProgramEvent::Kind::begin, now + millis(30), 1, "train"));
      if (i == 12) events.push_back(event(ProgramEvent::Kind::begin, now + millis(40), 2, "epoch"));
      if (i == 20) events.push_back(event(ProgramEvent::Kind::work, now + millis(50), 0, "epoch", 640, "sample"));
      if (i == 21) events.push_back(event(ProgramEvent::Kind::figure, now + millis(50), 0, "dice", 0.73));
      if (i == 30) events.push_back(event(ProgramEvent::Kind::end, now + millis(20), 2, ""));
      if (i == 40) events.push_back(event(ProgramEvent::Kind::end, now + millis(20), 1, ""));
    }
    end = begin + millis(100 * (sample_sets - 1)) - millis(10);
  }

  // Package 200 W, DRAM 20 W, GPU 300 W.
  SampleSet sample_set(Nanos now) const {
    const Int128 us = (now - begin).count() / 1000;
    const auto at = [&](std::size_t i, std::uint64_t raw) {
      const Nanos before = now + Nanos::of(static_cast<std::int64_t>(i) * 20'000);
      return Sample{before, before + Nanos::of(15'000), std::nullopt, raw, Status::ok};
    };
    const auto counted = [&](int power, int i) {
      return static_cast<std::uint64_t>(us * power + power * (20 * i + 7) + 5'000'000);
    };
    return {at(0, counted(200, 0)), at(1, counted(20, 1)), at(2, counted(300, 2)), at(3, 300'000)};
  }
  static ProgramEvent event(ProgramEvent::Kind kind, Nanos at, std::uint64_t id, const char* name, double value = 0,
                            const char* unit = "") {
    return {kind, at, id, 42, 43, name, unit, value};
  }

  void feed(RunAccounting& accounting) const {
    accounting.begin(begin);
    for (const Event& event : events) std::visit([&](const auto& each) { accounting.add(each); }, event);
  }
  pb::Record live() const {
    RunAccounting accounting(infos, period);
    feed(accounting);
    accounting.end(end);
    pb::Record record = start();
    accounting.write(record);
    record.set_state("finished");
    record.set_exit_code(3);
    return record;
  }
  static pb::Record start() {
    pb::Record record;
    record.set_uid("01234567890123456789ABCDEF");
    record.set_name("invented");
    record.set_start_unix_ns(1767225600000000000);
    return record;
  }
  // The frames that a measuring process writes: header, events, and the end when it came to it.
  std::vector<std::string> frames(bool finished = true) const {
    std::vector<std::string> frames{encode_header(start(), infos, period, begin)};
    for (const Event& event : events)
      if (const auto* sample_set_ = std::get_if<SampleSet>(&event))
        frames.push_back(encode_sample_set(*sample_set_, period));
      else
        frames.push_back(encode_event(std::get<ProgramEvent>(event)));
    pb::Record ended;
    ended.set_exit_code(3);
    if (finished) frames.push_back(encode_end(end, ended));
    return frames;
  }

  Nanos begin = seconds(1000), end, period = millis(100);
  std::vector<SensorInfo> infos;
  std::vector<Event> events;
};

inline std::uint64_t count_of(const pb::Record& record, std::string_view anomaly) {
  std::uint64_t count = 0;
  for (const auto& row : record.anomalies())
    if (row.name() == anomaly) count += row.count();
  return count;
}

}  // namespace nw::test
