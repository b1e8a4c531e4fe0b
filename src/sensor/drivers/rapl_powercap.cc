// rapl_powercap: RAPL energy counters through /sys/class/powercap.
//
// Each zone is a directory intel-rapl:N (a package, or psys) or intel-rapl:N:M (a part of package N); AMD uses the same
// names. A zone's part is given by its `name`, not its number: zones are numbered in the order in which they were
// found.
//
// Wrap. The kernel computes energy_uj = floor(count * u / 1000) from a 32-bit register, u being one count in nanojoules
// truncated to a whole number (61035 for 2^-14 J, 15300 for the fixed DRAM unit of Haswell-EP to Ice Lake servers), and
// max_energy_range_uj likewise from the largest count 2^32 - 1. After that count comes 0, so the full range is 2^32
// counts: max + u/1000 microjoules, not max and not max + 1. u is recovered from max exactly, being the only whole
// number that gives it; where none does (no 32-bit register behind the zone), the documented range 0..max inclusive is
// used and the full range is max + 1.
//
// Known inaccuracies. (1) An AMD `core` zone is one physical core: the register is per core and powercap reads it on
// the package's first CPU only. It is left out. (2) Some multi-die packages show one socket-wide counter once per die;
// such duplicates have equal counts and only one is used. (3) intel-rapl-mmio shows the same package again through
// memory-mapped registers: used only where intel-rapl does not have that part. (4) psys beyond the first package: what
// a second one covers is not documented; left out. (5) Kernels before 6.1 count DRAM of Sapphire Rapids in the unit of
// its predecessors: the range shows it, and it is corrected. (6) After a suspend some CPUs count 1000 times too fast:
// constraint_*_max_power_uw, the most that the package is made for, times 10 is a ceiling. (7) In a virtual machine the
// counters are the hypervisor's. (8) Containers mask the folder behind the zones' links.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/parse.h"
#include "sensor/drivers/rapl.h"

namespace nw {

namespace {
constexpr std::string_view kRoot = "/sys/class/powercap/";
constexpr std::string_view kPsys = "psys";
constexpr std::uint64_t kLastCount = 0xffffffff;
constexpr std::uint64_t kLargestRange = std::uint64_t{1} << 62;
constexpr std::uint64_t kTwinUj = 1'000'000;   // two reads of one counter that stands still
constexpr std::uint64_t kNearUj = 10'000'000;  // two reads of one counter, a pause apart
constexpr int kRounds = 8;                     // of watching two counters move
constexpr Nanos kRound = millis(5);
constexpr std::uint64_t kMaxPowerFactor = 10;  // turbo of the smallest parts is four times what they are made for
constexpr std::uint64_t kLeastMaxPowerW = 50;

// The device of a package: the text after `prefix`, when it is a whole number or "<number>-die-<number>".
std::optional<std::string> package_device(std::string_view zone_name) {
  constexpr std::string_view kPackage = "package-", kDie = "-die-";
  if (!zone_name.starts_with(kPackage)) return std::nullopt;
  const auto device = zone_name.substr(kPackage.size());
  const auto die = device.find(kDie);
  if (!parse_u64(device.substr(0, die))) return std::nullopt;
  if (die != device.npos && !parse_u64(device.substr(die + kDie.size()))) return std::nullopt;
  return std::string(device);
}

std::optional<Domain> subzone_domain(std::string_view zone_name) {
  for (const Domain domain : {Domain::core, Domain::uncore, Domain::dram})
    if (zone_name == name(domain)) return domain;
  return std::nullopt;
}

std::uint64_t wrap_of(std::uint64_t max_uj) {
  const Int128 max = max_uj;
  const Int128 unit_nj = (max * 1000 + kLastCount - 1) / kLastCount;
  if (unit_nj > 0 && unit_nj * kLastCount / 1000 == max)
    return static_cast<std::uint64_t>(unit_nj * (Int128{kLastCount} + 1) / 1000);
  return max_uj + 1;
}

// The counter of one package or die, when it was found.
struct Package {
  std::string path, device;
  std::uint64_t energy_uj = 0;
};

class Prober {
 public:
  explicit Prober(Host& host) : host_(host), cpu_(rapl::read_cpu(host)) {}

  ProbeResult probe() {
    const std::vector<std::string> zones = find_zones();
    for (const auto& zone : zones) add_zone(zone);
    if (zones.empty()) note_missing();
    if (masked_) note_masked();
    if (!denied_.empty()) note_denied();
    if (!probe_.sensors.empty() && cpu_.guest) note("/sys/class/powercap", rapl::kInGuest);
    if (!probe_.sensors.empty() && !cpu_.known)
      note("/proc/cpuinfo", "names no CPU that is known: RAPL's tolerances are the widest of those known");
    return std::move(probe_);
  }

 private:
  // Zones, those of the plain MSR interface first. The kernel links all of them side by side in the class directory; in
  // a tree copied from there the inner ones may only be inside the outer ones.
  std::vector<std::string> find_zones() {
    std::vector<std::string> zones;
    find_zones_in("/sys/class/powercap", zones);
    for (std::size_t i = 0; i < zones.size(); ++i) find_zones_in(dirs_.at(zones[i]), zones);
    std::stable_partition(zones.begin(), zones.end(), [](const auto& zone) { return zone.starts_with("intel-rapl:"); });
    return zones;
  }

  void find_zones_in(const std::string& dir, std::vector<std::string>& zones) {
    if (const auto names = host_.list(dir))
      for (const auto& entry : *names)
        if (entry.starts_with("intel-rapl") && entry.find(':') != entry.npos &&
            dirs_.try_emplace(entry, dir + "/" + entry).second)
          zones.push_back(entry);
  }

  void add_zone(const std::string& zone) {
    const std::string& dir = dirs_.at(zone);
    const auto part = part_of(zone);
    if (!part) return;
    if (taken(*part)) {
      if (zone.starts_with("intel-rapl:")) note(dir, "a second zone of the same name; left out");
      return;
    }
    if (cpu_.amd && part->domain == Domain::core)
      return note(dir,
                  "counts one core, not all cores of the package (AMD); left out, the package counter holds them all");
    const auto max_uj = read_number(dir + "/max_energy_range_uj");
    const auto energy_uj = read_number(dir + "/energy_uj");
    if (!max_uj || !energy_uj) return;
    if (*max_uj == 0 || *max_uj > kLargestRange)
      return note(dir + "/max_energy_range_uj", fmt::format("{} is no range of a counter", *max_uj));
    if (*energy_uj > *max_uj)
      return note(dir + "/energy_uj", fmt::format("{} is beyond the counter's own range of {}", *energy_uj, *max_uj));
    if (is_twin(*part, dir + "/energy_uj", *energy_uj))
      return note(dir, "shows the counter of another die or package again; left out");
    open(dir, *part, *max_uj);
  }

  void open(const std::string& dir, const Part& part, std::uint64_t max_uj) {
    auto source = host_.open_number(dir + "/energy_uj");
    if (!source) return note(dir + "/energy_uj", source.error().what);
    SensorInfo info = rapl::make_info("rapl_powercap", "powercap", part, cpu_);
    info.wrap = wrap_of(max_uj);
    if (part.domain == Domain::package || part.domain == Domain::psys) lower_max_power(dir, info);
    if (part.domain == Domain::package) package_max_uj_ = max_uj;
    if (part.domain == Domain::dram) correct(dir, max_uj, info);
    info.access = "root, or a group by udev rule";
    probe_.sensors.push_back({std::move(info), std::move(*source)});
  }

  // Its constraints say what the part is made for.
  void lower_max_power(const std::string& dir, SensorInfo& info) {
    std::uint64_t most_w = 0;
    for (const char constraint : {'0', '1', '2'}) {
      const auto text = host_.read_text(fmt::format("{}/constraint_{}_max_power_uw", dir, constraint));
      const auto uw = text ? parse_u64(*text) : std::nullopt;
      if (!uw) break;
      most_w = std::max(most_w, *uw / kMicro);
    }
    if (most_w == 0 || most_w > 10'000) return;
    const std::uint64_t most = std::max(kMaxPowerFactor * most_w, kLeastMaxPowerW);
    info.max_power = std::min(info.max_power, watts(static_cast<std::int64_t>(most)));
  }

  void correct(const std::string& dir, std::uint64_t max_uj, SensorInfo& info) {
    const auto fault = rapl::find_dram_fault(cpu_, package_max_uj_, max_uj);
    if (!fault) return;
    info.unit_num = fault->right_nj;
    info.unit_den = fault->shown_nj;
    if (!std::exchange(corrected_, true)) note(dir, rapl::describe(*fault));
  }

  // The part that a zone measures; nothing, with a Diagnostic, when its name is unknown.
  std::optional<Part> part_of(const std::string& zone) {
    const auto own = zone_name(zone);
    if (!own) return std::nullopt;
    const auto parent = zone.rfind(':');
    if (zone.find(':') == parent) {
      if (const auto device = package_device(*own)) return Part{Domain::package, *device};
      if (*own == kPsys) return Part{Domain::psys, "0"};
      note(dirs_.at(zone),
           own->starts_with(kPsys)
               ? "a second platform counter; what it covers beside the first is not documented, left out"
               : "its name " + quote(*own) + " is no part that nodewatt knows");
      return std::nullopt;
    }
    const auto above = zone_name(zone.substr(0, parent));
    const auto device = above ? package_device(*above) : std::nullopt;
    const auto domain = subzone_domain(*own);
    if (domain && device) return Part{*domain, *device};
    if (above)
      note(dirs_.at(zone), fmt::format("{} inside {} is no part that nodewatt knows", quote(*own), quote(*above)));
    return std::nullopt;
  }

  std::optional<std::string> zone_name(const std::string& zone) {
    const auto dir = dirs_.find(zone);
    if (dir == dirs_.end()) return std::nullopt;
    const std::string path = dir->second + "/name";
    const auto text = host_.read_text(path);
    if (!text && text.error().kind == ErrorKind::absent) return masked_ = true, std::nullopt;
    if (!text) return note(path, text.error().what), std::nullopt;
    return std::string(trim(*text));
  }

  std::optional<std::uint64_t> read_number(const std::string& path) {
    const auto text = host_.read_text(path);
    if (!text && text.error().kind == ErrorKind::denied) return denied_.push_back(path), std::nullopt;
    if (!text) return note(path, text.error().what), std::nullopt;
    const auto value = parse_u64(*text);
    if (!value) note(path, quote(*text) + " is not a number");
    return value;
  }

  bool taken(const Part& part) const {
    return std::any_of(probe_.sensors.begin(), probe_.sensors.end(),
                       [&](const Sensor& s) { return s.info.part == part; });
  }

  bool is_twin(const Part& part, const std::string& path, std::uint64_t energy_uj) {
    if (part.domain != Domain::package) return false;
    const bool twin = std::any_of(packages_.begin(), packages_.end(), [&](const Package& other) {
      return are_one(other, {path, part.device, energy_uj});
    });
    packages_.push_back({path, part.device, energy_uj});
    return twin;
  }

  static bool are_dies_of_one(const std::string& a, const std::string& b) {
    const auto end = a.find("-die-");
    return end != a.npos && a.substr(0, end) == b.substr(0, b.find("-die-"));
  }

  // Whether two files show one counter, whatever their names. Between two reads any time may pass, so that equal counts
  // are no reason. It is one when a read of the one always lies between two of the other; two dies of one socket, whose
  // register is often the socket's, also when both move alike from counts that are near each other, as only one in
  // thousands of counters of their own is by chance. What was seen goes on a tape.
  bool are_one(const Package& a, const Package& b) {
    if (a.energy_uj == 0 || distance(a.energy_uj, b.energy_uj) > kNearUj) return false;
    const bool dies = are_dies_of_one(a.device, b.device);
    const auto seen = host_.ask(fmt::format("rapl_powercap:one:{}:{}", a.path, b.path),
                                [&]() -> Result<std::string> { return compare_moves(a.path, b.path); });
    if (seen && *seen != "still") return *seen == "one" || (*seen == "alike" && dies);
    return dies && distance(a.energy_uj, b.energy_uj) < kTwinUj;
  }

  // "one", "alike", "apart", or "still": neither moves.
  Result<std::string> compare_moves(const std::string& a, const std::string& b) {
    std::uint64_t first_a = 0, first_b = 0, last_a = 0, last_b = 0;
    bool between = true;
    for (int round = 0; round < kRounds; ++round) {
      const auto before = read_count(a), now = read_count(b), after = read_count(a);
      if (!before || !now || !after) return fail(ErrorKind::failed, "cannot be read again");
      between = between && *before <= *now && *now <= *after;
      if (round == 0) first_a = *before, first_b = *now;
      last_a = *after, last_b = *now;
      if (round + 1 < kRounds) host_.sleep_until(host_.now() + kRound);
    }
    if (last_a == first_a && last_b == first_b) return std::string("still");
    if (last_a < first_a || last_b < first_b) return fail(ErrorKind::busy, "wrapped meanwhile");
    if (between) return std::string("one");
    const std::uint64_t moved_a = last_a - first_a, moved_b = last_b - first_b;
    const std::uint64_t slack = std::max(moved_a, moved_b) / 10 + kTwinUj;
    return std::string(distance(moved_a, moved_b) <= slack ? "alike" : "apart");
  }

  std::optional<std::uint64_t> read_count(const std::string& path) {
    const auto text = host_.read_text(path);
    return text ? parse_u64(*text) : std::nullopt;
  }

  static std::uint64_t distance(std::uint64_t a, std::uint64_t b) { return std::max(a, b) - std::min(a, b); }

  void note_missing() {
    if (cpu_.guest)
      return note("/sys/class/powercap",
                  "no power zones: this is a virtual machine, and hosts rarely pass RAPL counters on");
    if (cpu_.x86)
      note(std::string(kRoot), "no power zones: the kernel's RAPL module is not loaded",
           "sudo modprobe intel_rapl_common && sudo modprobe intel_rapl_msr");
  }

  // The class folder's links lead to a folder that the container's runtime mounted over.
  void note_masked() {
    const bool inside = rapl::is_container(host_);
    note(std::string(kRoot),
         inside ? "the zones' links lead to nothing: this container's runtime masks /sys/devices/virtual/powercap"
                : "the zones' links lead to nothing",
         inside ? "docker run -v /sys:/host/sys:ro -v /proc:/host/proc:ro ... and nodewatt --root /host; or without "
                  "--root: "
                  "docker run --security-opt systempaths=unconfined (podman: --security-opt "
                  "unmask=/sys/devices/virtual/powercap). In Kubernetes the same two as hostPath volumes"
                : "");
  }

  void note_denied() {
    const std::string more = denied_.size() > 1 ? fmt::format(" (and {} more)", denied_.size() - 1) : "";
    note(denied_.front() + more,
         "readable by root alone since CVE-2020-8694 (PLATYPUS: fast reads of it leak other users' secrets); give it "
         "to a "
         "group, never to everyone (who joins the group must log in again)",
         "sudo groupadd -rf energy && sudo usermod -aG energy \"$USER\" && "
         "echo 'SUBSYSTEM==\"powercap\", ACTION==\"add\", KERNEL==\"intel-rapl*:*\", "
         "RUN+=\"/bin/chgrp energy /sys%p/energy_uj\", RUN+=\"/bin/chmod 0440 /sys%p/energy_uj\"' | "
         "sudo tee /etc/udev/rules.d/70-nodewatt-rapl.rules && sudo udevadm control --reload && "
         "sudo udevadm trigger --action=add --subsystem-match=powercap");
  }

  void note(std::string where, std::string what, std::string repair = {}) {
    probe_.diagnostics.push_back({std::move(where), std::move(what), std::move(repair)});
  }

  Host& host_;
  rapl::Cpu cpu_;
  ProbeResult probe_;
  std::map<std::string, std::string> dirs_;  // zone to its directory
  std::vector<std::string> denied_;
  std::vector<Package> packages_;
  std::uint64_t package_max_uj_ = 0;
  bool corrected_ = false, masked_ = false;
};
}  // namespace

ProbeResult probe_rapl_powercap(Host& host, const Site&) { return Prober(host).probe(); }

}  // namespace nw
