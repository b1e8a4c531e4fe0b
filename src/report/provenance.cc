#include "report/provenance.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

extern "C" {
#include <sha2.h>
}

#include "accounting/stored_words.h"
#include "record/record.pb.h"
#include "report/escape.h"
#include "report/summary.h"
#include "report/words.h"

namespace nw {

namespace {

constexpr std::size_t kMostSources = 8;

void add_once(std::vector<std::string>& all, std::string one) {
  if (!one.empty() && std::find(all.begin(), all.end(), one) == all.end()) all.push_back(std::move(one));
}

std::string joined(const std::vector<std::string>& all, std::string_view between) {
  std::string text;
  for (const std::string& one : all) text += (text.empty() ? "" : std::string(between)) + one;
  return text;
}

const pb::SensorUse* sensor_of(const pb::Record& record, const pb::Component& component) {
  const auto& all = record.sensors();
  const auto named = std::find_if(all.begin(), all.end(), [&](const pb::SensorUse& one) {
    return !component.sensor().empty() && one.id() == component.sensor();
  });
  if (named != all.end()) return &*named;
  const auto alike = std::find_if(all.begin(), all.end(), [&](const pb::SensorUse& one) {
    return !component.source().empty() && one.source() == component.source();
  });
  return alike == all.end() ? nullptr : &*alike;
}

std::string sensor_words(const pb::SensorUse& sensor, bool utf8) {
  std::string words = sensor.counter() ? "counter" : "power";
  if (sensor.update_interval_ns() > 0)
    words += fmt::format(", new value every {}", duration_text(duration_s(sensor.update_interval_ns())));
  const auto gain = finite(sensor.gain());
  if (!gain || *gain <= 0) return words;
  words += fmt::format(", {}{:.3g} %", plus_minus(utf8), tolerance_of(sensor) * 100);
  for (const std::string& more : {tolerance_words(sensor), clean(sensor.gain_basis())})
    if (!more.empty()) words += " " + more;
  return words;
}

// Whether this part contributes to the energy of the run.
bool made_of(const pb::Record& record, const pb::Component& component) {
  return component.counted() || known_kind(record.energy()) == pb::KIND_ESTIMATED;
}

bool has_node_sensor(const pb::Record& record) {
  return !record.components().empty() && record.components(0).domain() == "node" && record.components(0).counted();
}

std::string limited(std::vector<std::string> all) {
  const std::size_t more = all.size() > kMostSources ? all.size() - kMostSources : 0;
  all.resize(all.size() - more);
  return joined(all, ", ") + (more > 0 ? fmt::format(" and {} more", more) : "");
}

std::string versions_words(Records records) {
  std::vector<std::string> all;
  for (const pb::Record* record : records)
    add_once(all, record->version().empty() ? "(unknown version)" : clean(record->version()));
  return joined(all, " / ");
}

}  // namespace

std::string canonical_bytes(Records records) {
  std::vector<const pb::Record*> sorted(records.begin(), records.end());
  std::sort(sorted.begin(), sorted.end(), [](const pb::Record* a, const pb::Record* b) { return a->uid() < b->uid(); });
  std::string bytes;
  for (const pb::Record* record : sorted) {
    if (!record->has_facility()) {
      record->AppendToString(&bytes);
      continue;
    }
    pb::Record measured = *record;
    measured.clear_facility();
    measured.AppendToString(&bytes);
  }
  return bytes;
}

std::string sha256(std::string_view bytes) {
  SHA2_CTX state;
  SHA256Init(&state);
  SHA256Update(&state, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256Final(digest.data(), &state);
  std::string text;
  for (const std::uint8_t byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

std::string data_sha256(Records records) { return sha256(canonical_bytes(records)); }

std::string component_source(const pb::Record& record, const pb::Component& component, bool utf8, bool brief) {
  std::string words = clean(current_words(component.source()));
  const pb::SensorUse* sensor = brief || words.empty() ? nullptr : sensor_of(record, component);
  return sensor == nullptr ? words : words + " (" + sensor_words(*sensor, utf8) + ")";
}

std::string source_words(Records records, bool utf8, bool brief) {
  std::vector<std::string> all;
  for (const pb::Record* record : records)
    for (const pb::Component& one : record->components())
      if (made_of(*record, one)) add_once(all, component_source(*record, one, utf8, brief));
  return limited(std::move(all));
}

std::string total_source_words(Records records, bool utf8) {
  std::vector<std::string> all;
  for (const pb::Record* record : records)
    for (const pb::Component& one : record->components()) {
      const bool part = has_node_sensor(*record) ? &one == &record->components(0) : one.depth() == 0;
      if (part && made_of(*record, one)) add_once(all, component_source(*record, one, utf8, false));
    }
  return limited(std::move(all));
}

std::string boundaries_words(Records records) {
  std::vector<std::string> all;
  for (const pb::Record* record : records) add_once(all, boundary_words(*record));
  return joined(all, " / ");
}

bool is_played(Records records) {
  return std::any_of(records.begin(), records.end(),
                     [](const pb::Record* record) { return !record->node().played().empty(); });
}

std::string provenance_words(Records records, bool utf8) {
  const std::string sources = source_words(records, utf8, true);
  const std::string boundary = boundaries_words(records);
  return fmt::format("nodewatt {}; {}{}; {}{}{}, {} is half the 95 % interval; data sha256:{}", versions_words(records),
                     is_played(records) ? "SIMULATED, no real machine; " : "",
                     boundary == "unknown" ? "boundary unknown" : boundary,
                     sources.empty() ? "" : "by " + sources + "; ", records.size(),
                     records.size() == 1 ? " run" : " runs", plus_minus(utf8), data_sha256(records));
}

}  // namespace nw
