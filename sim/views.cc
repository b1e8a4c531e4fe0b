// The view of each family. THE table is at the end; a new family is one function and one line there, in the order of
// nodewatt's own table of drivers, since a tape's sources are read in that order.
//
//   family         channel                                   where
//   rapl_powercap  package-0, package-0-die-1, dram-0,       /sys/class/powercap/intel-rapl:N[:M]
//                  core-0, uncore-0, psys
//   rapl_msr       package-0, dram-0                         /dev/cpu/N/msr
//   nvml           energy, power (of the GPU in `of`)        ask nvml:library, nvml:init, nvml:count, nvml:gpuI
//   rocm           energy, power (of the GPU in `of`)        ask rocm:amd_smi, rocm:gpuI; hwmon below the PCI device
//   cray_pm        power, energy, cpu_energy, accel0_energy  /sys/cray/pm_counters/<channel>
//   lenovo_xcc     (none)                                    ask lenovo_xcc:energy
//   redfish        power, energy                             ask redfish:bmc0:/redfish/v1/Chassis/node/...
//   hwmon_grace    Module 0, Grace 0, CPU 0, SysIO 0         /sys/class/hwmon/hwmonN/device/power1_average
//   hwmon_acpi     (none)                                    the same, measures/LNXSYBUS:00
//   ipmi_dcmi      (none)                                    ask ipmi_dcmi:power
//   pdu_snmp       (none)                                    ask pdu_snmp:site
#include "sim/views.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "base/parse.h"
#include "sim/noise.h"
#include "sim/view_parts.h"

namespace nw::sim {

TextAt constant(std::string text) {
  return [text = std::move(text)](Nanos) -> Result<std::string> { return text; };
}

std::uint64_t serial_of(const Scenario& scenario) {
  std::uint64_t serial = 0;
  for (const char c : scenario.name) serial = serial * 131 + static_cast<unsigned char>(c);
  return serial;
}

NumberAt value_of(const Machine& machine, std::size_t instrument) {
  return [&machine, instrument](Nanos t) { return machine.read(instrument, t).reading; };
}

NumberAt stamped_value_of(const Machine& machine, std::size_t instrument) {
  return [&machine, instrument](Nanos t) {
    const SimReading said = machine.read(instrument, t);
    Reading reading = said.reading;
    if (reading.ok && said.device) reading.device = Nanos::of(device_unix_ns(machine, said));
    return reading;
  };
}

namespace {
Error refusal(const std::string& path, ErrorKind kind) {
  const std::string_view why = kind == ErrorKind::denied   ? "Permission denied"
                               : kind == ErrorKind::absent ? "No such file or directory"
                               : kind == ErrorKind::busy   ? "Device or resource busy"
                                                           : "Input/output error";
  return {kind, fmt::format("{}: {}", path, why)};
}

}  // namespace

NumberAt busy_percent_of(const Machine& machine, std::size_t component) {
  return [&machine, component](Nanos t) {
    return Reading::of(static_cast<std::uint64_t>(std::lround(100 * machine.mean_level(component, t - seconds(1), t))));
  };
}

NumberAt processes_of(const Machine& machine, std::size_t component) {
  return [&machine, component](Nanos t) { return Reading::of(machine.processes(component, t)); };
}

TextAt text_of(const Machine& machine, std::size_t instrument, std::string what,
               std::function<std::string(const SimReading&)> text) {
  return [&machine, instrument, what = std::move(what), text = std::move(text)](Nanos t) -> Result<std::string> {
    const SimReading said = machine.read(instrument, t);
    if (!said.reading.ok) return tl::make_unexpected(refusal(what, said.reading.error));
    return text(said);
  };
}

void show_number(View& view, const Machine& machine, std::size_t instrument, const std::string& path) {
  view.files[path] = text_of(machine, instrument, path,
                             [](const SimReading& said) { return fmt::format("{}\n", said.reading.value); });
  view.sources.push_back({path, value_of(machine, instrument), machine.scenario().instruments[instrument].latency, {}});
}

namespace {

// ---- rapl_powercap: zones are numbered in order of appearance, inner zones within their package's.

struct Zones {
  std::map<std::string, std::string> tops;  // "0", "0-die-1", "psys" to "intel-rapl:0"
  std::map<std::string, int> inner;
};

std::string top_zone(View& view, Zones& zones, const std::string& device, const std::string& zone_name) {
  const auto [at, is_new] = zones.tops.try_emplace(device, fmt::format("intel-rapl:{}", zones.tops.size()));
  if (is_new) view.files["/sys/class/powercap/" + at->second + "/name"] = constant(zone_name + "\n");
  return at->second;
}

void show_powercap(View& view, const Machine& machine, const Indices& instruments) {
  Zones zones;
  const auto& all = machine.scenario().instruments;
  // Packages first, whether or not they can be read: their zones contain the others.
  for (const std::size_t i : instruments) {
    const auto dash = all[i].channel.find('-');
    if (dash != std::string::npos)
      top_zone(view, zones, all[i].channel.substr(dash + 1), "package-" + all[i].channel.substr(dash + 1));
  }
  std::map<std::string, std::size_t> shown;  // sorted by path, as the driver lists them
  for (const std::size_t i : instruments) {
    const auto dash = all[i].channel.find('-');
    const std::string domain = all[i].channel.substr(0, dash);
    const std::string device = dash == std::string::npos ? domain : all[i].channel.substr(dash + 1);
    std::string zone = top_zone(view, zones, device, domain);
    if (domain != "package" && dash != std::string::npos) {
      zone += fmt::format(":{}", zones.inner[zone]++);
      view.files["/sys/class/powercap/" + zone + "/name"] = constant(domain + "\n");
    }
    const std::string dir = "/sys/class/powercap/" + zone;
    const double most = (static_cast<double>(all[i].wrap) - 1) * all[i].quantum / all[i].unit;
    view.files[dir + "/max_energy_range_uj"] = constant(fmt::format("{:.0f}\n", std::floor(most * (1 + 1e-15))));
    shown[dir + "/energy_uj"] = i;
  }
  for (const auto& [path, i] : shown) show_number(view, machine, i, path);
}

// ---- nvml: a GPU is a component of domain gpu; its UUID comes from the node's serial number.

std::string gpu_uuid(const Scenario& scenario, std::size_t component) {
  const std::uint64_t node = serial_of(scenario);
  const std::uint64_t a = hash(node, component, 1), b = hash(node, component, 2);
  return fmt::format("GPU-{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", a >> 32, a >> 16 & 0xffff, 0x4000 | (a & 0xfff),
                     0x8000 | (b >> 48 & 0x3fff), b & 0xffffffffffff);
}

constexpr const char* kNotSupported = "not supported by this GPU";
// A power that is a mean over this time or more is the older one of the library's two.
constexpr Nanos kMeanPower = millis(500);

struct Gpu {
  std::size_t component = 0;
  std::string energy = kNotSupported, power = kNotSupported, instant = kNotSupported;
  std::vector<std::pair<std::string, std::size_t>> sources;  // "energy" to the instrument
};

std::vector<Gpu> gpus_of(const Machine& machine, const Indices& instruments) {
  std::vector<Gpu> gpus;
  const Scenario& scenario = machine.scenario();
  for (const std::size_t i : instruments) {
    const Instrument& instrument = scenario.instruments[i];
    for (const auto& part : instrument.of) {
      const std::size_t c = machine.component(part);
      if (c >= scenario.components.size() || scenario.components[c].domain != "gpu") continue;
      auto at = std::find_if(gpus.begin(), gpus.end(), [&](const Gpu& gpu) { return gpu.component == c; });
      if (at == gpus.end()) at = gpus.emplace(at), at->component = c;
      const char* word = instrument.denied ? "no permission" : "ok";
      (instrument.channel == "energy" ? at->energy : at->power) = word;
      if (instrument.channel != "energy" && instrument.window < kMeanPower) at->instant = word;
      if (!instrument.denied) at->sources.emplace_back(instrument.channel, i);
      break;
    }
  }
  return gpus;
}

}  // namespace

std::vector<std::size_t> nvml_gpus(const Machine& machine) {
  const auto& all = machine.scenario().instruments;
  Indices shown;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].family == "nvml" && !all[i].missing) shown.push_back(i);
  std::vector<std::size_t> components;
  for (const Gpu& gpu : gpus_of(machine, shown)) components.push_back(gpu.component);
  return components;
}

namespace {

void show_nvml(View& view, const Machine& machine, const Indices& instruments) {
  const Scenario& scenario = machine.scenario();
  const auto gpus = gpus_of(machine, instruments);
  view.answers["nvml:library"] = view.answers["nvml:init"] = constant("ok");
  view.answers["nvml:count"] = constant(std::to_string(gpus.size()));
  if (!scenario.facts.gpu_driver.empty()) view.answers["nvml:driver"] = constant(scenario.facts.gpu_driver);
  const auto dot = scenario.facts.cuda.find('.');
  const auto major = parse_u64(scenario.facts.cuda.substr(0, dot));
  const auto minor =
      dot == std::string::npos ? std::optional<std::uint64_t>(0) : parse_u64(scenario.facts.cuda.substr(dot + 1));
  if (major && minor) view.answers["nvml:cuda"] = constant(std::to_string(*major * 1000 + *minor * 10));
  for (std::size_t n = 0; n < gpus.size(); ++n) {
    const Component& component = scenario.components[gpus[n].component];
    const std::string uuid = gpu_uuid(scenario, gpus[n].component);
    const std::string address =
        component.address.empty() ? fmt::format("00000000:{:02X}:00.0", n + 1) : component.address;
    view.answers[fmt::format("nvml:gpu{}", n)] = constant(
        fmt::format("uuid {}\nname {}\npci {}\nmig off\nlimit_mw {:.0f}\nenergy {}\ninstant {}\npower {}\nbusy "
                    "ok\nprocesses ok\n",
                    uuid, component.model.empty() ? "NVIDIA GPU" : component.model, address, component.max_w * 1000,
                    gpus[n].energy, gpus[n].instant, gpus[n].power));
    if (address.size() == 16 && component.model.find("GH200") != std::string::npos)
      view.files[fmt::format("/sys/bus/pci/devices/{}/numa_node", address.substr(4))] = constant("0\n");
    for (const auto& [channel, i] : gpus[n].sources)
      view.sources.push_back(
          {fmt::format("nvml:{}/{}", uuid, channel), value_of(machine, i), scenario.instruments[i].latency, {}});
    const auto show = [&](const char* what, NumberAt read) {
      view.utilizations.push_back({fmt::format("nvml:{}/{}", uuid, what), std::move(read), kUtilizationLatency, {}});
    };
    show("busy", busy_percent_of(machine, gpus[n].component));
    show("processes", processes_of(machine, gpus[n].component));
  }
}

// ---- cray_pm: all files are of one scan; freshness counts scans, startup changes when the controller restarts.

void show_cray(View& view, const Machine& machine, const Indices& instruments) {
  const std::string dir = "/sys/cray/pm_counters/";
  const Scenario& scenario = machine.scenario();
  const Instrument& first = scenario.instruments[instruments.front()];
  const std::size_t one = instruments.front();
  const auto scan = [&machine, one, step = first.refresh](Nanos t) {
    return Reading::of(
        static_cast<std::uint64_t>(std::max<std::int64_t>(machine.read(one, t).moment.count() / step.count(), 0)));
  };
  const auto start = [&scenario](Nanos t) {
    const auto resets = std::count_if(scenario.faults.begin(), scenario.faults.end(), [&](const Fault& fault) {
      return fault.kind == Fault::Kind::reset && fault.from <= t;
    });
    return Reading::of(1'000 + static_cast<std::uint64_t>(resets));
  };
  const auto show_count = [&](const char* file, const NumberAt& read) {
    view.files[dir + file] = [read](Nanos t) -> Result<std::string> { return fmt::format("{}\n", read(t).value); };
    view.sources.push_back({dir + file + "#count", read, first.latency, {}});
  };
  show_count("freshness", scan);
  show_count("startup", start);
  view.files[dir + "generation"] = constant("1\n");
  view.files[dir + "version"] = constant("2\n");
  view.files[dir + "raw_scan_hz"] = constant(fmt::format("{}\n", kNanosPerSecond / first.refresh.count()));
  for (const std::size_t i : instruments) {
    const Instrument& instrument = scenario.instruments[i];
    const bool counter = instrument.measure == Measure::counter;
    const std::string path = dir + instrument.channel;
    view.files[path] = text_of(machine, i, path, [&machine, counter](const SimReading& said) {
      return fmt::format("{} {} {} us\n", said.reading.value, counter ? 'J' : 'W',
                         device_unix_ns(machine, said) / 1000);
    });
    view.sources.push_back({path + (counter ? "#joules" : "#watts"), value_of(machine, i), instrument.latency, {}});
    view.sources.push_back({path + "#stamp_us",
                            [&machine, i](Nanos t) {
                              const SimReading said = machine.read(i, t);
                              if (!said.reading.ok) return said.reading;
                              return Reading::of(static_cast<std::uint64_t>(device_unix_ns(machine, said) / 1000));
                            },
                            instrument.latency,
                            {}});
  }
}

// ---- hwmon: ACPI power meters, one chip each.

void show_meters(View& view, const Machine& machine, const Indices& instruments) {
  std::size_t chip = 0;
  for (const std::size_t i : instruments) {
    const Instrument& instrument = machine.scenario().instruments[i];
    const bool grace = instrument.family == "hwmon_grace";
    const auto space = instrument.channel.find(' ');
    const std::string label =
        !grace || space == std::string::npos
            ? ""
            : instrument.channel.substr(0, space) + " Power Socket" + instrument.channel.substr(space);
    const std::string dir = fmt::format("/sys/class/hwmon/hwmon{}", chip++), device = dir + "/device";
    const Nanos window = instrument.window > Nanos{} ? instrument.window : instrument.refresh;
    view.files[dir + "/name"] = constant("power_meter\n");
    view.files[device + "/power1_oem_info"] = constant(label + "\n");
    view.files[device + "/power1_is_battery"] = constant("0\n");
    view.files[device + "/power1_average_interval"] = constant(fmt::format("{}\n", window.count() / kMicro));
    const std::string measured = grace ? fmt::format("device:{:02x}", chip) : "LNXSYBUS:00";
    view.links[device + "/measures/" + measured] = "../../../" + measured;
    show_number(view, machine, i, device + "/power1_average");
  }
}

// ---- the operating system: what every node has, and the inputs of the model driver.

void show_proc(View& view, const Machine& machine) {
  const Facts& facts = machine.scenario().facts;
  if (facts.cpus == 0) return;
  std::string cpus;
  for (std::uint32_t cpu = 0; cpu < facts.cpus; ++cpu) {
    cpus += fmt::format("processor\t: {}\n", cpu);
    if (!facts.vendor.empty()) cpus += fmt::format("vendor_id\t: {}\n", facts.vendor);
    if (facts.cpu_family > 0)
      cpus += fmt::format("cpu family\t: {}\nmodel\t\t: {}\n", facts.cpu_family, facts.cpu_model);
    if (!facts.vendor.empty())
      cpus += fmt::format("model name\t: {}\nphysical id\t: {}\n", facts.model,
                          std::uint64_t{cpu} * facts.sockets / facts.cpus);
    cpus += fmt::format("{}\t\t: {}\n\n", facts.vendor.empty() ? "Features" : "flags", facts.flags);
  }
  view.files["/proc/cpuinfo"] = constant(std::move(cpus));
  view.files["/proc/meminfo"] =
      constant(fmt::format("MemTotal:       {:.0f} kB\nMemFree:        1 kB\n", facts.memory_gb * 1e9 / 1024));
  const auto say = [&view](const char* path, const std::string& text) {
    if (!text.empty()) view.files[path] = constant(text + "\n");
  };
  say("/proc/sys/kernel/hostname", facts.host);
  say("/proc/sys/kernel/osrelease", facts.kernel);
  say("/etc/nodewatt/played",
      fmt::format("nodewatt-sim {} (seed {})", machine.scenario().name, machine.scenario().seed));
  say("/etc/os-release", facts.os.empty() ? "" : fmt::format("PRETTY_NAME=\"{}\"", facts.os));
  constexpr std::uint64_t kTicksBefore = 1'000'000;
  const auto ticks = [&machine](Nanos t) {
    return Reading::of(kTicksBefore + static_cast<std::uint64_t>(std::max(machine.busy_seconds({}, t), 0.0) * 100));
  };
  view.files["/proc/stat"] = [ticks, cpus = facts.cpus](Nanos t) -> Result<std::string> {
    const std::uint64_t busy = ticks(t).value;
    const auto all = static_cast<std::uint64_t>(std::max(to_seconds(t), 0.0) * 100 * cpus);
    return fmt::format("cpu  {} 0 0 {} 0 0 0 0 0 0\n", busy, 999'999'999 + all - std::min(all, busy - kTicksBefore));
  };
  view.sources.push_back({"/proc/stat#busy_ticks", ticks, Nanos::of(60'000), {}});
}

// THE table. Families that one function shows are adjacent.
struct FamilyView {
  std::array<std::string_view, 2> families;
  void (*show)(View& view, const Machine& machine, const Indices& instruments);
};
constexpr std::array<FamilyView, 10> kFamilyViews{{{{"rapl_powercap", ""}, show_powercap},
                                                   {{"rapl_msr", ""}, show_msr},
                                                   {{"nvml", ""}, show_nvml},
                                                   {{"rocm", ""}, show_rocm},
                                                   {{"cray_pm", ""}, show_cray},
                                                   {{"lenovo_xcc", ""}, show_xcc},
                                                   {{"redfish", ""}, show_redfish},
                                                   {{"hwmon_grace", "hwmon_acpi"}, show_meters},
                                                   {{"ipmi_dcmi", ""}, show_dcmi},
                                                   {{"pdu_snmp", ""}, show_pdu}}};
}  // namespace

std::vector<std::string_view> families() {
  std::vector<std::string_view> names;
  for (const FamilyView& family_view : kFamilyViews)
    for (const auto family : family_view.families)
      if (!family.empty()) names.push_back(family);
  return names;
}

std::int64_t device_unix_ns(const Machine& machine, const SimReading& reading) {
  return machine.scenario().wall_ns + (reading.device ? *reading.device : reading.moment).count();
}

View make_view(const Machine& machine) {
  View view;
  const auto& all = machine.scenario().instruments;
  for (const FamilyView& family_view : kFamilyViews) {
    Indices mine;
    for (const auto family : family_view.families)
      for (std::size_t i = 0; i < all.size(); ++i)
        if (!family.empty() && all[i].family == family && !all[i].missing) mine.push_back(i);
    if (!mine.empty()) family_view.show(view, machine, mine);
  }
  show_proc(view, machine);
  return view;
}

std::map<std::string, std::vector<std::string>> View::folders() const {
  constexpr std::array<std::string_view, 4> kListed{"/sys/class/powercap", "/sys/class/hwmon", "/sys/bus/pci/devices",
                                                    "/sys/cray/pm_counters"};
  std::map<std::string, std::set<std::string>> found;
  const auto add = [&](const std::string& path) {
    for (const auto root : kListed)
      if (path.starts_with(root))
        for (auto slash = path.rfind('/'); slash != path.npos && slash >= root.size();
             slash = path.rfind('/', slash - 1)) {
          const auto end = path.find('/', slash + 1);
          found[path.substr(0, slash)].insert(path.substr(slash + 1, end == path.npos ? end : end - slash - 1));
          if (slash == 0) break;
        }
  };
  for (const auto& [path, text] : files) add(path);
  for (const auto& [path, target] : links) add(path);
  std::map<std::string, std::vector<std::string>> folders;
  for (const auto& [folder, names] : found) folders[folder].assign(names.begin(), names.end());
  return folders;
}

}  // namespace nw::sim
