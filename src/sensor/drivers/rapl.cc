#include "sensor/drivers/rapl.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/parse.h"

namespace nw::rapl {

namespace {
struct Facts {
  Domain domain;
  std::string_view title;
  Boundary boundary;
  double scale_tolerance;
  std::int64_t offset_w;
  std::int64_t max_power_w;
};

// psys is what the platform's own regulators report to the CPU, measured at their input: a boundary further out than
// the others.
constexpr Facts kFacts[] = {
    {Domain::psys, "RAPL platform", Boundary::board, 0.10, 3, 10'000},
    {Domain::package, "RAPL package", Boundary::on_chip, 0.05, 1, 1'000},
    {Domain::core, "RAPL cores", Boundary::on_chip, 0.10, 1, 1'000},
    {Domain::uncore, "RAPL uncore", Boundary::on_chip, 0.10, 1, 500},
    {Domain::dram, "RAPL DRAM", Boundary::on_chip, 0.10, 2, 500},
};

const Facts& facts(Domain domain) {
  for (const Facts& row : kFacts)
    if (row.domain == domain) return row;
  return kFacts[1];
}

// Haswell-EP, Broadwell-EP, Broadwell-D, Skylake-SP to Cooper Lake, Ice Lake-SP, Ice Lake-D, Knights Landing, Knights
// Mill.
constexpr unsigned kFixedDram[] = {0x3f, 0x4f, 0x56, 0x55, 0x6a, 0x6c, 0x57, 0x85};
// Sapphire Rapids and Emerald Rapids, which kernels before 6.1 took for the former.
constexpr unsigned kStandardDram[] = {0x8f, 0xcf};
constexpr std::int64_t kFixedUnitNj = 15'259;  // 2^-16 J; the kernel says 15300

template <std::size_t n>
bool is_one_of(const Cpu& cpu, const unsigned (&models)[n]) {
  constexpr unsigned kCoreFamily = 6;
  return cpu.x86 && !cpu.amd && cpu.family == kCoreFamily &&
         std::find(std::begin(models), std::end(models), cpu.model) != std::end(models);
}

// A CPU that could not be read is not taken for the better one.
double gain_of(Domain domain, const Cpu& cpu) {
  if (domain == Domain::dram && !cpu.server) return 0.15;
  if (domain == Domain::package && (cpu.amd || !cpu.known)) return 0.10;
  return facts(domain).scale_tolerance;
}
}  // namespace

Cpu read_cpu(Host& host) {
  Cpu cpu;
  const auto text = host.read_text("/proc/cpuinfo");
  if (!text) return cpu;
  for (const auto line : split(*text, '\n')) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const auto key = trim(line.substr(0, colon));
    const auto value = trim(line.substr(colon + 1));
    if (key == "vendor_id") {
      cpu.amd = value == "AuthenticAMD" || value == "HygonGenuine";
      cpu.x86 = cpu.amd || value == "GenuineIntel";
      cpu.known = true;
    } else if (key == "model name") {
      cpu.server = value.find("Xeon") != value.npos || value.find("EPYC") != value.npos;
    } else if (key == "cpu family" || key == "model") {
      (key == "model" ? cpu.model : cpu.family) = static_cast<unsigned>(parse_u64(value).value_or(0));
    } else if (key == "flags") {
      for (const auto flag : split(value, ' ')) {
        cpu.guest |= flag == "hypervisor";
        cpu.sgx |= flag == "sgx";
      }
      break;  // all CPUs of a node are the same in this
    }
  }
  return cpu;
}

// Docker's and Podman's own marks, and a Kubernetes pod's secrets.
bool is_container(Host& host) {
  for (const char* mark : {"/.dockerenv", "/run/.containerenv"})
    if (host.read_text(mark)) return true;
  return host.list("/var/run/secrets/kubernetes.io").has_value();
}

bool has_fixed_dram_unit(const Cpu& cpu) { return is_one_of(cpu, kFixedDram); }

std::optional<UnitFault> find_dram_fault(const Cpu& cpu, std::uint64_t package_range_uj, std::uint64_t dram_range_uj) {
  constexpr std::uint64_t kLastCount = 0xffffffff, kLongest = std::uint64_t{1} << 50;
  if (package_range_uj > kLongest || dram_range_uj > kLongest) return std::nullopt;
  const auto unit_of = [](std::uint64_t range_uj) {
    return static_cast<std::int64_t>((range_uj * 1000 + kLastCount - 1) / kLastCount);
  };
  const std::int64_t package = unit_of(package_range_uj), dram = unit_of(dram_range_uj);
  const auto is_fixed = [](std::int64_t nj) { return nj > kFixedUnitNj - 100 && nj < kFixedUnitNj + 100; };
  if (package == 0 || dram == 0 || is_fixed(package)) return std::nullopt;
  if (is_one_of(cpu, kStandardDram) && is_fixed(dram)) return UnitFault{package, dram};
  if (has_fixed_dram_unit(cpu) && dram == package) return UnitFault{kFixedUnitNj, dram};
  return std::nullopt;
}

std::optional<UnitFault> find_dram_fault(Host& host, const Cpu& cpu) {
  if (!is_one_of(cpu, kStandardDram) && !has_fixed_dram_unit(cpu)) return std::nullopt;
  const auto range_of = [&](const char* zone) {
    const auto text = host.read_text(std::string("/sys/class/powercap/") + zone + "/max_energy_range_uj");
    return text ? parse_u64(*text).value_or(0) : 0;
  };
  for (const char* zone : {"intel-rapl:0:0", "intel-rapl:0:1"}) {
    const auto name = host.read_text(std::string("/sys/class/powercap/") + zone + "/name");
    if (name && trim(*name) == "dram") return find_dram_fault(cpu, range_of("intel-rapl:0"), range_of(zone));
  }
  return std::nullopt;
}

std::string describe(const UnitFault& fault) {
  return fmt::format(
      "this kernel counts memory in units of {:.1f} uJ, and this CPU in units of {:.1f} uJ: its figures are "
      "multiplied by {:.3f}; a newer kernel does that itself",
      static_cast<double>(fault.shown_nj) / 1000, static_cast<double>(fault.right_nj) / 1000,
      static_cast<double>(fault.right_nj) / static_cast<double>(fault.shown_nj));
}

std::string_view title(Domain domain) { return facts(domain).title; }

SensorInfo make_info(std::string_view driver, std::string_view through, const Part& part, const Cpu& cpu) {
  const Facts& row = facts(part.domain);
  const bool modelled = (cpu.amd || !cpu.known) && part.domain == Domain::package;
  SensorInfo info;
  info.id = fmt::format("{}/{}-{}", driver, name(part.domain), part.device);
  info.source = fmt::format("{} ({})", row.title, through);
  info.part = part;
  info.boundary = row.boundary;
  info.kind = SensorKind::counter;
  info.update_interval = millis(1);
  info.max_power = watts(row.max_power_w);
  info.scale_tolerance = {gain_of(part.domain, cpu), Tolerance::Shape::limit, "assumed"};
  info.offset = watts(modelled ? 2 : row.offset_w);
  if (cpu.guest) {
    info.provenance = Provenance::attributed;
    info.source += " of a virtual machine";
    info.scale_tolerance = {0.5, Tolerance::Shape::limit, "assumed: a hypervisor's division"};
  }
  return info;
}

}  // namespace nw::rapl
