// rapl_msr: RAPL energy counters directly from the model-specific registers, /dev/cpu/N/msr, for kernels that offer
// neither powercap nor perf events for them.
//
// Which CPUs. A register is read through the first online CPU of each package, by topology/physical_package_id; through
// the first of each die where an Intel package has several (Cascade Lake AP: a die has its own registers; AMD's is the
// package's, whichever die is read). Package numbers are names, not indices: they may be 0 and 8.
//
// Which registers, and their units: rapl_msr_unit.h. 32 bits; higher bits are masked. A register that cannot be read,
// or reads 0, counts as missing, as in the kernel's own driver. AMD has one register for each core; they are not read,
// since the package includes them and each read interrupts a core.
//
// Known inaccuracies. A virtual machine may offer registers that never move; the energy layer finds such a sensor dead.
// With SGX enabled, or energy filtering set (bit 0 of IA32_MISC_PACKAGE_CTLS, 0xbc), values are perturbed on purpose
// for short times (INTEL-SA-00389): a Diagnostic.
//
// Permissions. root, that is CAP_SYS_RAWIO and read access to the device. A register's value at probe time is read
// under a key of its own, so that a tape has it. Where the kernel offers powercap or perf this driver reports no
// missing access, and where powercap can be read it does not probe.
#include <map>

#include <fmt/format.h>

#include "base/parse.h"
#include "sensor/drivers/rapl_msr_unit.h"

namespace nw {

namespace {
using namespace rapl;

constexpr std::string_view kCpus = "/sys/devices/system/cpu/";

struct Register {
  Domain domain;
  std::uint64_t address;
};
constexpr Register kIntel[] = {{Domain::package, kPackageRegister},
                               {Domain::core, kCoreRegister},
                               {Domain::uncore, kUncoreRegister},
                               {Domain::dram, kDramRegister},
                               {Domain::psys, kPlatformRegister}};
constexpr Register kAmd[] = {{Domain::package, kAmdPackageRegister}};

// The lower half of a register.
class CountSource : public Source {
 public:
  explicit CountSource(std::unique_ptr<Source> inner) : inner_(std::move(inner)) {}
  Reading read() noexcept override {
    Reading reading = inner_->read();
    reading.value &= kCounts - 1;
    return reading;
  }

 private:
  std::unique_ptr<Source> inner_;
};

// A package, or a die of one, and the CPU through which it is read.
struct Place {
  std::string device;
  std::uint32_t cpu = 0;
};

class Prober {
 public:
  explicit Prober(Host& host) : host_(host), cpu_(read_cpu(host)) {}

  ProbeResult probe() {
    if (!cpu_.x86 || powercap_is_read()) return {};
    const auto places = find_places();
    for (const Place& place : places) add_place(place, &place == &places.front());
    if (!probe_.sensors.empty()) note_filter(places.front());
    if (!probe_.sensors.empty() && cpu_.guest) note(device(places.front().cpu), kInGuest);
    return std::move(probe_);
  }

 private:
  bool powercap_is_read() {
    const auto energy = host_.read_text("/sys/class/powercap/intel-rapl:0/energy_uj");
    return energy && parse_u64(*energy);
  }

  // The kernel has a better interface to the same counters; problems with that are reported by its own driver.
  bool kernel_offers() {
    return host_.read_text("/sys/class/powercap/intel-rapl:0/name").has_value() ||
           host_.list("/sys/bus/event_source/devices/power/events").has_value();
  }

  std::vector<Place> find_places() {
    const auto text = host_.read_text(std::string(kCpus) + "online");
    if (!text) return {};
    const auto cpus = parse_cpu_list(*text);
    if (cpus.empty()) note(std::string(kCpus) + "online", quote(*text) + " is not a list of CPUs");
    std::map<std::uint64_t, std::map<std::uint64_t, std::uint32_t>> packages;  // their dies, and the first CPU of each
    for (const auto cpu : cpus)
      if (const auto package = topology(cpu, "physical_package_id"))
        packages[*package].try_emplace(cpu_.amd ? 0 : topology(cpu, "die_id").value_or(0), cpu);
    std::vector<Place> places;
    for (const auto& [package, dies] : packages)
      for (const auto& [die, cpu] : dies)
        places.push_back({dies.size() == 1 ? fmt::format("{}", package) : fmt::format("{}-die-{}", package, die), cpu});
    return places;
  }

  std::optional<std::uint64_t> topology(std::uint32_t cpu, std::string_view file) {
    const auto text = host_.read_text(fmt::format("{}cpu{}/topology/{}", kCpus, cpu, file));
    return text ? parse_u64(*text) : std::nullopt;
  }

  void add_place(const Place& place, bool first) {
    const auto unit = ask(place.cpu, cpu_.amd ? kAmdUnitRegister : kUnitRegister);
    if (!unit) return note_unreadable(place, unit.error());
    const std::size_t before = probe_.sensors.size();
    for (const Register& entry : cpu_.amd ? std::span<const Register>(kAmd) : std::span<const Register>(kIntel))
      if (first || entry.domain != Domain::psys) add(place, entry, *unit);
    if (probe_.sensors.size() == before)
      note(device(place.cpu), "has RAPL's unit register and no counter that moves or is understood");
  }

  void add(const Place& place, const Register& entry, std::uint64_t unit_register) {
    const auto unit = compute_unit(entry.domain, cpu_, unit_register);
    if (!unit) return;
    const auto value = ask(place.cpu, entry.address);
    if (!value || (*value & (kCounts - 1)) == 0) return;
    auto source = host_.open_register(device(place.cpu), entry.address);
    if (!source) return note(device(place.cpu), source.error().what);
    const bool psys = entry.domain == Domain::psys;
    SensorInfo info = make_info("rapl_msr", "MSR", {entry.domain, psys ? "0" : place.device}, cpu_);
    info.unit_num = unit->num;
    info.unit_den = unit->den;
    info.wrap = kCounts;
    info.access = "root: CAP_SYS_RAWIO and read access to /dev/cpu/*/msr";
    probe_.sensors.push_back({std::move(info), std::make_unique<CountSource>(std::move(*source))});
  }

  static std::string device(std::uint32_t cpu) { return fmt::format("/dev/cpu/{}/msr", cpu); }

  // The present value of a register.
  Result<std::uint64_t> ask(std::uint32_t cpu, std::uint64_t address) {
    const std::string path = device(cpu);
    const auto text = NW_TRY(host_.ask(fmt::format("msr:{}@{:#x}", path, address), [&]() -> Result<std::string> {
      const auto source = NW_TRY(host_.open_register(path, address));
      const Reading reading = source->read();
      if (!reading.ok) return fail(reading.error, fmt::format("{}: register {:#x} cannot be read", path, address));
      return std::to_string(reading.value);
    }));
    const auto value = parse_u64(text);
    if (!value) return fail(ErrorKind::malformed, quote(text) + " is no register's value");
    return *value;
  }

  // Once for all places: what denies one denies them all.
  void note_unreadable(const Place& place, const Error& error) {
    if (std::exchange(noted_, true) || cpu_.guest || kernel_offers()) return;
    if (error.kind == ErrorKind::absent)
      note(device(place.cpu), "the kernel offers neither powercap, perf events nor registers of RAPL",
           "sudo modprobe msr");
    else
      note(device(place.cpu),
           error.what +
               "; it takes CAP_SYS_RAWIO and a file mode that lets you read it. Who can read it can read every "
               "register of the CPU: give it to a group, never to everyone",
           "sudo groupadd -rf energy && sudo chgrp energy /dev/cpu/*/msr && sudo chmod 0440 /dev/cpu/*/msr && "
           "sudo setcap cap_sys_rawio=ep \"$(readlink -f \"$(command -v nodewatt)\")\"");
  }

  void note_filter(const Place& place) {
    if (cpu_.amd) return;
    const auto control = ask(place.cpu, kFilterRegister);
    const bool filtered = control && (*control & 1) != 0;
    if (!filtered && !cpu_.sgx) return;
    note(device(place.cpu),
         fmt::format("filtered: {}, so that the CPU perturbs its energy counters on purpose (INTEL-SA-00389). Short "
                     "times may be off by half; long ones are little affected",
                     filtered ? "energy filtering is set" : "SGX is on"));
  }

  void note(std::string where, std::string what, std::string repair = {}) {
    probe_.diagnostics.push_back({std::move(where), std::move(what), std::move(repair)});
  }

  Host& host_;
  Cpu cpu_;
  ProbeResult probe_;
  bool noted_ = false;
};
}  // namespace

ProbeResult probe_rapl_msr(Host& host, const Site&) { return Prober(host).probe(); }

}  // namespace nw
