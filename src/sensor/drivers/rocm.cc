// rocm: AMD GPUs through libamd_smi or, where that is missing, librocm_smi64, opened at run time.
//
// The energy counter is an accumulator and a resolution: energy = counter x resolution, which the library gives as a
// float in microjoules (15.259) and which is kept as that float's exact fraction. With it comes the time of the value
// in nanoseconds, which becomes the reading's device time. Power is read beside it, to show where the two disagree and
// as a substitute where the counter is frozen (MI100: until reboot): by rocm_smi, or from the kernel's file that
// rocm_smi reads, since amd_smi has power only in structures that differ from version to version.
//
// The libraries' devices are not always units that draw power.
//   MI250, MI250X   two dies a package, each a device; the first has the package's energy, the kernel gives 0 for the
//                   second (aldebaran_ppt.c), and with firmware that mirrors the first it would be counted twice. A die
//                   that reads 0, and a neighbour that reads the same, are left out.
//   partitions      MI300 in DPX, QPX or CPX mode: several devices of one PCI device, one socket, all with the energy
//                   of the whole. One is used.
//   MI300A          an APU: its socket contains CPU cores, GPU and memory, so it is a module and not a GPU, and its
//                   number is that of its NUMA node.
// The PCI device number decides which of them a device is; the name is for display, and differs between libraries.
//
// Utilization: the share of time in which the graphics and compute engine was busy; for dies and partitions that share
// an energy, the mean.
//
// Everything that is queried at probe time goes through Host::ask as text, one answer a device. The library stays
// initialised while any source lives.
#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "base/parse.h"
#include "sensor/driver.h"
#include "sensor/drivers/rocm_session.h"

namespace nw {

namespace {
using namespace rocm;

constexpr std::uint64_t kMaxGpus = 512;
constexpr std::string_view kPci = "/sys/bus/pci/devices/";
constexpr double kMirrorJoules = 100;  // the most a package draws between two reads

// One count in microjoules: a float is a whole number times a power of two.
struct Resolution {
  std::int64_t num = 0, den = 1;
};
std::optional<Resolution> parse_resolution(std::string_view text) {
  constexpr int kDigits = 24, kMostPower = 38;
  const auto value = parse_double(text);
  if (!value || *value < 1e-3 || *value > 1e6) return std::nullopt;
  int power = 0;
  const float part = std::frexp(static_cast<float>(*value), &power);
  Resolution unit{static_cast<std::int64_t>(std::ldexp(part, kDigits)), 1};
  for (power -= kDigits; power < 0 && unit.num % 2 == 0; ++power) unit.num /= 2;
  if (power < -kMostPower) return std::nullopt;
  (power < 0 ? unit.den : unit.num) <<= std::abs(power);
  return unit;
}

enum class Chip : unsigned char { plain, two_dies, apu };

// A device of the library.
struct Die {
  unsigned index = 0;
  std::map<std::string, std::string> says;
  Chip chip = Chip::plain;
  std::string where;  // "gpu0 AMD Instinct MI250X 0000:c1:00.0"
  std::string board;  // PCI device without its function

  std::string at(const std::string& key) const {
    const auto found = says.find(key);
    return found == says.end() ? "" : found->second;
  }
  bool has_energy() const { return at("energy") == "ok"; }
  std::optional<std::uint64_t> counter() const { return parse_u64(at("counter")); }
};

// Devices that share one energy.
using Package = std::vector<const Die*>;

// The percents of all dies together, or the reason why one has none.
class SumSource : public Source {
 public:
  explicit SumSource(std::vector<std::unique_ptr<Source>> dies) : dies_(std::move(dies)) {}
  Reading read() noexcept override {
    std::uint64_t sum = 0;
    for (const auto& die : dies_) {
      const Reading one = die->read();
      if (!one.ok) return one;
      sum += one.value;
    }
    return Reading::of(sum);
  }

 private:
  std::vector<std::unique_ptr<Source>> dies_;
};

class Prober {
 public:
  explicit Prober(Host& host) : host_(host) {}

  ProbeResult probe() {
    const auto gpus = start();
    for (unsigned i = 0; i < gpus; ++i) add_die(i);
    for (const Die& die : dies_) add(die);
    for (const Package& package : packages_) add_utilization(package);
    if (gpus > 0) add_versions();
    return std::move(probe_);
  }

 private:
  // How many devices there are; 0 when nothing answers, with a Diagnostic where there is something to fix.
  unsigned start() {
    Error why{ErrorKind::absent, ""};
    for (const auto& [family, name] :
         {std::pair(Family::amd_smi, "amd_smi"), std::pair(Family::rocm_smi, "rocm_smi")}) {
      session_ = std::make_shared<RocmSession>();
      auto count = host_.ask(fmt::format("rocm:{}", name), [this, f = family] { return session_->start(host_, f); });
      const auto n = count ? parse_u64(*count) : std::nullopt;
      if (n && *n > 0 && *n <= kMaxGpus) return static_cast<unsigned>(*n);
      if (count) count = fail(n == 0 ? ErrorKind::absent : ErrorKind::malformed, quote(*count) + " GPUs");
      if (why.kind == ErrorKind::absent) why.kind = count.error().kind;
      why.what += fmt::format("{}{}: {}", why.what.empty() ? "" : "; ", name, count.error().what);
    }
    session_.reset();
    if (why.kind != ErrorKind::absent)
      note("rocm", why.what);
    else if (has_hardware())
      note("rocm", "this machine has an AMD accelerator, but: " + why.what, "sudo apt install amd-smi-lib");
    return 0;
  }

  // The kernel's compute driver has a node for each GPU that ROCm can use; a desktop's GPU has none without ROCm's
  // firmware.
  bool has_hardware() {
    const std::string nodes = "/sys/class/kfd/kfd/topology/nodes";
    const auto names = host_.list(nodes);
    return names && std::any_of(names->begin(), names->end(), [&](const std::string& node) {
             const auto id = host_.read_text(nodes + "/" + node + "/gpu_id");
             return id && parse_u64(*id).value_or(0) != 0;
           });
  }

  void add_die(unsigned index) {
    Die die;
    die.index = index;
    die.where = fmt::format("gpu{}", index);
    const auto text = host_.ask(fmt::format("rocm:gpu{}", index), [this, index] { return session_->describe(index); });
    if (!text) {
      note(die.where, text.error().what);
      probe_.diagnostics.back().sensor = "rocm/" + die.where;
      return;
    }
    for (const auto line : split(*text, '\n'))
      if (const auto space = line.find(' '); space != line.npos)
        die.says[std::string(line.substr(0, space))] = trim(line.substr(space));
    const std::string pci = die.at("pci");
    for (const auto& part : {die.at("name"), pci})
      if (!part.empty()) die.where += " " + part;
    die.board = pci.substr(0, pci.find('.'));
    die.chip = chip_of(die);
    dies_.push_back(std::move(die));
  }

  Chip chip_of(const Die& die) {
    const auto text = host_.read_text(fmt::format("{}{}/device", kPci, die.at("pci")));
    const std::string number = text ? std::string(trim(*text)) : "", name = die.at("name");
    if (number == "0x74a0" || name.find("MI300A") != name.npos) return Chip::apu;
    if (number == "0x7408" || number == "0x740c" || name.find("MI250") != name.npos) return Chip::two_dies;
    return Chip::plain;
  }

  void add(const Die& die) {
    if (const Die* first = whole_of(die)) {
      join(first->index, die);
      return note(die.where,
                  fmt::format("shows the energy of gpu{}, of whose package it is a part; left out", first->index));
    }
    if (die.chip == Chip::two_dies && die.has_energy() && die.counter() == 0) {
      if (die.index > 0) join(die.index - 1, die);
      return note(die.where, "the second die of a package, whose energy the first one has; left out");
    }
    const std::string id = device_of(die);
    for (const Sensor& sensor : probe_.sensors)
      if (sensor.info.part.device == id) return note(die.where, id + " appears twice; left out");
    packages_.push_back({&die});
    add_energy(die, id);
    add_power(die, id);
  }

  // Adds it to the package of this device, if there is one.
  void join(unsigned index, const Die& die) {
    for (Package& package : packages_)
      if (std::any_of(package.begin(), package.end(), [index](const Die* other) { return other->index == index; }))
        return package.push_back(&die);
  }

  // The earlier device with the same energy: of the same PCI device or socket, or a mirroring neighbour.
  const Die* whole_of(const Die& die) const {
    for (const Die& other : dies_) {
      if (other.index >= die.index) break;
      const bool one_board = !die.board.empty() && die.board == other.board;
      const bool one_socket = !die.at("socket").empty() && die.at("socket") == other.at("socket");
      if (one_board || one_socket || mirrors(other, die)) return &other;
    }
    return nullptr;
  }

  static bool mirrors(const Die& first, const Die& second) {
    if (first.chip != Chip::two_dies || second.index != first.index + 1) return false;
    const auto a = first.counter(), b = second.counter();
    const auto resolution = parse_double(first.at("resolution"));
    if (!a || !b || *a == 0 || *b == 0 || !resolution) return false;
    return static_cast<double>(std::max(*a, *b) - std::min(*a, *b)) * *resolution * 1e-6 < kMirrorJoules;
  }

  static std::string device_of(const Die& die) {
    const std::string id = die.at("id"), pci = die.at("pci");
    return !id.empty() ? "GPU-" + id : !pci.empty() ? pci : fmt::format("gpu{}", die.index);
  }

  void add_energy(const Die& die, const std::string& id) {
    if (!die.has_energy()) return note(die.where, "no energy counter: " + die.at("energy"));
    if (die.counter().value_or(0) == 0) return note(die.where, "its energy counter reads 0; only its power is used");
    const auto unit = parse_resolution(die.at("resolution"));
    if (!unit) return note(die.where, quote(die.at("resolution")) + " is no resolution of a counter");
    SensorInfo info = make_info(die, id, "energy");
    info.source = die.chip == Chip::apu ? "AMD APU energy counter (whole module)" : "AMD GPU energy counter";
    info.kind = SensorKind::counter;
    info.unit_num = unit->num;
    info.unit_den = unit->den;
    info.update_interval = millis(1);
    keep(std::move(info), host_.bind(key(id, "energy"), [s = session_, i = die.index] { return s->energy(i); }));
  }

  void add_power(const Die& die, const std::string& id) {
    SensorInfo info = make_info(die, id, "power");
    info.source = die.chip == Chip::apu ? "AMD APU power (whole module)" : "AMD GPU power";
    info.kind = SensorKind::gauge;
    info.update_interval = millis(10);
    info.averaging_window = seconds(1);
    if (die.at("power") == "ok")
      return keep(std::move(info), host_.bind(key(id, "power"), [s = session_, i = die.index] { return s->power(i); }));
    if (const auto found = read_hwmon(die, {"power1_average", "power1_input"}))
      return keep(std::move(info), host_.open_number(found->first));
    if (!die.has_energy()) note(die.where, "no power reading: " + die.at("power"));
  }

  // The first of these kernel files that contains a number, and the number.
  std::optional<std::pair<std::string, std::uint64_t>> read_hwmon(const Die& die,
                                                                  std::initializer_list<const char*> files) {
    const std::string dir = fmt::format("{}{}/hwmon", kPci, die.at("pci"));
    const auto chips = host_.list(dir);
    if (!chips || die.at("pci").empty()) return std::nullopt;
    for (const auto& chip : *chips)
      for (const char* file : files) {
        std::string path = fmt::format("{}/{}/{}", dir, chip, file);
        const auto text = host_.read_text(path);
        if (const auto number = text ? parse_u64(*text) : std::nullopt) return std::pair(std::move(path), *number);
      }
    return std::nullopt;
  }

  void add_utilization(const Package& package) {
    const Die& first = *package.front();
    const std::string id = device_of(first);
    Utilization utilization;
    UtilizationInfo& info = utilization.info;
    info.id = fmt::format("rocm/{}/activity", id);
    info.source = "AMD GPU busy percent";
    info.part = part_of(first, id);
    info.label = first.where;
    info.model = first.at("name");
    for (const Die* die : package) info.indices.push_back(die->index);
    info.vendor = "AMD";
    info.visible = visible_devices();
    for (const Die* die : package)
      for (std::string& node : find_render_nodes(host_, die->at("pci"))) info.device_nodes.push_back(std::move(node));
    info.full = 100 * package.size();
    info.averaging_window = seconds(1);
    info.power_limit = power_cap(first);
    std::vector<std::unique_ptr<Source>> dies;
    for (const Die* die : package)
      if (die->at("busy") == "ok")
        if (auto source =
                host_.bind(key(device_of(*die), "busy"), [s = session_, i = die->index] { return s->busy(i); }))
          dies.push_back(std::move(*source));
    if (dies.size() == package.size()) utilization.utilization = std::make_unique<SumSource>(std::move(dies));
    probe_.utilizations.push_back(std::move(utilization));
  }

  // HIP counts those that ROCr shows; GPU_DEVICE_ORDINAL is HIP's older name for its own variable.
  static std::vector<VisibleDevices> visible_devices() {
    VisibleDevices rocr, hip, ordinal;
    rocr.variable = "ROCR_VISIBLE_DEVICES";
    hip.variable = "HIP_VISIBLE_DEVICES";
    ordinal.variable = "GPU_DEVICE_ORDINAL";
    hip.among_shown = ordinal.among_shown = true;
    return {rocr, hip, ordinal};
  }

  std::optional<Watts> power_cap(const Die& die) {
    constexpr std::uint64_t kMostUw = 5'000'000'000;
    const auto uw = read_hwmon(die, {"power1_cap"});
    if (!uw || uw->second == 0 || uw->second > kMostUw) return std::nullopt;
    return Watts::of(static_cast<std::int64_t>(uw->second));
  }

  // The kernel module may have no version: the in-tree one has only the kernel's.
  void add_versions() {
    for (const auto& [name, path] :
         {std::pair("amdgpu driver", "/sys/module/amdgpu/version"), std::pair("ROCm", "/opt/rocm/.info/version")})
      if (const auto text = host_.read_text(path); text && !trim(*text).empty())
        probe_.software.push_back({name, std::string(trim(*text))});
  }

  Part part_of(const Die& die, const std::string& id) {
    if (die.chip != Chip::apu) return {Domain::gpu, id};
    const auto node = host_.read_text(fmt::format("{}{}/numa_node", kPci, die.at("pci")));
    const auto number = node ? parse_u64(*node) : std::nullopt;
    return {Domain::module, number ? std::to_string(*number) : id};
  }

  SensorInfo make_info(const Die& die, const std::string& id, std::string_view what) {
    SensorInfo info;
    info.id = fmt::format("rocm/{}/{}", id, what);
    info.part = part_of(die, id);
    info.label = die.where;
    info.boundary = Boundary::on_chip;
    info.max_power = watts(2'000);
    info.scale_tolerance = {0.05, Tolerance::Shape::limit, "assumed"};
    info.offset = watts(2);
    info.access = "members of the groups render or video";
    return info;
  }

  static std::string key(const std::string& id, std::string_view what) { return fmt::format("rocm:{}/{}", id, what); }

  void keep(SensorInfo info, Result<std::unique_ptr<Source>> source) {
    if (!source) return note(info.label, source.error().what);
    probe_.sensors.push_back({std::move(info), std::move(*source)});
  }

  void note(std::string where, std::string what, std::string repair = {}) {
    probe_.diagnostics.push_back({std::move(where), std::move(what), std::move(repair)});
  }

  Host& host_;
  std::shared_ptr<RocmSession> session_;
  std::vector<Die> dies_;
  std::vector<Package> packages_;  // point into dies_
  ProbeResult probe_;
};
}  // namespace

ProbeResult probe_rocm(Host& host, const Site&) { return Prober(host).probe(); }

}  // namespace nw
