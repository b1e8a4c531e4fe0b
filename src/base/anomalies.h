// Anomaly: one named thing that can be wrong with a figure. The table is anomalies.def; nothing else lists them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace nw {

enum class Severity : unsigned char { info, loss, wrong };

enum class Anomaly : unsigned char {
#define NW_ANOMALY(name, severity, sentence) name,
#include "base/anomalies.def"
#undef NW_ANOMALY
};

struct AnomalyEntry {
  std::string_view name;
  Severity severity;
  std::string_view sentence;
};

inline constexpr std::array kAnomalies = {
#define NW_ANOMALY(name, severity, sentence) AnomalyEntry{#name, Severity::severity, sentence},
#include "base/anomalies.def"
#undef NW_ANOMALY
};

constexpr const AnomalyEntry& entry(Anomaly anomaly) { return kAnomalies[static_cast<unsigned>(anomaly)]; }

constexpr std::optional<Anomaly> anomaly(std::string_view name) {
  for (unsigned i = 0; i < kAnomalies.size(); ++i)
    if (kAnomalies[i].name == name) return static_cast<Anomaly>(i);
  return std::nullopt;
}

constexpr std::string_view name(Severity severity) {
  return severity == Severity::info ? "info" : severity == Severity::loss ? "loss" : "wrong";
}

// How often each anomaly was met.
class AnomalyCounts {
 public:
  void add(Anomaly anomaly, std::uint64_t times = 1) { counts_[static_cast<unsigned>(anomaly)] += times; }
  void add(const AnomalyCounts& other) {
    for (unsigned i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  }
  // What was counted since `before`. Counts only grow; one that is smaller now was restarted, and counts in full.
  AnomalyCounts since(const AnomalyCounts& before) const {
    AnomalyCounts met = *this;
    for (unsigned i = 0; i < counts_.size(); ++i) met.counts_[i] -= std::min(counts_[i], before.counts_[i]);
    return met;
  }
  std::uint64_t count(Anomaly anomaly) const { return counts_[static_cast<unsigned>(anomaly)]; }

 private:
  std::array<std::uint64_t, kAnomalies.size()> counts_{};
};

inline AnomalyCounts counts_of(Anomaly anomaly, std::uint64_t times = 1) {
  AnomalyCounts counts;
  counts.add(anomaly, times);
  return counts;
}

}  // namespace nw
