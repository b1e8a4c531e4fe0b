// Summary: a report on one record, as words and printed numbers, before a format lays it out.
//
// Text, Markdown and HTML print the same summary, so they cannot differ in a digit. All strings are clean (escape.h)
// but not yet escaped for a format.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/anomalies.h"
#include "record/record_fwd.h"
#include "report/attempts.h"
#include "report/job.h"
#include "report/number.h"
#include "report/parallel.h"

namespace nw {

// Reports have one measure of uncertainty, half the 95 % interval; records have standard uncertainties too. For a term
// that stands for hard limits, a / sqrt(3), the interval ends at 0.95 a.
inline double half_of_95(double standard, bool rectangular = false) { return standard * (rectangular ? 1.645 : 1.96); }

// One line of the component table. `fraction` is its share of the total, for bars.
struct PartLine {
  std::string label;
  int indent = 0;
  std::string domain;
  std::string energy, uncertainty, share, mean, max, source;
  pb::Kind kind{};
  std::optional<double> fraction;
};

struct PhaseLine {
  std::string path;
  std::string count, duration, mean, energy, uncertainty;
  std::vector<std::string> work, per_unit;  // "15360 sample", "0.526 J/sample"
  pb::Kind kind{};
  bool resolved = false;
  const pb::Phase* phase = nullptr;
};

// The utilization of one device: "gpu0 NVIDIA A100", "busy 43 % (max 100 %), 1 process, limit 400 W".
struct DeviceLine {
  std::string label, words;
};

// One anomaly of the record: "3 x reset: a counter started again from zero; ..."
struct AnomalyLine {
  Severity severity = Severity::wrong;
  std::string name;
  std::string count;
  std::string text;
};

struct Summary {
  std::string id, name, node, duration, exit;
  std::string energy;  // "525 +- 11 Wh (1.89 MJ)"
  std::string kind;    // "measured"
  std::string boundary;
  std::string power;        // "mean 2612 W, max 2981 W"
  const char* legend = "";  // of the marks M, D, A, E
  bool all_estimated = false;
  std::vector<std::string> warnings;  // what must be known before any figure is read
  std::vector<PartLine> parts;        // first the total
  std::vector<PartLine> modelled;     // not measured, estimated
  std::optional<PartLine> idle;       // "of which idle": the node's baseline for this duration
  std::string whole_node;             // "612 +- 150 Wh, 24 % of this is modelled"; empty when `energy` covers the node
  std::vector<DeviceLine> devices;    // the CPUs first; empty where nothing is known of any
  std::string software;               // "NVIDIA driver 550.54.15, CUDA driver 12.4"
  std::vector<PhaseLine> phases;
  std::vector<std::string> per_unit;       // work outside any phase
  std::vector<std::string> figures;        // "dice 0.73"
  std::string coverage;                    // "coverage 99.1 %, 6.52 s unmeasured, 4.2 Wh of it filled in"
  std::vector<AnomalyLine> anomaly_lines;  // worst first
  std::string no_anomalies;                // ", no anomalies"; empty where nothing could be read
  std::string uncertainties;               // the largest contributors to the uncertainty
  std::string monitor;                     // "0.4 s of CPU time"
  std::string ranks;                       // of a parallel program; empty when it was none
  std::vector<MemberLine> members;         // the nodes of a merged record
  std::string attempt_words;               // of a job that was restarted; empty: it was not
  std::vector<AttemptLine> attempts;
  std::string scope;            // what these joules cover
  std::optional<JobWords> job;  // of a resource manager's job
  std::string carbon, cost;     // with their factors; empty without
};

Summary make_summary(const pb::Record& record, const NumberStyle& style);

// Part of the summary, in summary_devices.cc.
std::string compute_device_words(const pb::Device& device);
std::vector<DeviceLine> compute_device_lines(const pb::Record& record);
// For a terminal: the words beside the labels, or below labels that take more than a third of the width.
std::string make_device_text(const std::vector<DeviceLine>& lines, int width);
std::string compute_software_words(const pb::Record& record);

// Part of the summary, in summary_quality.cc.
std::string compute_coverage_words(const pb::Record& record, const NumberStyle& style);
std::vector<AnomalyLine> compute_anomaly_lines(const pb::Record& record);
// A sensor's tolerance as a report states it: a vendor's limit as it is, else half the 95 % interval.
double tolerance_of(const pb::SensorUse& sensor);
std::string tolerance_words(const pb::SensorUse& sensor);
std::string compute_largest_uncertainties(const pb::Energy& energy, const NumberStyle& style);

inline constexpr const char* kScope = "everything that ran on the node meanwhile, not the command's share of it";
inline constexpr const char* kNoSensor =
    "No sensor could be read: every figure is an estimate (nodewatt doctor says why)";
inline constexpr const char* kUnresolved = "too short to resolve";
inline constexpr const char* kLegend = "M measured  D derived  A attributed  E estimated";
inline constexpr const char* kLegendSimulated =
    "M measured (by simulated sensors)  D derived  A attributed  E estimated";
inline constexpr const char* kCoverageMeans = "coverage: share of the run backed by readings";

}  // namespace nw
