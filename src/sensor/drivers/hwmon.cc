// hwmon: power and energy channels of /sys/class/hwmon that are known to be the node, a Grace or Grace Hopper module,
// or an AMD socket.
//
// A chip is recognised by its `name` and a channel by its label; the numbers of hwmonN change from boot to boot. hwmon
// is full of power channels of power supplies, network cards, regulators and disks, so what is not recognised is never
// read: no other figure must pass for the node's.
//
// power_meter is an ACPI 4.0 power meter (device ACPI000D): power1_average (microwatts; firmware counts in milliwatts),
// power1_average_interval (milliseconds), power1_oem_info. They are files of the ACPI device, hwmonN/device/, and of
// hwmonN itself in kernels from 2025 on; measures/ stays with the device. By the specification (10.4.8) the system's
// own meter names \_SB as the one device that it measures, which appears as the link measures/LNXSYBUS:00; a meter that
// names other devices is not the node. Firmware that names nothing is accepted when it is the only meter (node managers
// do so). Whether it is input or output power (_PMC) is not passed on by the kernel. Servers implement this meter over
// IPMI, which reads the power supplies' input: the boundary is `wall`, and the tolerance is widened by the loss of a
// supply for the case that it is not.
//
// NVIDIA's firmware for Grace (TH500) has four such meters a socket and names them in power1_oem_info: Module (Grace,
// GPU, memories and regulator loss; GH200 only), Grace (CPU, its memory and regulators), CPU and SysIO (one rail each).
// Averages over 50 ms or 1 s.
//
// amd_energy (kernel 5.8 to 5.12, and AMD's own module) has 64-bit microjoule counters Esocket0, ... for sockets.
//
// Known inaccuracies. A meter whose firmware fails returns 0xffffffff mW, which reads 4294967295000: it is dropped
// because it exceeds the maximum power.
#include <algorithm>

#include <fmt/format.h>

#include "base/parse.h"
#include "sensor/driver.h"

namespace nw {

namespace {
constexpr std::string_view kRoot = "/sys/class/hwmon/";
constexpr std::string_view kWholeSystem = "LNXSYBUS";  // the kernel's name for \_SB

// The part that one of Grace's meters measures.
struct GraceMeter {
  std::string_view what;
  Domain domain;
  Boundary boundary;
  std::int64_t max_power_w;
};
constexpr GraceMeter kGraceMeters[] = {
    {"Module", Domain::module, Boundary::board, 6'000},  // GH200 is capped at 1000 W, GB200 at 2700 W
    {"Grace", Domain::package, Boundary::board, 1'000},
    {"CPU", Domain::cpu, Boundary::on_chip, 1'000},
    {"SysIO", Domain::sysio, Boundary::on_chip, 500},
};

struct Meter {
  std::string dir;      // where its files are
  std::string channel;  // "power1"
  std::string file;     // "power1_average"
  std::string label;
  std::vector<std::string> measures;
};

class Prober {
 public:
  explicit Prober(Host& host) : host_(host) {}

  ProbeResult probe() {
    const auto chips = host_.list("/sys/class/hwmon");
    if (!chips) return {};
    for (const auto& chip : *chips) add_chip(std::string(kRoot) + chip);
    add_meters();
    return std::move(probe_);
  }

 private:
  void add_chip(const std::string& dir) {
    auto chip = read(dir + "/name");
    if (!chip) chip = read(dir + "/device/name");
    if (!chip) return;
    if (*chip == "power_meter") {
      const std::size_t before = meters_.size();
      collect_meters(dir, dir + "/device/measures");
      if (meters_.size() == before) collect_meters(dir + "/device", dir + "/device/measures");
    } else if (*chip == "amd_energy") {
      add_sockets(dir);
    } else if (*chip == "amdgpu") {
      note(dir,
           "an AMD GPU; this file alone does not say whether it is a board, one of two dies or a whole APU, so it is "
           "not used");
    }
  }

  // Every power channel of the folder once, its average rather than its input.
  void collect_meters(const std::string& dir, const std::string& measured) {
    const auto files = host_.list(dir);
    if (!files) return;
    for (const auto& file : *files) {
      const auto channel = file.substr(0, file.find('_'));
      if (!channel.starts_with("power") || !parse_u64(std::string_view(channel).substr(5))) continue;
      const bool input = file == channel + "_input";
      if (file != channel + "_average" && !input) continue;
      if (input && std::count(files->begin(), files->end(), channel + "_average") > 0) continue;
      if (read(dir + "/" + channel + "_is_battery") == "1") continue;
      auto label = read(dir + "/" + channel + "_label");
      if (!label) label = read(dir + "/" + channel + "_oem_info");
      const auto measures = host_.list(measured);
      meters_.push_back({dir, channel, file, label.value_or(""), measures ? *measures : std::vector<std::string>{}});
    }
  }

  // Grace's meters by their label, then the node's.
  void add_meters() {
    std::vector<Meter> plain;
    for (const Meter& meter : meters_)
      if (!add_grace(meter)) plain.push_back(meter);
    for (const Meter& meter : plain) {
      const std::string path = meter.dir + "/" + meter.file;
      const bool whole = std::any_of(meter.measures.begin(), meter.measures.end(),
                                     [](const auto& m) { return m.starts_with(kWholeSystem); });
      if (!meter.measures.empty() && !whole)
        note(path, fmt::format("a power meter of {} and not of the node; left out",
                               quote(fmt::format("{}", fmt::join(meter.measures, " ")))));
      else if (!whole && plain.size() > 1)
        note(path, "one of several power meters, and its firmware does not say what it measures; left out");
      else
        add_node(meter);
    }
  }

  bool add_grace(const Meter& meter) {
    constexpr std::string_view kOf = " Power Socket ";
    const auto at = meter.label.find(kOf);
    if (at == std::string::npos) return false;
    const auto socket = parse_u64(std::string_view(meter.label).substr(at + kOf.size()));
    for (const GraceMeter& known : kGraceMeters) {
      if (!socket || meter.label.substr(0, at) != known.what) continue;
      SensorInfo info = power_info({known.domain, std::to_string(*socket)}, known.boundary, known.max_power_w);
      info.source = meter.label + " (hwmon)";
      info.update_interval = millis(50);
      info.averaging_window = interval_of(meter, millis(50));
      info.scale_tolerance = {0.05, Tolerance::Shape::limit, "assumed"};
      info.offset = watts(1);
      add(meter, std::move(info));
      return true;
    }
    return note(meter.dir, quote(meter.label) + " is no meter of Grace that nodewatt knows; left out"), true;
  }

  void add_node(const Meter& meter) {
    SensorInfo info = power_info({Domain::node, "0"}, Boundary::wall, 20'000);
    info.source = "ACPI power meter (hwmon)";
    info.update_interval = seconds(1);
    info.averaging_window = interval_of(meter, seconds(1));
    info.scale_tolerance = {0.10, Tolerance::Shape::limit, "assumed"};
    info.offset = Watts::of(5'770'000);  // +-10 W as a limit
    add(meter, std::move(info));
  }

  SensorInfo power_info(const Part& part, Boundary boundary, std::int64_t max_power_w) {
    SensorInfo info;
    info.id = fmt::format("hwmon/{}-{}", name(part.domain), part.device);
    info.part = part;
    info.boundary = boundary;
    info.kind = SensorKind::gauge;
    info.max_power = watts(max_power_w);
    info.access = "everyone";
    return info;
  }

  Nanos interval_of(const Meter& meter, Nanos otherwise) {
    const auto text = read(meter.dir + "/" + meter.channel + "_average_interval");
    const auto ms = text ? parse_u64(*text) : std::nullopt;
    constexpr std::uint64_t kLongest = 3'600'000;
    return ms && *ms > 0 && *ms <= kLongest ? millis(static_cast<std::int64_t>(*ms)) : otherwise;
  }

  // The socket counters of amd_energy; its counters of single cores are not read, since the sockets include them.
  void add_sockets(const std::string& dir) {
    constexpr std::string_view kSocket = "Esocket";
    const auto files = host_.list(dir);
    if (!files) return note(dir, files.error().what);
    for (const auto& file : *files) {
      const auto channel = file.substr(0, file.find('_'));
      if (!channel.starts_with("energy") || file != channel + "_input") continue;
      const auto label = read(dir + "/" + channel + "_label");
      if (!label || !label->starts_with(kSocket)) continue;
      const auto socket = parse_u64(std::string_view(*label).substr(kSocket.size()));
      if (!socket) continue;
      SensorInfo info = power_info({Domain::package, std::to_string(*socket)}, Boundary::on_chip, 1'000);
      info.source = "AMD socket energy (hwmon)";
      info.kind = SensorKind::counter;
      info.update_interval = millis(1);
      info.scale_tolerance = {0.10, Tolerance::Shape::limit, "assumed"};
      info.offset = watts(2);
      info.access = "root, or a group by udev rule";
      add({dir, channel, file, *label, {}}, std::move(info));
    }
  }

  // Reads it once: a file that cannot be read or contains no number gives a Diagnostic and no sensor.
  void add(const Meter& meter, SensorInfo info) {
    const std::string path = meter.dir + "/" + meter.file;
    for (const Sensor& other : probe_.sensors)
      if (other.info.part == info.part) return note(path, "a second channel of the same part; left out");
    const auto text = host_.read_text(path);
    if (!text)
      return note(
          path, text.error().what,
          text.error().kind == ErrorKind::denied ? "sudo chgrp energy " + path + " && sudo chmod 0440 " + path : "");
    if (!parse_u64(*text)) return note(path, quote(*text) + " is not a number");
    auto source = host_.open_number(path);
    if (!source) return note(path, source.error().what);
    probe_.sensors.push_back({std::move(info), std::move(*source)});
  }

  std::optional<std::string> read(const std::string& path) {
    const auto text = host_.read_text(path);
    return text ? std::optional(std::string(trim(*text))) : std::nullopt;
  }

  void note(std::string where, std::string what, std::string repair = {}) {
    probe_.diagnostics.push_back({std::move(where), std::move(what), std::move(repair)});
  }

  Host& host_;
  ProbeResult probe_;
  std::vector<Meter> meters_;
};
}  // namespace

ProbeResult probe_hwmon(Host& host, const Site&) { return Prober(host).probe(); }

}  // namespace nw
