// Site: what an administrator knows of these machines and no sensor says: /etc/nodewatt/nodewatt.toml.
//
// Everything has a default, so that a machine without the file is Site{}. Drivers take from it where a bus is and how
// it is spoken to; credentials are named by their file and never held here.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sensor/sensor.h"

namespace nw {

// A figure that somebody is answerable for.
struct Sourced {
  double value = 0;
  std::string source, date;  // "EnBW supply mix", "2026-03"
};

// What is changed on the nameplates of sensors whose id or driver matches `pattern` ("ipmi_dcmi", "nvml/*/power").
struct SensorRule {
  std::string pattern;
  std::optional<bool> use;
  std::optional<Boundary> boundary;
  std::optional<std::vector<Domain>> lacks;
  std::optional<Tolerance> gain;  // a tolerance measured by the site
  std::optional<double> factor;   // reading / truth, as calibrated; the reading is divided by it
  std::optional<Watts> bias;      // and this is taken off
};

struct IpmiSite {
  std::string device = "/dev/ipmi0";
  Nanos period = seconds(2);
  bool node_manager = false;  // ask Intel's Node Manager where DCMI is not there
};

struct RedfishSite {
  std::string name;    // of the table, [redfish.<name>]
  std::string origin;  // "https://bmc.example"
  std::string ca_file, pinned_key, credentials_file;
  std::string chassis;  // "" is the first that has power
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

// Parameters of the model, each with the half-width of its doubt; absent: the model's own assumption.
struct ModelSite {
  struct Figure {
    Watts power;
    Watts half_width;
    std::string source;
  };
  std::optional<Figure> fans, network, board, storage;
  std::vector<std::pair<double, double>> psu_efficiency;  // (load share, efficiency), rising loads
  std::optional<Watts> psu_rating;
  std::string psu_source;
};

struct Site {
  std::string path;  // of the file it came from; "" for none
  std::string node;  // this node's name in outlet maps; "" is the host's name
  std::vector<SensorRule> rules;
  IpmiSite ipmi;
  std::vector<RedfishSite> redfish;
  std::vector<PduSite> pdus;
  ModelSite model;
  std::optional<Sourced> pue, price_per_kwh, carbon_g_per_kwh;
  std::string currency;
};

}  // namespace nw
