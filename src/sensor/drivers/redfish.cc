// redfish: the node's power and energy from its BMC, over HTTPS (DMTF DSP0268 Sensor, EnvironmentMetrics, Power).
//
// The site file names the BMC; there is no search on the network. At probe time each chassis (or the site's) is queried
// for its resources, and the best is used:
//   1. a Sensor of ReadingType Power: the one that EnvironmentMetrics was copied from (DataSourceUri), or one whose
//      name contains total, system, chassis, node, server or input and no component. A Sensor states how often and how
//      well it measures: SensingInterval, AveragingInterval, ReadingTime, Accuracy.
//   2. EnvironmentMetrics' PowerWatts
//   3. Power's PowerControl, the first that is no component's
// Accuracy is "the estimated percent error", ReadingAccuracy the largest deviation in watts: both are used as limits
// with the basis "stated by the BMC". Precision is used as the number of digits after the decimal point, as in the
// schema's own examples (31.6 with a Precision of 1), though its text says significant digits.
//
// Energy: EnergyJoules, or EnergykWh where its resolution is finer than 0.01 kWh (36 kJ; a node of 500 W takes 72 s for
// that). Most BMCs count whole kWh, 3.6 MJ, which is too coarse for any job: refused with a Diagnostic. The resolution
// of a reading follows from its digits, and for a number that went through single precision from that.
//
// Rounds: one request for each resource, at most once a second. The same ReadingTime with the same reading is not a new
// value (base/bus.cc dates it as the first). Device times are relative to the first one seen. A counter whose step
// takes the node longer than 0.1 s has none: ReadingTime is the time of the reading, not of the step.
//
// On a tape. What the driver needs of the site file (names, periods, chassis; neither addresses nor credentials) goes
// through Host::ask as "redfish:site", and each answer reduced to the members that redfish_json knows, so that serial
// numbers and asset tags are left out.
//
// Known inaccuracies. PowerConsumedWatts is a mean over a minute on some BMCs, and PowerMetrics.IntervalInMin refers to
// the statistics beside it, not to it. A chassis may be an enclosure of several nodes. Basic authentication at every
// request can fill a BMC's audit log; a wrong password may lock the account, so a refusal ends the probe.
#include "sensor/drivers/redfish_json.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "base/bus.h"
#include "base/http.h"
#include "base/parse.h"
#include "base/redaction.h"
#include "sensor/driver.h"

namespace nw {

namespace {
using namespace redfish;

constexpr Nanos kFastest = seconds(1), kSlowest = seconds(60);
constexpr std::size_t kMostChassis = 8, kMostSensors = 8;  // asked at probe time
constexpr std::int64_t kMaxPowerW = 20'000;
constexpr double kUselessKwh = 0.01;
constexpr Nanos kDatedStep = millis(100);  // step of a counter up to which ReadingTime is used
constexpr long kNotAuthorized = 401;

// One BMC, shared with the thread that polls it.
struct Bmc {
  HttpOptions options;
  std::shared_ptr<Http> http;
};

// A number to be read repeatedly.
struct Wanted {
  std::string path, pointer;
  double scale = 1;                // reading to counts
  bool dated = true;               // ReadingTime is the time of the value, not only of the reading
  std::optional<Nanos> beginning;  // the first ReadingTime seen
};

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}
bool has_one_of(const std::string& text, std::initializer_list<const char*> words) {
  return std::any_of(words.begin(), words.end(), [&](const char* word) { return text.find(word) != text.npos; });
}
bool is_component(const std::string& name, const std::string& context) {
  return has_one_of(lower(name), {"cpu", "gpu", "proc", "mem", "dimm", "fan", "psu", "ps1", "ps2", "supply", "pcie",
                                  "drive", "disk", "storage", "nic", "accel"}) ||
         !(context.empty() || context == "Chassis" || context == "SystemBoard" || context == "PowerSubsystem" ||
           context == "Intake");
}
bool sounds_like_node(const std::string& name) {
  return !is_component(name, "") &&
         has_one_of(lower(name), {"total", "system", "sys_", "chassis", "node", "server", "input"}) &&
         has_one_of(lower(name), {"power", "pwr", "watt", "energy"});
}

Reading read_value(const std::string& body, Wanted& wanted) {
  const auto found = value(body, wanted.pointer);
  if (!found) return Reading::none(found.error().kind);
  if (!found->number) return Reading::none(ErrorKind::absent);
  const double counts = *found->number * wanted.scale;
  if (!(counts >= 0) || counts > 1e15) return Reading::none(ErrorKind::malformed);
  Reading reading = Reading::of(static_cast<std::uint64_t>(std::llround(counts)));
  if (!found->time || !wanted.dated) return reading;
  constexpr Nanos kFarthest =
      seconds(900'000'000);  // the largest that a tape can hold; a BMC whose clock was not set jumps further
  if (!wanted.beginning) wanted.beginning = found->time;
  const Nanos since = *found->time - *wanted.beginning;
  if (since < kFarthest && -since < kFarthest) reading.device = since;
  return reading;
}

// Requests each resource once, however many numbers are in it.
void ask_all(Bmc& bmc, std::vector<Wanted>& wanted, std::span<Reading> answers) {
  std::map<std::string, Result<std::string>> bodies;
  for (std::size_t i = 0; i < wanted.size() && i < answers.size(); ++i) {
    auto body = bodies.find(wanted[i].path);
    if (body == bodies.end())
      body = bodies
                 .emplace(wanted[i].path, bmc.http ? bmc.http->get(wanted[i].path)
                                                   : Result<std::string>(fail(ErrorKind::absent, "no connection")))
                 .first;
    answers[i] = body->second ? read_value(*body->second, wanted[i]) : Reading::none(body->second.error().kind);
  }
}

enum class Unit : unsigned char { watt, joule, kwh };

// Where a figure was found and its properties.
struct Found {
  Unit unit = Unit::watt;
  std::string path, pointer;
  std::string source;  // "sensor Total Power"
  SensorFacts facts;   // of a Sensor; otherwise only the reading
};

class Prober {
 public:
  Prober(Host& host, const Site& site) : host_(host), site_(site) {}

  ProbeResult probe() {
    const auto text = host_.ask("redfish:site", [this] { return describe_site(); });
    if (!text) {
      if (text.error().kind != ErrorKind::absent) note("redfish", text.error());
      return std::move(probe_);
    }
    for (const auto line : split(*text, '\n')) {
      const auto space = std::min(line.find(' '), line.size());
      const std::string key(line.substr(0, space)), rest(trim(line.substr(space)));
      if (key == "bmc") add_bmc(), start(rest);
      if (key == "chassis") chassis_ = rest;
      if (const auto ms = key == "period_ms" ? parse_u64(rest) : std::nullopt; ms && *ms < 3'600'000)
        period_ = std::max(kFastest, millis(static_cast<std::int64_t>(*ms)));
    }
    add_bmc();
    return std::move(probe_);
  }

 private:
  Result<std::string> describe_site() const {
    std::string text;
    for (const RedfishSite& bmc : site_.redfish)
      text += fmt::format("bmc {}\nperiod_ms {}\nchassis {}\n", bmc.name, bmc.period.count() / kMicro, bmc.chassis);
    if (text.empty()) return fail(ErrorKind::absent, "the site file names no BMC");
    return text;
  }

  void start(const std::string& name) {
    name_ = name;
    chassis_.clear();
    period_ = seconds(5);
    bmc_ = std::make_shared<Bmc>();
    for (const RedfishSite& bmc : site_.redfish) {
      if (bmc.name != name) continue;
      bmc_->options.origin = bmc.origin;
      bmc_->options.ca_file = bmc.ca_file;
      bmc_->options.pinned_key = bmc.pinned_key;
      bmc_->options.credentials_file = bmc.credentials_file;
    }
    lost_.reset();
  }

  Result<std::string> get_live(const std::string& path) {
    auto answer = get_known(path);
    if (answer) return answer;
    const HttpOptions& options = bmc_->options;
    const std::string table = "redfish." + name_;
    return tl::make_unexpected(
        redact(std::move(answer).error(), {{options.credentials_file, "credentials_file of " + table},
                                           {options.ca_file, "ca_file of " + table},
                                           {options.origin, table}}));
  }

  // An error for one resource (403, 500) concerns that resource only, not the others.
  Result<std::string> get_known(const std::string& path) {
    if (bmc_->http == nullptr) bmc_->http = NW_TRY(host_.open_http(bmc_->options));
    auto body = answer_within(bmc_->options.deadline, path, [http = bmc_->http, path] { return http->get(path); });
    if (body) return keep_known(*body);
    const long status = bmc_->http->status();
    if (status >= 300 && status < 400)  // its target is an address
      return fail(ErrorKind::malformed, fmt::format("{}: {}, a redirect, which is not followed", path, status));
    if (status != 0 && status != kNotAuthorized && body.error().kind != ErrorKind::absent)
      return fail(ErrorKind::malformed, body.error().what);
    return body;
  }

  // A BMC that refuses the user, hangs or is missing gets no further requests: they would not be faster, and may lock
  // the account.
  Result<std::string> ask(const std::string& path) {
    if (lost_) return tl::make_unexpected(*lost_);
    auto answer = host_.ask(fmt::format("redfish:{}:{}", name_, path), [&] { return get_live(path); });
    if (!answer && answer.error().kind != ErrorKind::absent && answer.error().kind != ErrorKind::malformed)
      lost_ = answer.error();
    return answer;
  }

  void add_bmc() {
    if (name_.empty()) return;
    if (!probe_.sensors.empty()) return note("redfish " + name_, "a second BMC of this node; left out");
    const auto paths = list_chassis();
    if (!paths) return note_missing(paths.error());
    std::vector<Found> found;
    for (const auto& path : *paths)
      if (found.empty()) found = search(path);
    if (!found.empty()) {
      if (lost_) note("redfish " + name_, *lost_);
      return bind(found);
    }
    if (lost_) return note_missing(*lost_);
    note_missing({{}, "no chassis of this BMC says what power it draws"});
  }

  Result<std::vector<std::string>> list_chassis() {
    if (chassis_.starts_with("/redfish/")) return std::vector{chassis_};
    const std::string collection = "/redfish/v1/Chassis";
    if (!chassis_.empty()) return std::vector{collection + "/" + chassis_};
    auto paths = members(NW_TRY(ask(collection)));
    if (!paths) return fail(paths.error().kind, collection + ": " + paths.error().what);
    if (paths->size() > kMostChassis) paths->resize(kMostChassis);
    return paths;
  }

  // The answer at a path as parsed by `read`. A missing resource is nothing; a malformed one gives a Diagnostic.
  template <class Read>
  auto look(const std::optional<std::string>& path, Read read)
      -> std::optional<typename decltype(read(""))::value_type> {
    if (!path) return std::nullopt;
    const auto text = ask(*path);
    if (!text && text.error().kind == ErrorKind::malformed) note("redfish " + name_ + " " + *path, text.error());
    if (!text) return std::nullopt;
    auto understood = read(*text);
    if (understood) return std::move(*understood);
    note("redfish " + name_ + " " + *path, understood.error());
    return std::nullopt;
  }

  // Power, then energy, as far as this chassis has them.
  std::vector<Found> search(const std::string& path) {
    const auto links = look(std::optional(path), chassis);
    if (!links) return {};
    const Environment metrics = look(links->environment, environment).value_or(Environment{});
    std::vector<std::string> candidates;
    for (const MetricReading* excerpt : {&metrics.power, &metrics.energy_j, &metrics.energy_kwh})
      if (excerpt->source) candidates.push_back(*excerpt->source);
    const std::size_t named = candidates.size();
    for (auto& member : look(links->sensors, members).value_or(std::vector<std::string>{}))
      if (sounds_like_node(member.substr(member.rfind('/') + 1)) &&
          std::find(candidates.begin(), candidates.end(), member) == candidates.end())
        candidates.push_back(std::move(member));
    candidates.resize(std::min(candidates.size(), kMostSensors));
    std::optional<Found> power, energy;
    for (std::size_t i = 0; i < candidates.size(); ++i)
      if (const auto facts = look(std::optional(candidates[i]), sensor))
        if (facts->reading && facts->enabled && !is_component(i < named ? "" : facts->id + facts->name, facts->context))
          take_sensor(candidates[i], *facts, power, energy);
    if (!power) power = power_without_sensor(*links, metrics);
    if (!energy) energy = energy_without_sensor(*links, metrics);
    std::vector<Found> found;
    if (power) found.push_back(std::move(*power));
    if (energy && is_fine(*energy)) found.push_back(std::move(*energy));
    return found;
  }

  static void take_sensor(const std::string& path, const SensorFacts& facts, std::optional<Found>& power,
                          std::optional<Found>& energy) {
    const std::string source = "sensor " + (facts.name.empty() ? facts.id : facts.name);
    const bool joules = facts.type == "EnergyJoules";
    if (facts.type == "Power" && !power) power = Found{Unit::watt, path, "/Reading", source, facts};
    if ((joules || facts.type == "EnergykWh") && (!energy || (joules && energy->unit == Unit::kwh)))
      energy = Found{joules ? Unit::joule : Unit::kwh, path, "/Reading", source, facts};
  }

  std::optional<Found> power_without_sensor(const Chassis& links, const Environment& metrics) {
    SensorFacts facts;
    facts.reading = metrics.power.reading;
    if (facts.reading) return Found{Unit::watt, *links.environment, "/PowerWatts/Reading", "EnvironmentMetrics", facts};
    const auto controls = look(links.power, power_controls);
    if (!controls) return std::nullopt;
    for (const Control& control : *controls) {
      if (!control.watts || is_component(control.name, control.context)) continue;
      facts.reading = control.watts;
      return Found{Unit::watt, *links.power, control.pointer, "Power", facts};
    }
    return std::nullopt;
  }

  static std::optional<Found> energy_without_sensor(const Chassis& links, const Environment& metrics) {
    SensorFacts facts;
    facts.reading = metrics.energy_j.reading;
    if (facts.reading)
      return Found{Unit::joule, *links.environment, "/EnergyJoules/Reading", "EnvironmentMetrics", facts};
    facts.reading = metrics.energy_kwh.reading;
    if (facts.reading) return Found{Unit::kwh, *links.environment, "/EnergykWh/Reading", "EnvironmentMetrics", facts};
    return std::nullopt;
  }

  // In the reading's unit, the finer of the two.
  static double step_of(const Found& found) {
    const double shown = compute_step(found.facts.reading.value_or(0));
    return found.facts.lifetime ? std::min(shown, compute_step(*found.facts.lifetime)) : shown;
  }
  bool is_fine(const Found& energy) {
    const double step = step_of(energy);
    if (energy.unit != Unit::kwh || step < kUselessKwh) return true;
    note("redfish " + name_ + " " + energy.path,
         {{},
          fmt::format("EnergykWh comes in steps of {:.3g} kWh ({:.0f} kJ), which says nothing of a job; left out", step,
                      step * 3600)});
    return false;
  }

  SensorInfo make_info(const Found& found, const char* what) const {
    const SensorFacts& facts = found.facts;
    SensorInfo info;
    info.id = fmt::format("redfish/{}/{}", name_, what);
    info.source = fmt::format("Redfish {} of {}", found.source, name_);
    info.part = {Domain::node, "0"};
    const bool output = facts.sub_context == "Output" || (facts.voltage == "DC" && facts.sub_context != "Input");
    info.boundary = output ? Boundary::node_dc : Boundary::wall;
    info.unit_num = 1000;
    info.update_interval = facts.sensing
                               ? Timing(std::max(period_, *facts.sensing), *facts.sensing, TimingBasis::stated)
                               : Timing(std::max(period_, kFastest), kSlowest, TimingBasis::assumed);
    info.max_power = watts(kMaxPowerW);
    const bool stated = facts.accuracy && *facts.accuracy > 0 && *facts.accuracy <= 100;
    info.scale_tolerance = stated ? Tolerance{*facts.accuracy / 100, Tolerance::Shape::limit, "stated by the BMC"}
                                  : Tolerance{0.05, Tolerance::Shape::limit, "assumed"};
    info.offset = stated ? Watts{} : Watts::of(5'770'000);  // +-10 W as a limit
    info.access = "whoever may read the BMC's credentials file";
    return info;
  }

  SensorInfo make_power_info(const Found& found) const {
    const SensorFacts& facts = found.facts;
    SensorInfo info = make_info(found, "power");
    info.kind = SensorKind::gauge;
    // Without a word it may be a sample or a mean over a minute.
    info.averaging_window = facts.averaging ? Timing(*facts.averaging, *facts.averaging, TimingBasis::stated)
                            : facts.sensing ? Timing(*facts.sensing, *facts.sensing, TimingBasis::assumed)
                                            : Timing(kFastest, kSlowest, TimingBasis::assumed);
    info.delay = {Nanos{}, facts.averaging || facts.sensing ? kFastest : seconds(4), TimingBasis::assumed};
    const double digits = std::round(facts.precision.value_or(0));
    double variance = std::pow(10, -2 * std::clamp(digits, 0.0, 6.0)) / 12;  // W^2
    if (const double limit = facts.reading_accuracy.value_or(0); limit > 0 && limit < kMaxPowerW) {
      variance += limit * limit / 3;
      if (!facts.accuracy) info.scale_tolerance = {0, Tolerance::Shape::limit, "stated by the BMC"}, info.offset = {};
    }
    const double offset = to_watts(info.offset);
    info.offset = Watts::of(std::llround(std::sqrt(offset * offset + variance) * 1e6));
    return info;
  }

  // How long the node takes for one step of its counter.
  static Nanos step_time(const Found& found, double power_w) {
    const double step_j = step_of(found) * (found.unit == Unit::kwh ? 3.6e6 : 1);
    return Nanos::of(std::llround(std::min(step_j / std::max(power_w, 1.0), 3600.0) * 1e9));
  }

  // The update interval is the time that the node takes for a count: a coarse counter is a slow one.
  SensorInfo make_energy_info(const Found& found, double power_w) const {
    SensorInfo info = make_info(found, "energy");
    info.kind = SensorKind::counter;
    if (found.unit == Unit::kwh) info.unit_num = 3'600'000;  // 1e-6 kWh
    const double step_j = step_of(found) * (found.unit == Unit::kwh ? 3.6e6 : 1);
    info.update_interval = std::max(info.update_interval.value, step_time(found, power_w));
    info.max_power += Watts::of(std::llround(step_j / to_seconds(period_) * 1e6));  // a step seen in one period
    return info;
  }

  void bind(const std::vector<Found>& found) {
    std::vector<SensorInfo> infos;
    std::vector<std::string> keys;
    std::vector<Wanted> wanted;
    double power_w = 100;  // if nothing else is known
    Nanos slowest = period_;
    for (const Found& each : found) {
      const bool is_power = each.unit == Unit::watt;
      if (is_power) power_w = *each.facts.reading;
      infos.push_back(is_power ? make_power_info(each) : make_energy_info(each, power_w));
      keys.push_back(fmt::format("redfish:{}/{}", name_, is_power ? "power" : "energy"));
      const bool dated = is_power || step_time(each, power_w) <= kDatedStep;
      wanted.push_back({each.path, each.pointer, each.unit == Unit::kwh ? 1e6 : 1e3, dated, {}});
      slowest = std::max(slowest, each.facts.sensing.value_or(period_));
    }
    const BusSchedule schedule{period_, Nanos::of(3 * slowest.count()) + bmc_->options.deadline};
    const auto asked = std::make_shared<std::vector<Wanted>>(std::move(wanted));
    auto sources = host_.bind_bus(keys, schedule,
                                  [bmc = bmc_, asked](std::span<Reading> answers) { ask_all(*bmc, *asked, answers); });
    if (!sources) return note("redfish " + name_, sources.error());
    for (std::size_t i = 0; i < infos.size(); ++i)
      probe_.sensors.push_back({std::move(infos[i]), std::move((*sources)[i])});
  }

  void note(std::string where, const Error& error) {
    const bool library = error.what.find("libcurl") != error.what.npos && error.kind == ErrorKind::absent;
    probe_.diagnostics.push_back({std::move(where), error.what, library ? "sudo apt install libcurl4" : ""});
  }

  void note(std::string where, std::string what) {
    probe_.diagnostics.push_back({std::move(where), std::move(what), ""});
  }

  // The site file names this BMC, but it gives no sensor. That may change: a BMC that boots answers late or with
  // nothing.
  void note_missing(const Error& error) {
    note("redfish " + name_, error);
    probe_.diagnostics.back().sensor = fmt::format("redfish/{}/power", name_);
    probe_.diagnostics.back().refused = error.kind == ErrorKind::denied;
  }

  Host& host_;
  const Site& site_;
  ProbeResult probe_;
  // The present BMC.
  std::string name_, chassis_;
  Nanos period_{};
  std::shared_ptr<Bmc> bmc_;
  std::optional<Error> lost_;
};
}  // namespace

ProbeResult probe_redfish(Host& host, const Site& site) { return Prober(host, site).probe(); }

}  // namespace nw
