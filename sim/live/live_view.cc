#include "sim/live/live_view.h"

#include <array>

#include <fmt/format.h>

#include "sim/live/live_parts.h"

namespace nw::sim {

namespace {
// The BMC's file holds whole watts, as its protocol does; the others three decimals.
constexpr int kWhole = 0, kMilliwatts = 3;

TextAt watts_of(const Machine& machine, std::size_t instrument, int decimals = kMilliwatts) {
  return [&machine, instrument, decimals](Nanos t) -> Result<std::string> {
    const Reading reading = machine.read(instrument, t).reading;
    if (!reading.ok) return fail(reading.error, "the sensor does not answer");
    const double watts = static_cast<double>(reading.value) * machine.scenario().instruments[instrument].unit;
    return fmt::format("{:.{}f}\n", watts, decimals);
  };
}

TextAt plug_share(const Machine& machine, double share, int decimals = kMilliwatts) {
  return [&machine, share, decimals](Nanos t) -> Result<std::string> {
    return fmt::format("{:.{}f}\n", share * machine.wall_energy(t - seconds(1), t), decimals);
  };
}

std::vector<std::size_t> gauges_of(const Machine& machine, std::string_view family) {
  std::vector<std::size_t> found;
  const auto& all = machine.scenario().instruments;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].family == family && all[i].measure == Measure::gauge && !all[i].missing) found.push_back(i);
  return found;
}

void show_meters(View& view, const Machine& machine) {
  const auto bmc = gauges_of(machine, "ipmi_dcmi"), redfish = gauges_of(machine, "redfish");
  view.files["/bmc/watts"] = bmc.empty() ? plug_share(machine, 1, kWhole) : watts_of(machine, bmc.front(), kWhole);
  view.files["/redfish/watts"] = redfish.empty() ? plug_share(machine, 1) : watts_of(machine, redfish.front());
  const auto outlets = gauges_of(machine, "pdu_snmp");
  for (std::size_t n = 0; n < outlets.size(); ++n)
    view.files[fmt::format("/pdu/{}/watts", n + 1)] = watts_of(machine, outlets[n]);
  if (outlets.empty()) view.files["/pdu/1/watts"] = view.files["/pdu/2/watts"] = plug_share(machine, 0.5);
}

// "name NVIDIA A100\n" in an answer of views.cc.
std::string word_of(const std::string& answer, const std::string& key) {
  const auto at = ("\n" + answer).find("\n" + key + " ");
  if (at == std::string::npos) return "";
  const auto from = at + key.size() + 1;
  return answer.substr(from, answer.find('\n', from) - from);
}

// The value files of a vendor's library: one for each word of the view's answer, one for each of its sources.
using Names = std::array<std::pair<const char*, const char*>, 4>;  // in the view, in the file; "" for none
struct Vendor {
  const char *family, *id, *source;
  Names words, channels;
};
constexpr std::array<Vendor, 2> kVendors{{
    {"nvml",
     "uuid",
     "nvml:{}/{}",
     {{{"uuid", "uuid"}, {"name", "name"}, {"pci", "pci"}, {"limit_mw", "limit_mw"}}},
     {{{"energy", "energy_mj"}, {"power", "power_mw"}, {"busy", "busy_percent"}, {"processes", "processes"}}}},
    {"rocm",
     "id",
     "rocm:GPU-{}/{}",
     {{{"id", "uuid"}, {"name", "name"}, {"pci", "pci"}, {"resolution", "resolution_uj"}}},
     {{{"energy", "energy_counts"}, {"busy", "busy_percent"}, {"", ""}, {"", ""}}}},
}};

std::string answer_of(const View& view, const std::string& key) {
  const auto answer = view.answers.find(key);
  return answer == view.answers.end() ? "" : answer->second({}).value_or(std::string());
}

TextAt number_of(const NumberAt& read) {
  return [read](Nanos t) -> Result<std::string> {
    const Reading reading = read(t);
    if (!reading.ok) return fail(reading.error, "the GPU does not answer");
    return fmt::format("{}\n", reading.value);
  };
}

void show_gpu(View& view, const Vendor& vendor, const std::string& dir, const std::string& answer) {
  for (const auto& [word, file] : vendor.words)
    view.files[dir + file] = [text = word_of(answer, word) + "\n"](Nanos) -> Result<std::string> { return text; };
  for (const auto& [channel, file] : vendor.channels) {
    const std::string key = fmt::format(fmt::runtime(vendor.source), word_of(answer, vendor.id), channel);
    for (const auto* sources : {&view.sources, &view.utilizations})
      for (const ShownSource& source : *sources)
        if (source.key == key) view.files[dir + file] = number_of(source.read);
  }
}

void show_gpus(View& view) {
  for (const Vendor& vendor : kVendors) {
    std::size_t count = 0;
    for (;; ++count) {
      const std::string answer = answer_of(view, fmt::format("{}:gpu{}", vendor.family, count));
      if (answer.empty()) break;
      show_gpu(view, vendor, fmt::format("/{}/{}/", vendor.family, count), answer);
    }
    if (count == 0) continue;
    view.files[fmt::format("/{}/count", vendor.family)] =
        [text = fmt::format("{}\n", count)](Nanos) -> Result<std::string> { return text; };
    for (const char* key : {"driver", "cuda"})
      if (const std::string answer = answer_of(view, fmt::format("{}:{}", vendor.family, key)); !answer.empty())
        view.files[fmt::format("/{}/{}", vendor.family, key)] = [text = answer + "\n"](Nanos) -> Result<std::string> {
          return text;
        };
  }
}
}  // namespace

View make_live_view(const Machine& machine, Nanos up) {
  View view = make_view(machine);
  nest_powercap_zones(view, machine);
  show_operating_system(view, machine, up);
  show_registers(view, machine);
  show_gpus(view);
  show_gpu_details(view, machine);
  show_meters(view, machine);
  return view;
}

void make_honest(Scenario& scenario) {
  for (Instrument& instrument : scenario.instruments) {
    instrument.gain = 1;
    instrument.offset_w = instrument.noise_w = 0;
  }
}

}  // namespace nw::sim
