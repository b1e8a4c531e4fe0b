// A row of CodeCarbon's emissions.csv (version 3: its columns, in its order), so that programs that read that file can
// read ours. Cells that we do not know are empty.
//
// Its units are kept: energies in kWh, emissions in kg, powers in W. Three differences are described in
// docs/reports.md: `energy_consumed` is the node's energy, remainder of the node included, not the sum of CPU, GPU and
// RAM; `pue` is 1, since no energy here is ever multiplied by one, and `emissions` therefore are `energy_consumed`
// times the carbon factor; and `codecarbon_version` names nodewatt.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "record/record.pb.h"
#include "report/escape.h"
#include "report/formats.h"
#include "report/words.h"

namespace nw {

namespace {

constexpr double kJoulesPerKwh = 3.6e6;
constexpr double kBytesPerGb = 1024.0 * 1024 * 1024;

constexpr const char* kHeader =
    "timestamp,project_name,run_id,experiment_id,duration,emissions,emissions_rate,cpu_power,gpu_power,ram_power,"
    "cpu_energy,gpu_energy,ram_energy,energy_consumed,water_consumed,country_name,country_iso_code,region,"
    "cloud_provider,cloud_region,os,python_version,codecarbon_version,cpu_count,cpu_model,gpu_count,gpu_model,"
    "longitude,latitude,ram_total_size,tracking_mode,cpu_utilization_percent,gpu_utilization_percent,"
    "ram_utilization_percent,ram_used_gb,on_cloud,pue,wue\n";

std::string number(std::optional<double> value) { return value ? fmt::format("{}", *value) : ""; }

std::optional<double> times(std::optional<double> value, double factor) {
  if (value) *value *= factor;
  return value;
}

// Joules of all parts of these domains; unknown when there are none, or one is unknown.
template <class Components>
std::optional<double> sum_of(const Components& components, std::initializer_list<std::string_view> domains) {
  std::optional<double> sum;
  for (const pb::Component& one : components) {
    if (std::find(domains.begin(), domains.end(), one.domain()) == domains.end()) continue;
    const auto joules = energy_j(one.energy());
    if (!joules) return std::nullopt;
    sum = sum.value_or(0) + *joules;
  }
  return sum;
}

std::string gpu_models(const pb::Node& node) {
  std::map<std::string, int> models;
  for (const std::string& gpu : node.gpus()) ++models[clean(gpu)];
  std::string words;
  for (const auto& [model, count] : models) words += fmt::format("{}{} x {}", words.empty() ? "" : ", ", count, model);
  return words;
}

// Local time without an offset, as in that column.
std::string timestamp(const pb::Record& record) { return start_rfc3339(record).substr(0, 19); }

std::optional<double> carbon_factor(const pb::Record& record) {
  if (!record.has_facility() || !record.facility().has_carbon_g_per_kwh()) return std::nullopt;
  const auto factor = finite(record.facility().carbon_g_per_kwh().value());
  return factor && *factor >= 0 ? factor : std::nullopt;
}

class RowOf {
 public:
  RowOf(const pb::Record& record, std::string_view phase) : record_(record) {
    for (const pb::Phase& one : record.phases())
      if (!phase.empty() && one.path() == phase) phase_ = &one;
    part_ = measurement(record, phase);
    if (part_.energy != nullptr) kwh_ = times(energy_j(*part_.energy), 1 / kJoulesPerKwh);
  }

  std::string print() {
    auto cpu = parts({"package"});  // a "cpu" is inside its package
    for (const char* other : {"cpu", "psys"})
      if (!cpu) cpu = parts({other});
    const auto gpu = parts({"gpu"}), ram = parts({"dram"});
    const auto factor = carbon_factor(record_);
    const auto kilograms = factor ? times(kwh_, *factor / 1000) : std::nullopt;
    const auto per_second = [this](std::optional<double> value) { return ratio({value, {}}, part_.seconds).value; };
    text(timestamp(record_)), text(title(record_)), text(clean(record_.uid())), text(clean(record_.group()));
    put(part_.seconds), put(kilograms), put(per_second(kilograms));
    put(per_second(cpu)), put(per_second(gpu)), put(per_second(ram));
    for (const auto& joules : {cpu, gpu, ram}) put(times(joules, 1 / kJoulesPerKwh));
    put(kwh_), put(std::nullopt);
    for (const char* key : {"country", "country_iso_code", "location", "cloud_provider", "cloud_region"})
      text(said(record_, key));
    const std::string kernel = clean(record_.node().kernel());
    text(kernel.empty() ? "Linux" : "Linux-" + kernel), text(software("Python")),
        text("nodewatt " + clean(record_.version()) + (record_.node().played().empty() ? "" : ", SIMULATED"));
    node();
    return std::move(out_) + '\n';
  }

 private:
  void node() {
    const pb::Node& node = record_.node();
    put(node.logical_cpus() > 0 ? std::optional<double>(node.logical_cpus()) : std::nullopt),
        text(clean(node.cpu_model()));
    put(node.gpus().empty() ? std::nullopt : std::optional<double>(node.gpus_size())), text(gpu_models(node));
    put(std::nullopt), put(std::nullopt);
    put(node.memory_bytes() > 0 ? std::optional(static_cast<double>(node.memory_bytes()) / kBytesPerGb) : std::nullopt);
    text("machine");
    put(phase_ == nullptr && record_.has_cpu_busy() ? times(finite(record_.cpu_busy()), 100) : std::nullopt);
    for (int unknown = 0; unknown < 3; ++unknown) put(std::nullopt);
    text(""), put(1.0), put(std::nullopt);
  }

  std::optional<double> parts(std::initializer_list<std::string_view> domains) const {
    return phase_ == nullptr ? sum_of(record_.components(), domains) : sum_of(phase_->components(), domains);
  }

  std::string software(std::string_view name) const {
    for (const pb::Label& one : record_.software())
      if (one.key() == name) return clean(one.value());
    return "";
  }

  void put(std::optional<double> value) { cell(number(value)); }
  void text(const std::string& words) { cell(for_csv(words)); }
  void cell(const std::string& words) {
    if (started_) out_ += ',';
    out_ += words;
    started_ = true;
  }

  const pb::Record& record_;
  const pb::Phase* phase_ = nullptr;
  Measurement part_;
  std::optional<double> kwh_;
  std::string out_;
  bool started_ = false;
};

}  // namespace

Result<std::string> make_codecarbon(Records records, const RenderOptions& style) {
  std::string out = kHeader;
  for (const pb::Record* record : records) out += RowOf(*record, style.phase).print();
  return out;
}

}  // namespace nw
