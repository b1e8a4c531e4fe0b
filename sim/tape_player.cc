#include "sim/tape_player.h"

#include <algorithm>
#include <set>

#include "sim/noise.h"
#include "sim/polling_rounds.h"
#include "sim/views.h"

namespace nw::sim {

namespace {
constexpr double kLatestWakeUpNs = 300'000;
constexpr Nanos kBetweenGlances = millis(990);  // as `nodewatt run` looks at activities

// A gauge sets the pace only where no counter of the same part does its work.
bool gauges_set_the_pace(const Scenario& scenario) {
  const auto part = [](const Instrument& i) {
    std::set<std::string> parts(i.of.begin(), i.of.end());
    if (parts.erase("plug") > 0) parts.insert("dc");  // both are the node
    return parts;
  };
  const auto readable = [](const Instrument& i) { return !i.missing && !i.denied; };
  const auto& all = scenario.instruments;
  return std::any_of(all.begin(), all.end(), [&](const Instrument& gauge) {
    return gauge.measure == Measure::gauge && readable(gauge) &&
           std::none_of(all.begin(), all.end(), [&](const Instrument& other) {
             return other.measure == Measure::counter && readable(other) && part(other) == part(gauge);
           });
  });
}

void write_probe(const View& view, Nanos at, Tape& tape) {
  for (const auto& [path, text] : view.files) tape.texts.emplace(path, text(at));
  for (const auto& [path, target] : view.links) tape.links.emplace(path, target);
  for (const auto& [key, answer] : view.answers) tape.answers.emplace(key, answer(at));
  for (const auto& [folder, names] : view.folders()) tape.lists.emplace(folder, names);
  for (const auto* sources : {&view.sources, &view.activities})
    for (const ShownSource& source : *sources)
      tape.sources.emplace(source.key, static_cast<std::uint32_t>(tape.opened++));
}

class Player {
 public:
  Player(const Machine& machine, const TapePace& pace, Tape& tape)
      : machine_(machine), pace_(pace), tape_(tape), view_(make_view(machine)) {}

  void play() {
    start(pace_.times.front());
    Nanos done;
    for (const Nanos t : pace_.times) done = sweep(std::max(t, done));
  }

  void play(const Job& job) {
    const Nanos first = std::max(job.start - pace_.before, Nanos{});
    start(first);
    for (Nanos t = first; t < job.start; t += pace_.fast) sweep(t);
    Nanos t = sweep(job.start);
    for (t = next(t, job); t < job.end; t = next(t, job)) t = sweep(t);
    t = sweep(job.end);
    for (t += pace_.fast; t <= job.end + pace_.after; t += pace_.fast) t = sweep(t);
  }

 private:
  void start(Nanos first) {
    write_probe(view_, first, tape_);
    rounds_.emplace(machine_, view_, first, pace_.latency);
  }

  // When the sweep after one that ended at t is due.
  Nanos next(Nanos t, const Job& job) {
    const bool fast = gauges_ || t - job.start < pace_.fast_for;
    const Nanos due = t + (pace_.period ? *pace_.period : fast ? pace_.fast : pace_.slow);
    if (!pace_.latency) return due;
    const auto drawn = uniform(hash(machine_.scenario().seed, kWakeUp, sweeps_));
    return due + Nanos::of(static_cast<std::int64_t>(drawn * kLatestWakeUpNs));
  }

  // Reads everything; returns when that was done.
  Nanos sweep(Nanos at) {
    ++sweeps_;
    if (!machine_.sweeps_at(at)) return at;
    TapeSweep line;
    line.at = at;
    line.reads.reserve(view_.sources.size());
    Nanos after;
    for (std::size_t n = 0; n < view_.sources.size(); ++n) {
      if (pace_.latency) after += view_.sources[n].latency;
      TapeRead read;
      read.source = static_cast<std::uint32_t>(n);
      read.reading = view_.sources[n].bus.empty() ? view_.sources[n].read(at + after) : rounds_->answer(n, at);
      read.after_sweep = after;
      line.reads.push_back(read);
    }
    if (sweeps_ == 1 || at - glanced_ >= kBetweenGlances) glance(at, after, line);
    tape_.sweeps.push_back(std::move(line));
    return at + after;
  }

  // How busy the devices are, behind a sweep. The next does not wait for it: who sweeps in a burst looks elsewhere.
  void glance(Nanos at, Nanos after, TapeSweep& line) {
    glanced_ = at;
    for (std::size_t n = 0; n < view_.activities.size(); ++n) {
      if (pace_.latency) after += view_.activities[n].latency;
      const auto source = static_cast<std::uint32_t>(view_.sources.size() + n);
      line.reads.push_back({source, view_.activities[n].read(at + after), after});
    }
  }

  const Machine& machine_;
  const TapePace& pace_;
  Tape& tape_;
  View view_;
  std::optional<Rounds> rounds_;
  std::uint64_t sweeps_ = 0;
  Nanos glanced_;
  bool gauges_ = gauges_set_the_pace(machine_.scenario());
};

void write_fail(TapeWriter& writer, std::string_view verb, const std::string& key, const Error& error) {
  writer.line({"fail", verb, key, name(error.kind), error.what});
}

void write_texts(TapeWriter& writer, std::string_view verb, const std::map<std::string, Result<std::string>>& texts) {
  for (const auto& [key, text] : texts) {
    if (text)
      writer.line({verb, key, *text});
    else
      write_fail(writer, verb, key, text.error());
  }
}

void write_sweep(TapeWriter& writer, const TapeSweep& sweep) {
  writer.line({"t", std::to_string(sweep.at.count())});
  for (const TapeRead& read : sweep.reads) {
    const auto source = std::to_string(read.source), after = std::to_string(read.after_sweep.count());
    if (!read.reading.ok) {
      writer.line({"!", source, name(read.reading.error), after});
      continue;
    }
    const auto value = std::to_string(read.reading.value);
    const auto taken = read.reading.taken ? std::to_string(read.reading.taken->count()) : "-";
    if (read.reading.device)
      writer.line({"=", source, value, after, taken, std::to_string(read.reading.device->count())});
    else if (read.reading.taken)
      writer.line({"=", source, value, after, taken});
    else
      writer.line({"=", source, value, after});
  }
}
}  // namespace

Tape make_tape(const Machine& machine, const TapePace& pace) {
  Tape tape;
  tape.wall_ns = machine.scenario().wall_ns;
  const auto& jobs = machine.scenario().jobs;
  if (!pace.times.empty())
    Player(machine, pace, tape).play();
  else if (pace.job < jobs.size())
    Player(machine, pace, tape).play(jobs[pace.job]);
  return tape;
}

Done write_tape(const Tape& tape, const std::string& path) {
  const auto writer = NW_TRY(TapeWriter::create(path));
  writer->line({"wall", std::to_string(tape.wall_ns)});
  for (const auto& [folder, names] : tape.lists) {
    if (!names) {
      write_fail(*writer, "list", folder, names.error());
      continue;
    }
    std::vector<std::string> fields{"list", folder};
    fields.insert(fields.end(), names->begin(), names->end());
    writer->fields(fields);
  }
  write_texts(*writer, "text", tape.texts);
  write_texts(*writer, "link", tape.links);
  write_texts(*writer, "ask", tape.answers);
  std::map<std::uint32_t, std::string> opened;
  for (const auto& [key, n] : tape.sources) {
    if (n)
      opened[*n] = key;
    else
      write_fail(*writer, "open", key, n.error());
  }
  for (const auto& [n, key] : opened) writer->line({"open", std::to_string(n), key});
  for (const TapeSweep& sweep : tape.sweeps) write_sweep(*writer, sweep);
  writer->flush();
  return writer->status();
}

}  // namespace nw::sim
