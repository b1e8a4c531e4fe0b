#include "sim/tape_player.h"

#include <algorithm>
#include <set>

#include "sim/noise.h"
#include "sim/polling_rounds.h"
#include "sim/views.h"

namespace nw::sim {

namespace {
constexpr double kLatestWakeUpNs = 300'000;
constexpr Nanos kUtilizationPeriod = millis(990);  // as in `nodewatt run`

// A gauge determines the sampling rate only where no counter of the same part exists.
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
  for (const auto* sources : {&view.sources, &view.utilizations})
    for (const ShownSource& source : *sources)
      tape.sources.emplace(source.key, static_cast<std::uint32_t>(tape.opened++));
}

class Player {
 public:
  Player(const Machine& machine, const TapeSchedule& schedule, Tape& tape)
      : machine_(machine), schedule_(schedule), tape_(tape), view_(make_view(machine)) {}

  void play() {
    start(schedule_.times.front());
    Nanos done;
    for (const Nanos t : schedule_.times) done = sample_set(std::max(t, done));
  }

  void play(const Job& job) {
    const Nanos first = std::max(job.start - schedule_.before, Nanos{});
    start(first);
    for (Nanos t = first; t < job.start; t += schedule_.fast) sample_set(t);
    Nanos t = sample_set(job.start);
    for (t = next(t, job); t < job.end; t = next(t, job)) t = sample_set(t);
    t = sample_set(job.end);
    for (t += schedule_.fast; t <= job.end + schedule_.after; t += schedule_.fast) t = sample_set(t);
  }

 private:
  void start(Nanos first) {
    write_probe(view_, first, tape_);
    rounds_.emplace(machine_, view_, first, schedule_.latency);
  }

  // The time of the next sample set, after one that ended at t.
  Nanos next(Nanos t, const Job& job) {
    const bool fast = gauges_ || t - job.start < schedule_.fast_for;
    const Nanos due = t + (schedule_.period ? *schedule_.period : fast ? schedule_.fast : schedule_.slow);
    if (!schedule_.latency) return due;
    const auto drawn = uniform(hash(machine_.scenario().seed, kWakeUp, sample_sets_));
    return due + Nanos::of(static_cast<std::int64_t>(drawn * kLatestWakeUpNs));
  }

  // Reads everything; returns the time when that was done.
  Nanos sample_set(Nanos at) {
    ++sample_sets_;
    if (!machine_.sample_sets_at(at)) return at;
    TapeSampleSet line;
    line.at = at;
    line.reads.reserve(view_.sources.size());
    Nanos after;
    for (std::size_t n = 0; n < view_.sources.size(); ++n) {
      if (schedule_.latency) after += view_.sources[n].latency;
      TapeRead read;
      read.source = static_cast<std::uint32_t>(n);
      read.reading = view_.sources[n].bus.empty() ? view_.sources[n].read(at + after) : rounds_->answer(n, at);
      read.after_sample_set = after;
      line.reads.push_back(read);
    }
    if (sample_sets_ == 1 || at - glanced_ >= kUtilizationPeriod) utilization_sample(at, after, line);
    tape_.sample_sets.push_back(std::move(line));
    return at + after;
  }

  // Utilizations, after a sample set. The next one does not wait for it: bursts skip utilizations.
  void utilization_sample(Nanos at, Nanos after, TapeSampleSet& line) {
    glanced_ = at;
    for (std::size_t n = 0; n < view_.utilizations.size(); ++n) {
      if (schedule_.latency) after += view_.utilizations[n].latency;
      const auto source = static_cast<std::uint32_t>(view_.sources.size() + n);
      line.reads.push_back({source, view_.utilizations[n].read(at + after), after});
    }
  }

  const Machine& machine_;
  const TapeSchedule& schedule_;
  Tape& tape_;
  View view_;
  std::optional<PollingRounds> rounds_;
  std::uint64_t sample_sets_ = 0;
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

void write_sample_set(TapeWriter& writer, const TapeSampleSet& sample_set) {
  writer.line({"t", std::to_string(sample_set.at.count())});
  for (const TapeRead& read : sample_set.reads) {
    const auto source = std::to_string(read.source), after = std::to_string(read.after_sample_set.count());
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

Tape make_tape(const Machine& machine, const TapeSchedule& schedule) {
  Tape tape;
  tape.wall_ns = machine.scenario().wall_ns;
  const auto& jobs = machine.scenario().jobs;
  if (!schedule.times.empty())
    Player(machine, schedule, tape).play();
  else if (schedule.job < jobs.size())
    Player(machine, schedule, tape).play(jobs[schedule.job]);
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
  for (const TapeSampleSet& sample_set : tape.sample_sets) write_sample_set(*writer, sample_set);
  writer->flush();
  return writer->status();
}

}  // namespace nw::sim
