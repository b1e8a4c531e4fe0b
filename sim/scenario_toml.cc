// Reads scenarios from TOML, by toml++. An unknown key is an error; each error names the file, the line and the key.
// docs/simulator.md lists the keys. The library's exceptions are caught here.
//
// Some malformed files ("[=") trip an assertion of toml++ 3.3: an abort, or with NDEBUG undefined behaviour. Its
// assertions are therefore turned into exceptions here, in every build.
//
// Two conveniences exist in the file alone: a [[component]] with count = 4 stands for four, and a [[sensor]] with
// each = "gpu" for one on every component of that domain; "#" in their texts becomes 0, 1, 2 ... With scatter = true a
// sensor's refresh phase is drawn from the seed, another one for each.
#include <stdexcept>

namespace {
[[noreturn]] void fail_assertion() { throw std::logic_error("makes no sense here (an assertion of toml++)"); }
}  // namespace
#undef NDEBUG
#define TOML_ASSERT(condition) (static_cast<bool>(condition) ? void() : fail_assertion())
#include "base/toml_library.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/file.h"
#include "base/parse.h"
#include "sim/noise.h"
#include "sim/scenario.h"

namespace nw::sim {

namespace {
constexpr std::uint64_t kMostCopies = 4096;
constexpr std::size_t kMostScenario = std::size_t{64} << 20;  // bytes

template <class T>
struct Word {
  std::string_view word;
  T value;
};
constexpr std::array<Word<Load>, 5> kLoads{
    {{"none", Load::none}, {"cpu", Load::cpu}, {"gpu", Load::gpu}, {"dram", Load::dram}, {"heat", Load::heat}}};
constexpr std::array<Word<Measure>, 2> kMeasures{{{"counter", Measure::counter}, {"gauge", Measure::gauge}}};
constexpr std::array<Word<ErrorKind>, 5> kErrors{{{"absent", ErrorKind::absent},
                                                  {"denied", ErrorKind::denied},
                                                  {"busy", ErrorKind::busy},
                                                  {"malformed", ErrorKind::malformed},
                                                  {"failed", ErrorKind::failed}}};
constexpr std::array<Word<Fault::Kind>, 8> kFaults{{{"reset", Fault::Kind::reset},
                                                    {"freeze", Fault::Kind::freeze},
                                                    {"spike", Fault::Kind::spike},
                                                    {"fail", Fault::Kind::fail},
                                                    {"backwards", Fault::Kind::backwards},
                                                    {"late", Fault::Kind::late},
                                                    {"clock_step", Fault::Kind::clock_step},
                                                    {"suspend", Fault::Kind::suspend}}};

// "250ms", "-3s", "0s"; or the number 0.
std::optional<Nanos> duration(const toml::node& node) {
  if (const auto number = node.value_exact<std::int64_t>()) return *number == 0 ? std::optional(Nanos{}) : std::nullopt;
  const auto text = node.value_exact<std::string>();
  if (!text) return std::nullopt;
  std::string_view rest = trim(*text);
  const bool negative = rest.starts_with('-');
  if (negative) rest.remove_prefix(1);
  if (rest == "0s" || rest == "0ms") return Nanos{};
  const auto ns = parse_duration_ns(rest);
  return ns ? std::optional(Nanos::of(negative ? -*ns : *ns)) : std::nullopt;
}

// One table of the file: returns its keys, and keeps the first error.
class Keys {
 public:
  Keys(const toml::table& table, std::string name, const std::string& origin)
      : table_(table), name_(std::move(name)), origin_(origin) {}

  void text(const char* key, std::string& into) {
    take(key, "a text", [&](const toml::node& node) { return put(node.value_exact<std::string>(), into); });
  }
  void number(const char* key, double& into) {
    take(key, "a number", [&](const toml::node& node) {
      const auto value = node.is_number() ? node.value<double>() : std::nullopt;
      return value && std::isfinite(*value) && put(value, into);
    });
  }
  template <class Whole>
  void whole(const char* key, Whole& into) {
    take(key, "a whole number that fits", [&](const toml::node& node) {
      const auto value = node.value_exact<std::int64_t>();
      if (!value || *value < 0 || static_cast<std::uint64_t>(*value) > std::numeric_limits<Whole>::max()) return false;
      into = static_cast<Whole>(*value);
      return true;
    });
  }
  void flag(const char* key, bool& into) {
    take(key, "true or false", [&](const toml::node& node) { return put(node.value_exact<bool>(), into); });
  }
  void time(const char* key, Nanos& into) {
    take(key, "a duration (like \"250ms\", \"-3s\", \"10h\")",
         [&](const toml::node& node) { return put(duration(node), into); });
  }
  template <class T, std::size_t n>
  void choice(const char* key, const std::array<Word<T>, n>& words, T& into) {
    std::string all;
    for (const auto& word : words) all += fmt::format("{}{}", all.empty() ? "one of " : ", ", word.word);
    take(key, all, [&](const toml::node& node) {
      const auto text = node.value_exact<std::string>();
      const auto at =
          std::find_if(words.begin(), words.end(), [&](const auto& word) { return text && word.word == *text; });
      if (at == words.end()) return false;
      into = at->value;
      return true;
    });
  }
  // A text or a list of texts.
  void texts(const char* key, std::vector<std::string>& into) {
    take(key, "a text or a list of texts", [&](const toml::node& node) {
      std::string one;
      if (put(node.value_exact<std::string>(), one)) return into.assign(1, one), true;
      if (!node.is_array()) return false;
      into.clear();
      for (const toml::node& item : *node.as_array()) {
        if (!put(item.value_exact<std::string>(), one)) return false;
        into.push_back(one);
      }
      return true;
    });
  }
  void curve(const char* key, std::vector<CurvePoint>& into) {
    take(key, "a list of [load, efficiency]", [&](const toml::node& node) {
      if (!node.is_array()) return false;
      for (const toml::node& item : *node.as_array()) {
        const toml::array* pair = item.as_array();
        if (pair == nullptr || pair->size() != 2 || !pair->get(0)->is_number() || !pair->get(1)->is_number())
          return false;
        into.push_back({*pair->get(0)->value<double>(), *pair->get(1)->value<double>()});
      }
      return true;
    });
  }

  // The one table, or the tables, under this key.
  template <class Read>
  void table(const char* key, Read read) {
    take(key, fmt::format("a table: [{}]", key), [&](const toml::node& node) {
      if (!node.is_table()) return false;
      keep(read(Keys(*node.as_table(), key, origin_)));
      return true;
    });
  }
  template <class Read>
  void tables(const char* key, Read read) {
    take(key, fmt::format("tables: [[{}]]", key), [&](const toml::node& node) {
      if (!node.is_array()) return false;
      for (const toml::node& item : *node.as_array()) {
        if (!item.is_table()) return false;
        keep(read(Keys(*item.as_table(), key, origin_)));
      }
      return true;
    });
  }

  // Ok if there was no error, and no key was left over.
  Done finish() {
    for (const auto& [key, node] : table_)
      if (known_.count(std::string(key.str())) == 0)
        keep(wrong(key.source().begin.line, std::string(key.str()), "no such key"));
    return status_;
  }
  Done wrong(const char* key, const std::string& why) const {
    const toml::node* node = table_.get(key);
    return wrong((node != nullptr ? node->source() : table_.source()).begin.line, key, why);
  }

 private:
  template <class T>
  static bool put(const std::optional<T>& value, T& into) {
    if (value) into = *value;
    return value.has_value();
  }
  template <class Accept>
  void take(const char* key, std::string_view expected, Accept accept) {
    known_.insert(key);
    const toml::node* node = table_.get(key);
    if (node == nullptr || accept(*node)) return;
    keep(wrong(key, fmt::format("must be {}", expected)));
  }
  Done wrong(std::size_t line, const std::string& key, std::string_view why) const {
    return fail(ErrorKind::malformed,
                fmt::format("{}:{}: {}{}: {}", origin_, line, name_.empty() ? "" : name_ + ".", quote(key), why));
  }
  void keep(Done done) {
    if (status_) status_ = std::move(done);
  }

  const toml::table& table_;
  std::string name_;
  const std::string& origin_;
  std::set<std::string> known_;
  Done status_;
};

std::string numbered(std::string text, std::size_t n) {
  for (auto at = text.find('#'); at != std::string::npos; at = text.find('#')) text.replace(at, 1, std::to_string(n));
  return text;
}

Done read_node(Keys keys, Scenario& s) {
  keys.whole("cpus", s.facts.cpus);
  keys.whole("sockets", s.facts.sockets);
  keys.whole("threads", s.facts.threads);
  keys.text("vendor", s.facts.vendor);
  keys.text("model", s.facts.model);
  keys.whole("cpu_family", s.facts.cpu_family);
  keys.whole("cpu_model", s.facts.cpu_model);
  keys.text("flags", s.facts.flags);
  keys.number("memory_gb", s.facts.memory_gb);
  keys.text("host", s.facts.host);
  keys.text("kernel", s.facts.kernel);
  keys.text("os", s.facts.os);
  keys.text("gpu_driver", s.facts.gpu_driver);
  keys.text("cuda", s.facts.cuda);
  return keys.finish();
}

Done read_component(Keys keys, Scenario& s) {
  Component c;
  std::uint64_t count = 1;
  keys.text("name", c.name);
  keys.text("domain", c.domain);
  keys.text("model", c.model);
  keys.text("address", c.address);
  keys.choice("load", kLoads, c.load);
  keys.number("idle_w", c.idle_w);
  keys.number("max_w", c.max_w);
  keys.number("awake_w", c.awake_w);
  keys.time("slew", c.slew);
  keys.time("lag", c.lag);
  keys.number("wander_w", c.wander_w);
  keys.time("wander", c.wander);
  keys.whole("count", count);
  if (count < 1 || count > kMostCopies) return keys.wrong("count", "must lie in 1..4096");
  if (s.components.size() + count > kMostCopies) return keys.wrong("count", "more than 4096 components");
  for (std::size_t n = 0; n < count; ++n) {
    Component copy = c;
    copy.name = numbered(c.name, n);
    copy.address = numbered(c.address, n);
    s.components.push_back(std::move(copy));
  }
  return keys.finish();
}

Done read_supply(Keys keys, Scenario& s) {
  keys.number("rating_w", s.supply.rating_w);
  keys.curve("curve", s.supply.curve);
  keys.time("smoothing", s.supply.smoothing);
  return keys.finish();
}

Done read_piece(Keys keys, Scenario& s) {
  Piece p;
  keys.text("on", p.on);
  keys.time("from", p.from);
  keys.time("to", p.to);
  keys.number("level", p.level);
  keys.time("period", p.period);
  keys.number("duty", p.duty);
  keys.number("depth", p.depth);
  keys.time("phase", p.phase);
  keys.time("warm_up", p.warm_up);
  keys.time("epoch", p.epoch);
  keys.time("dip", p.dip);
  keys.number("dip_level", p.dip_level);
  keys.number("stalls_per_hour", p.stalls_per_hour);
  keys.time("stall", p.stall);
  keys.number("stall_level", p.stall_level);
  keys.number("noise", p.noise);
  keys.whole("processes", p.processes);
  s.pieces.push_back(std::move(p));
  return keys.finish();
}

Done read_job(Keys keys, Scenario& s) {
  Job job;
  keys.text("name", job.name);
  keys.time("start", job.start);
  keys.time("end", job.end);
  s.jobs.push_back(std::move(job));
  return keys.finish();
}

void take_instrument(Keys& keys, Instrument& i) {
  keys.text("name", i.name);
  keys.text("family", i.family);
  keys.text("channel", i.channel);
  keys.texts("of", i.of);
  keys.choice("measure", kMeasures, i.measure);
  keys.number("unit", i.unit);
  keys.number("quantum", i.quantum);
  keys.whole("wrap", i.wrap);
  keys.number("start_j", i.start_j);
  keys.time("refresh", i.refresh);
  keys.time("phase", i.phase);
  keys.time("jitter", i.jitter);
  keys.time("window", i.window);
  keys.time("delay", i.delay);
  keys.time("latency", i.latency);
  keys.time("poll", i.poll);
  keys.number("gain", i.gain);
  keys.number("offset_w", i.offset_w);
  keys.number("gain_full", i.gain_full);
  keys.number("full_w", i.full_w);
  keys.number("noise_w", i.noise_w);
  keys.number("accuracy", i.accuracy);
  keys.flag("silent", i.silent);
  keys.time("filter", i.filter);
  keys.flag("stamps", i.stamps);
  keys.time("clock_offset", i.clock_offset);
  keys.number("clock_drift_ppm", i.clock_drift_ppm);
  keys.time("clock_step", i.clock_step);
  keys.text("mirror", i.mirror);
  keys.flag("missing", i.missing);
  keys.flag("denied", i.denied);
}

Done read_instrument(Keys keys, Scenario& s) {
  Instrument i;
  std::string each;
  bool scatter = false;
  take_instrument(keys, i);
  keys.text("each", each);
  keys.flag("scatter", scatter);
  NW_CHECK(keys.finish());
  const auto add = [&](Instrument one) -> Done {
    if (s.instruments.size() >= kMostCopies) return keys.wrong("each", "more than 4096 sensors");
    const auto drawn = uniform(hash(s.seed, kScatter, s.instruments.size()));
    if (scatter) one.phase = Nanos::of(static_cast<std::int64_t>(drawn * static_cast<double>(one.refresh.count())));
    s.instruments.push_back(std::move(one));
    return {};
  };
  if (each.empty()) return add(i);
  std::size_t n = 0;
  for (const Component& component : s.components) {
    if (component.domain != each) continue;
    Instrument one = i;
    one.name = numbered(i.name, n);
    one.channel = numbered(i.channel, n);
    one.of = {component.name};
    ++n;
    NW_CHECK(add(std::move(one)));
  }
  return n > 0 ? Done{} : keys.wrong("each", "no component is of this domain");
}

Done read_fault(Keys keys, Scenario& s) {
  Fault f;
  keys.choice("kind", kFaults, f.kind);
  keys.text("sensor", f.sensor);
  keys.time("from", f.from);
  keys.time("to", f.to);
  keys.number("amount", f.amount);
  keys.choice("error", kErrors, f.error);
  s.faults.push_back(std::move(f));
  return keys.finish();
}

Done read_all(Keys keys, Scenario& s) {
  keys.text("name", s.name);
  keys.whole("seed", s.seed);
  keys.time("end", s.end);
  keys.whole("wall_ns", s.wall_ns);
  keys.time("noise_step", s.noise_step);
  keys.table("node", [&](Keys inner) { return read_node(std::move(inner), s); });
  keys.tables("component", [&](Keys inner) { return read_component(std::move(inner), s); });
  keys.table("supply", [&](Keys inner) { return read_supply(std::move(inner), s); });
  keys.tables("piece", [&](Keys inner) { return read_piece(std::move(inner), s); });
  keys.tables("job", [&](Keys inner) { return read_job(std::move(inner), s); });
  keys.tables("sensor", [&](Keys inner) { return read_instrument(std::move(inner), s); });
  keys.tables("fault", [&](Keys inner) { return read_fault(std::move(inner), s); });
  return keys.finish();
}

Result<toml::table> parse_table(std::string_view text, const std::string& origin) {
  try {
    return toml::parse(text, origin);
  } catch (const toml::parse_error& error) {
    return fail(ErrorKind::malformed,
                fmt::format("{}:{}: {}", origin, error.source().begin.line, quote(error.description(), 200)));
  } catch (const std::exception& error) {
    return fail(ErrorKind::malformed, fmt::format("{}: {}", origin, error.what()));
  }
}
}  // namespace

Result<Scenario> parse_scenario(std::string_view text, const std::string& origin) {
  const toml::table table = NW_TRY(parse_table(text, origin));
  Scenario scenario;
  NW_CHECK(read_all(Keys(table, "", origin), scenario));
  if (const Done sound = check_scenario(scenario); !sound)
    return fail(sound.error().kind, origin + ": " + sound.error().what);
  return scenario;
}

Result<Scenario> read_scenario(const std::string& path) {
  return parse_scenario(NW_TRY(read_file(path, kMostScenario)), path);
}

}  // namespace nw::sim
