// BoAmps (Boavizta): a run as a report of the open data model for the energy of AI tasks. `powerConsumption` is an
// energy in kWh there, despite its name.
//
// The model requires what no sensor knows: task family, data set, kind of infrastructure. They come from labels of the
// run; without a label the form's own word for it is used ("other"), or "not stated". A run whose energy is unknown
// cannot be reported in it. Calibration is the idle node's energy over a time as long as the run.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/units.h"
#include "record/record.pb.h"
#include "report/escape.h"
#include "report/facility.h"
#include "report/formats.h"
#include "report/json_values.h"
#include "report/provenance.h"
#include "report/words.h"

namespace nw {

namespace {

using json::Json;

constexpr double kJoulesPerKwh = 3.6e6;
constexpr const char* kNotStated = "not stated";

std::string or_not_stated(std::string words) { return words.empty() ? kNotStated : std::move(words); }

// "2026-03-02 01:56:42", local time, `after_ns` after the start.
std::string date_time(const pb::Record& record, std::int64_t after_ns) {
  const std::string start = start_rfc3339(record);
  if (start.empty()) return "";
  pb::Record later;
  later.set_utc_offset_s(record.utc_offset_s());
  later.set_start_unix_ns(saturate(Int128{record.start_unix_ns()} + std::max<std::int64_t>(0, after_ns)));
  std::string text = start_rfc3339(later).substr(0, 19);
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text;
}

// training of "train", inference of "infer": the model's own words; other names stay.
std::string stage_of(std::string_view phase) {
  if (phase.starts_with("train")) return "training";
  if (phase.starts_with("infer")) return "inference";
  return clean(phase);
}

// The label; else the phase; else the run's outermost phases, joined as the model requires.
std::string task_stage(const pb::Record& record, std::string_view phase) {
  if (!phase.empty()) return stage_of(phase);
  std::string words = said(record, "task_stage");
  if (!words.empty()) return words;
  for (const pb::Phase& one : record.phases())
    if (!one.path().empty() && one.path().find('/') == std::string::npos && words.size() < 200)
      words += (words.empty() ? "" : "+") + stage_of(one.path());
  return or_not_stated(words);
}

// The first of the software found that is a machine learning framework.
void add_framework(Json& algorithm, const pb::Record& record) {
  constexpr std::array<std::string_view, 7> kFrameworks{"PyTorch", "LibTorch",     "TensorFlow", "JAX",
                                                        "Keras",   "ONNX Runtime", "vLLM"};
  for (const std::string_view name : kFrameworks)
    for (const pb::Label& one : record.software())
      if (one.key() == name) {
        algorithm["framework"] = name;
        algorithm["frameworkVersion"] = clean(one.value());
        return;
      }
}

Json make_algorithm(const pb::Record& record, const Measurement& part) {
  Json algorithm = Json::object();
  const auto add = [&](const char* field, std::string_view key) {
    if (const std::string words = said(record, key); !words.empty()) algorithm[field] = words;
  };
  add("trainingType", "training_type");
  add("algorithmName", "model");
  add_framework(algorithm, record);
  if (part.work != nullptr)
    for (const pb::Work& one : *part.work)
      if (one.unit() == "epoch" && finite(one.count()) && one.count() > 0) algorithm["epochsNumber"] = one.count();
  add("optimizer", "optimizer");
  add("quantization", "precision");
  if (algorithm.empty()) algorithm["algorithmName"] = kNotStated;
  return algorithm;
}

// The size of the data set, not how often it was read: the work counted, divided by the epochs.
Json make_dataset(const PaperRow& row, const Measurement& part) {
  Json dataset{{"dataUsage", "input"}, {"dataType", "other"}};
  if (part.work == nullptr || row.unit.empty()) return dataset;
  const double epochs = row.unit == "epoch" ? 1 : work_count(part, "epoch").value_or(1);
  for (const pb::Work& one : *part.work)
    if (clean(one.unit()) == row.unit && finite(one.count())) dataset["dataQuantity"] = one.count() / epochs;
  return dataset;
}

Json make_task(const pb::Record& record, const PaperRow& row, const Measurement& part, std::string_view phase) {
  const pb::Record* one[] = {&record};
  const std::string unit = row.unit.empty() ? "" : fmt::format(" Data are counted in: {}.", row.unit);
  return {{"taskStage", task_stage(record, phase)},
          {"taskFamily", or_not_stated(said(record, "task_family"))},
          {"algorithms", Json::array({make_algorithm(record, part)})},
          {"dataset", Json::array({make_dataset(row, part)})},
          {"taskDescription", fmt::format("{}{}.{} {}", row.label, phase.empty() ? "" : ", phase " + clean(phase), unit,
                                          provenance_words(one, true))}};
}

// "rapl" for rapl_powercap/package-0; "constant" is the model's word for what was not measured.
std::string tracking_mode(const pb::Record& record, std::initializer_list<std::string_view> domains) {
  std::string estimated;
  for (const pb::Component& one : record.components()) {
    if (std::find(domains.begin(), domains.end(), one.domain()) == domains.end()) continue;
    const std::string sensor = clean(one.sensor());
    if (sensor.starts_with("rapl")) return "rapl";
    if (!sensor.empty()) return sensor.substr(0, sensor.find('/'));
    if (known_kind(one.energy()) == pb::KIND_ESTIMATED) estimated = "estimated from utilisation";
  }
  return estimated;
}

// Mean over the accelerators, if all of them reported it.
std::optional<double> gpu_busy(const pb::Record& record) {
  double sum = 0;
  int known = 0;
  for (const pb::Device& one : record.devices()) {
    if (one.domain() != "gpu") continue;
    if (!one.has_busy() || !(one.busy() >= 0 && one.busy() <= 1)) return std::nullopt;
    sum += one.busy(), ++known;
  }
  return known == 0 ? std::nullopt : std::optional(sum / known);
}

void add_calibration(Json& measure, const pb::Record& record, std::optional<double> seconds) {
  for (const pb::Idle& one : record.idle())
    if (one.domain() == "node" && one.power_uw() > 0 && seconds) {
      measure["powerCalibrationMeasurement"] = static_cast<double>(one.power_uw()) / 1e6 * *seconds / kJoulesPerKwh;
      measure["durationCalibrationMeasurement"] = *seconds;
      return;
    }
}

Json make_measure(const pb::Record& record, const Measurement& part, bool whole) {
  Json measure{{"measurementMethod", "nodewatt"}};
  const auto add = [&](const char* field, std::string words) {
    if (!words.empty()) measure[field] = std::move(words);
  };
  add("version", clean(record.version()));
  add("cpuTrackingMode", tracking_mode(record, {"package", "cpu", "module", "psys"}));
  add("gpuTrackingMode", tracking_mode(record, {"gpu"}));
  if (whole && record.has_cpu_busy() && record.cpu_busy() >= 0 && record.cpu_busy() <= 1)
    measure["averageUtilizationCpu"] = record.cpu_busy();
  if (const auto busy = gpu_busy(record); whole && busy) measure["averageUtilizationGpu"] = *busy;
  add_calibration(measure, record, part.seconds);
  measure["powerConsumption"] = *energy_j(*part.energy) / kJoulesPerKwh;
  if (part.seconds) measure["measurementDuration"] = *part.seconds;
  if (whole) add("measurementDateTime", date_time(record, 0));
  return measure;
}

Json make_components(const pb::Node& node) {
  Json all = Json::array();
  const auto add = [&all](const std::string& name, const char* type, std::uint64_t count) {
    Json one = Json::object();
    if (!name.empty()) one["componentName"] = name;
    one["componentType"] = type;
    one["nbComponent"] = count;
    all.push_back(std::move(one));
  };
  const std::string cpu = clean(node.cpu_model());
  if (!cpu.empty() || node.sockets() > 0) add(cpu, "cpu", std::max<std::uint32_t>(1, node.sockets()));
  std::map<std::string, std::uint64_t> gpus;
  for (const std::string& gpu : node.gpus()) ++gpus[clean(gpu)];
  for (const auto& [model, count] : gpus) add(model, "gpu", count);
  if (node.memory_bytes() > 0) {
    add("", "ram", 1);
    all.back()["memorySize"] = (node.memory_bytes() + (1ULL << 29U)) >> 30U;
  }
  if (all.empty()) add("", "node", 1);
  for (Json& one : all) one["share"] = 1;  // the energy is that of the whole node
  return all;
}

Json make_infrastructure(const pb::Record& record) {
  constexpr std::array<std::string_view, 3> kTypes{"publicCloud", "privateCloud", "onPremise"};
  const std::string type = said(record, "infra_type");
  const bool known = std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
  Json out{{"infraType", known ? type : "other"}};
  if (const std::string provider = said(record, "cloud_provider"); !provider.empty()) out["cloudProvider"] = provider;
  out["components"] = make_components(record.node());
  return out;
}

// Requires a country; the carbon factor belongs to it.
void add_environment(Json& report, const pb::Record& record) {
  const std::string country = said(record, "country");
  if (country.empty()) return;
  Json out{{"country", country}};
  if (const std::string location = said(record, "location"); !location.empty()) out["location"] = location;
  const Footprint footprint = compute_footprint(record);
  if (footprint.carbon_g.value) out["powerSourceCarbonIntensity"] = record.facility().carbon_g_per_kwh().value();
  report["environment"] = std::move(out);
}

// The model's three words for the error; for the whole node only, since what was not measured is an error too.
void add_quality(Json& report, const pb::Energy& energy) {
  const auto joules = energy_j(energy), uncertainty = uncertainty_j(energy);
  if (known_boundary(energy) < pb::BOUNDARY_NODE_DC || !joules || !uncertainty || *joules <= 0) return;
  const double relative = *uncertainty / *joules;
  report["quality"] = relative <= 0.1 ? "high" : relative <= 0.25 ? "medium" : "low";
}

Result<Json> make_report(const pb::Record& record, std::string_view phase) {
  const Measurement part = measurement(record, phase);
  if (part.energy == nullptr || !energy_j(*part.energy) || *energy_j(*part.energy) < 0)
    return fail(ErrorKind::failed,
                fmt::format("boamps: the energy of run {} is unknown, and the form demands one", short_id(record)));
  const PaperRow row = make_paper_row({title(record), "", {&record}}, phase);
  Json report{{"header",
               {{"formatVersion", "0.1"},
                {"formatVersionSpecificationUri", "https://github.com/Boavizta/BoAmps/tree/main/model"},
                {"reportId", clean(record.uid())},
                {"reportDatetime", or_not_stated(date_time(record, record.duration_ns()))},
                {"reportStatus", "draft"}}}};
  report["task"] = make_task(record, row, part, phase);
  report["measures"] = Json::array({make_measure(record, part, phase.empty())});
  report["system"] = {{"os", "linux"}};
  report["infrastructure"] = make_infrastructure(record);
  add_environment(report, record);
  add_quality(report, *part.energy);
  return report;
}

}  // namespace

Result<std::string> make_boamps(Records records, const RenderOptions& style) {
  std::string out;
  for (const pb::Record* record : records) {
    const Json report = NW_TRY(make_report(*record, style.phase));
    out += json::print(report);
  }
  return out;
}

}  // namespace nw
