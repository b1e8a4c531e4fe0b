// The node types of the bench: which sensors a node has, above all which one of the whole node, how often that one
// shows a new value and over what time this is a mean.
#pragma once

#include <span>

#include "bench/accuracy/draws.h"

namespace nw::accuracy {

enum class Whole : unsigned char { as_it_is, stated, none, acpi, dcmi, redfish, pdu };
enum class Chips : unsigned char { as_they_are, amd, gauges };

struct NodeType {
  const char* name;
  const char* preset;
  Whole whole = Whole::as_it_is;
  int refresh_s = 0, window_s = 0;  // of a meter on a bus; a PDU's are drawn
  Chips chips = Chips::as_they_are;
  // Learns from a machine's life: the node's sensor is slow, and there are faster ones of its parts.
  bool learns() const { return whole >= Whole::dcmi; }
  // Its totals rest on counters.
  bool counts() const { return (whole == Whole::as_it_is || whole == Whole::none) && chips != Chips::gauges; }
};
std::span<const NodeType> node_types();

// A machine of the type: its sensors with their errors, its parts with their differences. It has no load.
Result<sim::Scenario> make_node(const NodeType& type, Random& random);

}  // namespace nw::accuracy
