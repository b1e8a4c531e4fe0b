// Views of AMD GPUs and APUs (amd_smi) and of RAPL's registers.
//
// rocm: a device is an instrument of the channel "energy", in the order of the list, counted in 15.259 uJ; one with
// `mirror` is a second die that shows its neighbour's counter. Its power, where there is any, is a file of the kernel.
// Its PCI device number, from the component's model, determines what a device is.
//
// rapl_msr: 32 bits of a count of 2^-n J, n from the package's unit register; the unit of DRAM depends on the CPU's
// model, so `cpu_family` and `cpu_model` have to be given for it.
#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "base/parse.h"
#include "sim/noise.h"
#include "sim/view_parts.h"

namespace nw::sim {

namespace {
struct Die {
  std::size_t energy = 0;           // the instrument
  std::optional<std::size_t> part;  // the GPU
  std::string id, pci, model;
};

std::optional<std::size_t> gpu_of(const Machine& machine, const Instrument& instrument) {
  const auto& components = machine.scenario().components;
  for (const auto& part : instrument.of)
    if (const std::size_t c = machine.component(part); c < components.size() && components[c].domain == "gpu") return c;
  return std::nullopt;
}

Die make_die(const Machine& machine, std::size_t instrument, std::size_t index) {
  const Scenario& scenario = machine.scenario();
  const Instrument& shown = scenario.instruments[instrument];
  const std::size_t mirrored = shown.mirror.empty() ? instrument : machine.instrument(shown.mirror);
  Die die{instrument, gpu_of(machine, scenario.instruments[mirrored]), {}, {}, "AMD Instinct MI300X"};
  const std::uint64_t a = hash(serial_of(scenario), index, 3), b = hash(serial_of(scenario), index, 4);
  die.id = fmt::format("{:08x}-0000-1000-80{:02x}-{:012x}", a >> 32, index & 0xff, b & 0xffffffffffff);
  die.pci = fmt::format("{:04x}:01:00.0", index);
  if (!die.part) return die;
  const Component& component = scenario.components[*die.part];
  if (!component.model.empty()) die.model = component.model;
  if (shown.mirror.empty() && !component.address.empty())
    die.pci = component.address.size() == 16 ? component.address.substr(4) : component.address;
  return die;
}

const char* pci_device(const std::string& model) {
  if (model.find("MI300A") != model.npos) return "0x74a0";
  return model.find("MI250") != model.npos ? "0x7408" : "0x74a1";
}

void show_die(View& view, const Machine& machine, const Indices& instruments, const Die& die, std::size_t index) {
  const std::string dir = "/sys/bus/pci/devices/" + die.pci;
  const bool apu = die.model.find("MI300A") != die.model.npos;
  view.files[dir + "/device"] = constant(fmt::format("{}\n", pci_device(die.model)));
  if (apu) view.files[dir + "/numa_node"] = constant(fmt::format("{}\n", index));
  const auto& all = machine.scenario().instruments;
  const std::string about = fmt::format("id {}\nname {}\npci {}\n{}", die.id, die.model, die.pci,
                                        apu ? fmt::format("socket {}\n", index) : "");
  view.answers[fmt::format("rocm:gpu{}", index)] = [&machine, about, i = die.energy,
                                                    says_busy = die.part.has_value()](Nanos t) -> Result<std::string> {
    const Reading counter = machine.read(i, t).reading;
    const std::string rest = std::string("power not supported by this GPU or library\nbusy ") +
                             (says_busy ? "ok\n" : "not supported by this GPU or library\n");
    if (!counter.ok) return fmt::format("{}energy {}\n{}", about, name(counter.error), rest);
    return fmt::format("{}energy ok\ncounter {}\nresolution 15.259\n{}", about, counter.value, rest);
  };
  const auto read = [&machine, i = die.energy](Nanos t) {
    const SimReading said = machine.read(i, t);
    Reading reading = said.reading;
    if (reading.ok) reading.device = Nanos::of(device_unix_ns(machine, said));
    return reading;
  };
  view.sources.push_back({fmt::format("rocm:GPU-{}/energy", die.id), read, all[die.energy].latency, {}});
  if (die.part)
    view.utilizations.push_back(
        {fmt::format("rocm:GPU-{}/busy", die.id), busy_percent_of(machine, *die.part), kUtilizationLatency, {}});
  for (const std::size_t i : instruments)
    if (all[i].channel == "power" && die.part && all[die.energy].mirror.empty() && gpu_of(machine, all[i]) == die.part)
      show_number(view, machine, i, fmt::format("{}/hwmon/hwmon{}/power1_input", dir, index));
}

// The number after the dash of "package-0".
std::optional<std::uint32_t> socket_of(const Scenario& scenario, const std::string& channel) {
  const auto dash = channel.find('-');
  const auto socket = dash == channel.npos ? std::nullopt : parse_u64(std::string_view(channel).substr(dash + 1));
  if (!socket || *socket >= scenario.facts.sockets) return std::nullopt;
  return static_cast<std::uint32_t>(*socket);
}

void show_topology(View& view, const Facts& facts) {
  const std::string cpus = "/sys/devices/system/cpu/";
  view.files[cpus + "online"] = constant(facts.cpus > 1 ? fmt::format("0-{}\n", facts.cpus - 1) : "0\n");
  for (std::uint32_t cpu = 0; cpu < facts.cpus; ++cpu) {
    const std::string topology = fmt::format("{}cpu{}/topology/", cpus, cpu);
    view.files[topology + "physical_package_id"] =
        constant(fmt::format("{}\n", std::uint64_t{cpu} * facts.sockets / facts.cpus));
    view.files[topology + "die_id"] = constant("0\n");
  }
}
}  // namespace

void show_rocm(View& view, const Machine& machine, const Indices& instruments) {
  std::size_t count = 0;
  for (const std::size_t i : instruments)
    if (machine.scenario().instruments[i].channel == "energy") {
      show_die(view, machine, instruments, make_die(machine, i, count), count);
      ++count;
    }
  view.answers["rocm:amd_smi"] = constant(std::to_string(count));
  if (const auto& version = machine.scenario().facts.gpu_driver; !version.empty())
    view.files["/sys/module/amdgpu/version"] = constant(version + "\n");
}

void show_msr(View& view, const Machine& machine, const Indices& instruments) {
  constexpr std::uint64_t kOtherUnits = 0xa0003;  // of power and time, as common as they are unused here
  const Scenario& scenario = machine.scenario();
  const Facts& facts = scenario.facts;
  if (facts.cpus == 0) return;
  const bool amd = facts.vendor == "AuthenticAMD";
  show_topology(view, facts);
  for (const std::size_t i : instruments) {
    const Instrument& instrument = scenario.instruments[i];
    const auto socket = socket_of(scenario, instrument.channel);
    if (!socket) continue;
    const bool package = instrument.channel.starts_with("package");
    // The first CPU of the socket.
    const std::uint64_t cpu = (std::uint64_t{*socket} * facts.cpus + facts.sockets - 1) / facts.sockets;
    const std::string device = fmt::format("/dev/cpu/{}/msr", cpu);
    const std::string key = device + (!package ? "@0x619" : amd ? "@0xc001029b" : "@0x611");
    const auto exponent = std::clamp(std::lround(-std::log2(instrument.quantum)), 0L, 31L);
    const std::uint64_t units = kOtherUnits | static_cast<std::uint64_t>(exponent) << 8;
    if (package)
      view.answers["msr:" + device + (amd ? "@0xc0010299" : "@0x606")] =
          text_of(machine, i, device, [units](const SimReading&) { return std::to_string(units); });
    if (!amd) view.answers["msr:" + device + "@0xbc"] = constant(instrument.filter > Nanos{} ? "1" : "0");
    view.answers["msr:" + key] =
        text_of(machine, i, device, [](const SimReading& said) { return std::to_string(said.reading.value); });
    view.sources.push_back({key, value_of(machine, i), instrument.latency, {}});
  }
}

}  // namespace nw::sim
