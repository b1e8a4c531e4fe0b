// hwmon: power and energy channels of /sys/class/hwmon that are known to be the node, a Grace or Grace Hopper module,
// an AMD socket, or an Intel graphics card.
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
// NVIDIA's firmware for Grace (TH500) has such meters for each socket and names them in power1_oem_info: "Module Power
// Socket 0" (Grace, GPU, memories and regulator loss; GH200 only), "Grace Power Socket 0" (CPU, its memory and
// regulators), "CPU ..." and "SysIO ..." (one rail each). Other firmware says "Total Power in uW socket 0", "CPU Rail
// Power ...", "SoC Rail Power ..." and "DRAM Power ...". What is read is the words; a label that names a socket, or a
// part, and is not understood is no meter of the node. Averages over 50 ms or 1 s.
//
// Reading such a meter asks the firmware, and may block for 150 ms. When the first one is slow, all of them get a
// thread of their own, and their update interval is that of its rounds.
//
// xe and i915, the kernel's drivers of Intel's discrete graphics cards (Arc, Battlemage, Flex), have energyN_input in
// microjoules, 64 bits, readable by everyone; label "card" or none is the card, "pkg" its package, of which the
// outermost is used. Their integrated graphics have no such files.
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

constexpr Nanos kSlowRead = millis(5);  // a file that takes longer has firmware behind it
constexpr Nanos kLongWindow = seconds(10);

// The part that one of Grace's meters measures, by a word of its label; the first that fits.
struct GraceMeter {
  std::string_view word;
  Domain domain;
  Boundary boundary;
  std::int64_t max_power_w;
};
constexpr GraceMeter kGraceMeters[] = {
    {"module", Domain::module, Boundary::board, 6'000},  // GH200 is capped at 1000 W, GB200 at 2700 W
    {"grace", Domain::package, Boundary::board, 1'000}, {"total", Domain::package, Boundary::board, 1'000},
    {"dram", Domain::dram, Boundary::board, 500},       {"memory", Domain::dram, Boundary::board, 500},
    {"sysio", Domain::sysio, Boundary::on_chip, 500},   {"soc", Domain::sysio, Boundary::on_chip, 500},
    {"cpu", Domain::cpu, Boundary::on_chip, 1'000},
};

// "CPU Rail Power in uW socket 1": its words, and the socket.
struct SocketLabel {
  std::vector<std::string> words;
  std::optional<std::uint64_t> socket;

  explicit SocketLabel(std::string_view label) {
    std::string lowered(label);
    for (char& c : lowered)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    for (const auto word : split(lowered, ' '))
      if (!word.empty()) words.emplace_back(word);
    for (std::size_t i = 0; i + 1 < words.size(); ++i)
      if (words[i] == "socket") socket = parse_u64(words[i + 1]);
  }
  bool has(std::string_view word) const { return std::find(words.begin(), words.end(), word) != words.end(); }
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
    bind_slow();
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
    } else if (*chip == "xe" || *chip == "i915") {
      add_card(dir, *chip);
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
      const bool named = !meter.label.empty() && !SocketLabel(meter.label).has("node");
      if (named && !whole)
        note(path,
             quote(meter.label) + " is no label that nodewatt knows, and nothing says that it is the node; left out");
      else if (!meter.measures.empty() && !whole)
        note(path, fmt::format("a power meter of {} and not of the node; left out",
                               quote(fmt::format("{}", fmt::join(meter.measures, " ")))));
      else if (!whole && plain.size() > 1)
        note(path, "one of several power meters, and its firmware does not say what it measures; left out");
      else
        add_node(meter);
    }
  }

  // Whether its label names a socket: then it is no meter of the node, understood or not.
  bool add_grace(const Meter& meter) {
    const SocketLabel label(meter.label);
    if (!label.has("socket")) return false;
    for (const GraceMeter& known : kGraceMeters) {
      if (!label.socket || !label.has("power") || !label.has(known.word)) continue;
      SensorInfo info = power_info({known.domain, std::to_string(*label.socket)}, known.boundary, known.max_power_w);
      info.source = meter.label + " (hwmon)";
      info.update_interval = millis(50);
      info.averaging_window = interval_of(meter, millis(50));
      info.scale_tolerance = {0.05, Tolerance::Shape::limit, "assumed"};
      info.offset = watts(1);
      add(meter, std::move(info));
      return true;
    }
    return note(meter.dir, quote(meter.label, 80) + " is no meter of Grace that nodewatt knows; left out"), true;
  }

  void add_node(const Meter& meter) {
    SensorInfo info = power_info({Domain::node, "0"}, Boundary::wall, 20'000);
    info.source = "ACPI power meter (hwmon)";
    info.update_interval = seconds(1);
    info.averaging_window = interval_of(meter, seconds(1));
    info.scale_tolerance = {0.10, Tolerance::Shape::limit, "assumed"};
    info.offset = Watts::of(5'770'000);  // +-10 W as a limit
    if (info.averaging_window.value > kLongWindow) note_long_window(meter, info.averaging_window.value);
    add(meter, std::move(info));
  }

  // Its readings say what the node drew on average over minutes, which is next to nothing about a short run.
  void note_long_window(const Meter& meter, Nanos window) {
    const std::string file = meter.dir + "/" + meter.channel + "_average_interval";
    const auto least = read(meter.dir + "/" + meter.channel + "_average_interval_min");
    note(meter.dir + "/" + meter.file,
         fmt::format("each of its readings is a mean over {:.0f} s: runs that are not much longer than that cannot be "
                     "measured by it",
                     to_seconds(window)),
         fmt::format("echo {} | sudo tee {}", least.value_or("1000"), file));
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

  // A graphics card's energy: the card's own counter, else its package's.
  void add_card(const std::string& dir, const std::string& driver) {
    const auto files = host_.list(dir);
    if (!files) return note(dir, files.error().what);
    std::optional<Meter> card, package;
    for (const auto& file : *files) {
      const auto channel = file.substr(0, file.find('_'));
      if (!channel.starts_with("energy") || file != channel + "_input") continue;
      const std::string label = read(dir + "/" + channel + "_label").value_or("card");
      if (label == "card" && !card) card = Meter{dir, channel, file, label, {}};
      if (label == "pkg" && !package) package = Meter{dir, channel, file, label, {}};
    }
    if (!card && !package) return;  // a tile of a card, whose own entry has them
    const auto link = host_.read_link(dir + "/device");
    const std::string address = link ? link->substr(link->rfind('/') + 1) : dir.substr(dir.rfind('/') + 1);
    const auto limit = read(dir + "/power1_cap"), rated = read(dir + "/power1_rated_max");
    const auto limit_uw = parse_u64(limit.value_or("")), rated_uw = parse_u64(rated.value_or(""));
    const std::int64_t most_w =
        static_cast<std::int64_t>(std::max(limit_uw.value_or(0), rated_uw.value_or(0)) / kMicro);
    SensorInfo info = power_info({Domain::gpu, address}, card ? Boundary::board : Boundary::on_chip,
                                 most_w > 0 && most_w < 5'000 ? 2 * most_w : 2'000);
    info.source = fmt::format("{} energy counter, {} (hwmon)", driver, card ? "card" : "package");
    info.label = "Intel GPU " + address;
    info.kind = SensorKind::counter;
    info.update_interval = millis(10);
    info.scale_tolerance = {0.05, Tolerance::Shape::limit, "assumed"};
    info.offset = watts(2);
    add(card ? *card : *package, std::move(info));
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
    const auto is_same = [&](const SensorInfo& other) { return other.part == info.part; };
    if (std::any_of(slow_infos_.begin(), slow_infos_.end(), is_same) ||
        std::any_of(probe_.sensors.begin(), probe_.sensors.end(), [&](const Sensor& s) { return is_same(s.info); }))
      return note(path, "a second channel of the same part; left out");
    if (slow_.empty() || meter.channel.starts_with("energy")) {
      const Nanos before = host_.now();
      const auto text = host_.read_text(path);
      const Nanos took = host_.now() - before;
      if (!text)
        return note(
            path, text.error().what,
            text.error().kind == ErrorKind::denied ? "sudo chgrp energy " + path + " && sudo chmod 0440 " + path : "");
      if (!parse_u64(*text)) return note(path, quote(*text) + " is not a number");
      if (took <= kSlowRead) return add_fast(path, std::move(info));
      slow_read_ = took;
    }
    slow_.push_back(path);
    slow_infos_.push_back(std::move(info));
  }

  void add_fast(const std::string& path, SensorInfo info) {
    auto source = host_.open_number(path);
    if (!source) return note(path, source.error().what);
    probe_.sensors.push_back({std::move(info), std::move(*source)});
  }

  // Those that block are read in turn by one thread.
  void bind_slow() {
    if (slow_.empty()) return;
    const Nanos round = Nanos::of(slow_read_.count() * static_cast<std::int64_t>(slow_.size()));
    const Nanos period = std::max(millis(100), round);
    auto sources = host_.open_slow_numbers(slow_, {period, Nanos::of(10 * period.count()) + seconds(1)});
    if (!sources) return note(std::string(kRoot), sources.error().what);
    for (std::size_t i = 0; i < slow_.size(); ++i) {
      slow_infos_[i].update_interval = std::max(slow_infos_[i].update_interval.value, period);
      probe_.sensors.push_back({std::move(slow_infos_[i]), std::move((*sources)[i])});
    }
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
  std::vector<std::string> slow_;  // paths of meters that block
  std::vector<SensorInfo> slow_infos_;
  Nanos slow_read_{};  // what one read of them takes
};
}  // namespace

ProbeResult probe_hwmon(Host& host, const Site&) { return Prober(host).probe(); }

}  // namespace nw
