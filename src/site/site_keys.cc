// THE table of the site file's keys: the name of each, its valid values, and its place in the Site.
//
// Defaults are taken from the structs of site.h, so that they are written down once. Figures that need a source require
// a source and a date beside them. No key takes a secret.
#include "site/site_keys.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/parse.h"

namespace nw {

namespace {
using Names = std::span<const std::string>;
using Take = void (*)(Site&, Names, const KeyValue&);
using Keys = std::vector<SiteKey>;
constexpr double kShortest = 0.1, kLongest = 3600;  // periods, in seconds

Watts watts_of(double value) { return Watts::of(std::llround(value * kMicro)); }
std::string toml(std::string_view text) { return fmt::format("\"{}\"", text); }
std::string toml(Nanos time) { return fmt::format("\"{:g}s\"", to_seconds(time)); }

SiteKey& add(Keys& keys, std::string path, KeyType type, std::string sentence, Take take) {
  SiteKey key;
  key.path = std::move(path);
  key.type = type;
  key.sentence = std::move(sentence);
  key.take = take;
  return keys.emplace_back(std::move(key));
}

SiteKey& add_number(Keys& keys, std::string path, std::string unit, double least, double most, std::string sentence,
                    Take take, KeyType type = KeyType::number) {
  SiteKey& key = add(keys, std::move(path), type, std::move(sentence), take);
  key.unit = std::move(unit);
  key.least = least;
  key.most = most;
  return key;
}

SiteKey& add_period(Keys& keys, std::string path, std::string sentence, Take take) {
  return add_number(keys, std::move(path), "", kShortest, kLongest, std::move(sentence), take, KeyType::duration);
}

SiteKey& add_choice(Keys& keys, std::string path, std::string words, std::string sentence, Take take,
                    KeyType type = KeyType::choice) {
  SiteKey& key = add(keys, std::move(path), type, std::move(sentence), take);
  key.words = std::move(words);
  return key;
}

// The entry of this name, created where there is none yet.
template <class Entry>
Entry& entry_of(std::vector<Entry>& all, std::string Entry::*member, const std::string& name) {
  const auto at = std::find_if(all.begin(), all.end(), [&](const Entry& one) { return one.*member == name; });
  if (at != all.end()) return *at;
  all.emplace_back();
  all.back().*member = name;
  return all.back();
}
SensorRule& rule_of(Site& s, Names n) { return entry_of(s.rules, &SensorRule::pattern, n[0]); }
RedfishSite& redfish_of(Site& s, Names n) { return entry_of(s.redfish, &RedfishSite::name, n[0]); }
PduSite& pdu_of(Site& s, Names n) { return entry_of(s.pdus, &PduSite::name, n[0]); }
Tolerance& gain_of(Site& s, Names n) {
  auto& gain = rule_of(s, n).scale_tolerance;
  if (!gain) gain.emplace();
  return *gain;
}

std::string names_of_domains() {
  std::string words;
  for (int i = 0; i <= static_cast<int>(Domain::other); ++i)
    words += (i == 0 ? "" : " ") + std::string(name(static_cast<Domain>(i)));
  return words;
}

std::string names_of_boundaries() {
  std::string words;
  for (int i = 0; i <= static_cast<int>(Boundary::wall); ++i)
    words += (i == 0 ? "" : " ") + std::string(name(static_cast<Boundary>(i)));
  return words;
}

void take_boundary(Site& s, Names n, const KeyValue& v) {
  for (int i = 0; i <= static_cast<int>(Boundary::wall); ++i)
    if (name(static_cast<Boundary>(i)) == v.text) rule_of(s, n).boundary = static_cast<Boundary>(i);
}

void take_excludes(Site& s, Names n, const KeyValue& v) {
  std::vector<Domain> domains;
  for (const auto& word : v.words)
    if (const auto one = domain(word)) domains.push_back(*one);
  rule_of(s, n).excludes = std::move(domains);
}

template <std::optional<Nanos> SensorRule::*kMember>
void add_timing(Keys& k, std::string path, std::string sentence) {
  constexpr double kMostSeconds = 3600;
  add_number(
      k, std::move(path), "", 0, kMostSeconds, std::move(sentence),
      [](Site& s, Names n, const KeyValue& v) { rule_of(s, n).*kMember = v.time; }, KeyType::duration)
      .needing({"source", "date"});
}

void add_rules(Keys& k) {
  add(k, "sensors.*.use", KeyType::flag,
      "Whether the sensor is used. A driver's name with `use = false`: the driver is not even asked.",
      [](Site& s, Names n, const KeyValue& v) { rule_of(s, n).use = v.flag; })
      .with_default("true");
  add_choice(k, "sensors.*.boundary", names_of_boundaries(), "Where in the path of power the sensor sits.",
             take_boundary);
  add_choice(k, "sensors.*.lacks", names_of_domains(),
             "Parts that a sensor of the node or of a module does not include, though such sensors usually do.",
             take_excludes, KeyType::choices);
  add_number(k, "sensors.*.tolerance", "relative", 0, 1, "How far readings may be off by a constant factor.",
             [](Site& s, Names n, const KeyValue& v) { gain_of(s, n).relative = v.number; })
      .needing({"source", "date"});
  add_choice(k, "sensors.*.tolerance_shape", "limit sigma",
             "Whether `tolerance` is a limit that is never passed or one standard uncertainty.",
             [](Site& s, Names n, const KeyValue& v) {
               gain_of(s, n).shape = v.text == "sigma" ? Tolerance::Shape::sigma : Tolerance::Shape::limit;
             })
      .with_default(toml("limit"))
      .needing({"tolerance"});
  add_number(k, "sensors.*.factor", "", 0.1, 10, "Reading over truth, as calibrated: every reading is divided by it.",
             [](Site& s, Names n, const KeyValue& v) { rule_of(s, n).factor = v.number; })
      .needing({"source", "date"});
  add_number(k, "sensors.*.bias_w", "W", -10000, 10000,
             "A constant offset, as calibrated: taken off after the division by `factor`.",
             [](Site& s, Names n, const KeyValue& v) { rule_of(s, n).bias = watts_of(v.number); })
      .needing({"source", "date"});
  add_timing<&SensorRule::update_interval>(k, "sensors.*.update_interval", "How often the sensor has a new value.");
  add_timing<&SensorRule::averaging_window>(k, "sensors.*.averaging_window", "Over how long a value is the mean.");
  add_timing<&SensorRule::delay>(k, "sensors.*.delay", "How long after that time it is shown.");
  add(k, "sensors.*.source", KeyType::text, "The source of these figures.",
      [](Site& s, Names n, const KeyValue& v) { rule_of(s, n).source = v.text; });
  add(k, "sensors.*.date", KeyType::date, "Date of these figures.",
      [](Site& s, Names n, const KeyValue& v) { rule_of(s, n).date = v.text; });
}

void add_ipmi(Keys& k) {
  const IpmiSite usual;
  add(k, "ipmi.device", KeyType::text, "The BMC's device.", [](Site& s, Names, const KeyValue& v) {
    s.ipmi.device = v.text;
  }).with_default(toml(usual.device));
  add_period(k, "ipmi.period", "How often the BMC is asked.", [](Site& s, Names, const KeyValue& v) {
    s.ipmi.period = v.time;
  }).with_default(toml(usual.period));
  add(k, "ipmi.accept_inactive", KeyType::flag,
      "Whether figures of a controller are believed that never says that it is measuring.",
      [](Site& s, Names, const KeyValue& v) { s.ipmi.accept_inactive = v.flag; })
      .with_default("false");
  add(k, "ipmi.node_manager", KeyType::flag, "Whether Intel's Node Manager is asked where DCMI is not there.",
      [](Site& s, Names, const KeyValue& v) { s.ipmi.node_manager = v.flag; })
      .with_default(usual.node_manager ? "true" : "false");
}

void add_redfish(Keys& k) {
  const RedfishSite usual;
  add(k, "redfish.*.origin", KeyType::origin, "Where the BMC answers: `https://bmc.example`.",
      [](Site& s, Names n, const KeyValue& v) { redfish_of(s, n).origin = v.text; })
      .must();
  add(k, "redfish.*.ca_file", KeyType::text,
      "Certificates that the BMC's is checked against, in place of the system's.",
      [](Site& s, Names n, const KeyValue& v) { redfish_of(s, n).ca_file = v.text; });
  add(k, "redfish.*.pinned_key", KeyType::text,
      "The BMC's public key, `sha256//...`, in place of a certificate's chain.",
      [](Site& s, Names n, const KeyValue& v) { redfish_of(s, n).pinned_key = v.text; });
  add(k, "redfish.*.credentials_file", KeyType::text, "The file with user and password; no one else may read it.",
      [](Site& s, Names n, const KeyValue& v) { redfish_of(s, n).credentials_file = v.text; });
  add(k, "redfish.*.chassis", KeyType::text, "Which chassis; without it the one that is a node and draws most.",
      [](Site& s, Names n, const KeyValue& v) { redfish_of(s, n).chassis = v.text; });
  add(k, "redfish.*.power", KeyType::text,
      "Where the node's watts are, in place of a search: `/redfish/v1/Chassis/1/Power#/Oem/Vendor/TotalWatts`.",
      [](Site& s, Names n, const KeyValue& v) { redfish_of(s, n).power = v.text; });
  add_period(k, "redfish.*.period", "How often the BMC is asked.", [](Site& s, Names n, const KeyValue& v) {
    redfish_of(s, n).period = v.time;
  }).with_default(toml(usual.period));
}

void add_pdu(Keys& k) {
  const PduSite usual;
  add(k, "pdu.*.agent", KeyType::agent, "Host name or address of the PDU's SNMP agent; port 161 where none is named.",
      [](Site& s, Names n, const KeyValue& v) { pdu_of(s, n).agent = v.text; })
      .must();
  add_choice(k, "pdu.*.version", "2c 3", "Of SNMP.", [](Site& s, Names n, const KeyValue& v) {
    pdu_of(s, n).version = v.text;
  }).with_default(toml(usual.version));
  add(k, "pdu.*.credentials_file", KeyType::text,
      "The file with the community, or with user and passwords of version 3; no one else may read it.",
      [](Site& s, Names n, const KeyValue& v) { pdu_of(s, n).credentials_file = v.text; });
  add_choice(k, "pdu.*.mib", "apc-rpdu2 raritan-pdu2 generic", "How the PDU reports the power of an outlet.",
             [](Site& s, Names n, const KeyValue& v) { pdu_of(s, n).mib = v.text; })
      .must();
  add(k, "pdu.*.oid", KeyType::text, "generic: of one outlet's power; `{outlet}` in it stands for its number.",
      [](Site& s, Names n, const KeyValue& v) { pdu_of(s, n).oid = v.text; })
      .needing({"watts_per_count"});
  add_number(k, "pdu.*.watts_per_count", "W", 1e-6, 1e6, "generic: what one count is worth.",
             [](Site& s, Names n, const KeyValue& v) { pdu_of(s, n).watts_per_count = v.number; })
      .with_default(fmt::format("{:g}", usual.watts_per_count));
  add_period(k, "pdu.*.period", "How often the PDU is asked.", [](Site& s, Names n, const KeyValue& v) {
    pdu_of(s, n).period = v.time;
  }).with_default(toml(usual.period));
  add(k, "pdu.*.outlets.*", KeyType::counts, "Which outlets feed the node of this name: `n01 = [1, 2]`.",
      [](Site& s, Names n, const KeyValue& v) { pdu_of(s, n).outlets[n[1]] = v.counts; });
}

using Figure = std::optional<ModelSite::Figure> ModelSite::*;

template <Figure figure>
void add_figure(Keys& k, const std::string& part, const std::string& what) {
  static constexpr auto of = [](Site& s) -> ModelSite::Figure& {
    auto& one = s.model.*figure;
    if (!one) one.emplace();
    return *one;
  };
  const std::string table = "model." + part + ".";
  add_number(k, table + "power_w", "W", 0, 100000, "What " + what + " draw, in place of the model's assumption.",
             [](Site& s, Names, const KeyValue& v) { of(s).power = watts_of(v.number); })
      .needing({"half_width_w", "source", "date"});
  add_number(k, table + "half_width_w", "W", 0, 100000, "How far that may be off.",
             [](Site& s, Names, const KeyValue& v) { of(s).half_width = watts_of(v.number); })
      .needing({"power_w"});
  add(k, table + "source", KeyType::text, "The source of the figure.", [](Site& s, Names, const KeyValue& v) {
    of(s).source = v.text;
  }).needing({"power_w"});
  add(k, table + "date", KeyType::date, "Date of the figure.", [](Site& s, Names, const KeyValue& v) {
    of(s).date = v.text;
  }).needing({"power_w"});
}

void add_model(Keys& k) {
  add_figure<&ModelSite::fans>(k, "fans", "the fans");
  add_figure<&ModelSite::network>(k, "network", "the network cards");
  add_figure<&ModelSite::board>(k, "board", "board, regulators and BMC");
  add_figure<&ModelSite::storage>(k, "storage", "the disks");
  add_number(k, "model.psu.rating_w", "W", 1, 100000, "Rated power of the power supplies together.",
             [](Site& s, Names, const KeyValue& v) { s.model.psu_rating = watts_of(v.number); })
      .needing({"efficiency", "source", "date"});
  add(k, "model.psu.efficiency", KeyType::curve,
      "Efficiency by load, both as shares: `[[0.1, 0.90], [0.5, 0.94], [1.0, 0.91]]`. Off by 0.01 at most.",
      [](Site& s, Names, const KeyValue& v) { s.model.psu_efficiency = v.points; })
      .needing({"rating_w", "source", "date"});
  add(k, "model.psu.source", KeyType::text, "The source: a certificate, a data sheet.",
      [](Site& s, Names, const KeyValue& v) { s.model.psu_source = v.text; });
  add(k, "model.psu.date", KeyType::date, "Date of the curve.",
      [](Site& s, Names, const KeyValue& v) { s.model.psu_date = v.text; });
}

template <std::optional<Sourced> Site::*figure>
void add_sourced(Keys& k, const std::string& key, const std::string& unit, double least, double most,
                 const std::string& sentence, std::vector<std::string> needs) {
  static constexpr auto of = [](Site& s) -> Sourced& {
    auto& one = s.*figure;
    if (!one) one.emplace();
    return *one;
  };
  const std::string table = "facility." + key + ".";
  add_number(k, table + "value", unit, least, most, sentence, [](Site& s, Names, const KeyValue& v) {
    of(s).value = v.number;
  }).needing(std::move(needs));
  add(k, table + "source", KeyType::text, "The source of the figure.", [](Site& s, Names, const KeyValue& v) {
    of(s).source = v.text;
  }).needing({"value"});
  add(k, table + "date", KeyType::date, "Date of the figure.", [](Site& s, Names, const KeyValue& v) {
    of(s).date = v.text;
  }).needing({"value"});
}

void add_facility(Keys& k) {
  add_sourced<&Site::pue>(k, "pue", "", 1, 10,
                          "Power usage effectiveness: power of the building over that of its machines.",
                          {"source", "date"});
  add_sourced<&Site::price_per_kwh>(k, "price_per_kwh", "per kWh", 0, 10000, "What a kilowatt-hour costs.",
                                    {"currency", "source", "date"});
  add(k, "facility.price_per_kwh.currency", KeyType::text, "Of the price: `EUR`.",
      [](Site& s, Names, const KeyValue& v) { s.currency = v.text; })
      .needing({"value"});
  add_sourced<&Site::carbon_g_per_kwh>(k, "carbon_g_per_kwh", "g/kWh", 0, 5000,
                                       "Grams of CO2 equivalent for a kilowatt-hour.", {"source", "date"});
}

void add_baseline(Keys& k) {
  add(k, "baseline.date", KeyType::date, "When `nodewatt calibrate idle` measured.",
      [](Site& s, Names, const KeyValue& v) { s.baseline.date = v.text; });
  add_number(
      k, "baseline.duration", "", 1, 86400, "For how long.",
      [](Site& s, Names, const KeyValue& v) { s.baseline.duration = v.time; }, KeyType::duration);
  add(k, "baseline.host", KeyType::text,
      "The host that was measured. Without it the baseline counts for all hosts of this file.",
      [](Site& s, Names, const KeyValue& v) { s.baseline.host = v.text; });
  add(k, "baseline.kernel", KeyType::text, "On which kernel.",
      [](Site& s, Names, const KeyValue& v) { s.baseline.kernel = v.text; });
  add_number(k, "baseline.load_average", "", 0, 1e6, "Load average of one minute, at that time.",
             [](Site& s, Names, const KeyValue& v) { s.baseline.load_average = v.number; });
  add_number(k, "baseline.cpu_busy", "", 0, 1, "Share of CPU time that was busy, at that time.",
             [](Site& s, Names, const KeyValue& v) { s.baseline.cpu_busy = v.number; });
  add_number(
      k, "baseline.processes", "", 0, 1e9, "Processes and threads, at that time.",
      [](Site& s, Names, const KeyValue& v) { s.baseline.processes = static_cast<unsigned>(v.number); },
      KeyType::count);
  add_number(k, "baseline.temperature_c", "degrees C", -100, 200, "The warmest thermal zone, at that time.",
             [](Site& s, Names, const KeyValue& v) { s.baseline.temperature_c = v.number; });
  add_number(
      k, "baseline.valid_days", "days", 1, 36500, "How old a baseline may be to be used with a run.",
      [](Site& s, Names, const KeyValue& v) { s.baseline.valid_days = static_cast<unsigned>(v.number); },
      KeyType::count)
      .with_default(std::to_string(BaselineSite{}.valid_days));
  add_number(k, "baseline.sensors.*.power_w", "W", -1e6, 1e6, "Mean power of the sensor of this id.",
             [](Site& s, Names n, const KeyValue& v) { s.baseline.sensors[n[0]].power = watts_of(v.number); })
      .needing({"standard_error_w"});
  add_number(k, "baseline.sensors.*.standard_error_w", "W", 0, 1e6, "Standard error of that mean.",
             [](Site& s, Names n, const KeyValue& v) { s.baseline.sensors[n[0]].standard_error = watts_of(v.number); })
      .needing({"power_w"});
}

Keys make_keys() {
  Keys keys;
  const Take take_name = [](Site& s, Names, const KeyValue& v) { s.node = v.text; };
  add(keys, "node", KeyType::text, "The same as `node.name`, where nothing else is said of the node.", take_name);
  add(keys, "node.name", KeyType::text, "This node's name in outlet maps; without it the host's name.", take_name);
  add(keys, "node.type", KeyType::text,
      "What nodes like this one are called here: `h100x4`. Runs are compared by it; without it by what the node is "
      "made "
      "of.",
      [](Site& s, Names, const KeyValue& v) { s.node_type = v.text; });
  add_rules(keys);
  add_ipmi(keys);
  add_redfish(keys);
  add_pdu(keys);
  add_model(keys);
  add_facility(keys);
  add_baseline(keys);
  return keys;
}
}  // namespace

std::span<const SiteKey> site_keys() {
  static const Keys keys = make_keys();
  return keys;
}

}  // namespace nw
