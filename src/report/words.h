// Values: what a record knows, taken out of it once for all formats: unknown is an empty optional or an empty word,
// never 0.
//
// Records also come from elsewhere (import), so a field may hold anything: numbers that are not finite, negative
// durations, enums of a later version. All of that is unknown here.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "account/record.pb.h"
#include "report/number.h"

namespace nw {

std::optional<double> finite(double value);
std::optional<double> energy_j(const pb::Energy& energy);
std::optional<double> uncertainty_j(const pb::Energy& energy);
std::optional<double> coverage(const pb::Energy& energy);
std::optional<double> mean_power_w(const pb::Energy& energy, std::int64_t duration_ns);
std::optional<double> max_power_w(const pb::Component& component);
std::optional<double> duration_s(std::int64_t duration_ns);

Amount energy_amount(const pb::Energy& energy);
Amount power_amount(const pb::Energy& energy, std::int64_t duration_ns);
Amount max_power_amount(const pb::Component& component);  // as uncertain, relatively, as the component's energy
Amount ratio(Amount amount, std::optional<double> to);    // unknown unless `to` is above zero
// Energy of one unit of work; unknown when the count is not above zero.
Amount per_unit(const pb::Energy& energy, const pb::Work& work);

std::string_view kind_name(pb::Kind kind);  // "measured"; empty when unknown
std::string_view kind_mark(pb::Kind kind);  // "M"; "-" when unknown
pb::Kind worse(pb::Kind a, pb::Kind b);
std::string_view boundary_name(pb::Boundary boundary);  // "on_chip"; empty when unknown
std::string boundary_words(const pb::Record& record);   // the record's note, or the boundary's

// One kind of part, as people call it, and its colour, fixed in every picture (Okabe and Ito).
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
