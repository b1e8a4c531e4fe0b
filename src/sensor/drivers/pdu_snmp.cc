// pdu_snmp: the node's power from the outlets that feed it, queried from their PDUs over SNMP.
//
// The site file states which outlets feed which node; there is no search on the network. All outlets of this node, of
// all its PDUs (redundant supplies are fed by two), are one sensor and one sum, made anew in each round: a PDU or an
// outlet that does not answer leaves no value, never a part of the sum.
//
// The power of an outlet with several nodes (a chassis with shared supplies) is divided equally, for lack of better
// information: the figure is then `attributed`, its tolerance half of itself, and its source states that.
//
// The MIBs are in pdu_snmp_mib.h. Energies are not used: APC counts in 0.1 kWh (360 kJ), too coarse for a job, and for
// Raritan's Wh (3.6 kJ) the update interval is not known.
//
// On a tape. This node's outlets (no address, community or name of another node) go through Host::ask as
// "pdu_snmp:site", watts per count as "pdu_snmp:<pdu>/<outlet>", so that a tape needs no site file.
//
// Known inaccuracies. Outlet meters are read inside the PDU every second or three and change slowly; a value's time is
// that of the request. If a node has a power supply on an outlet that is not in the map, it is measured too low and
// nothing shows it.
#include "sensor/drivers/pdu_snmp_mib.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/bus.h"
#include "base/parse.h"
#include "base/redaction.h"
#include "sensor/driver.h"

namespace nw {

namespace {
using pdu::Outlet;

constexpr Nanos kFastest = seconds(1);
constexpr std::int64_t kQuestions = 2;  // about an outlet at the probe, at most
constexpr const char* kHostName = "/proc/sys/kernel/hostname";
constexpr const char* kSensor = "pdu_snmp/node-0";

// One PDU's outlets of this node, shared with the thread that polls them.
struct Feed {
  std::string name, mib, oid;
  double watts_per_count = 1;
  Nanos period = seconds(5);
  std::vector<Outlet> outlets;
  SnmpOptions options;
  std::shared_ptr<Snmp> snmp;

  Result<std::vector<SnmpValue>> get(const std::vector<std::string>& oids) const {
    if (snmp == nullptr) return fail(ErrorKind::absent, name + ": no connection");
    return snmp->get(oids);
  }
};

Reading read_sum(const std::vector<Feed>& feeds) {
  std::uint64_t sum_mw = 0;
  for (const Feed& feed : feeds) {
    const auto answers = feed.get(pdu::round_oids(feed.outlets));
    if (!answers) return Reading::none(answers.error().kind);
    const auto part = pdu::compute_sum_mw(feed.outlets, *answers);
    if (!part) return Reading::none(part.error().kind);
    sum_mw += *part;
  }
  return Reading::of(sum_mw);
}

std::string_view short_name(std::string_view host) { return host.substr(0, host.find('.')); }

class Prober {
 public:
  Prober(Host& host, const Site& site) : host_(host), site_(site) {}

  ProbeResult probe() {
    const auto text = host_.ask("pdu_snmp:site", [this] { return describe_site(); });
    if (!text) {
      if (text.error().kind != ErrorKind::absent) note("pdu_snmp", text.error());
      return std::move(probe_);
    }
    if (!read_site(*text) || feeds_.empty()) return std::move(probe_);
    for (Feed& feed : feeds_)
      if (!add_connection(feed)) return note_missing(), std::move(probe_);
    bind();
    return std::move(probe_);
  }

 private:
  // The outlets of this node: "outlet <number> <nodes that it feeds>".
  Result<std::string> describe_site() {
    if (site_.pdus.empty()) return fail(ErrorKind::absent, "the site file names no PDU");
    std::string node = site_.node;
    if (node.empty()) {
      const auto name = host_.read_text(kHostName);
      if (!name) return fail(ErrorKind::failed, "this node's name is not known: " + name.error().what);
      node = trim(*name);
    }
    std::string text;
    for (const PduSite& pdu : site_.pdus) {
      const auto mine = outlets_of(pdu, node);
      if (mine == nullptr) continue;
      text += fmt::format("pdu {}\nmib {}\noid {}\nwatts_per_count {}\nperiod_ms {}\n", pdu.name, pdu.mib, pdu.oid,
                          pdu.watts_per_count, pdu.period.count() / kMicro);
      for (const unsigned outlet : *mine) text += fmt::format("outlet {} {}\n", outlet, nodes_of(pdu, outlet));
    }
    if (text.empty())
      return fail(ErrorKind::malformed, "no PDU of the site file has an outlet for node " + quote(node));
    return text;
  }

  // By the whole name, else by the name without its domain.
  static const std::vector<unsigned>* outlets_of(const PduSite& pdu, const std::string& node) {
    auto found = pdu.outlets.find(node);
    if (found == pdu.outlets.end())
      found = std::find_if(pdu.outlets.begin(), pdu.outlets.end(),
                           [&](const auto& entry) { return short_name(entry.first) == short_name(node); });
    return found == pdu.outlets.end() || found->second.empty() ? nullptr : &found->second;
  }

  static std::ptrdiff_t nodes_of(const PduSite& pdu, unsigned outlet) {
    return std::count_if(pdu.outlets.begin(), pdu.outlets.end(), [&](const auto& entry) {
      return std::find(entry.second.begin(), entry.second.end(), outlet) != entry.second.end();
    });
  }

  bool read_site(const std::string& text) {
    for (const auto line : split(text, '\n')) {
      const auto space = std::min(line.find(' '), line.size());
      const std::string key(line.substr(0, space)), rest(trim(line.substr(space)));
      if (key == "pdu") {
        feeds_.emplace_back().name = rest;
        continue;
      }
      if (feeds_.empty()) continue;
      Feed& feed = feeds_.back();
      if (key == "mib") feed.mib = rest;
      if (key == "oid") feed.oid = rest;
      if (key == "watts_per_count") feed.watts_per_count = parse_double(rest).value_or(0);
      if (const auto ms = key == "period_ms" ? parse_u64(rest) : std::nullopt; ms && *ms < 3'600'000)
        feed.period = std::max(kFastest, millis(static_cast<std::int64_t>(*ms)));
      if (key == "outlet" && !add_outlet(feed, rest)) return false;
    }
    return true;
  }

  bool add_outlet(Feed& feed, const std::string& text) {
    constexpr std::uint64_t kMost = 100'000;
    const auto fields = split(text, ' ');
    const auto number = parse_u64(fields[0]), nodes = fields.size() == 2 ? parse_u64(fields[1]) : std::nullopt;
    if (!number || !nodes || *number > kMost || *nodes > kMost)
      return note("pdu " + feed.name, quote(text) + " is no outlet"), false;
    auto outlet = pdu::make_outlet(feed.mib, feed.oid, feed.watts_per_count, static_cast<unsigned>(*number),
                                   static_cast<unsigned>(*nodes));
    if (!outlet) return note("pdu " + feed.name, outlet.error()), false;
    const bool twice = std::any_of(feed.outlets.begin(), feed.outlets.end(),
                                   [&](const Outlet& other) { return other.value == outlet->value; });
    if (!twice) feed.outlets.push_back(std::move(*outlet));
    return true;
  }

  // Each outlet is queried once: one that does not answer now gives a Diagnostic and no sensor.
  bool add_connection(Feed& feed) {
    for (const PduSite& pdu : site_.pdus) {
      if (pdu.name != feed.name) continue;
      feed.options.agent = pdu.agent;
      feed.options.version = pdu.version;
      feed.options.credentials_file = pdu.credentials_file;
    }
    for (Outlet& outlet : feed.outlets) {
      const auto watts =
          host_.ask(fmt::format("pdu_snmp:{}/{}", feed.name, outlet.number), [&]() -> Result<std::string> {
            auto answer = ask_outlet(feed, outlet);
            if (answer) return answer;
            const SnmpOptions& options = feed.options;
            return tl::make_unexpected(
                redact(std::move(answer).error(), {{options.credentials_file, "credentials_file of pdu." + feed.name},
                                                   {options.agent, "pdu." + feed.name}}));
          });
      if (!watts) return note("pdu " + feed.name, watts.error()), false;
      const auto worth = parse_double(*watts);
      if (!worth || *worth <= 0) return note("pdu " + feed.name, quote(*watts) + " is no worth of a count"), false;
      outlet.watts_per_count = *worth;
    }
    return true;
  }

  Result<std::string> ask_outlet(Feed& feed, const Outlet& outlet) {
    if (feed.snmp == nullptr) feed.snmp = NW_TRY(host_.open_snmp(feed.options));
    return answer_within(Nanos::of(kQuestions * feed.options.deadline.count()), "pdu." + feed.name,
                         [snmp = feed.snmp, mib = feed.mib, outlet] { return describe_outlet(*snmp, mib, outlet); });
  }

  // Watts per count of it, once it has answered.
  static Result<std::string> describe_outlet(Snmp& snmp, const std::string& mib, Outlet known) {
    if (const auto oids = pdu::unit_oids(mib, known.number); !oids.empty()) {
      const auto worth = pdu::watts_per_count(NW_TRY(snmp.get(oids)));
      if (!worth) return fail(ErrorKind::malformed, fmt::format("outlet {}: gives no watts", known.number));
      known.watts_per_count = *worth;
    }
    NW_TRY(pdu::compute_sum_mw({&known, 1}, NW_TRY(snmp.get(pdu::round_oids({&known, 1})))));
    return fmt::format("{}", known.watts_per_count);
  }

  SensorInfo make_info(Nanos period) const {
    SensorInfo info;
    info.id = kSensor;
    info.part = {Domain::node, "0"};
    info.boundary = Boundary::wall;
    info.kind = SensorKind::gauge;
    info.unit_num = 1000;  // mW
    info.update_interval = {period, std::max(period, seconds(5)), TimingBasis::assumed};
    info.averaging_window = {seconds(1), seconds(3), TimingBasis::assumed};
    info.delay = {Nanos{}, seconds(2), TimingBasis::assumed};
    info.max_power = watts(50'000);
    info.access = "whoever may read the PDU's credentials file";
    std::size_t count = 0;
    double variance = 0;  // of the steps, W^2
    bool shared = false;
    std::string names;
    for (const Feed& feed : feeds_) {
      names += (names.empty() ? "" : " and ") + feed.name;
      count += feed.outlets.size();
      for (const Outlet& outlet : feed.outlets) {
        shared = shared || outlet.shared_by > 1;
        variance += outlet.watts_per_count * outlet.watts_per_count / 12;
      }
    }
    info.source = fmt::format("{} outlet{} of {}{}", count, count > 1 ? "s" : "", names,
                              shared ? ", shared equally among its nodes" : "");
    info.provenance = shared ? Provenance::attributed : Provenance::measured;
    info.scale_tolerance = shared ? Tolerance{0.5, Tolerance::Shape::limit, "assumed: an equal share of an outlet"}
                                  : Tolerance{0.05, Tolerance::Shape::limit, "assumed"};
    const double zero = static_cast<double>(count) * 0.577;  // +-1 W each, as a limit
    info.offset = Watts::of(std::llround(std::sqrt(variance + zero * zero) * 1e6));
    return info;
  }

  void bind() {
    Nanos period = kFastest, deadlines{};
    for (const Feed& feed : feeds_) {
      period = std::max(period, feed.period);
      deadlines += feed.options.deadline;
    }
    SensorInfo info = make_info(period);
    const auto feeds = std::make_shared<std::vector<Feed>>(std::move(feeds_));
    auto sources = host_.bind_bus({"pdu_snmp:node/power"}, {period, Nanos::of(3 * period.count()) + deadlines},
                                  [feeds](std::span<Reading> answers) { answers[0] = read_sum(*feeds); });
    if (!sources) return note("pdu_snmp", sources.error());
    probe_.sensors.push_back({std::move(info), std::move(sources->front())});
  }

  void note(std::string where, const Error& error) {
    const bool library = error.what.find("libnetsnmp") != error.what.npos && error.kind == ErrorKind::absent;
    probe_.diagnostics.push_back({std::move(where), error.what, library ? "sudo apt install libsnmp40" : ""});
    probe_.diagnostics.back().refused = error.kind == ErrorKind::denied;
  }
  // The site file names this node's outlets, but one of them gives nothing now.
  void note_missing() { probe_.diagnostics.back().sensor = kSensor; }
  void note(std::string where, std::string what) {
    probe_.diagnostics.push_back({std::move(where), std::move(what), ""});
  }

  Host& host_;
  const Site& site_;
  ProbeResult probe_;
  std::vector<Feed> feeds_;
};
}  // namespace

ProbeResult probe_pdu_snmp(Host& host, const Site& site) { return Prober(host, site).probe(); }

}  // namespace nw
