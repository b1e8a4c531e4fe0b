// Site: what an administrator knows about these machines and no sensor reports: /etc/nodewatt/nodewatt.toml.
//
// Everything has a default, so that a machine without the file is Site{}. Drivers read from it where a bus is and how
// to talk to it; credentials are named by their file and never stored here. The keys are one table, site_keys.cc.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/domain.h"
#include "base/result.h"
#include "base/units.h"

namespace nw {

// A figure with its source.
struct Sourced {
  double value = 0;
  std::string source, date;  // "EnBW supply mix", "2026-03"
};

// A change to the SensorInfo of every sensor whose id or driver matches `pattern` ("ipmi_dcmi", "nvml/*/power").
struct SensorRule {
  std::string pattern;
  std::optional<bool> use;
  std::optional<Boundary> boundary;
  std::optional<std::vector<Domain>> excludes;
  std::optional<Tolerance> scale_tolerance;  // a tolerance measured by the site
  std::optional<double> factor;              // reading / truth, as calibrated; the reading is divided by it
  std::optional<Watts> bias;                 // constant offset, subtracted after the division
  std::optional<Nanos> update_interval, averaging_window, delay;  // as measured by the site
  std::string source, date;                                       // who measured it, and when
};

struct IpmiSite {
  std::string device = "/dev/ipmi0";
  Nanos period = seconds(2);
  bool accept_inactive = false;  // believe figures of a controller that never says that it measures
  bool node_manager = false;     // ask Intel's Node Manager where there is no DCMI
};

struct RedfishSite {
  std::string name;    // of the table, [redfish.<name>]
  std::string origin;  // "https://bmc.example"
  std::string ca_file, pinned_key, credentials_file;
  std::string chassis;  // "": judged by what each says
  std::string power;    // "" or the place of the node's watts: "/redfish/v1/Chassis/1/Power#/Oem/Vendor/Watts"
  Nanos period = seconds(5);
};

// Which outlets feed which node. Several outlets of a node add up; of an outlet with several nodes each gets an equal
// share, as an attributed figure.
struct PduSite {
  std::string name;
  std::string agent, version = "2c", credentials_file;
  std::string mib;             // "apc-rpdu2", "raritan-pdu2", "generic"
  std::string oid;             // generic: of one outlet's power, "{outlet}" in it stands for the number
  double watts_per_count = 1;  // generic
  std::map<std::string, std::vector<unsigned>> outlets;  // by node name
  Nanos period = seconds(5);
};

// Parameters of the model, each with the half-width of its uncertainty; absent: the model's own assumption.
struct ModelSite {
  struct Figure {
    Watts power;
    Watts half_width;
    std::string source, date;
  };
  std::optional<Figure> fans, network, board, storage;
  std::vector<std::pair<double, double>> psu_efficiency;  // (load share, efficiency), rising loads
  std::optional<Watts> psu_rating;
  std::string psu_source, psu_date;
};

// What this node drew when idle, as `nodewatt calibrate idle` measured it, and under which conditions.
struct BaselineSite {
  struct Figure {
    Watts power;
    Watts standard_error;
  };
  std::map<std::string, Figure> sensors;  // by sensor id
  std::string host;                       // "": not given
  std::string date, kernel;
  std::optional<Nanos> duration;
  std::optional<double> load_average, cpu_busy, temperature_c;
  std::optional<unsigned> processes;
  unsigned valid_days = 180;  // how old it may be to be compared with a run
};

struct Site {
  std::string path;       // of the file it came from; "" for none
  std::string node;       // this node's name in outlet maps; "": the host name
  std::string node_type;  // the site's name for this type of node, "h100x4"; "": none
  std::vector<SensorRule> rules;
  IpmiSite ipmi;
  std::vector<RedfishSite> redfish;
  std::vector<PduSite> pdus;
  ModelSite model;
  BaselineSite baseline;
  std::optional<Sourced> pue, price_per_kwh, carbon_g_per_kwh;
  std::string currency;
};

// One fault in a site file. `what` never contains the value of an unknown key: it may be a secret.
struct SiteFault {
  unsigned line = 0, column = 0;
  std::string key;  // empty where the text is not TOML
  std::string what;
};

// One setting that is in force: written in the file, or (line 0) the default.
struct SiteSetting {
  std::string key, value;  // as TOML
  unsigned line = 0;
};

// A whole site file for `nodewatt config`. The site is valid only if there is no fault.
struct SiteFile {
  Site site;
  std::vector<SiteFault> faults;      // in the file's order
  std::vector<SiteSetting> settings;  // in the table's order
};
SiteFile read_site(std::string_view text, const std::string& path);
std::string fault_text(const SiteFault& fault, const std::string& path);  // "file:3:1: key: what"

// The site of a text without a fault; else the first fault, and the number of further ones.
Result<Site> parse_site(std::string_view text, const std::string& path);

// The documentation page of all keys, docs/site-file.md.
std::string make_site_page();

}  // namespace nw
