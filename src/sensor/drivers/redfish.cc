// redfish: the node's power and energy from its BMC, over HTTPS (DMTF DSP0268 Sensor, EnvironmentMetrics, Power).
//
// The site file names the BMC; there is no search on the network. At probe time every chassis is judged
// (redfish_chassis.cc) and queried for its resources (redfish_figures.cc), unless the site names one. The best of a
// chassis is used:
//   1. a Sensor of ReadingType Power: the one that EnvironmentMetrics was copied from (DataSourceUri), or one whose
//      name contains total, system, chassis, node, server or input and no component. A Sensor states how often and how
//      well it measures: SensingInterval, AveragingInterval, ReadingTime, Accuracy.
//   2. EnvironmentMetrics' PowerWatts
//   3. Power's PowerControl, the first that is no component's and not 0
//   4. a vendor's own member of Power: a table in redfish_figures.cc, or what the site's key `power` names
//   5. the sum of what the power supplies take, or else give: Power's PowerSupplies, PowerSubsystem's metrics, Sensors
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
#include "sensor/drivers/redfish_figures.h"

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
constexpr Nanos kLongestSearch = seconds(30);  // for further chassis, at probe time
constexpr std::int64_t kMaxPowerW = 20'000;
constexpr double kUselessKwh = 0.01;
constexpr Nanos kDatedStep = millis(100);  // step of a counter up to which ReadingTime is used
constexpr long kNotAuthorized = 401;

// One BMC, shared with the thread that polls it.
struct Connection {
  HttpOptions options;
  std::shared_ptr<Http> http;
};

// A number to be read repeatedly, or the sum of some.
struct Wanted {
  std::vector<Place> terms;
  double scale = 1;                // reading to counts
  bool dated = true;               // ReadingTime is the time of the value, not only of the reading
  std::optional<Nanos> beginning;  // the first ReadingTime seen
};

Reading reading_of(const Measurand& found, double counts, Wanted& wanted) {
  if (!(counts >= 0) || counts > 1e15) return Reading::none(ErrorKind::malformed);
  Reading reading = Reading::of(static_cast<std::uint64_t>(std::llround(counts)));
  if (!found.time || !wanted.dated || wanted.terms.size() > 1) return reading;
  constexpr Nanos kFarthest =
      seconds(900'000'000);  // the largest that a tape can hold; a BMC whose clock was not set jumps further
  if (!wanted.beginning) wanted.beginning = found.time;
  const Nanos since = *found.time - *wanted.beginning;
  if (since < kFarthest && -since < kFarthest) reading.device = since;
  return reading;
}

// Requests each resource of a round once, however many numbers are in it.
class Round {
 public:
  explicit Round(Connection& bmc) : bmc_(bmc) {}

  // Of a sum every term has to be there: a part of it would be a wrong figure.
  Reading read(Wanted& wanted) {
    double sum = 0;
    Measurand last;
    for (const Place& term : wanted.terms) {
      const auto& body = get(term.path);
      if (!body) return Reading::none(body.error().kind);
      const auto found = value(*body, term.pointer);
      if (!found) return Reading::none(found.error().kind);
      if (!found->number) return Reading::none(ErrorKind::absent);
      if (!(*found->number >= 0)) return Reading::none(ErrorKind::malformed);
      sum += *found->number;
      last = *found;
    }
    return reading_of(last, sum * wanted.scale, wanted);
  }

 private:
  const Result<std::string>& get(const std::string& path) {
    if (const auto known = bodies_.find(path); known != bodies_.end()) return known->second;
    auto body = bmc_.http ? bmc_.http->get(path) : Result<std::string>(fail(ErrorKind::absent, "no connection"));
    return bodies_.emplace(path, std::move(body)).first->second;
  }

  Connection& bmc_;
  std::map<std::string, Result<std::string>> bodies_;
};

void ask_all(Connection& bmc, std::vector<Wanted>& wanted, std::span<Reading> answers) {
  Round round(bmc);
  for (std::size_t i = 0; i < wanted.size() && i < answers.size(); ++i) answers[i] = round.read(wanted[i]);
}

class Prober : private Resources {
 public:
  Prober(Host& host, const Site& site) : host_(host), site_(site) {}

  ProbeResult probe() {
    const auto text = host_.ask("redfish:site", [this] { return describe_site(); });
    if (!text) {
      if (text.error().kind != ErrorKind::absent) note_at("redfish", text.error());
      return std::move(probe_);
    }
    for (const auto line : split(*text, '\n')) {
      const auto space = std::min(line.find(' '), line.size());
      const std::string key(line.substr(0, space)), rest(trim(line.substr(space)));
      if (key == "bmc") add_bmc(), start(rest);
      if (key == "chassis") chassis_ = rest;
      if (key == "power") power_ = rest;
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
      text += fmt::format("bmc {}\nperiod_ms {}\nchassis {}\n{}", bmc.name, bmc.period.count() / kMicro, bmc.chassis,
                          bmc.power.empty() ? "" : "power " + bmc.power + "\n");
    if (text.empty()) return fail(ErrorKind::absent, "the site file names no BMC");
    return text;
  }

  void start(const std::string& name) {
    name_ = name;
    chassis_.clear();
    power_.clear();
    search_until_ = host_.now() + kLongestSearch;
    period_ = seconds(5);
    bmc_ = std::make_shared<Connection>();
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
  Result<std::string> ask(const std::string& path) override {
    if (lost_) return tl::make_unexpected(*lost_);
    auto answer = host_.ask(fmt::format("redfish:{}:{}", name_, path), [&] { return get_live(path); });
    if (!answer && answer.error().kind != ErrorKind::absent && answer.error().kind != ErrorKind::malformed)
      lost_ = answer.error();
    return answer;
  }

  void add_bmc() {
    if (name_.empty()) return;
    if (!probe_.sensors.empty()) return note_at("redfish " + name_, "a second BMC of this node; left out");
    auto figures = find();
    if (!figures) return note_missing(figures.error());
    std::vector<Figure> found;
    if (figures->power) found.push_back(std::move(*figures->power));
    if (figures->energy && is_fine(*figures->energy)) found.push_back(std::move(*figures->energy));
    if (found.empty()) return note_missing({{}, "no chassis of this BMC says what power it draws"});
    if (lost_) note_at("redfish " + name_, *lost_);
    bind(found);
  }

  Result<Figures> find() {
    if (!power_.empty()) return named_figure(*this, power_);
    const std::string collection = "/redfish/v1/Chassis";
    auto paths = chassis_.empty()
                     ? members(NW_TRY(ask(collection)))
                     : std::vector{chassis_.starts_with("/redfish/") ? chassis_ : collection + "/" + chassis_};
    if (!paths) return fail(paths.error().kind, collection + ": " + paths.error().what);
    auto found = chassis_.empty() ? choose_chassis(*this, *paths) : of_the_sites(paths->front());
    if (!found && lost_) return tl::make_unexpected(*lost_);
    return found;
  }

  // The site's own choice is not judged.
  Result<Figures> of_the_sites(const std::string& path) {
    const auto links = look(std::optional(path), chassis);
    Figures figures = links ? find_figures(*this, *links) : Figures{};
    if (figures.any()) return figures;
    return choose_chassis(*this, {path});  // for its account of what is there
  }

  bool has_time() override { return host_.now() < search_until_; }
  void note(const std::string& path, const Error& error) override { note_at("redfish " + name_ + " " + path, error); }

  // In the reading's unit, the finer of the two.
  static double step_of(const Figure& found) {
    const double shown = compute_step(found.facts.reading.value_or(0));
    return found.facts.lifetime ? std::min(shown, compute_step(*found.facts.lifetime)) : shown;
  }
  bool is_fine(const Figure& energy) {
    const double step = step_of(energy);
    if (energy.unit != Unit::kwh || step < kUselessKwh) return true;
    note(energy.terms[0].path,
         {{},
          fmt::format("EnergykWh comes in steps of {:.3g} kWh ({:.0f} kJ), which says nothing of a job; left out", step,
                      step * 3600)});
    return false;
  }

  SensorInfo make_info(const Figure& found, const char* what) const {
    const SensorFacts& facts = found.facts;
    SensorInfo info;
    info.id = fmt::format("redfish/{}/{}", name_, what);
    info.source = fmt::format("Redfish {} of {}", found.source, name_);
    info.part = {Domain::node, "0"};
    info.boundary = found.behind_supplies ? Boundary::node_dc : Boundary::wall;
    info.unit_num = 1000;
    info.update_interval = facts.sensing
                               ? Timing(std::max(period_, *facts.sensing), *facts.sensing, TimingBasis::stated)
                               : Timing(std::max(period_, kFastest), kSlowest, TimingBasis::assumed);
    info.max_power = watts(kMaxPowerW);
    const bool stated = facts.accuracy && *facts.accuracy > 0 && *facts.accuracy <= 100;
    info.scale_tolerance = stated ? Tolerance{*facts.accuracy / 100, Tolerance::Shape::limit, "stated by the BMC"}
                                  : Tolerance{0.05, Tolerance::Shape::limit, "assumed"};
    const auto each = static_cast<std::int64_t>(found.terms.size());
    info.offset = stated ? Watts{} : Watts::of(5'770'000 * each);  // +-10 W as a limit, of each supply of a sum
    info.access = "whoever may read the BMC's credentials file";
    return info;
  }

  SensorInfo make_power_info(const Figure& found) const {
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
  static Nanos step_time(const Figure& found, double power_w) {
    const double step_j = step_of(found) * (found.unit == Unit::kwh ? 3.6e6 : 1);
    return Nanos::of(std::llround(std::min(step_j / std::max(power_w, 1.0), 3600.0) * 1e9));
  }

  // The update interval is the time that the node takes for a count: a coarse counter is a slow one.
  SensorInfo make_energy_info(const Figure& found, double power_w) const {
    SensorInfo info = make_info(found, "energy");
    info.kind = SensorKind::counter;
    if (found.unit == Unit::kwh) info.unit_num = 3'600'000;  // 1e-6 kWh
    const double step_j = step_of(found) * (found.unit == Unit::kwh ? 3.6e6 : 1);
    info.update_interval = std::max(info.update_interval.value, step_time(found, power_w));
    info.max_power += Watts::of(std::llround(step_j / to_seconds(period_) * 1e6));  // a step seen in one period
    return info;
  }

  void bind(const std::vector<Figure>& found) {
    std::vector<SensorInfo> infos;
    std::vector<std::string> keys;
    std::vector<Wanted> wanted;
    double power_w = 100;  // if nothing else is known
    Nanos slowest = period_;
    for (const Figure& each : found) {
      const bool is_power = each.unit == Unit::watt;
      if (is_power) power_w = *each.facts.reading;
      infos.push_back(is_power ? make_power_info(each) : make_energy_info(each, power_w));
      keys.push_back(fmt::format("redfish:{}/{}", name_, is_power ? "power" : "energy"));
      const bool dated = is_power || step_time(each, power_w) <= kDatedStep;
      wanted.push_back({each.terms, each.unit == Unit::kwh ? 1e6 : 1e3, dated, {}});
      slowest = std::max(slowest, each.facts.sensing.value_or(period_));
    }
    const BusSchedule schedule{period_, Nanos::of(3 * slowest.count()) + bmc_->options.deadline};
    const auto asked = std::make_shared<std::vector<Wanted>>(std::move(wanted));
    auto sources = host_.bind_bus(keys, schedule,
                                  [bmc = bmc_, asked](std::span<Reading> answers) { ask_all(*bmc, *asked, answers); });
    if (!sources) return note_at("redfish " + name_, sources.error());
    for (std::size_t i = 0; i < infos.size(); ++i)
      probe_.sensors.push_back({std::move(infos[i]), std::move((*sources)[i])});
  }

  void note_at(std::string where, const Error& error) {
    const bool library = error.what.find("libcurl") != error.what.npos && error.kind == ErrorKind::absent;
    probe_.diagnostics.push_back({std::move(where), error.what, library ? "sudo apt install libcurl4" : ""});
  }

  void note_at(std::string where, std::string what) {
    probe_.diagnostics.push_back({std::move(where), std::move(what), ""});
  }

  // The site file names this BMC, but it gives no sensor. That may change: a BMC that boots answers late or with
  // nothing.
  void note_missing(const Error& error) {
    note_at("redfish " + name_, error);
    probe_.diagnostics.back().sensor = fmt::format("redfish/{}/power", name_);
    probe_.diagnostics.back().refused = error.kind == ErrorKind::denied;
  }

  Host& host_;
  const Site& site_;
  ProbeResult probe_;
  // The present BMC.
  std::string name_, chassis_, power_;
  Nanos period_{}, search_until_{};
  std::shared_ptr<Connection> bmc_;
  std::optional<Error> lost_;
};
}  // namespace

ProbeResult probe_redfish(Host& host, const Site& site) { return Prober(host, site).probe(); }

}  // namespace nw
