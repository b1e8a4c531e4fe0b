#include "base/host_tape.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace nw {

std::string source_key(const std::string& path, const Extract& extract) {
  return *extract.name == '\0' ? path : path + "#" + extract.name;
}

std::string source_key(const std::string& path, std::uint64_t offset) { return fmt::format("{}@{:#x}", path, offset); }

std::string source_key(const PerfEvent& event) {
  return fmt::format("perf:{}/{}/{}", event.type, event.config, event.cpu);
}

// --- TapingHost
// -----------------------------------------------------------------------------------------------------------------------

namespace {
class TapingSource : public Source {
 public:
  TapingSource(TapingHost& host, std::uint32_t number, std::unique_ptr<Source> inner)
      : host_(host), number_(number), inner_(std::move(inner)) {}
  Reading read() noexcept override {
    const Reading reading = inner_->read();
    host_.note_read(number_, reading);
    return reading;
  }

 private:
  TapingHost& host_;
  std::uint32_t number_;
  std::unique_ptr<Source> inner_;
};
}  // namespace

TapingHost::TapingHost(Host& inner, TapeWriter& tape) : inner_(inner), tape_(tape), start_(inner.now()) {
  tape_.line({"wall", std::to_string(inner_.wall_ns())});
}

void TapingHost::begin_sample_set() {
  sample_set_ = inner_.now();
  swept_ = true;
  tape_.line({"t", std::to_string((sample_set_ - start_).count())});
}

void TapingHost::note_read(std::uint32_t source, const Reading& reading) {
  if (!swept_) return;
  const auto number = std::to_string(source), after = std::to_string((inner_.now() - sample_set_).count());
  if (!reading.ok) return tape_.line({"!", number, name(reading.error), after});
  const auto value = std::to_string(reading.value);
  if (!reading.taken && !reading.device) return tape_.line({"=", number, value, after});
  const auto taken = reading.taken ? std::to_string((*reading.taken - sample_set_).count()) : "-";
  if (!reading.device) return tape_.line({"=", number, value, after, taken});
  tape_.line({"=", number, value, after, taken, std::to_string(reading.device->count())});
}

void TapingHost::note_fail(std::string_view verb, const std::string& key, const Error& error) {
  tape_.line({"fail", verb, key, name(error.kind), error.what});
}

Result<std::unique_ptr<Source>> TapingHost::note_open(const std::string& key, Result<std::unique_ptr<Source>> opened) {
  if (!opened) {
    note_fail("open", key, opened.error());
    return opened;
  }
  // Two opens with one key are one source, read twice.
  const auto [at, is_new] = numbers_.try_emplace(key, static_cast<std::uint32_t>(numbers_.size()));
  if (is_new) tape_.line({"open", std::to_string(at->second), key});
  return std::make_unique<TapingSource>(*this, at->second, std::move(*opened));
}

Result<std::string> TapingHost::read_text(const std::string& path) {
  auto text = inner_.read_text(path);
  if (text)
    tape_.line({"text", path, *text});
  else
    note_fail("text", path, text.error());
  return text;
}

Result<std::vector<std::string>> TapingHost::list(const std::string& path) {
  auto names = inner_.list(path);
  if (!names) {
    note_fail("list", path, names.error());
    return names;
  }
  std::vector<std::string> line{"list", path};
  line.insert(line.end(), names->begin(), names->end());
  tape_.fields(line);
  return names;
}

Result<std::string> TapingHost::read_link(const std::string& path) {
  auto target = inner_.read_link(path);
  if (target)
    tape_.line({"link", path, *target});
  else
    note_fail("link", path, target.error());
  return target;
}

Result<std::unique_ptr<Source>> TapingHost::open_number(const std::string& path, const Extract& extract) {
  return note_open(source_key(path, extract), inner_.open_number(path, extract));
}

Result<std::unique_ptr<Source>> TapingHost::open_register(const std::string& path, std::uint64_t offset) {
  return note_open(source_key(path, offset), inner_.open_register(path, offset));
}

Result<std::unique_ptr<Source>> TapingHost::open_perf(const PerfEvent& event) {
  return note_open(source_key(event), inner_.open_perf(event));
}

Result<std::string> TapingHost::ask(const std::string& key, const Ask& live) {
  auto answer = inner_.ask(key, live);
  if (answer)
    tape_.line({"ask", key, *answer});
  else
    note_fail("ask", key, answer.error());
  return answer;
}

Result<std::unique_ptr<Source>> TapingHost::bind(const std::string& key, Count live) {
  return note_open(key, inner_.bind(key, std::move(live)));
}

Result<std::vector<std::unique_ptr<Source>>> TapingHost::note_opens(
    const std::vector<std::string>& keys, Result<std::vector<std::unique_ptr<Source>>> opened) {
  std::vector<std::unique_ptr<Source>> sources;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    auto noted = note_open(keys[i], opened ? Result<std::unique_ptr<Source>>(std::move((*opened)[i]))
                                           : tl::make_unexpected(opened.error()));
    if (!noted) return tl::make_unexpected(noted.error());
    sources.push_back(std::move(*noted));
  }
  return sources;
}

Result<std::vector<std::unique_ptr<Source>>> TapingHost::bind_bus(const std::vector<std::string>& keys,
                                                                  BusSchedule schedule, Round round) {
  return note_opens(keys, inner_.bind_bus(keys, schedule, std::move(round)));
}

// On the tape they are files like others; the times of their reads are beside the values.
Result<std::vector<std::unique_ptr<Source>>> TapingHost::open_slow_numbers(const std::vector<std::string>& paths,
                                                                           BusSchedule schedule) {
  std::vector<std::string> keys;
  for (const std::string& path : paths) keys.push_back(source_key(path, kWholeNumber));
  return note_opens(keys, inner_.open_slow_numbers(paths, schedule));
}

Result<std::shared_ptr<Library>> TapingHost::load(const std::vector<std::string>& names) { return inner_.load(names); }
Result<std::shared_ptr<Ipmi>> TapingHost::open_ipmi(const std::string& device) { return inner_.open_ipmi(device); }
Result<std::shared_ptr<Http>> TapingHost::open_http(const HttpOptions& options) { return inner_.open_http(options); }
Result<std::shared_ptr<Snmp>> TapingHost::open_snmp(const SnmpOptions& options) { return inner_.open_snmp(options); }
Nanos TapingHost::now() noexcept { return inner_.now(); }
std::int64_t TapingHost::wall_ns() noexcept { return inner_.wall_ns(); }
bool TapingHost::sleep_until(Nanos when) { return inner_.sleep_until(when); }

// --- TapedHost
// ------------------------------------------------------------------------------------------------------------------------

// The tape's state: the present sample set, its clock, and each source's last reading.
struct TapedHost::Player {
  struct Last {
    Reading reading = Reading::none(ErrorKind::absent);
    Nanos after{};
  };

  Tape tape;
  std::size_t next = 0;  // the next sample set
  Nanos begin{};         // of the present sample set
  Nanos clock{};
  std::vector<Last> last;

  explicit Player(Tape t) : tape(std::move(t)), last(tape.opened) { advance(); }

  bool advance() {
    if (next >= tape.sample_sets.size()) return false;
    const TapeSampleSet& sample_set = tape.sample_sets[next++];
    begin = clock =
        std::max(clock, sample_set.at);  // reading the previous sample set may have taken until after this one's time
    for (Last& source : last) source.after = Nanos{};
    for (const TapeRead& read : sample_set.reads) {
      Last& source = last[read.source] = {read.reading, read.after_sample_set};
      if (source.reading.taken)
        source.reading.taken = begin + *source.reading.taken;  // relative to the sample set on the tape
    }
    return true;
  }

  Reading read(std::uint32_t source) {
    clock = std::max(clock, begin + last[source].after);
    return last[source].reading;
  }
};

namespace {
template <class Map>
auto look_up(const Map& map, const std::string& key) -> typename Map::mapped_type {
  const auto found = map.find(key);
  if (found == map.end()) return fail(ErrorKind::absent, key + ": not on the tape");
  return found->second;
}

template <class Player>
class TapedSource : public Source {
 public:
  TapedSource(std::shared_ptr<Player> player, std::uint32_t number) : player_(std::move(player)), number_(number) {}
  Reading read() noexcept override { return player_->read(number_); }

 private:
  std::shared_ptr<Player> player_;
  std::uint32_t number_;
};

template <class Player>
Result<std::unique_ptr<Source>> open_taped(const std::shared_ptr<Player>& player, const std::string& key) {
  return std::make_unique<TapedSource<Player>>(player, NW_TRY(look_up(player->tape.sources, key)));
}
}  // namespace

TapedHost::TapedHost(Tape tape) : player_(std::make_shared<Player>(std::move(tape))) {}
TapedHost::~TapedHost() = default;

Result<std::string> TapedHost::read_text(const std::string& path) { return look_up(player_->tape.texts, path); }
Result<std::vector<std::string>> TapedHost::list(const std::string& path) { return look_up(player_->tape.lists, path); }
Result<std::string> TapedHost::read_link(const std::string& path) { return look_up(player_->tape.links, path); }
Result<std::string> TapedHost::ask(const std::string& key, const Ask&) { return look_up(player_->tape.answers, key); }
Result<std::unique_ptr<Source>> TapedHost::open_number(const std::string& path, const Extract& extract) {
  return open_taped(player_, source_key(path, extract));
}
Result<std::unique_ptr<Source>> TapedHost::open_register(const std::string& path, std::uint64_t offset) {
  return open_taped(player_, source_key(path, offset));
}
Result<std::unique_ptr<Source>> TapedHost::open_perf(const PerfEvent& event) {
  return open_taped(player_, source_key(event));
}
Result<std::unique_ptr<Source>> TapedHost::bind(const std::string& key, Count) { return open_taped(player_, key); }
Result<std::vector<std::unique_ptr<Source>>> TapedHost::bind_bus(const std::vector<std::string>& keys, BusSchedule,
                                                                 Round) {
  std::vector<std::unique_ptr<Source>> sources;
  for (const auto& key : keys) sources.push_back(NW_TRY(open_taped(player_, key)));
  return sources;
}
Result<std::shared_ptr<Library>> TapedHost::load(const std::vector<std::string>&) {
  return fail(ErrorKind::absent, "a tape has no libraries");
}

Nanos TapedHost::now() noexcept { return player_->clock; }
std::int64_t TapedHost::wall_ns() noexcept { return player_->tape.wall_ns + player_->clock.count(); }
bool TapedHost::sleep_until(Nanos) { return player_->advance(); }

}  // namespace nw
