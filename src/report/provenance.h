// Provenance: the line below every format's output: which nodewatt measured, what the energy includes, by which
// sensors, how often, and a hash of the data.
//
// The hash is the SHA-256 of the records' canonical bytes: each record as protobuf writes it, without the factors of
// the facility (they are no measurement, and the same measurement under another carbon factor is the same), the records
// in the order of their uids. The RO-Crate holds these bytes as measurement.pb, so that sha256sum can check the line.
#pragma once

#include <string>
#include <vector>

#include "record/record_fwd.h"
#include "report/report.h"

namespace nw {

std::string canonical_bytes(Records records);
std::string data_sha256(Records records);  // 64 hexadecimal digits
std::string sha256(std::string_view bytes);

// "Redfish PSU (a new value every 5 s, +-2 % limit, assumed), NVML energy counter (...)": the sensors from which the
// counted energy was read or derived. `brief`: the names alone.
std::string source_words(Records records, bool utf8, bool brief);

// Of one component: "NVML energy counter (counter, new value every 1 ms, +-5 % limit assumed)".
std::string component_source(const pb::Record& record, const pb::Component& component, bool utf8, bool brief);

// The same for the total alone: the node's own sensor where it has one, else everything that was added up.
std::string total_source_words(Records records, bool utf8);

// What the energies include: one boundary, or all of them separated by " / ".
std::string boundaries_words(Records records);

// Whether any of them is from a simulated machine, which every format for people must state.
bool is_played(Records records);

// "nodewatt 0.1.0; the whole node, at the wall (AC); by Redfish PSU, ...; 3 runs, +- is half the 95 % interval; data
// sha256:..."
std::string provenance_words(Records records, bool utf8);

}  // namespace nw
