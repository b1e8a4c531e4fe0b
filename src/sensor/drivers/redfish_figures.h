// Which figures of a BMC are the node's: what its chassis are, and what each says of power and energy.
//
// Nothing is believed for its place in a list. A chassis that is a component's, or that holds several computers, is not
// the node; of those that may be it, the one that draws most holds the others.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sensor/drivers/redfish_json.h"

namespace nw::redfish {

enum class Unit : unsigned char { watt, joule, kwh };

// A number of a resource.
struct Place {
  std::string path, pointer;
};

// Where a figure was found and its properties. Several terms are added up: the node's power supplies.
struct Figure {
  Unit unit = Unit::watt;
  std::vector<Place> terms;
  std::string source;            // "sensor Total Power"
  SensorFacts facts;             // of a Sensor; otherwise only the reading
  bool behind_supplies = false;  // what the supplies give, not what they take
};

struct Figures {
  std::optional<Figure> power, energy;
  bool any() const { return power || energy; }
};

// A BMC's resources, asked one by one.
class Resources {
 public:
  virtual ~Resources() = default;
  virtual Result<std::string> ask(const std::string& path) = 0;
  virtual void note(const std::string& path, const Error& error) = 0;
  virtual bool has_time() = 0;  // for further chassis

  // The answer at a path as parsed by `read`. A missing resource is nothing; a malformed one is noted.
  template <class Read>
  auto look(const std::optional<std::string>& path, Read read)
      -> std::optional<typename decltype(read(""))::value_type> {
    if (!path) return std::nullopt;
    const auto text = ask(*path);
    if (!text && text.error().kind == ErrorKind::malformed) note(*path, text.error());
    if (!text) return std::nullopt;
    auto understood = read(*text);
    if (understood) return std::move(*understood);
    note(*path, understood.error());
    return std::nullopt;
  }
};

// Power and energy, as far as this chassis states them.
Figures find_figures(Resources& bmc, const Chassis& chassis);

// The node's chassis among these. An Error where none states a figure, or several may be the node.
Result<Figures> choose_chassis(Resources& bmc, const std::vector<std::string>& paths);

// What a site names: "/redfish/v1/Chassis/1/Power#/Oem/Vendor/Watts".
Result<Figures> named_figure(Resources& bmc, const std::string& place);

// Whether names or a PhysicalContext say that this is a part of a node.
bool is_component(const std::string& name, const std::string& context);

}  // namespace nw::redfish
