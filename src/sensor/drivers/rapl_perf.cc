// rapl_perf: RAPL energy counters through the kernel's perf_event PMUs `power` and `power_core`.
//
// The kernel extends the 32-bit registers itself (a timer reads them before they can wrap) and returns 64-bit counts of
// 2^-32 J that start at 0 when the counter is opened: nothing wraps here in service, and DRAM has its own unit already
// applied. The event's number and the scale are read from sysfs and not assumed; the scale, a decimal text, is
// converted to an exact fraction.
//
// A counter is opened on the CPUs that `cpumask` names: one per package (AMD), one per die (Intel; a die is a package
// except for Cascade Lake AP), one per core for power_core. Kernels before the end of 2024 list one CPU per die for AMD
// too, whose register is package-wide: there only the first CPU of each package is used, since the others are mirrors
// (two dies, 68 W + 68 W where a wall meter showed 125 W). psys is opened on the first CPU alone, as in the kernel's
// own powercap driver: it measures the platform, not a package.
//
// power_core (AMD, kernels from 2025 on) is one counter per core; they are added up to the cores of a package. A read
// interrupts each core, so above kMaxCores they stay closed: the package counter includes the same energy.
//
// Known inaccuracies. Some virtual machines offer the events, open them and always read 0; that shows only in use, and
// the energy layer leaves such a sensor out as `dead`. Kernels without the fix of September 2022 use the wrong DRAM
// unit on Sapphire Rapids (4 times too low); the range in powercap's files, which everybody may read, shows that, and
// the figures are corrected by it.
//
// Permissions. System-wide counters need CAP_PERFMON (CAP_SYS_ADMIN before Linux 5.8), or kernel.perf_event_paranoid of
// at most 0.
#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>

#include "base/parse.h"
#include "sensor/drivers/rapl.h"

namespace nw {

namespace {
constexpr std::string_view kDevices = "/sys/bus/event_source/devices/";
constexpr std::string_view kCpus = "/sys/devices/system/cpu/cpu";
constexpr std::string_view kParanoid = "/proc/sys/kernel/perf_event_paranoid";
constexpr std::size_t kMaxCores = 64;

struct EventName {
  std::string_view file;
  Domain domain;
};
constexpr EventName kEvents[] = {{"energy-pkg", Domain::package}, {"energy-cores", Domain::core},
                                 {"energy-core", Domain::core},   {"energy-ram", Domain::dram},
                                 {"energy-gpu", Domain::uncore},  {"energy-psys", Domain::psys}};

struct Fraction {
  std::int64_t num = 0;
  std::int64_t den = 0;
};

constexpr int kMaxDigits = 37;  // 10^37 fits 127 bits

Int128 power_of_ten(int n) { return n == 0 ? 1 : 10 * power_of_ten(n - 1); }
Int128 gcd(Int128 a, Int128 b) { return b == 0 ? a : gcd(b, a % b); }

// A decimal text is `digits` times ten to the `power`.
struct Decimal {
  Int128 digits = 0;
  int power = 0;
};

std::optional<Decimal> parse_decimal(std::string_view text) {
  Decimal decimal;
  const auto e = text.find_first_of("eE");
  if (e != text.npos) {
    auto exponent = text.substr(e + 1);
    if (exponent.starts_with('+')) exponent.remove_prefix(1);
    const auto value = parse_i64(exponent);
    if (!value || *value < -60 || *value > 60) return std::nullopt;
    decimal.power = static_cast<int>(*value);
  }
  int digits = 0;
  bool point = false;
  for (const char c : text.substr(0, e)) {
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9' || ++digits > kMaxDigits) return std::nullopt;
    decimal.digits = decimal.digits * 10 + (c - '0');
    decimal.power -= point ? 1 : 0;
  }
  return decimal;
}

// A text in Joules ("2.3283064365386962890625e-10") as an exact fraction in microjoules; nothing when it is not
// positive or needs more than 62 bits on either side.
std::optional<Fraction> parse_scale(std::string_view text) {
  auto decimal = parse_decimal(trim(text));
  if (!decimal || decimal->digits == 0) return std::nullopt;
  decimal->power += 6;  // J to uJ
  for (; decimal->digits % 10 == 0; ++decimal->power) decimal->digits /= 10;
  if (decimal->power < -kMaxDigits || decimal->power > 18) return std::nullopt;
  const Int128 limit = Int128{1} << 62;
  const Int128 den = power_of_ten(std::max(-decimal->power, 0));
  const Int128 common = gcd(decimal->digits, den);
  const Int128 num = decimal->digits / common;
  const Int128 tens = power_of_ten(std::max(decimal->power, 0));
  if (num > limit / tens || den / common > limit) return std::nullopt;
  return Fraction{static_cast<std::int64_t>(num * tens), static_cast<std::int64_t>(den / common)};
}

// "event=0x02" and nothing more.
std::optional<std::uint64_t> parse_event(std::string_view text) {
  constexpr std::string_view kPrefix = "event=0x";
  text = trim(text);
  if (!text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Several counters of one part as one; it has a value only when all have one.
class SumSource : public Source {
 public:
  explicit SumSource(std::vector<std::unique_ptr<Source>> terms) : terms_(std::move(terms)) {}
  Reading read() noexcept override {
    Reading sum = Reading::of(0);
    for (const auto& term : terms_) {
      const Reading reading = term->read();
      if (!reading.ok) return reading;
      sum.value += reading.value;
    }
    return sum;
  }

 private:
  std::vector<std::unique_ptr<Source>> terms_;
};

// A part and the CPUs on which its counters are opened.
struct Place {
  std::string device;
  std::vector<std::uint32_t> cpus;
};

class Prober {
 public:
  explicit Prober(Host& host) : host_(host), cpu_(rapl::read_cpu(host)) {}

  ProbeResult probe() {
    const bool found = add_pmu("power");
    add_pmu("power_core");
    if (!found && cpu_.x86 && !cpu_.guest) note_no_events();
    if (!probe_.sensors.empty() && cpu_.guest) note(std::string(kDevices) + "power", rapl::kInGuest);
    return std::move(probe_);
  }

 private:
  // A container cannot load a module.
  void note_no_events() {
    const bool inside = rapl::is_container(host_);
    note(std::string(kDevices) + "power",
         fmt::format("this kernel offers no RAPL events: its module is not loaded{}", inside ? " on the host" : ""),
         inside ? "on the host: sudo modprobe rapl" : "sudo modprobe rapl");
  }

  bool add_pmu(std::string_view pmu) {
    dir_ = std::string(kDevices) + std::string(pmu);
    const auto events = host_.list(dir_ + "/events");
    if (!events) {
      if (events.error().kind != ErrorKind::absent) note(dir_ + "/events", events.error().what);
      return events.error().kind != ErrorKind::absent;
    }
    const auto type = read(dir_ + "/type");
    const auto mask = read(dir_ + "/cpumask");
    if (!type || !mask) return true;
    const auto number = parse_u64(*type);
    const auto cpus = parse_cpu_list(*mask);
    if (!number || *number > 0xffffffff) return note(dir_ + "/type", quote(*type) + " is not a number"), true;
    if (cpus.empty()) return note(dir_ + "/cpumask", quote(*mask) + " is not a list of CPUs"), true;
    type_ = static_cast<std::uint32_t>(*number);
    const auto places = pmu == "power" ? places_by_package(cpus) : places_of_cores(cpus);
    refused_ = false;
    for (const auto& event : *events)
      if (event.find('.') == event.npos) add_event(event, places);
    return true;
  }

  // One place a package; a die of one where a package has several and is not AMD's.
  std::vector<Place> places_by_package(const std::vector<std::uint32_t>& cpus) {
    std::map<std::uint64_t, std::vector<std::uint32_t>> packages;
    for (const auto cpu : cpus)
      if (const auto package = topology(cpu, "physical_package_id")) packages[*package].push_back(cpu);
    std::vector<Place> places;
    for (const auto& [package, members] : packages) {
      if (members.size() == 1 || cpu_.amd) {
        places.push_back({fmt::format("{}", package), {members.front()}});
        continue;
      }
      for (const auto cpu : members)
        if (const auto die = topology(cpu, "die_id"))
          places.push_back({fmt::format("{}-die-{}", package, *die), {cpu}});
    }
    return places;
  }

  std::vector<Place> places_of_cores(const std::vector<std::uint32_t>& cpus) {
    if (cpus.size() > kMaxCores) {
      note(dir_,
           fmt::format(
               "{} counters of single cores stay closed: each read would interrupt every core, and the package counter "
               "holds the same energy",
               cpus.size()));
      return {};
    }
    std::map<std::uint64_t, std::vector<std::uint32_t>> packages;
    for (const auto cpu : cpus)
      if (const auto package = topology(cpu, "physical_package_id")) packages[*package].push_back(cpu);
    std::vector<Place> places;
    for (auto& [package, members] : packages) places.push_back({fmt::format("{}", package), std::move(members)});
    return places;
  }

  void add_event(const std::string& event, const std::vector<Place>& places) {
    const std::string path = dir_ + "/events/" + event;
    const auto* known =
        std::find_if(std::begin(kEvents), std::end(kEvents), [&](const auto& e) { return e.file == event; });
    if (known == std::end(kEvents)) return note(path, "an event that nodewatt does not know");
    const auto term = read(path), scale = read(path + ".scale"), unit = read(path + ".unit");
    if (!term || !scale || !unit) return;
    const auto config = parse_event(*term);
    const auto fraction = parse_scale(*scale);
    if (!config) return note(path, quote(*term) + " is not an event's number");
    if (!fraction) return note(path + ".scale", quote(*scale) + " is no scale that can be kept exactly");
    if (trim(*unit) != "Joules") return note(path + ".unit", quote(*unit) + " where Joules were expected");
    if (known->domain == Domain::psys) {
      if (!places.empty()) open({Domain::psys, "0"}, places.front(), *config, *fraction, path);
      return;
    }
    for (const auto& place : places) open({known->domain, place.device}, place, *config, *fraction, path);
  }

  void open(const Part& part, const Place& place, std::uint64_t config, Fraction unit, const std::string& path) {
    for (const auto& sensor : probe_.sensors)
      if (sensor.info.part == part) return;  // energy-cores and power_core of one package
    std::vector<std::unique_ptr<Source>> sources;
    for (const auto cpu : place.cpus) {
      auto source = host_.open_perf({type_, config, cpu});
      if (!source) return note_refused(path, source.error());
      sources.push_back(std::move(*source));
    }
    SensorInfo info = rapl::make_info("rapl_perf", "perf", part, cpu_);
    if (part.domain == Domain::dram) correct(unit, path);
    info.unit_num = unit.num;
    info.unit_den = unit.den;
    info.access = "CAP_PERFMON, or perf_event_paranoid of at most 0";
    auto source = sources.size() == 1 ? std::move(sources.front()) : std::make_unique<SumSource>(std::move(sources));
    probe_.sensors.push_back({std::move(info), std::move(source)});
  }

  // Where the kernel uses another unit than the CPU.
  void correct(Fraction& unit, const std::string& path) {
    const auto fault = rapl::find_dram_fault(host_, cpu_);
    if (!fault) return;
    const Int128 num = Int128{unit.num} * fault->right_nj, den = Int128{unit.den} * fault->shown_nj;
    const Int128 common = gcd(num, den), limit = Int128{1} << 62;
    if (num / common > limit || den / common > limit) return;
    unit = {static_cast<std::int64_t>(num / common), static_cast<std::int64_t>(den / common)};
    if (!std::exchange(corrected_, true)) note(path, rapl::describe(*fault));
  }

  // One Diagnostic for each PMU is enough: what denies one event denies them all.
  void note_refused(const std::string& path, const Error& error) {
    if (error.kind != ErrorKind::denied) return note(path, error.what);
    if (std::exchange(refused_, true)) return;
    const auto level = host_.read_text(std::string(kParanoid));
    note(dir_,
         fmt::format(
             "opening a system-wide counter was refused; kernel.perf_event_paranoid is {}, and above 0 that "
             "takes CAP_PERFMON (sysctl kernel.perf_event_paranoid=0 would open it to everyone until the next boot)",
             level ? std::string(trim(*level)) : "not readable"),
         "sudo setcap cap_perfmon=ep \"$(readlink -f \"$(command -v nodewatt)\")\"");
  }

  std::optional<std::uint64_t> topology(std::uint32_t cpu, std::string_view file) {
    const std::string path = fmt::format("{}{}/topology/{}", kCpus, cpu, file);
    const auto text = read(path);
    const auto value = text ? parse_u64(*text) : std::nullopt;
    if (text && !value) note(path, quote(*text) + " is not a number");
    return value;
  }

  std::optional<std::string> read(const std::string& path) {
    auto text = host_.read_text(path);
    if (!text) return note(path, text.error().what), std::nullopt;
    return std::move(*text);
  }

  void note(std::string where, std::string what, std::string repair = {}) {
    probe_.diagnostics.push_back({std::move(where), std::move(what), std::move(repair)});
  }

  Host& host_;
  rapl::Cpu cpu_;
  ProbeResult probe_;
  std::string dir_;         // the present PMU
  std::uint32_t type_ = 0;  // its number
  bool refused_ = false, corrected_ = false;
};
}  // namespace

ProbeResult probe_rapl_perf(Host& host, const Site&) { return Prober(host).probe(); }

}  // namespace nw
