#include "sensor/drivers/rapl.h"

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

double gain_of(Domain domain, const Cpu& cpu) {
  if (domain == Domain::dram && !cpu.server) return 0.15;
  if (domain == Domain::package && cpu.amd) return 0.10;
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

std::string_view title(Domain domain) { return facts(domain).title; }

SensorInfo make_info(std::string_view driver, std::string_view through, const Part& part, const Cpu& cpu) {
  const Facts& row = facts(part.domain);
  const bool modelled = cpu.amd && part.domain == Domain::package;
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
  return info;
}

}  // namespace nw::rapl
