// Words: the printed names of the things in a record: kinds, boundaries, parts and their colours, runs, nodes. Every
// returned text is clean (escape.h).
#pragma once

#include <string>
#include <string_view>

#include "record/record_fwd.h"
#include "report/number.h"
#include "study/values.h"

namespace nw {

std::string_view kind_name(pb::Kind kind);  // "measured"; empty when unknown
// "measured", of a simulated node "measured by simulated sensors"; "how known: unknown"
std::string kind_words(pb::Kind kind, bool is_simulated);
std::string_view kind_mark(pb::Kind kind);              // "M"; "-" when unknown
std::string_view boundary_name(pb::Boundary boundary);  // "on_chip"; empty when unknown
std::string boundary_words(const pb::Record& record);   // the record's note, or the boundary's

// The printed name of one kind of part, and its colour, fixed in every picture (Okabe and Ito).
struct PartWords {
  std::string_view domain;
  std::string_view one;   // "CPU package"
  std::string_view many;  // "CPU packages"
  std::string_view colour;
};
const PartWords& part_words(std::string_view domain);  // of an unknown domain: "Other part"
// "gpu0 A100", "CPU package 1", "Rest of node"; clean.
std::string part_label(const pb::Component& component);

std::string short_id(const pb::Record& record, std::size_t length = 5);  // "@7f3k2"
std::string title(const pb::Record& record);                             // name, or program, or short id
std::string exit_words(const pb::Record& record);                        // "exit 0", "killed by signal 9", "recovered"
std::string node_words(const pb::Record& record);     // "g0412, AMD EPYC 7763, 4x A100"; empty when unknown
std::string start_rfc3339(const pb::Record& record);  // with offset; empty when unknown
std::string start_words(const pb::Record& record);    // "2026-03-02 01:56"

}  // namespace nw
